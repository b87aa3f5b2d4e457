//! Notices of changes that the query string names.

use rollcall_model::role::Role;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::web::LICENSE_HOLDER;

/// The notice of a change is shown to its actor and to license holders, not to every role that knows its number.
#[test]
fn notice_is_shown_to_actor_and_license_holder() {
    let company = Company::with_license_holder(Engine::Sqlite);
    for role in [Role::Manager, Role::Operator, Role::Viewer] {
        company.account(&format!("{role}@corp.example"), role);
    }
    let made_account = company.query_value("SELECT max(id) FROM runs WHERE actor = 'tester'");
    let site = company.serve();
    company.runtime.block_on(async {
        let manager = site.signed_in_client("manager@corp.example").await;
        let saved = manager.post("/groups/new", &[("name", "Sales"), ("do", "save")]).await;
        assert!(saved.to.starts_with("/groups?run="), "{saved:?}");
        assert!(manager.get(&saved.to).await.text.contains("Done: "));
        let license_holder = site.signed_in_client(LICENSE_HOLDER).await;
        let of_account = format!("/groups?run={made_account}");
        assert!(license_holder.get(&saved.to).await.text.contains("Done: "));
        assert!(license_holder.get(&of_account).await.text.contains("Done: "));
        for other in ["operator@corp.example", "viewer@corp.example"] {
            let other = site.signed_in_client(other).await;
            for path in [&saved.to, &of_account] {
                let page = other.get(path).await;
                assert!(page.status == 200 && !page.text.contains("Done: "), "{path}: {page:?}");
            }
        }
    });
    site.end();
}

/// A manager undoes what they changed themselves, from the notice and later, and comes back to the page. What others or
/// syncs did stays with operators.
#[test]
fn manager_undoes_own_changes() {
    on_both(|engine| {
        let company = Company::staffed(engine, &[("ada", "Sales"), ("bob", "Sales")]);
        company.sync();
        company.account("manager@corp.example", Role::Manager);
        company.account("other@corp.example", Role::Manager);
        let sales = company.query_value("SELECT id FROM groups WHERE name = 'Sales'");
        let ada = company.query_value("SELECT id FROM learners WHERE email LIKE 'ada%'");
        let sync = company.query_value("SELECT min(id) FROM runs WHERE kind = 'sync'");
        let site = company.serve();
        company.runtime.block_on(async {
            let manager = site.signed_in_client("manager@corp.example").await;
            let removed = manager.post(&format!("/groups/{sales}/remove"), &[("member", &ada)]).await;
            let run = removed.to.split("run=").nth(1).expect("a run").to_owned();
            let undo = format!("/sync/runs/{run}/undo");
            let notice = manager.get(&removed.to).await.text;
            assert!(notice.contains(&format!("href=\"{undo}\"")), "{notice}");
            let page = manager.get(&undo).await;
            assert!(page.status == 200 && !page.text.contains("/sync/runs\""), "{page:?}");
            let others = site.signed_in_client("other@corp.example").await;
            for (client, path) in [
                (&others, undo.clone()),
                (&manager, format!("/sync/runs/{sync}/undo")),
                (&manager, format!("/sync/runs/{run}/approve")),
                (&manager, format!("/sync/runs/{run}")),
            ] {
                assert_eq!(client.get(&path).await.status, 403, "{path}");
                assert_eq!(client.post(&path, &[]).await.status, 403, "{path}");
            }
            let back = format!("/groups/{sales}");
            let done = manager.post(&undo, &[("back", back.as_str())]).await;
            assert!(done.status == 303 && done.to.starts_with(&format!("{back}?run=")), "{done:?}");
            let page = manager.get(&done.to).await.text;
            assert!(
                page.contains(&format!("undo run {run}")) && page.contains("<strong>2</strong>"),
                "{page}"
            );
            // The page of a group that an undo takes back is gone.
            let created = manager.post("/groups/new", &[("name", "Club"), ("do", "save")]).await;
            let run = created.to.split("run=").nth(1).expect("a run").to_owned();
            let club = company.db.sql("SELECT id FROM groups WHERE name = 'Club'").await[0]["id"].clone();
            let back = format!("/groups/{}", club.expect("a number"));
            let done = manager.post(&format!("/sync/runs/{run}/undo"), &[("back", back.as_str())]).await;
            assert!(done.to.starts_with("/groups?run="), "{done:?}");
        });
        site.end();
    });
}
