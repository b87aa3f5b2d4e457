//! Runs that a program starts, and what it decides about them.

use rollcall_model::role::Role;
use serde_json::json;

use super::ApiClient;
use crate::support::company::{Company, email};
use crate::support::database::{Engine, on_both};

/// Sixty people, of whom eleven have gone: one more than may go unasked.
fn company(engine: Engine) -> Company {
    let mut company = Company::limited(engine, 60, 0);
    company.sync();
    company.leave_many("s", 11);
    company
}

/// A hold that is approved through the API names the token.
#[test]
fn hold_approved_through_api_names_token() {
    on_both(|engine| {
        let company = company(engine);
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::Operator);
        let held = api.send("POST", "/connectors/hr/sync", &[], None).expect_status(200).body;
        assert_eq!((&held["status"], &held["memberships"]["held"]), (&"held".into(), &11.into()), "{held}");
        assert_eq!(company.members("Sales").len(), 60);
        let approved =
            api.send("POST", &format!("/runs/{}/approve", held["run"]), &[], None).expect_status(200).body;
        assert_eq!(approved["of"], held["run"], "{approved}");
        assert_eq!(company.members("Sales").len(), 49);
        let who = |run: &serde_json::Value| {
            company.query_value(&format!("SELECT actor || ': ' || what FROM runs WHERE id = {run}"))
        };
        assert_eq!(who(&held["run"]), "token a operator: sync hr");
        assert_eq!(who(&approved["run"]), format!("token a operator: approve run {}", held["run"]));
        api.send("POST", &format!("/runs/{}/approve", held["run"]), &[], None).expect_problem(409, None);
        site.end();
    });
}

/// A hold that is rejected through the API names the token.
#[test]
fn hold_rejected_through_api_names_token() {
    let company = company(Engine::Sqlite);
    let site = company.serve();
    let api = ApiClient::new(&company, &site, Role::Operator);
    let held = api.send("POST", "/connectors/hr/sync", &[], None).expect_status(200).body;
    let rejected =
        api.send("POST", &format!("/runs/{}/reject", held["run"]), &[], None).expect_status(200).body;
    assert_eq!(rejected["of"], held["run"], "{rejected}");
    let run = &rejected["run"];
    let actor = company.query_value(&format!("SELECT actor FROM runs WHERE id = {run}"));
    assert_eq!(actor, "token a operator");
    assert_eq!(company.members("Sales").len(), 60);
    assert_eq!(company.count_rows("held_changes WHERE state = 'held'"), 0);
    site.end();
}

#[test]
fn removals_that_a_program_allows_are_done_at_once() {
    on_both(|engine| {
        let company = company(engine);
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::Operator);
        let body = json!({"allow_removals": true});
        let synced = api.post("/connectors/hr/sync", &body).expect_status(200).body;
        assert_eq!(synced["status"], "applied", "{synced}");
        assert_eq!(company.members("Sales").len(), 49);
        let what = company.query_value(&format!("SELECT what FROM runs WHERE id = {}", synced["run"]));
        assert_eq!(what, "sync hr, with removals allowed");
        site.end();
    });
}

#[test]
fn a_sync_for_one_person_brings_that_person_alone() {
    on_both(|engine| {
        let mut company = Company::staffed(engine, &[]);
        company.sync();
        company.hire("ada", &[("department", "Sales")]);
        company.hire("grace", &[("department", "Sales")]);
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::Operator);
        let synced =
            api.post("/connectors/hr/sync", &json!({"only": email("grace")})).expect_status(200).body;
        assert_eq!(synced["people"]["new"], 1, "{synced}");
        assert_eq!(company.members("Sales"), ["grace"]);
        site.end();
    });
}
