//! Job queue: one job for each learner and course whose enrollment may have to change.
//!
//! `rollcall_core::enrollment::change` enqueues jobs in the transaction of the change that causes them. An existing job
//! is written again. This locks its row, so that the change waits for a worker that is processing the job, and the job
//! is in the queue again afterwards.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Result;
use super::learners::who;
use super::listing::PageRequest;
use super::param::params;
use super::sql::{Sql, list_statements};
use super::transaction::Tx;
use rollcall_model::enrollment_state::{JobKind, JobState};
use rollcall_model::ids::{AssignmentId, JobId, RunId};

macro_rules! enqueue {
    ($select:expr) => {
        concat!(
            "INSERT INTO jobs (kind, learner_id, course_id, run_at, run_id) ",
            $select,
            " ON CONFLICT (learner_id, course_id) DO UPDATE
              SET kind = excluded.kind, state = 'ready', attempts = 0, run_at = excluded.run_at, error = NULL,
                  run_id = excluded.run_id"
        )
    };
}

/// Courses of the group for learners who were added to it. Duplicates are removed in a subquery, here and below:
/// PostgreSQL infers the types of the parameters only where they go straight into a column.
const FOR_ADDED: &str = enqueue!(
    "SELECT 'enroll', learner_id, course_id, $1, $2
     FROM (
         SELECT DISTINCT a.learner_id, s.course_id
         FROM stage_added a JOIN assignments s ON s.group_id = a.group_id AND s.ended_run_id IS NULL
     ) reached
     WHERE true ORDER BY learner_id, course_id"
);

/// For learners whose last reason in a group ended: the courses of the group. What the learner was enrolled for a
/// moment ago stays so.
const FOR_REMOVED: &str = enqueue!(
    "SELECT 'unenroll', learner_id, course_id, $1, $2
     FROM (
         SELECT DISTINCT r.learner_id, s.course_id
         FROM stage_removed r JOIN assignments s ON s.group_id = r.group_id AND s.ended_run_id IS NULL
         WHERE NOT EXISTS (SELECT 1 FROM memberships m WHERE m.learner_id = r.learner_id AND m.group_id = r.group_id)
           AND NOT EXISTS (SELECT 1 FROM stage_added a JOIN assignments t ON t.group_id = a.group_id
                           WHERE a.learner_id = r.learner_id AND t.course_id = s.course_id AND t.ended_run_id IS NULL)
     ) reached
     WHERE true ORDER BY learner_id, course_id"
);

/// For learners who come or go: the courses assigned to them alone. In this and the next statement the order of the
/// joins keeps SQLite, which does not know that a stage is small, from reading every assignment.
const FOR_STATUS: &str = enqueue!(
    "SELECT k, learner_id, course_id, $1, $2
     FROM (
         SELECT DISTINCT CASE WHEN l.status IN ('active', 'leave') THEN 'enroll' ELSE 'unenroll' END AS k,
             c.learner_id, s.course_id
         FROM stage_status c CROSS JOIN learners l CROSS JOIN assignments s
         WHERE l.id = c.learner_id AND s.learner_id = c.learner_id AND s.ended_run_id IS NULL
     ) reached
     WHERE true ORDER BY learner_id, course_id"
);

/// For learners whose `start_date` moved: the courses whose due date counts from it.
const FOR_STARTS: &str = enqueue!(
    "SELECT 'enroll', learner_id, course_id, $1, $2
     FROM (
         SELECT c.learner_id, s.course_id
         FROM stage_starts c CROSS JOIN memberships m CROSS JOIN assignments s
         WHERE m.learner_id = c.learner_id AND s.group_id = m.group_id AND s.ended_run_id IS NULL
           AND s.due_kind = 'after_start'
         UNION
         SELECT c.learner_id, s.course_id
         FROM stage_starts c CROSS JOIN assignments s
         WHERE s.learner_id = c.learner_id AND s.ended_run_id IS NULL AND s.due_kind = 'after_start'
     ) reached
     WHERE true ORDER BY learner_id, course_id"
);

