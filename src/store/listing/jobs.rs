//! Jobs that failed for good, by number, and how old the queue is.

use chrono::{DateTime, Utc};

use crate::Result;
use crate::engine::{Sql, Tx};
use crate::learners::who;
use crate::param::params;

/// A job that failed for good.
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
    /// How often it failed.
    pub attempts: i32,
    /// Why it failed last.
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

/// A page of the jobs that failed for good, behind the one of this number.
///
/// # Errors
/// When the database refuses.
pub async fn list_failed(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<FailedJob>> {
    tx.fetch_all("list failed jobs", PAGE, params![after, limit]).await
}

const THESE: Sql = Sql::per_engine(
    failed!("($1 OR j.id IN (SELECT value FROM json_each($2))) ORDER BY j.id"),
    failed!("($1 OR j.id = ANY($2)) ORDER BY j.id"),
);

/// Those of some jobs that failed for good; of all jobs where none is named.
///
/// # Errors
/// When the database refuses.
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
    /// When the first of those that wait is due.
    pub next: Option<DateTime<Utc>>,
    /// When the run began that caused the oldest job that waits.
    pub oldest: Option<DateTime<Utc>>,
    /// Failed for good.
    pub failed: i64,
}

const NOW: &str = "
    SELECT q.ready, q.later, q.next, r.started_at AS oldest,
        (SELECT count(*) FROM (SELECT 1 FROM jobs WHERE state = 'failed' LIMIT $2) parked) AS failed
    FROM (SELECT count(*) FILTER (WHERE run_at <= $1) AS ready, count(*) FILTER (WHERE run_at > $1) AS later,
              min(CASE WHEN run_at > $1 THEN run_at END) AS next, min(run_id) AS first_run
          FROM (SELECT run_at, run_id FROM jobs WHERE state = 'ready' ORDER BY id LIMIT $2) front) q
    LEFT JOIN runs r ON r.id = q.first_run";

/// How long the queue is, up to one more than [`MAX_COUNTED_JOBS`], the oldest first.
///
/// # Errors
/// When the database refuses.
pub async fn get_queue_status(tx: &mut Tx, now: DateTime<Utc>) -> Result<QueueStatus> {
    tx.fetch_one("count the front of the queue", NOW, params![now, MAX_COUNTED_JOBS + 1]).await
}
