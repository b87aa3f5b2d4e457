//! What people and machines do wrong, and what the pages say to it.

use rollcall_model::role::Role;
use tokio::task::JoinSet;

use crate::support::company::Company;
use crate::support::database::{Engine, TestDatabase, on_both};
use crate::support::postgres::PostgresServer;
use crate::support::program::wait_until;
use crate::support::web::{PASSWORD, WebClient};

fn prepare(mut company: Company) -> Company {
    for who in ["ada", "grace", "linus"] {
        company.hire(who, &[("department", "Sales")]);
    }
    company.text = "[[course]]\ncode = 'GDPR-101'\ntitle = 'Data protection basics'\n".to_owned();
    company.sync();
    company.create("Sales Berlin", &["ada"]);
    company.account("manager@corp.example", Role::Manager);
    company.account("second@corp.example", Role::Manager);
    company
}

/// A hidden field of a page.
fn hidden(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let rest = page.split(&start).nth(1).unwrap_or_else(|| panic!("no field `{name}`:\n{page}"));
    rest.split('"').next().unwrap_or_default().to_owned()
}

/// If two managers edit one group, the second change is refused and overwrites nothing.
#[test]
fn concurrent_group_edit_is_refused() {
    on_both(|engine| {
        let company = prepare(Company::new(engine));
        let group = company.query_value("SELECT id FROM groups");
        let site = company.serve();
        company.runtime.block_on(async {
            let first = site.signed_in_client("manager@corp.example").await;
            let second = site.signed_in_client("second@corp.example").await;
            let path = format!("/groups/{group}/name");
            let seen_by_first = hidden(&first.get(&path).await.text, "seen");
            let seen_by_second = hidden(&second.get(&path).await.text, "seen");
            let done = first.post(&path, &[("seen", &seen_by_first), ("name", "Sales B")]).await;
            assert_eq!(done.status, 303);
            let told = second.post(&path, &[("seen", &seen_by_second), ("name", "Sales Bln")]).await;
            assert_eq!(told.status, 422);
            assert!(
                told.text.contains("was changed by manager@corp.example in the meantime"),
                "{}",
                told.text
            );
            assert!(told.text.contains("Sales Bln"), "what the second one typed is kept");
            // The page that told shows the group as it is now: saving again is meant.
            let again = hidden(&told.text, "seen");
            let done = second.post(&path, &[("seen", &again), ("name", "Sales Bln")]).await;
            assert_eq!(done.status, 303);
            // The same for members and for deleting.
            let stale = [("seen", seen_by_first.as_str()), ("member", "1")];
            let told = first.post(&format!("/groups/{group}/remove"), &stale).await;
            assert!(told.status == 422 && told.text.contains("Your change was not saved"), "{told:?}");
            let told = first.post(&format!("/groups/{group}/delete"), &stale).await;
            assert!(told.status == 422 && told.text.contains("Your change was not saved"), "{told:?}");
        });
        site.end();
        assert_eq!(company.query_value("SELECT name FROM groups"), "Sales Bln");
        assert_eq!(company.count_rows("memberships"), 1);
    });
}

/// An invalid name is refused, and the input of the form is kept.
#[test]
fn invalid_name_keeps_form_input() {
    on_both(|engine| {
        let company = prepare(Company::new(engine));
        let site = company.serve();
        company.runtime.block_on(async {
            let manager = site.signed_in_client("manager@corp.example").await;
            let create = async |name: &str| {
                manager.post("/groups/new", &[("name", name), ("member", "2"), ("do", "save")]).await
            };
            for (name, says) in [
                ("", "name"),
                ("   ", "name"),
                ("SALES BERLIN", "Group “Sales Berlin” already exists."),
                (&"x".repeat(300), "200"),
            ] {
                let page = create(name).await;
                assert_eq!(page.status, 422, "{name}: {page:?}");
                assert!(page.text.contains(says), "{name}: {}", page.text);
                assert!(page.text.contains("href=\"#name\""), "the fault leads to the field");
                assert!(page.text.contains("1 chosen"), "who was chosen is kept");
            }
            // Markup and marks of direction are text like any other.
            for name in ["<script>alert(1)</script>", "עברית \u{202e}abc", "O'Brien \"&\" Söhne"] {
                assert_eq!(create(name).await.status, 303, "{name}");
            }
            let list = manager.get("/groups").await.text;
            assert!(!list.contains("<script>alert"), "{list}");
            assert!(list.contains("&#60;script&#62;alert(1)"), "{list}");
        });
        site.end();
        assert_eq!(company.count_rows("groups WHERE name = 'O''Brien \"&\" Söhne'"), 1);
    });
}