/// For learners whom an assignment reaches, one job for each learner and course: an order that one statement would
/// write twice is refused.
const FOR_ASSIGNMENTS: Sql = Sql::per_engine(
    enqueue!(
        "SELECT min(k), learner_id, course_id, $1, $2 FROM (
             SELECT CASE WHEN s.ended_run_id IS NULL THEN 'enroll' ELSE 'unenroll' END AS k, m.learner_id, s.course_id
             FROM assignments s JOIN memberships m ON m.group_id = s.group_id
             WHERE s.id IN (SELECT value FROM json_each($3))
             UNION ALL
             SELECT CASE WHEN s.ended_run_id IS NULL THEN 'enroll' ELSE 'unenroll' END, s.learner_id, s.course_id
             FROM assignments s WHERE s.learner_id IS NOT NULL AND s.id IN (SELECT value FROM json_each($3))
         ) reached GROUP BY learner_id, course_id ORDER BY learner_id, course_id"
    ),
    enqueue!(
        "SELECT min(k), learner_id, course_id, $1, $2 FROM (
             SELECT CASE WHEN s.ended_run_id IS NULL THEN 'enroll' ELSE 'unenroll' END AS k, m.learner_id, s.course_id
             FROM assignments s JOIN memberships m ON m.group_id = s.group_id
             WHERE s.id = ANY($3)
             UNION ALL
             SELECT CASE WHEN s.ended_run_id IS NULL THEN 'enroll' ELSE 'unenroll' END, s.learner_id, s.course_id
             FROM assignments s WHERE s.learner_id IS NOT NULL AND s.id = ANY($3)
         ) reached GROUP BY learner_id, course_id ORDER BY learner_id, course_id"
    ),
);

/// Enqueues for the staged memberships: call it after they have been given and ended.
pub async fn enqueue_for_members(tx: &mut Tx, now: DateTime<Utc>, run: RunId) -> Result<u64> {
    let added = tx.execute("enqueue enrollments", FOR_ADDED, params![now, run]).await?;
    let removed = tx.execute("enqueue withdrawals", FOR_REMOVED, params![now, run]).await?;
    Ok(added + removed)
}

/// Enqueues for the learners in `stage_status`.
pub async fn enqueue_for_status(tx: &mut Tx, now: DateTime<Utc>, run: RunId) -> Result<u64> {
    tx.execute("enqueue for those who come and go", FOR_STATUS, params![now, run]).await
}

/// Enqueues for the learners in `stage_starts`.
pub async fn enqueue_for_starts(tx: &mut Tx, now: DateTime<Utc>, run: RunId) -> Result<u64> {
    tx.execute("enqueue for new start dates", FOR_STARTS, params![now, run]).await
}

/// Enqueues jobs for all learners that these assignments reach. Call it after the assignments are created, changed or ended.
pub async fn enqueue_for_assignments(
    tx: &mut Tx,
    assignments: &[AssignmentId],
    now: DateTime<Utc>,
    run: RunId,
) -> Result<u64> {
    if assignments.is_empty() {
        return Ok(0);
    }
    let ids: Vec<i64> = assignments.iter().map(|id| id.0).collect();
    tx.execute("enqueue for assignments", FOR_ASSIGNMENTS, params![now, run, ids]).await
}

/// The next orders that are due, behind a worker's cursor. On PostgreSQL their rows are locked, past those that other
/// workers hold.
const CLAIM: Sql = Sql::per_engine(
    "SELECT id FROM jobs WHERE id > $1 AND state = 'ready' AND run_at <= $2 ORDER BY id LIMIT $3",
    "SELECT id FROM jobs WHERE id > $1 AND state = 'ready' AND run_at <= $2 ORDER BY id LIMIT $3
     FOR UPDATE SKIP LOCKED",
);

/// One text for all the numbers: a row fetched costs more than a number read.
const CLAIM_MANY: Sql = Sql::per_engine(
    "SELECT count(*), COALESCE(min(id), 0), COALESCE(max(id), 0), '' FROM (
         SELECT id FROM jobs WHERE id > $1 AND state = 'ready' AND run_at <= $2 ORDER BY id LIMIT $3)",
    "SELECT count(*), COALESCE(min(id), 0), COALESCE(max(id), 0), COALESCE(string_agg(id::text, ' '), '') FROM (
         SELECT id FROM jobs WHERE id > $1 AND state = 'ready' AND run_at <= $2 ORDER BY id LIMIT $3
         FOR UPDATE SKIP LOCKED) claimed",
);

