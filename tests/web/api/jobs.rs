//! Jobs that failed for good, by a script.

use rollcall_model::role::Role;
use serde_json::json;

use super::ApiClient;
use crate::support::database::on_both;
use crate::support::program::wait_until;
use crate::web::jobs::company;

/// Failed jobs are retried and dropped as numbered changes of the token.
#[test]
fn failed_jobs_retried_and_dropped_as_runs() {
    on_both(|engine| {
        let company = company(engine);
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::Operator);
        let listed = api.get("/jobs").expect_status(200).body;
        let id = |who: &str| {
            let mut all = listed["items"].as_array().expect("a list").iter();
            let job = all.find(|job| job["email"].as_str().is_some_and(|email| email.starts_with(who)));
            job.expect("a job")["id"].clone()
        };
        let (p1, p2) = (id("p1"), id("p2"));
        let recorded = |run: &str| {
            let columns = "actor || '|' || what || '|' || coalesce(found, '') || '|' || coalesce(made, '')";
            company.query_value(&format!("SELECT {columns} FROM runs WHERE id = {run}"))
        };

        let retried = api.post("/jobs/retry", &json!({"ids": [p1]})).expect_status(200).body;
        assert_eq!(retried["retried"], 1);
        assert_eq!(
            recorded(&retried["run"].to_string()),
            r#"token a operator|retry 1 failed job|{"failed":1,"jobs":["p1@corp.example GDPR"]}|{"ready":1}"#
        );
        let dropped = api.post("/jobs/drop", &json!({"ids": [p2]})).expect_status(200).body;
        assert_eq!(dropped["dropped"], 1);
        assert_eq!(
            recorded(&dropped["run"].to_string()),
            r#"token a operator|drop 1 failed job|{"failed":1,"jobs":["p2@corp.example GDPR"]}|"#
        );

        let runs = company.count_rows("runs");
        let nothing =
            [("/jobs/drop", json!({"ids": [p2]}), "dropped"), ("/jobs/retry", json!({}), "retried")];
        for (path, body, field) in nothing {
            let answer = api.post(path, &body).expect_status(200).body;
            assert_eq!((&answer["run"], &answer[field]), (&json!(null), &json!(0)), "{path}");
        }
        assert_eq!(company.count_rows("runs"), runs, "what did nothing has no number");
        wait_until("the queue is empty", || company.count_rows("jobs") == 0);
        assert!(company.has_access("p1", "GDPR"));
        assert_eq!(company.find_enrollment("p2", "GDPR"), None, "its job was dropped");
        site.end();
    });
}
