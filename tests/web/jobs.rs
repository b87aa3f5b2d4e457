//! The queue, by an operator.

use chrono::{DateTime, TimeDelta, Utc};
use rollcall_model::role::Role;
use rollcall_service::queue_metrics;
use rollcall_service::retention::RETENTION;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::program::wait_until;

const OPS: &str = "ops@corp.example";

/// Three people with a course; the jobs of two have failed for good.
pub(super) fn company(engine: Engine) -> Company {
    let company = Company::sales(engine, &["p1", "p2", "p3"], "");
    company.account(OPS, Role::Operator);
    company.run("hr", false);
    let failed = "state = 'failed', attempts = 4, error = 'not this one'";
    company.sql(&format!("UPDATE jobs SET {failed} WHERE learner_id <> {}", company.learner("p3")));
    company
}

/// Failed jobs are shown with their cause, and retried or dropped as numbered changes.
#[test]
fn failed_jobs_show_cause_and_can_be_retried() {
    on_both(|engine| {
        let company = company(engine);
        let site = company.serve();
        company.runtime.block_on(async {
            let ops = site.open_window(OPS, false).await;
            ops.click("Jobs").await;
            ops.says("not this one").await;
            ops.click("Retry").await;
            ops.says("No job is selected").await;
            ops.tick("Choose p1@corp.example in GDPR").await;
            ops.click("Retry").await;
            ops.says("retry 1 failed job").await;
            ops.tick("Choose p2@corp.example in GDPR").await;
            ops.click("Drop").await;
            ops.says("drop 1 failed job").await;
            ops.says("No job has failed").await;
            ops.close().await;
        });
        wait_until("the queue is empty", || company.count_rows("jobs") == 0);
        assert!(company.has_access("p1", "GDPR") && company.has_access("p3", "GDPR"));
        assert_eq!(company.find_enrollment("p2", "GDPR"), None, "its job was dropped");
        let made = company.query_value("SELECT made FROM runs WHERE what = 'retry 1 failed job'");
        assert_eq!(made, r#"{"ready":1}"#);
        let found = company.query_value("SELECT found FROM runs WHERE what = 'drop 1 failed job'");
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
    let dropped = company.rollcall(&["jobs", "drop", &id("p1")]).expect_status(0);
    assert!(dropped.err.contains("Run 3: 1 failed job dropped"), "{dropped:?}");
    company.rollcall(&["jobs", "retry"]).expect_status(0);
    let what = company.query_value("SELECT what FROM runs ORDER BY id DESC LIMIT 1");
    assert_eq!(what, "rollcall jobs retry");
    let again = company.rollcall(&["jobs", "drop", &id("p1")]).expect_status(0);
    assert!(again.err.contains("0 failed jobs dropped"), "{again:?}");
    assert_eq!(company.query_value("SELECT count(*) FROM runs"), "4", "what did nothing has no number");
    assert!(company.has_access("p2", "GDPR"));
}

/// Someone looks at the queue so many minutes ago; whether that was worth a row.
fn look(company: &Company, minutes_ago: i64) -> bool {
    look_at(company, quarter() - TimeDelta::minutes(minutes_ago))
}

fn look_at(company: &Company, at: DateTime<Utc>) -> bool {
    company.runtime.block_on(queue_metrics::record_sample(&company.store, at)).expect("the database answers")
}

/// The beginning of a quarter of an hour that is over.
fn quarter() -> DateTime<Utc> {
    let minute = Utc::now().timestamp().div_euclid(60).div_euclid(15) * 15 - 30;
    DateTime::from_timestamp(minute * 60, 0).expect("an instant")
}

/// The queue length is stored at most once per minute and only if it changed.
#[test]
fn queue_length_stored_once_per_minute_if_changed() {
    on_both(|engine| {
        let company = company(engine);
        let kept = |from: &str| company.count_rows(from);
        assert!(look(&company, 60), "the first look");
        assert!(!look(&company, 60), "another machine in the same minute");
        assert!(!look(&company, 59), "the queue is as it was");
        company.sql("UPDATE jobs SET state = 'ready' WHERE state = 'failed'");
        assert!(look(&company, 58), "it has changed");
        assert!(look(&company, 45), "a new quarter of an hour");
        assert!(!look(&company, 44));
        assert_eq!(kept("queue_samples"), 3);
        assert_eq!(kept("queue_samples WHERE waiting = 1 AND failed = 2"), 1);
        assert_eq!(kept("queue_samples WHERE waiting = 3 AND failed = 0"), 2);
        company.sql("UPDATE runs SET started_at = '2026-01-01T00:00:00+00:00'");
        company.sql("DELETE FROM jobs WHERE learner_id <> (SELECT min(learner_id) FROM jobs)");
        assert!(look(&company, 30));
        assert_eq!(kept("queue_samples WHERE waiting = 1 AND oldest_seconds > 86400"), 1);
        company.sql("DELETE FROM jobs");
        assert!(look(&company, 29));
        assert_eq!(kept("queue_samples WHERE waiting = 0 AND oldest_seconds = 0"), 1);
    });
}

/// After two days the queue history has one row per hour. After 90 days it is deleted.
#[test]
fn queue_history_is_aggregated_then_deleted() {
    on_both(|engine| {
        let company = company(engine);
        let now = Utc::now();
        let hour = |at: DateTime<Utc>| DateTime::from_timestamp(at.timestamp().div_euclid(3600) * 3600, 0);
        let old = hour(now - TimeDelta::days(3)).expect("an hour");
        for minute in 0..60 {
            look_at(&company, old + TimeDelta::minutes(minute));
        }
        assert_eq!(company.count_rows("queue_samples"), 4, "a quarter of an hour each");
        company.sql("UPDATE queue_samples SET waiting = minute % 60, failed = 60 - minute % 60");
        look_at(&company, now - TimeDelta::days(91));
        look_at(&company, now - TimeDelta::days(1));
        look_at(&company, now - TimeDelta::days(1) + TimeDelta::minutes(15));
        let thin = || {
            company
                .runtime
                .block_on(queue_metrics::thin_samples(&company.store, now, RETENTION))
                .expect("thinned out")
        };
        assert_eq!(thin(), 4, "three of an hour, and one of long ago");
        assert_eq!(thin(), 0);
        assert_eq!(company.count_rows("queue_samples"), 3);
        let minute = old.timestamp() / 60;
        let most = format!("queue_samples WHERE minute = {minute} AND waiting = 45 AND failed = 60");
        assert_eq!(company.count_rows(&most), 1, "the most of each number in that hour");
    });
}

/// The page shows the queue length over a day or a month.
#[test]
fn queue_page_charts_day_and_month() {
    on_both(|engine| {
        let company = company(engine);
        let minute = quarter().timestamp() / 60;
        company.sql(&format!(
            "INSERT INTO queue_samples (minute, waiting, failed, oldest_seconds) VALUES
             ({}, 1234, 2, 600), ({}, 70000, 2, 7200), ({}, 400000, 7, 0)",
            minute - 60,
            minute - 30,
            minute - 10 * 24 * 60
        ));
        let site = company.serve();
        // The service has looked, too.
        wait_until("the service looks", || company.count_rows("queue_samples") == 4);
        company.runtime.block_on(async {
            let ops = site.open_window(OPS, false).await;
            ops.click("Jobs").await;
            ops.says("at most 70,000 from").await;
            assert!(!ops.text().await.contains("400,000"), "ten days ago is no part of a day");
            ops.click("Figures: Jobs that wait").await;
            ops.says("1,234").await;
            ops.click("Figures: Minutes that the oldest has waited").await;
            ops.says("120").await;
            ops.click("Last 30 days").await;
            ops.says("at most 400,000 from").await;
            ops.says("at most 7 from").await;
            ops.close().await;
        });
        site.end();
    });
}
