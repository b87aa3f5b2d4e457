//! The queue, by an operator.

use rollcall::model::role::Role;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::program::until;

const OPS: &str = "ops@corp.example";

/// Three people with a course; the jobs of two have failed for good.
pub fn company(engine: Engine) -> Company {
    let mut company = Company::new(engine);
    company.departments();
    company.course("GDPR");
    company.assignment("GDPR", "Sales", "");
    company.hire_many("p", 3, &[("department", "Sales")]);
    company.account(OPS, Role::Operator);
    company.run("hr", false);
    let failed = "state = 'failed', attempts = 4, error = 'not this one'";
    company.sql(&format!("UPDATE jobs SET {failed} WHERE learner_id <> {}", company.learner("p3")));
    company
}

#[test]
fn failed_jobs_are_shown_with_their_cause_retried_and_dropped_as_numbered_changes() {
    on_both(|engine| {
        let company = company(engine);
        let site = company.serve();
        company.runtime.block_on(async {
            let ops = site.window(OPS, false).await;
            ops.click("Jobs").await;
            ops.says("not this one").await;
            ops.click("Retry").await;
            ops.says("No job is chosen").await;
            ops.tick("Choose p1@corp.example in GDPR").await;
            ops.click("Retry").await;
            ops.says("retry 1 failed job").await;
            ops.tick("Choose p2@corp.example in GDPR").await;
            ops.click("Drop").await;
            ops.says("drop 1 failed job").await;
            ops.says("No job has failed").await;
            ops.close().await;
        });
        until("the queue is empty", || company.count("jobs") == 0);
        assert!(company.has_access("p1", "GDPR") && company.has_access("p3", "GDPR"));
        assert_eq!(company.find_enrollment("p2", "GDPR"), None, "its job was dropped");
        let made = company.one("SELECT made FROM runs WHERE what = 'retry 1 failed job'");
        assert_eq!(made, r#"{"ready":1}"#);
        let found = company.one("SELECT found FROM runs WHERE what = 'drop 1 failed job'");
        assert_eq!(found, r#"{"failed":1,"jobs":["p2@corp.example GDPR"]}"#);
        site.end();
    });
}

#[test]
fn the_command_numbers_what_it_retries_and_drops() {
    let company = company(Engine::Sqlite);
    let jobs = company.json(&["jobs", "list"]);
    let id = |who: &str| {
        let all = jobs.as_array().expect("a list");
        let job = all.iter().find(|job| job["email"].as_str().is_some_and(|email| email.starts_with(who)));
        job.expect("a job")["id"].to_string()
    };
    let dropped = company.rollcall(&["jobs", "drop", &id("p1")]).ended(0);
    assert!(dropped.err.contains("Run 3: 1 failed job dropped"), "{dropped:?}");
    company.rollcall(&["jobs", "retry"]).ended(0);
    let what = company.one("SELECT what FROM runs ORDER BY id DESC LIMIT 1");
    assert_eq!(what, "rollcall jobs retry");
    let again = company.rollcall(&["jobs", "drop", &id("p1")]).ended(0);
    assert!(again.err.contains("0 failed jobs dropped"), "{again:?}");
    assert_eq!(company.one("SELECT count(*) FROM runs"), "4", "what did nothing has no number");
    assert!(company.has_access("p2", "GDPR"));
}