/// A batch of jobs that one transaction processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobBatch {
    /// Number of rows.
    pub size: u64,
    /// The lowest number.
    pub first: i64,
    /// The highest number: the next batch begins behind it.
    pub last: i64,
    /// All numbers, where rows in between may belong to other workers.
    pub ids: Vec<i64>,
}

/// Claims up to `most` jobs with ids above `cursor`.
pub async fn claim_batch(tx: &mut Tx, cursor: i64, now: DateTime<Utc>, most: i64) -> Result<JobBatch> {
    let (size, first, last, ids): (i64, i64, i64, String) =
        tx.fetch_one("claim jobs", CLAIM_MANY, params![cursor, now, most]).await?;
    let ids = ids.split(' ').filter_map(|id| id.parse().ok()).collect();
    Ok(JobBatch { size: size.unsigned_abs(), first, last, ids })
}

/// Claims up to `most` jobs and returns their ids, for a batch that must be halved.
pub async fn claim_ids(tx: &mut Tx, cursor: i64, now: DateTime<Utc>, most: i64) -> Result<Vec<JobId>> {
    let rows: Vec<(JobId,)> = tx.fetch_all("claim jobs", CLAIM, params![cursor, now, most]).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

const DONE: Sql = Sql::per_engine(
    "DELETE FROM jobs WHERE id BETWEEN $1 AND $2 AND state = 'ready' AND run_at <= $3 AND $4 = $4",
    "DELETE FROM jobs WHERE id = ANY($4) AND $1 <= $2 AND $3::timestamptz IS NOT NULL",
);

/// Deletes processed jobs from the queue.
pub async fn complete_batch(tx: &mut Tx, batch: &JobBatch, now: DateTime<Utc>) -> Result<u64> {
    tx.execute("finish jobs", DONE, params![batch.first, batch.last, now, batch.ids.clone()]).await
}

/// Delays a job or marks it as failed, unless another worker has done so at the same time.
const FAILED: &str = "
    UPDATE jobs SET attempts = attempts + 1, error = $2, run_at = $3, state = $4
    WHERE id = $1 AND state = 'ready' AND run_at <= $5";

const ATTEMPTS: &str = "SELECT attempts FROM jobs WHERE id = $1";

/// Returns the number of failed attempts of a job.
pub async fn get_attempts(tx: &mut Tx, job: JobId) -> Result<Option<i32>> {
    let row: Option<(i32,)> = tx.fetch_optional("read a job", ATTEMPTS, params![job]).await?;
    Ok(row.map(|(attempts,)| attempts))
}

/// Notes a failure: try again at `again`, or park it where there is none. False when that has been done already.
pub async fn record_failure(
    tx: &mut Tx,
    job: JobId,
    error: &str,
    again: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let state = if again.is_some() { JobState::Ready } else { JobState::Failed };
    let args = params![job, error, again.unwrap_or(now), state, now];
    Ok(tx.execute("note a failed job", FAILED, args).await? == 1)
}

/// A job as `jobs list` prints it.
#[derive(Debug, Clone, Serialize, sqlx_macros::FromRow, utoipa::ToSchema)]
pub struct Job {
    /// The number.
    pub id: i64,
    /// Effect that was expected when the job was enqueued: `enroll` or `unenroll`.
    #[schema(value_type = String)]
    pub kind: JobKind,
    /// The learner.
    pub email: String,
    /// The course's code.
    pub course: String,
    /// `ready` or `failed`.
    #[schema(value_type = String)]
    pub state: JobState,
    /// Number of failed attempts.
    pub attempts: i32,
    /// Error of the last attempt.
    pub error: Option<String>,
}

macro_rules! listed {
    ($rest:literal) => {
        concat!(
            "SELECT j.id, j.kind, ",
            who!(),
            " AS email, c.code AS course, j.state, j.attempts, j.error
             FROM jobs j JOIN learners l ON l.id = j.learner_id JOIN courses c ON c.id = j.course_id ",
            $rest
        )
    };
}

/// Failed jobs first, then by id.
const LIST: &str = listed!("ORDER BY j.state, j.id LIMIT $1");

/// The same, after a given job.
const PAGE: &str = listed!("WHERE (j.state, j.id) > ($1, $2) ORDER BY j.state, j.id LIMIT $3");

/// The queue, at most `most` of it.
pub async fn list(tx: &mut Tx, most: i64) -> Result<Vec<Job>> {
    tx.fetch_all("list jobs", LIST, params![most]).await
}

/// The queue from behind an order on: what state that is in, and its number.
pub async fn list_page(tx: &mut Tx, from: PageRequest<'_>) -> Result<Vec<Job>> {
    tx.fetch_all("list jobs", PAGE, params![from.text, from.id, from.limit]).await
}

/// Counts of the jobs that are ready, delayed and failed, and the time at which the next delayed job is due.
const COUNT: &str = "
    SELECT count(*) FILTER (WHERE state = 'ready' AND run_at <= $1),
        count(*) FILTER (WHERE state = 'ready' AND run_at > $1),
        count(*) FILTER (WHERE state = 'failed'),
        min(CASE WHEN state = 'ready' AND run_at > $1 THEN run_at END)
    FROM jobs";

/// The length of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, sqlx_macros::FromRow)]
pub struct QueueLength {
    /// Due.
    pub ready: i64,
    /// Waiting for another try.
    pub later: i64,
    /// Parked.
    pub failed: i64,
    /// Time at which the next waiting job is due.
    pub next: Option<DateTime<Utc>>,
}

/// Length of the queue.
pub async fn count_queue(tx: &mut Tx, now: DateTime<Utc>) -> Result<QueueLength> {
    let (ready, later, failed, next) = tx.fetch_one("count jobs", COUNT, params![now]).await?;
    Ok(QueueLength { ready, later, failed, next })
}

const RETRY: Sql = Sql::per_engine(
    "UPDATE jobs SET state = 'ready', attempts = 0, run_at = $1
     WHERE state = 'failed' AND ($2 OR id IN (SELECT value FROM json_each($3)))",
    "UPDATE jobs SET state = 'ready', attempts = 0, run_at = $1 WHERE state = 'failed' AND ($2 OR id = ANY($3))",
);

const DROP: Sql = Sql::per_engine(
    "DELETE FROM jobs WHERE state = 'failed' AND id IN (SELECT value FROM json_each($1))",
    "DELETE FROM jobs WHERE state = 'failed' AND id = ANY($1)",
);

/// Makes failed jobs ready again: these, or all if `ids` is empty.
pub async fn retry_failed(tx: &mut Tx, jobs: &[i64], now: DateTime<Utc>) -> Result<u64> {
    tx.execute("retry jobs", RETRY, params![now, jobs.is_empty(), jobs.to_vec()]).await
}

/// Deletes failed jobs from the queue.
pub async fn delete_failed(tx: &mut Tx, jobs: &[i64]) -> Result<u64> {
    tx.execute("drop jobs", DROP, params![jobs.to_vec()]).await
}

const PAIRS: super::staging::StagingTable =
    super::staging::staging_table!("stage_pairs": 0 "learner_id" "BIGINT", 1 "course_id" "BIGINT");

const FOR_PAIRS: &str =
    enqueue!("SELECT 'enroll', learner_id, course_id, $1, $2 FROM stage_pairs WHERE true");

/// Enqueues for exactly these learners and courses, to settle them again.
pub async fn enqueue_pairs(tx: &mut Tx, pairs: &[(i64, i64)], now: DateTime<Utc>, run: RunId) -> Result<u64> {
    tx.fill_staging_table(PAIRS, pairs, |rows, (learner, course)| rows.int(*learner).int(*course).end_row())
        .await?;
    let enqueued = tx.execute("enqueue repairs", FOR_PAIRS, params![now, run]).await?;
    tx.drop_staging_table(PAIRS).await?;
    Ok(enqueued)
}

list_statements!(
    FOR_ADDED,
    FOR_REMOVED,
    FOR_STATUS,
    FOR_STARTS,
    FOR_ASSIGNMENTS,
    CLAIM,
    CLAIM_MANY,
    DONE,
    FAILED,
    ATTEMPTS,
    LIST,
    PAGE,
    COUNT,
    RETRY,
    DROP,
    PAIRS,
    FOR_PAIRS
);
