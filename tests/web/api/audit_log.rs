//! The record of changes.

use rollcall_model::role::Role;
use serde_json::{Value, json};

use super::ApiClient;
use super::lists::all;
use crate::support::company::Company;
use crate::support::database::on_both;

/// The numbers of a list of changes.
fn runs(list: &[Value]) -> Vec<i64> {
    list.iter().map(|one| one["run"].as_i64().expect("a number")).collect()
}

/// The audit log can be filtered by day, kind and actor.
#[test]
fn audit_log_filters_by_day_kind_and_actor() {
    on_both(|engine| {
        let company = Company::staffed(engine, &[("ada", "Sales")]);
        company.sync();
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::LicenseHolder);
        let manager = ApiClient::new(&company, &site, Role::Manager);
        let made = manager.post("/groups", &json!({"name": "Pilots"})).expect_status(201);
        let group = made.location.clone().expect("a place").replace("/api/v1", "");
        let renamed = api.json("PATCH", &group, &json!({"name": "Pilots 1"})).expect_status(200).body;
        let everything = all(&api, "/audit", 1);
        let numbers = runs(&everything);
        assert_eq!(numbers.len(), usize::try_from(company.count_rows("runs")).expect("a number"));
        assert!(numbers.is_sorted_by(|one, next| one > next), "the newest first: {numbers:?}");
        let newest = &everything[0];
        assert_eq!(newest["run"], renamed["run"]);
        assert_eq!(newest["actor"], "token a license_holder");
        assert_eq!(
            (&newest["found"]["name"], &newest["made"]["name"]),
            (&"Pilots".into(), &"Pilots 1".into())
        );
        let of_manager = all(&api, "/audit?actor=token+a+manager", 50);
        assert_eq!(json!(runs(&of_manager)), json!([made.body["run"]]));
        let syncs = all(&api, "/audit?kind=sync", 50);
        assert!(!syncs.is_empty() && syncs.iter().all(|one| one["connector"] == "hr"), "{syncs:?}");
        let hand = all(&api, "/audit?kind=hand", 1);
        assert_eq!(hand.len() + syncs.len(), everything.len());
        assert_eq!(all(&api, "/audit?kind=undo", 50), [Value::Null; 0]);
        assert_eq!(all(&api, &format!("/audit?since={}", company.day(0)), 50).len(), everything.len());
        for time in ["2026-01-01T23:59:59", "2026-01-01T00:00:00"] {
            company.sql(&format!(
                "UPDATE runs SET started_at = '{}' WHERE id = {}",
                company.instant(time),
                made.body["run"]
            ));
            let since = all(&api, "/audit?since=2026-01-02&kind=hand", 50);
            assert_eq!(since.len(), hand.len() - 1, "{time}");
            let since = all(&api, "/audit?since=2026-01-01", 50);
            assert_eq!(since.len(), everything.len(), "the day is that of the company: {time}");
        }
        let unknown = api.get("/audit?kind=magic");
        unknown.expect_problem(422, Some("kind"));
        assert!(unknown.body["hint"].as_str().is_some_and(|hint| hint.contains("`approval`")), "{unknown:?}");
        site.end();
    });
}
