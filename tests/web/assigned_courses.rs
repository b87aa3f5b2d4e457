//! Pages of assigned courses: due dates that are typed, and the end of an assignment.

use rollcall_model::due_policy::DuePolicy;
use rollcall_model::role::Role;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::web::{WebClient, WebServer};

const MANAGER: &str = "manager@corp.example";

/// A company whose department Sales has a course, and a second group of two of its five people has it, too.
fn company(engine: Engine) -> Company {
    let people = ["ada", "bob", "eve", "joe", "kim"].map(|who| (who, "Sales"));
    let mut company = Company::staffed(engine, &people);
    company.course("GDPR");
    company.sync();
    company.create("Club", &["ada", "bob"]);
    company.account(MANAGER, Role::Manager);
    company
}

fn id(company: &Company, table: &str, name: &str) -> String {
    company.query_value(&format!("SELECT id FROM {table} WHERE name = '{name}'"))
}

/// The day of the course's assignment.
fn due(company: &Company) -> String {
    company.query_value("SELECT due_on FROM assignments WHERE ended_run_id IS NULL ORDER BY id")
}

/// The date field comes first and is chosen: a date that is typed counts. Contradictory answers are an error that quotes
/// them, and a form that changes nothing says so.
#[test]
fn typed_due_date_counts() {
    let company = company(Engine::Sqlite);
    let sales = id(&company, "groups", "Sales");
    for scripts in [true, false] {
        let site = company.serve();
        company.runtime.block_on(async {
            let browser = site.open_window(MANAGER, scripts).await;
            browser.go(&format!("/assigned/new?group={sales}")).await;
            browser.tick("All about GDPR").await;
            browser.click("Next").await;
            browser.says("Due date").await;
            browser.click("Save").await;
            browser.says("Enter a due date such as 2026-12-31, or choose “No due date”.").await;
            browser.fill("The day", "12242031").await;
            browser.tick("No due date").await;
            browser.click("Save").await;
            browser.says("You typed 24 December 2031 but chose “No due date”").await;
            browser.tick("On a day").await;
            browser.click("Save").await;
            browser.arrives("/assigned?run=").await;
        });
        assert_eq!(due(&company), "2031-12-24", "scripts: {scripts}");
        company.runtime.block_on(async {
            let browser = site.open_window(MANAGER, scripts).await;
            browser.go("/assigned").await;
            browser.click("All about GDPR").await;
            browser.click("Save").await;
            browser.says("Nothing changed").await;
            browser.fill("The day", "01312032").await;
            browser.click("Save").await;
            browser.says("change the due date").await;
            // With scripts the line of a field that is typed into is chosen.
            if scripts {
                browser.fill("Days after joining", "7").await;
            } else {
                browser.tick("After joining:").await;
                browser.fill("Days after joining", "7").await;
            }
            browser.click("Save").await;
            browser.says("7 days after joining").await;
            browser.click("Unassign").await;
            browser.says("5 learners have the course through it alone and lose access to it.").await;
            browser.click("Unassign").await;
            browser.arrives("/assigned?run=").await;
            browser.close().await;
        });
        assert_eq!(company.count_rows("assignments WHERE ended_run_id IS NULL"), 0);
        site.end();
    }
}

async fn manager(site: &WebServer) -> WebClient {
    site.signed_in_client(MANAGER).await
}

/// The end of an assignment says first who loses the course and who keeps it. Above the safety limits it wants the name.
#[test]
fn unassignment_says_who_loses_the_course() {
    on_both(|engine| {
        let mut company = company(engine);
        company.assign("GDPR", "Sales", DuePolicy::Never);
        company.assign("GDPR", "Club", DuePolicy::Never);
        let assigned = |group: &str| {
            let which = format!("group_id = {} AND ended_run_id IS NULL", id(&company, "groups", group));
            company.query_value(&format!("SELECT id FROM assignments WHERE {which}"))
        };
        let (sales, club) = (format!("/assigned/{}/end", assigned("Sales")), assigned("Club"));
        let club = format!("/assigned/{club}/end");
        company.head = "[safety]\nmax_removals = '10%'\n".to_owned();
        let site = company.serve();
        company.runtime.block_on(async {
            let manager = manager(&site).await;
            let page = manager.get(&sales).await.text;
            let text = "5 learners have the course through it. 3 of them lose access to it; 2 keep it";
            assert!(page.contains(text) && page.contains("id=\"typed\""), "{page}");
            let page = manager.get(&club).await.text;
            assert!(page.contains("All of them keep it") && !page.contains("id=\"typed\""), "{page}");
            for wrong in ["", "Club"] {
                let refused = manager.post(&sales, &[("typed", wrong)]).await;
                assert!(refused.status == 422 && refused.text.contains("This is not “Sales”"), "{refused:?}");
            }
            let done = manager.post(&sales, &[("typed", "sales")]).await;
            assert!(done.status == 303 && done.to.starts_with("/assigned?run="), "{done:?}");
            assert_eq!(manager.post(&sales, &[("typed", "sales")]).await.status, 404);
            let page = manager.get(&club).await.text;
            assert!(page.contains("2 learners have the course through it alone"), "{page}");
        });
        site.end();
        assert_eq!(company.count_rows("assignments WHERE ended_run_id IS NULL"), 1);
    });
}
