//! Two people who edit the same thing.

use rollcall_model::role::Role;
use serde_json::json;

use super::ApiClient;
use crate::support::company::{Company, email};
use crate::support::database::on_both;

/// A change with a stale ETag is refused and overwrites nothing.
#[test]
fn stale_etag_is_refused() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.hire("ada", &[]);
        company.sync();
        company.create("Sales", &["ada"]);
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::Manager);
        let group = format!("/groups/{}", company.query_value("SELECT id FROM groups"));
        let seen = api.get(&group).expect_status(200).etag.expect("a tag");
        let json = ("content-type", "application/json");
        let renamed = api
            .send("PATCH", &group, &[json, ("if-match", &seen)], Some(r#"{"name": "Sales 1"}"#))
            .expect_status(200);
        let stale = [json, ("if-match", seen.as_str())];
        let (name, ada) = (r#"{"name": "Sales 2"}"#, format!(r#"{{"members": ["{}"]}}"#, email("ada")));
        let members = format!("{group}/members/remove");
        let lift = json!({"email": email("ada")}).to_string();
        let conflicts = [
            api.send("PATCH", &group, &stale, Some(name)),
            api.send("DELETE", &group, &stale, None),
            api.send("POST", &members, &stale, Some(&ada)),
            api.send("POST", &format!("{group}/members"), &stale, Some(&ada)),
            api.send("POST", &format!("{group}/exclusions/lift"), &stale, Some(&lift)),
            api.send("PATCH", &group, &[json, ("if-match", "W/\"1\"")], Some(name)),
        ];
        for conflict in conflicts {
            conflict.expect_problem(412, None);
            assert!(
                conflict.body["detail"].as_str().is_some_and(|text| text.contains("by token a manager")),
                "{conflict:?}"
            );
        }
        assert_eq!(company.groups(), ["Sales 1"]);
        assert_eq!(company.members("Sales 1"), ["ada"]);
        let now = renamed.etag.expect("a tag");
        let weak = format!("W/{now}");
        api.send("PATCH", &group, &[json, ("if-match", &weak)], Some(name)).expect_problem(412, None);
        let either = format!("{seen}, {now}");
        api.send("PATCH", &group, &[json, ("if-match", &either)], Some(name)).expect_status(200);
        api.send("PATCH", &group, &[json, ("if-match", "*")], Some(r#"{"name": "Sales 3"}"#))
            .expect_status(200);
        assert_eq!(company.groups(), ["Sales 3"]);
        site.end();
    });
}

/// A due date that was changed in the meantime is not overwritten.
#[test]
fn stale_due_date_change_is_refused() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.hire("ada", &[]);
        company.sync();
        company.create("Sales", &["ada"]);
        company.add_course("GDPR");
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::Manager);
        api.post("/assignments", &json!({"course": "gdpr", "groups": ["sales"], "due_days": 30}))
            .expect_status(200);
        let one = format!("/assignments/{}", company.query_value("SELECT id FROM assignments"));
        let shown = api.get(&one).expect_status(200);
        assert_eq!((&shown.body["group"], &shown.body["due_days"]), (&"Sales".into(), &30.into()));
        let seen = shown.etag.expect("a tag");
        let headers = [("content-type", "application/json"), ("if-match", seen.as_str())];
        api.send("PATCH", &one, &headers, Some(r#"{"due_days_after_start": 7}"#)).expect_status(200);
        api.send("PATCH", &one, &headers, Some(r#"{"due": null}"#)).expect_problem(412, None);
        api.send("DELETE", &one, &headers, None).expect_problem(412, None);
        let now = api.get(&one).expect_status(200).body;
        assert_eq!((&now["due_days_after_start"], &now["late_days"]), (&7.into(), &14.into()));
        api.json("PATCH", &one, &json!({"late_days": 3})).expect_status(200);
        api.json("PATCH", &one, &json!({"due": null})).expect_status(200);
        let now = api.get(&one).expect_status(200).body;
        assert_eq!(
            (&now["due"], &now["due_days_after_start"], &now["late_days"]),
            (&json!(null), &json!(null), &3.into())
        );
        api.send("DELETE", &one, &[], None).expect_status(200);
        api.get(&one).expect_problem(404, None);
        assert_eq!(company.count_rows("assignments WHERE ended_run_id IS NULL"), 0);
        site.end();
    });
}
