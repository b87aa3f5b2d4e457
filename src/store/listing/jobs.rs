//! Permanently failed jobs, by id, and the age of the queue.

use chrono::{DateTime, Utc};

use crate::Result;
use crate::learners::who;
use crate::param::params;
use crate::sql::{Sql, list_statements};
use crate::transaction::Tx;

/// A job that failed permanently.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct FailedJob {
    /// The number.
    pub id: i64,
    /// The learner's number.
    pub learner_id: i64,
    /// The learner.
    pub email: String,
    /// The course's code.
    pub course: String,
    /// Number of failed attempts.
    pub attempts: i32,
    /// Error of the last attempt.
    pub error: String,
    /// The run that caused it.
    pub run_id: i64,
}

macro_rules! failed {
    ($where:literal) => {
        concat!(
            "SELECT j.id, j.learner_id, ",
            who!(),
            " AS email, c.code AS course, j.attempts, COALESCE(j.error, '') AS error, j.run_id
             FROM jobs j JOIN learners l ON l.id = j.learner_id JOIN courses c ON c.id = j.course_id
             WHERE j.state = 'failed' AND ",
            $where
        )
    };
}

const PAGE: &str = failed!("j.id > $1 ORDER BY j.id LIMIT $2");

/// Returns a page of the permanently failed jobs, after the one with this id.
pub async fn list_failed(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<FailedJob>> {
    tx.fetch_all("list failed jobs", PAGE, params![after, limit]).await
}

const THESE: Sql = Sql::per_engine(
    failed!("($1 OR j.id IN (SELECT value FROM json_each($2))) ORDER BY j.id"),
    failed!("($1 OR j.id = ANY($2)) ORDER BY j.id"),
);

/// Returns those of these jobs that failed permanently; all of them if `ids` is empty.
pub async fn list_failed_by_ids(tx: &mut Tx, jobs: &[i64]) -> Result<Vec<FailedJob>> {
    tx.fetch_all("read failed jobs", THESE, params![jobs.is_empty(), jobs.to_vec()]).await
}

/// Jobs that a page counts: of a longer queue it says that it is longer.
pub const MAX_COUNTED_JOBS: i64 = 100_000;

/// The queue as it is, as far as a page counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, sqlx_macros::FromRow)]
pub struct QueueStatus {
    /// Due.
    pub ready: i64,
    /// Waiting for another try.
    pub later: i64,
    /// Time at which the next waiting job is due.
    pub next: Option<DateTime<Utc>>,
    /// Start of the run that caused the oldest waiting job.
    pub oldest: Option<DateTime<Utc>>,
    /// Failed permanently.
    pub failed: i64,
}

const NOW: &str = "
    SELECT q.ready, q.later, q.next, r.started_at AS oldest,
        (SELECT count(*) FROM (SELECT 1 FROM jobs WHERE state = 'failed' LIMIT $2) parked) AS failed
    FROM (SELECT count(*) FILTER (WHERE run_at <= $1) AS ready, count(*) FILTER (WHERE run_at > $1) AS later,
              min(CASE WHEN run_at > $1 THEN run_at END) AS next, min(run_id) AS first_run
          FROM (SELECT run_at, run_id FROM jobs WHERE state = 'ready' ORDER BY id LIMIT $2) front) q
    LEFT JOIN runs r ON r.id = q.first_run";

/// Length of the queue, counted up to one more than [`MAX_COUNTED_JOBS`], oldest first.
pub async fn get_queue_status(tx: &mut Tx, now: DateTime<Utc>) -> Result<QueueStatus> {
    tx.fetch_one("count the front of the queue", NOW, params![now, MAX_COUNTED_JOBS + 1]).await
}

list_statements!(PAGE, THESE, NOW);
