//! Notices of changes that the query string names.

use rollcall_model::role::Role;

use crate::support::company::Company;
use crate::support::database::Engine;
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
