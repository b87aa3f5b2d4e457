//! Unfinished forms: how many an account keeps, and how much one holds.

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::web::LICENSE_HOLDER;

/// An account keeps 50 unfinished forms; the oldest one makes way for another.
#[test]
fn oldest_draft_makes_way() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        let now = company.change_time().now.to_rfc3339();
        company.sql(&format!(
            "INSERT INTO drafts (account_id, kind, answers, touched_at)
             WITH RECURSIVE n (number) AS (SELECT 10 UNION ALL SELECT number + 1 FROM n WHERE number < 59)
             SELECT a.id, 'old ' || n.number, '{{}}', '{now}' FROM accounts a, n"
        ));
        let site = company.serve();
        company.runtime.block_on(async {
            let visitor = site.signed_in_client(LICENSE_HOLDER).await;
            let page = visitor.post("/groups/new", &[("name", "Sales"), ("q", "a"), ("do", "find")]).await;
            assert!(page.status == 303 && page.to.contains("draft="), "{page:?}");
        });
        site.end();
        assert_eq!(company.count_rows("drafts"), 50);
        assert_eq!(company.count_rows("drafts WHERE kind = 'old 10'"), 0);
        assert_eq!(company.count_rows("drafts WHERE kind LIKE 'old %'"), 49);
    });
}

/// A form holds as many choices as a large company has learners, and not one more.
#[test]
fn choices_of_one_draft_are_bounded() {
    let company = Company::with_license_holder(Engine::Sqlite);
    let site = company.serve();
    company.runtime.block_on(async {
        let visitor = site.signed_in_client(LICENSE_HOLDER).await;
        let begun = visitor.post("/groups/new", &[("name", "Sales"), ("q", "a"), ("do", "find")]).await;
        let draft = begun.to.split("draft=").nth(1).and_then(|rest| rest.split('&').next());
        let draft = draft.unwrap_or_else(|| panic!("no draft: {begun:?}")).to_owned();
        let filling = format!(
            "INSERT INTO draft_choices (draft_id, chosen)
             WITH RECURSIVE n (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM n WHERE number < 1000000)
             SELECT {draft}, number FROM n"
        );
        company.db.sql(&filling).await;
        let fields = |member: &'static str| {
            [("draft", draft.clone()), ("name", "Sales".to_owned()), ("member", member.to_owned())]
        };
        for (member, status) in [("1000000", 303), ("1000001", 400)] {
            let fields = fields(member);
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, text)| (*name, text.as_str())).collect();
            let page = visitor.post("/groups/new", &[&fields[..], &[("do", "find")]].concat()).await;
            assert_eq!(page.status, status, "{page:?}");
            assert_eq!(page.text.contains("A form holds at most 1,000,000 choices."), status == 400);
        }
    });
    assert_eq!(company.count_rows("draft_choices"), 1_000_000);
    site.end();
}
