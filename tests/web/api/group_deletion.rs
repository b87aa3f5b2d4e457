//! Deleting what many people would feel.

use rollcall_model::role::Role;
use serde_json::json;

use super::ApiClient;
use crate::support::company::Company;
use crate::support::database::on_both;

/// The deletion of a large group requires its name in the API and in the page.
#[test]
fn large_group_deletion_requires_name() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.account("boss@corp.example", Role::Manager);
        company.head = "[safety]\n".to_owned();
        let all = ["ada", "grace", "linus", "margaret", "edsger", "barbara"];
        for who in all {
            company.hire(who, &[]);
        }
        company.sync();
        company.create("Sales Europe", &all);
        company.create("Trio", &all[..3]);
        company.add_course("GDPR");
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::Manager);
        api.post("/assignments", &json!({"course": "GDPR", "groups": ["Sales Europe"]})).expect_status(200);
        let number =
            |name: &str| company.query_value(&format!("SELECT id FROM groups WHERE name = '{name}'"));
        let (large, small) =
            (format!("/groups/{}", number("Sales Europe")), format!("/groups/{}", number("Trio")));
        let runs = company.count_rows("runs");
        let asked = api.send("DELETE", &large, &[], None);
        asked.expect_problem(409, Some("name"));
        assert_eq!(asked.body["kind"], "name_needed");
        let said = |field: &str, text: &str| {
            assert!(asked.body[field].as_str().is_some_and(|said| said.contains(text)), "{asked:?}");
        };
        said("detail", "Deleting `Sales Europe` removes 6 memberships and 1 assignment");
        said("hint", "with `?name=` and the name of the group, `Sales Europe`");
        api.send("DELETE", &format!("{large}?name="), &[], None).expect_problem(409, Some("name"));
        for path in [format!("{large}?name=Sales+Asia"), format!("{small}?name=Sales+Europe")] {
            api.send("DELETE", &path, &[], None).expect_problem(422, Some("name"));
        }
        api.send("DELETE", &format!("{small}?sure=yes"), &[], None).expect_problem(422, Some("sure"));
        company.runtime.block_on(async {
            let boss = site.signed_in_client("boss@corp.example").await;
            let page = format!("{large}/delete");
            assert!(boss.get(&page).await.text.contains("name=\"typed\""), "the page asks for the name");
            for typed in ["", "Sales Asia"] {
                let refused = boss.post(&page, &[("typed", typed)]).await;
                assert_eq!(refused.status, 422, "{refused:?}");
                assert!(refused.text.contains("This is not the name of the group"), "{refused:?}");
            }
        });
        assert_eq!(company.count_rows("runs"), runs, "nothing was done");
        assert_eq!(company.groups(), ["Sales Europe", "Trio"]);
        api.send("DELETE", &small, &[], None).expect_status(200);
        assert_eq!(company.groups(), ["Sales Europe"]);
        api.send("DELETE", &format!("{large}?name=sales+EUROPE"), &[], None).expect_status(200);
        assert_eq!(company.groups(), [""; 0]);
        api.post("/groups/restore", &json!({"name": "Sales Europe"})).expect_status(200);
        company.runtime.block_on(async {
            let boss = site.signed_in_client("boss@corp.example").await;
            let gone = boss.post(&format!("{large}/delete"), &[("typed", " sales europe ")]).await;
            assert_eq!(gone.status, 303, "{gone:?}");
        });
        assert_eq!(company.groups(), [""; 0]);
        site.end();
    });
}