/// 50,000 members are selected and saved at once.
#[test]
fn fifty_thousand_members_saved_at_once() {
    let mut company = Company::new(Engine::Sqlite);
    for at in 0..50_000 {
        company.hire(&format!("p{at}"), &[]);
    }
    company.sync();
    company.account("manager@corp.example", Role::Manager);
    let site = company.serve();
    company.runtime.block_on(async {
        let manager = site.signed_in_client("manager@corp.example").await;
        let all = manager.post("/groups/new", &[("name", "Everybody"), ("do", "all")]).await;
        assert_eq!(all.status, 303);
        let page = manager.get(&all.to).await.text;
        assert!(page.contains("50,000 chosen"), "{page}");
        assert!(page.len() < 100_000, "{} bytes", page.len());
        let draft = hidden(&page, "draft");
        let saved =
            manager.post("/groups/new", &[("draft", &draft), ("name", "Everybody"), ("do", "save")]).await;
        assert_eq!(saved.status, 303, "{saved:?}");
        let overview = manager.get(&saved.to).await.text;
        assert!(overview.contains("50,000 memberships added"), "{overview}");
    });
    site.end();
    assert_eq!(company.count_rows("memberships"), 50_000);
    assert_eq!(company.query_value("SELECT members FROM groups"), "50000");
    assert_eq!(company.count_rows("draft_choices"), 0);
}

/// The wizard up to its second page, with one group chosen; the address of that page.
async fn wizard(manager: &WebClient, group: &str) -> String {
    let first = manager.post("/assigned/new", &[("course", "1"), ("group", group), ("do", "next")]).await;
    assert_eq!(first.status, 303, "{first:?}");
    first.to
}

/// A due date in the past shows the effective due date.
#[test]
fn past_due_date_shows_effective_date() {
    let company = prepare(Company::new(Engine::Sqlite));
    let site = company.serve();
    company.runtime.block_on(async {
        let manager = site.signed_in_client("manager@corp.example").await;
        let page = manager.get(&wizard(&manager, "1").await).await.text;
        let draft = hidden(&page, "draft");
        let past = [
            ("step", "whom"),
            ("draft", draft.as_str()),
            ("to", "groups"),
            ("shown", "1"),
            ("member", "1"),
            ("due", "on"),
            ("on", "2020-01-31"),
            ("late", "14"),
        ];
        let shown = manager.post("/assigned/new", &[&past[..], &[("do", "preview")]].concat()).await;
        let page = manager.get(&shown.to).await.text;
        assert!(page.contains("31 January 2020 has passed: someone who joins today has 14 days"), "{page}");
        assert!(page.contains("1 learner is in the chosen groups"), "{page}");
        let wrong = [("on", "31.01.2027")];
        let wrong: Vec<_> = past.iter().copied().filter(|(name, _)| *name != "on").chain(wrong).collect();
        let refused = manager.post("/assigned/new", &[&wrong[..], &[("do", "save")]].concat()).await;
        assert!(refused.status == 422 && refused.text.contains("href=\"#on\""), "{}", refused.text);
        let saved = manager.post("/assigned/new", &[&past[..], &[("do", "save")]].concat()).await;
        assert_eq!(saved.status, 303, "{saved:?}");
    });
    site.end();
    company.drain();
    let due = company.enrollment("ada", "GDPR-101").due;
    assert_eq!(due, Some(company.today() + chrono::Days::new(14)));
}

/// A record that is deleted while the wizard is open is named, and nothing is saved.
#[test]
fn record_deleted_during_wizard_is_named() {
    on_both(|engine| {
        let company = prepare(Company::new(engine));
        let group = company.query_value("SELECT id FROM groups");
        let site = company.serve();
        let draft = company.runtime.block_on(async {
            let manager = site.signed_in_client("manager@corp.example").await;
            let page = manager.get(&wizard(&manager, &group).await).await.text;
            hidden(&page, "draft")
        });
        company.delete("Sales Berlin");
        company.runtime.block_on(async {
            let manager = site.signed_in_client("manager@corp.example").await;
            let fields =
                [("step", "whom"), ("draft", &draft), ("to", "groups"), ("due", "none"), ("do", "save")];
            let told = manager.post("/assigned/new", &fields).await;
            assert_eq!(told.status, 422);
            assert!(told.text.contains("was deleted in the meantime"), "{}", told.text);
            let again = manager.post("/assigned/new", &fields).await;
            assert!(again.text.contains("Select at least one group"), "{}", again.text);
            for path in ["", "/name", "/add", "/delete"] {
                assert_eq!(manager.get(&format!("/groups/{group}{path}")).await.status, 404, "{path}");
            }
        });
        site.end();
        assert_eq!(company.count_rows("assignments"), 0);
    });
}

