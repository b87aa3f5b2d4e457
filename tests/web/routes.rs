//! Every route with every role, with none, and from another site: the list is the program's own.

use rollcall_model::role::Role;
use rollcall_web::{RouteAccess, RouteDeclaration};

use crate::support::company::Company;
use crate::support::database::Engine;
use crate::support::web::{WebClient, declared_routes};

fn company() -> Company {
    let company = Company::sales(Engine::Sqlite, &["ada"], "");
    company.sync();
    for role in Role::OF_ACCOUNTS {
        company.account(&format!("{role}@corp.example"), role);
    }
    company
}

/// The routes that browsers use, by their access. Those that take a token are tried with the API's own clients.
fn page_routes(company: &Company) -> Vec<RouteDeclaration> {
    let is_page = |route: &RouteDeclaration| match route.access {
        RouteAccess::Open | RouteAccess::Session(_) | RouteAccess::RecentSession(_) => true,
        RouteAccess::TokenOrSession(_) => false,
    };
    let pages: Vec<_> = declared_routes(company).into_iter().filter(is_page).collect();
    assert!(pages.len() > 30, "{pages:?}");
    pages
}

/// An address of a route; what varies is a number that nothing has, so that nothing is done.
fn address(route: &RouteDeclaration) -> String {
    let parts = route.path.split('/').map(|part| if part.starts_with('{') { "999999" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

async fn ask(visitor: &WebClient, route: &RouteDeclaration) -> (u16, String) {
    let page = if route.method == "GET" {
        visitor.get(&address(route)).await
    } else {
        visitor.post(&address(route), &[]).await
    };
    (page.status, page.to)
}

/// Each page accepts the permitted roles only.
#[test]
fn every_page_route_enforces_roles() {
    let company = company();
    let site = company.serve();
    company.runtime.block_on(async {
        for route in page_routes(&company) {
            let Some(may) = route.access.permission() else {
                let (status, _) = ask(&site.anonymous_client(), &route).await;
                assert_ne!(status, 403, "{route:?}");
                continue;
            };
            let (status, to) = ask(&site.anonymous_client(), &route).await;
            if route.method == "GET" {
                assert!(status == 303 && to.starts_with("/sign-in?to="), "{route:?}: {status} {to}");
            } else {
                assert_eq!(status, 401, "{route:?}");
            }
            for role in Role::OF_ACCOUNTS {
                // Signed in for each, since one of the routes signs out.
                let visitor = site.signed_in_client(&format!("{role}@corp.example")).await;
                let (status, to) = ask(&visitor, &route).await;
                assert_eq!(status == 403, !role.allows(may), "{route:?} as {role}: {status} {to}");
                assert!(status < 500 && status != 401, "{route:?} as {role}: {status}");
            }
        }
    });
    site.end();
}

/// Changes from another site are refused.
#[test]
fn cross_site_changes_are_refused() {
    let company = company();
    let site = company.serve();
    company.runtime.block_on(async {
        let visitor = site.signed_in_client("license_holder@corp.example").await;
        let form = ("content-type", "application/x-www-form-urlencoded");
        for route in page_routes(&company).into_iter().filter(|route| route.method != "GET") {
            for headers in [
                vec![form, ("sec-fetch-site", "cross-site")],
                vec![form, ("sec-fetch-site", "same-site")],
                vec![form, ("origin", "https://evil.example")],
                vec![form, ("origin", "null")],
            ] {
                let page = visitor.send(&address(&route), &headers, "name=x&code=x&title=x").await;
                assert_eq!(page.status, 403, "{route:?} {headers:?}: {page:?}");
            }
        }
        // The session is still there: not even signing out was done.
        assert_eq!(visitor.get("/groups").await.status, 200);
    });
    site.end();
    assert_eq!(company.count_rows("courses WHERE code = 'x'"), 0);
}

/// A viewer sees only the buttons that viewers may use.
#[test]
fn viewer_sees_only_permitted_buttons() {
    let company = company();
    let site = company.serve();
    company.runtime.block_on(async {
        let viewer = site.signed_in_client("viewer@corp.example").await;
        let group = company_group(&company).await;
        for path in
            ["/groups".to_owned(), format!("/groups/{group}"), "/assigned".to_owned(), "/courses".to_owned()]
        {
            let page = viewer.get(&path).await;
            assert_eq!(page.status, 200, "{path}");
            for word in [
                "Create group",
                "Add members",
                "Delete group",
                "Assign course",
                "Add course",
                "Import courses",
                ">Remove<",
            ] {
                assert!(!page.text.contains(word), "{path} shows `{word}`");
            }
        }
    });
    site.end();
}

async fn company_group(company: &Company) -> i64 {
    let mut tx = company.store.begin_read().await.expect("the database answers");
    rollcall_core::groups::find_group(&mut tx, "Sales").await.expect("a group").id.0
}
