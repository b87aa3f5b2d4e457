//! What pages of groups say of them.

use rollcall_model::role::Role;

use crate::support::company::Company;
use crate::support::database::on_both;

/// A group with a rule shows members who were also added manually.
#[test]
fn rule_group_shows_manual_members() {
    on_both(|engine| {
        let company = Company::staffed(engine, &[("ada", "Sales"), ("bob", "Engineering")]);
        company.sync();
        company.add("Sales", "bob");
        company.account("manager@corp.example", Role::Manager);
        let (sales, engineering) = (id(&company, "Sales"), id(&company, "Engineering"));
        let site = company.serve();
        let says = |path: String, text: &str| {
            let page = company
                .runtime
                .block_on(async { site.signed_in_client("manager@corp.example").await.get(&path).await });
            assert!(page.text.contains(text), "{path} does not say `{text}`:\n{}", page.text);
        };
        says(format!("/groups/{sales}"), "<strong>2</strong> <small>by rule departments, by hand</small>");
        says(format!("/groups/{engineering}"), "<strong>1</strong> <small>by rule departments</small>");
        says("/groups".to_owned(), "by rule departments, by hand");
        site.end();
    });
}

/// People kept out of a group are listed there and on their own page, and can be allowed in again.
#[test]
fn people_kept_out_are_listed_and_allowed_again() {
    on_both(|engine| {
        let company = Company::staffed(engine, &[("ada", "Sales"), ("bob", "Sales")]);
        company.sync();
        company.account("manager@corp.example", Role::Manager);
        let (sales, ada) =
            (id(&company, "Sales"), company.query_value("SELECT id FROM learners ORDER BY id"));
        let site = company.serve();
        company.runtime.block_on(async {
            let manager = site.signed_in_client("manager@corp.example").await;
            let group = format!("/groups/{sales}");
            let tab = format!("{group}?tab=excluded");
            assert!(manager.get(&tab).await.text.contains("Nobody is kept out"));
            let fields =
                [("member", ada.as_str()), ("because", "works for the auditor"), ("until", "2099-12-31")];
            let removed = manager.post(&format!("{group}/remove"), &fields).await;
            assert_eq!(removed.status, 303, "{removed:?}");
            for path in [tab.clone(), format!("/learners/{ada}")] {
                let page = manager.get(&path).await.text;
                for text in ["Kept out", "works for the auditor", "31 Dec 2099", "Allow again"] {
                    assert!(page.contains(text), "{path} does not say `{text}`:\n{page}");
                }
            }
            let lifted = manager.post(&format!("{group}/lift"), &[("who", "ada@corp.example")]).await;
            assert_eq!(lifted.status, 303, "{lifted:?}");
            for path in [tab, format!("/learners/{ada}")] {
                assert!(!manager.get(&path).await.text.contains("Allow again"), "{path}");
            }
        });
        site.end();
    });
}

fn id(company: &Company, group: &str) -> String {
    company.query_value(&format!("SELECT id FROM groups WHERE name = '{group}'"))
}
