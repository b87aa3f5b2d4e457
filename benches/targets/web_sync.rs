//! What the pages of Sync and Jobs cost at that size, beside the statements of their lists.
//!
//! 500 runs of a connector, one that changed 10,000 memberships and one that held 10,000 changes; 5,000 changes by hand;
//! 10,000 jobs that failed for good before 100,000 that wait for another try; a history of the queue of 30 days.

use chrono::Utc;
use rollcall_config::Config;
use rollcall_core::sync::connector_status::overview;
use rollcall_model::ids::{ConnectorId, RunId};
use rollcall_store::listing::audit_log::{self, AuditLogFilter};
use rollcall_store::listing::{PageRequest, jobs, runs};
use rollcall_store::{Tx, queue_samples, runs as table};

use crate::page_benchmark::{PageBenchmark, numbers};
use crate::support::database::TestDatabase;

/// Runs and changes by hand.
const RUNS: usize = 500;
const CHANGES: usize = 5_000;

/// The run that changed much, and the one that held much.
const LARGE: i64 = 2;
const HELD: i64 = 3;

pub(crate) async fn fill(db: &TestDatabase) {
    let of = |count| numbers(db, count);
    let now = db.pick("'2026-01-01T00:00:00+00:00'", "TIMESTAMPTZ '2026-01-01'");
    let day = db.pick("'2026-01-01'", "DATE '2026-01-01'");
    // Workers of the service that is measured leave these alone.
    let later = db.pick("'2099-01-01T00:00:00+00:00'", "TIMESTAMPTZ '2099-01-01'");
    let minute = Utc::now().timestamp() / 60;
    for sql in [
        format!(
            "INSERT INTO runs (id, kind, connector_id, actor, what, status, started_at, finished_at, people_read)
             SELECT n + 1, 'sync', 1, 'schedule', 'schedule', 'applied', {now}, {now}, 100000 FROM {} s",
            of(RUNS)
        ),
        format!(
            "INSERT INTO runs (id, kind, actor, what, status, started_at, finished_at, found, made)
             SELECT n + {RUNS} + 1, 'hand', 'manager@corp.example', 'add 3 members to `Group ' || n || '`', 'applied',
                 {now}, {now}, '{{\"members\": 240}}', '{{\"members\": 243}}' FROM {} s",
            of(CHANGES)
        ),
        format!("UPDATE head SET runs = {}", RUNS + CHANGES + 1),
        format!(
            "UPDATE memberships SET run_id = {LARGE}
             WHERE group_id BETWEEN 101 AND 120"
        ),
        format!(
            "INSERT INTO ended_memberships (ended_run_id, group_id, rule_id, learner_id, joined_on, run_id)
             SELECT {LARGE}, g.n + 500, 1, k.n, {day}, 1 FROM {} g, {} k",
            of(50),
            of(104)
        ),
        format!(
            "INSERT INTO held_changes (connector_id, change_key, kind, learner_id, external_id, state, reason,
                 fingerprint, first_run_id, last_run_id)
             SELECT 1, 'leave ' || n, 'leave', n, 'p' || n, 'held', 'max_removals', n, {HELD}, {HELD} FROM {} s",
            of(10_000)
        ),
        format!(
            "INSERT INTO jobs (kind, learner_id, course_id, state, attempts, run_at, error, run_id)
             SELECT 'enroll', n, 1, 'failed', 4, {now}, 'the database refused it', {LARGE} FROM {} s",
            of(10_000)
        ),
        format!(
            "INSERT INTO jobs (kind, learner_id, course_id, run_at, run_id)
             SELECT 'enroll', n, 2, {later}, {LARGE} FROM {} s",
            of(100_000)
        ),
        format!(
            "INSERT INTO queue_samples (minute, waiting, failed, oldest_seconds)
             SELECT {minute} - n, n * 37 % 100000, n % 100, n % 5000 FROM {} s",
            of(2 * 24 * 60)
        ),
        format!(
            "INSERT INTO queue_samples (minute, waiting, failed, oldest_seconds)
             SELECT {minute} - 2880 - n * 60, n * 37 % 100000, n % 100, n % 5000 FROM {} s",
            of(28 * 24)
        ),
    ] {
        db.sql(&sql).await;
    }
}

pub(crate) async fn measure(report: &mut PageBenchmark<'_>, config: &Config) {
    let first = PageRequest { text: "", id: 0, limit: 51 };
    report
        .page("the overview of sync", "/sync", async |tx: &mut Tx| {
            overview(tx, &config.connectors, Utc::now()).await.expect("rows");
            runs::list_pending(tx).await.expect("rows");
        })
        .await;
    report
        .page("the list of runs", "/sync/runs", async |tx: &mut Tx| {
            let find = AuditLogFilter { of_connectors: true, ..AuditLogFilter::default() };
            audit_log::list(tx, find, 0, 51).await.expect("rows");
        })
        .await;
    report
        .page("a run of 10,000, by group", "/sync/runs/2?by=group", async |tx: &mut Tx| {
            audit_log::get(tx, LARGE).await.expect("a row");
            runs::list_by_group(tx, RunId(LARGE), first).await.expect("rows");
        })
        .await;
    report
        .page("a run of 10,000, by person", "/sync/runs/2?by=person", async |tx: &mut Tx| {
            audit_log::get(tx, LARGE).await.expect("a row");
            let people = runs::list_affected_learners(tx, RunId(LARGE), first).await.expect("rows");
            runs::list_membership_steps(tx, RunId(LARGE), people.iter().map(|one| one.id).collect())
                .await
                .expect("rows");
        })
        .await;
    report
        .page("a run that held 10,000", "/sync/runs/3", async |tx: &mut Tx| {
            audit_log::get(tx, HELD).await.expect("a row");
            table::get_guard_report(tx, RunId(HELD)).await.expect("a row");
            runs::held_counts(tx, ConnectorId(1), RunId(HELD)).await.expect("rows");
            runs::held(tx, ConnectorId(1), RunId(HELD), 0, 51).await.expect("rows");
        })
        .await;
    for (what, over, from, step) in [
        ("jobs, 10,000 failed, the last day", "day", 24 * 60, 15),
        ("jobs, 10,000 failed, the last month", "month", 30 * 24 * 60, 6 * 60),
    ] {
        report
            .page(what, &format!("/jobs?over={over}"), async |tx: &mut Tx| {
                jobs::get_queue_status(tx, Utc::now()).await.expect("a row");
                queue_samples::list_steps(tx, Utc::now().timestamp() / 60 - from, step).await.expect("rows");
                jobs::list_failed(tx, 0, 51).await.expect("rows");
            })
            .await;
    }
    report
        .page("the record of changes", "/settings/changes", async |tx: &mut Tx| {
            audit_log::list(tx, AuditLogFilter::default(), 0, 51).await.expect("rows");
        })
        .await;
    report
        .page("the changes by hand", "/settings/changes?kind=hand", async |tx: &mut Tx| {
            audit_log::list(tx, AuditLogFilter { kind: "hand", ..AuditLogFilter::default() }, 0, 51)
                .await
                .expect("rows");
        })
        .await;
}
