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
        says(format!("/groups/{sales}"), "2 members – by rule departments, by hand");
        says(format!("/groups/{engineering}"), "1 member – by rule departments<");
        says("/groups".to_owned(), "by rule departments, by hand");
        site.end();
    });
}

fn id(company: &Company, group: &str) -> String {
    company.query_value(&format!("SELECT id FROM groups WHERE name = '{group}'"))
}
