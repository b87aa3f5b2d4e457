//! Who may do what.

use rollcall_model::role::{Permission, Role};
use rollcall_web::RouteAccess;
use serde_json::json;

use super::ApiClient;
use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::web::declared_routes;

/// Each route that takes a token accepts the permitted roles only.
#[test]
fn every_token_route_enforces_roles() {
    let company = Company::new(Engine::Sqlite);
    let site = company.serve();
    let nobody = ApiClient::anonymous(&company, &site);
    let stranger =
        ApiClient { key: Some("rollcall_nobody".to_owned()), ..ApiClient::anonymous(&company, &site) };
    let everybody = Role::ALL.map(|role| (role, ApiClient::new(&company, &site, role)));
    let mut looked = 0;
    for route in declared_routes(&company) {
        let path = route.path.replace("{id}", "999999").replace("{name}", "nowhere");
        let send = |api: &ApiClient| api.send_to(route.method.as_str(), &path, &[], None);
        let RouteAccess::TokenOrSession(may) = route.access else {
            assert!(
                !path.starts_with("/api/") || path == "/api/v1/openapi.json",
                "of the API, only the document is for everybody: {route:?}"
            );
            continue;
        };
        let refused = send(&nobody);
        refused.expect_problem(401, None);
        assert_eq!(refused.challenge.as_deref(), Some("Bearer"), "RFC 6750, 3");
        send(&stranger).expect_problem(401, None);
        for (role, api) in &everybody {
            let answer = send(api);
            if role.allows(may) {
                assert!(![401, 403].contains(&answer.status), "{role} {path} {answer:?}");
                assert!(answer.status < 500, "{role} {path} {answer:?}");
            } else {
                answer.expect_problem(403, None);
            }
        }
        looked += 1;
    }
    assert!(looked > 30, "{looked}");
    site.end();
}

/// Routes that change data require a role that may change it.
#[test]
fn writing_routes_require_writing_roles() {
    let company = Company::new(Engine::Sqlite);
    for route in declared_routes(&company) {
        let RouteAccess::TokenOrSession(may) = route.access else { continue };
        let path = route.path.strip_prefix("/api/v1").unwrap_or(route.path);
        let room = path.split('/').nth(1).expect("a room");
        let expected = match (room, route.method == "GET") {
            ("accounts" | "tokens", _) => Permission::Admin,
            // A manager may undo their own changes.
            ("runs", false) if route.path.ends_with("/undo") => Permission::Resync,
            ("connectors" | "runs" | "jobs" | "verify" | "audit", _) => Permission::Operate,
            ("metrics", _) => Permission::Metrics,
            ("learners", false) if route.path.ends_with("/resync") => Permission::Resync,
            ("learners", false) if ["/suspend", "/restore"].iter().any(|end| route.path.ends_with(end)) => {
                Permission::Operate
            }
            (_, false) => Permission::Manage,
            (_, true) => Permission::Read,
        };
        assert_eq!(may, expected, "{route:?}");
    }
}

/// A session is accepted by the API. A revoked token is refused.
#[test]
fn session_works_for_api_and_revoked_token_fails() {
    let company = Company::new(Engine::Sqlite);
    company.account("boss@corp.example", Role::Manager);
    let site = company.serve();
    let path = "/api/v1/groups";
    company.runtime.block_on(async {
        assert_eq!(site.anonymous_client().get(path).await.status, 401);
        let boss = site.signed_in_client("boss@corp.example").await;
        let list = boss.get(path).await;
        assert!(list.status == 200 && list.text.starts_with(r#"{"items":"#), "{list:?}");
        let group = r#"{"name": "Sales"}"#;
        let json = ("content-type", "application/json");
        let foreign = boss.send(path, &[json, ("sec-fetch-site", "cross-site")], group).await;
        assert_eq!(foreign.status, 403, "{foreign:?}");
        let own = boss.send(path, &[json, ("sec-fetch-site", "same-origin")], group).await;
        assert_eq!(own.status, 201, "{own:?}");
    });
    assert_eq!(company.groups(), ["Sales"]);
    let api = ApiClient::new(&company, &site, Role::Viewer);
    api.get("/groups").expect_status(200);
    company.rollcall(&["admin", "revoke", "a viewer"]).expect_status(0);
    api.get("/groups").expect_problem(401, None);
    site.end();
}

/// A manager undoes their own change by the API. A change of another account or token, and a sync, are refused.
#[test]
fn manager_undoes_own_changes_only() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.hire("ada", &[]);
        let sync = company.sync().run.expect("a number").0;
        let site = company.serve();
        let create = |api: &ApiClient, name: &str| {
            let made = api.post("/groups", &json!({"name": name})).expect_status(201).body;
            made["run"].as_i64().expect("a number")
        };
        let own = ApiClient::new(&company, &site, Role::Manager);
        let other = ApiClient::new(&company, &site, Role::LicenseHolder);
        let (mine, foreign) = (create(&own, "Sales"), create(&other, "Legal"));
        let undo = |api: &ApiClient, run: i64| api.send("POST", &format!("/runs/{run}/undo"), &[], None);
        for run in [foreign, sync] {
            undo(&own, run).expect_problem(403, None);
        }
        undo(&own, 999_999).expect_problem(404, None);
        assert_eq!(company.groups(), ["Legal", "Sales"], "nothing was undone");
        undo(&own, mine).expect_status(200);
        assert_eq!(company.groups(), ["Legal"]);
        undo(&ApiClient::new(&company, &site, Role::Viewer), mine).expect_problem(403, None);
        undo(&ApiClient::new(&company, &site, Role::Operator), foreign).expect_status(200);
        site.end();
    });
}