/// A body that is not a valid form is refused.
#[test]
fn invalid_form_bodies_are_refused() {
    let company = prepare(Company::new(Engine::Sqlite));
    let site = company.serve();
    company.runtime.block_on(async {
        let manager = site.signed_in_client("manager@corp.example").await;
        let form = ("content-type", "application/x-www-form-urlencoded");
        let large = manager.send("/groups/new", &[form], "a".repeat(2 << 20)).await;
        assert_eq!(large.status, 413);
        for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x"] {
            let page = manager.send("/groups/new", &[("content-type", kind)], "{}").await;
            assert_eq!(page.status, 415, "{kind}");
        }
        // Bytes that are not UTF-8 are replaced, as in browsers: the form is valid.
        let odd =
            manager.send("/groups/new", &[form], "name=%ff%fe&member=x&shown=-1&draft=zz&do=save").await;
        assert_eq!(odd.status, 303, "{odd:?}");
        assert!(manager.get("/groups").await.text.contains("\u{fffd}\u{fffd}"));
        assert_eq!(manager.send("/groups", &[form], "").await.status, 405);
        assert_eq!(manager.get("/groups/x").await.status, 400);
        assert_eq!(manager.get("/groups?after=%fe%ff&sort=members&q=%27%22%25_").await.status, 200);
        assert_eq!(manager.get("/groups?after=%00").await.status, 400);
        let search = "/learners?q=%22%29%20OR%20%27%3A%2A%20%26%20NEAR(a%20b)*";
        assert_eq!(manager.get(search).await.status, 200);
    });
    site.end();
}

/// A lost database is reported, and the pages recover without a restart.
#[test]
fn lost_database_is_reported_and_recovers() {
    let server = PostgresServer::start();
    let folder = tempfile::tempdir().expect("a folder");
    let db = TestDatabase::at(server.url(&server.new_database()));
    let company = prepare(Company::with(db, folder));
    let site = company.serve();
    let manager = company.runtime.block_on(site.signed_in_client("manager@corp.example"));
    server.crash();
    let gone = company.runtime.block_on(manager.get("/groups"));
    assert_eq!(gone.status, 503, "{gone:?}");
    assert!(gone.text.contains("The database does not answer"), "{}", gone.text);
    server.start_again();
    wait_until("the pages are back", || company.runtime.block_on(manager.get("/groups")).status == 200);
    site.end();
}

/// A database that is lost during sign-ins is reported to each of them, and sign-in works again by itself.
#[test]
fn database_lost_during_sign_ins_is_reported_and_recovers() {
    let server = PostgresServer::start();
    let folder = tempfile::tempdir().expect("a folder");
    let db = TestDatabase::at(server.url(&server.new_database()));
    let company = prepare(Company::with(db, folder));
    let site = company.serve();
    let sign_in = |email: &'static str| {
        let visitor = site.anonymous_client();
        async move {
            let page = visitor.post("/sign-in", &[("email", email), ("password", PASSWORD)]).await;
            let is_told = page.text.contains("The database does not answer");
            assert_eq!(page.status == 503, is_told, "{page:?}");
            page.status
        }
    };
    company.runtime.block_on(async {
        let mut tries = JoinSet::new();
        for email in ["manager@corp.example", "second@corp.example"].repeat(3) {
            tries.spawn(sign_in(email));
        }
        // They run on other threads meanwhile.
        server.crash();
        let statuses = tries.join_all().await;
        assert!(statuses.iter().all(|status| [303, 503].contains(status)), "{statuses:?}");
        assert_eq!(sign_in("manager@corp.example").await, 503);
        assert_eq!(site.anonymous_client().get("/healthz").await.status, 200);
    });
    server.start_again();
    wait_until("sign-in works again", || company.runtime.block_on(sign_in("manager@corp.example")) == 303);
    site.end();
}
