//! History of the queue length, at most one row a minute.

use chrono::{DateTime, Utc};

use super::Result;
use super::param::params;
use super::sql::list_statements;
use super::transaction::Tx;

/// The queue in one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct QueueSample {
    /// Minutes since 1970.
    pub minute: i64,
    /// Jobs that are ready, in a worker's hands, or to be tried again.
    pub waiting: i64,
    /// Jobs that failed permanently.
    pub failed: i64,
    /// Seconds since the run began that caused the oldest job that waits; 0 where none does.
    pub oldest_seconds: i64,
}

const COUNT: &str = "
    SELECT q.waiting, q.failed, r.started_at FROM (
        SELECT count(*) FILTER (WHERE state = 'ready') AS waiting, count(*) FILTER (WHERE state = 'failed') AS failed,
            min(CASE WHEN state = 'ready' THEN run_id END) AS first_run
        FROM jobs) q
    LEFT JOIN runs r ON r.id = q.first_run";

/// Counts the queue as it is; this reads all of it.
pub async fn take_sample(tx: &mut Tx, now: DateTime<Utc>) -> Result<QueueSample> {
    let (waiting, failed, oldest): (i64, i64, Option<DateTime<Utc>>) =
        tx.fetch_one("count the queue", COUNT, params![]).await?;
    let oldest_seconds = oldest.map_or(0, |at| (now - at).num_seconds().max(0));
    Ok(QueueSample { minute: now.timestamp().div_euclid(60), waiting, failed, oldest_seconds })
}

const LAST: &str =
    "SELECT minute, waiting, failed, oldest_seconds FROM queue_samples ORDER BY minute DESC LIMIT 1";

/// The last sample.
pub async fn get_latest(tx: &mut Tx) -> Result<Option<QueueSample>> {
    tx.fetch_optional("read the last sample of the queue", LAST, params![]).await
}

/// A minute is counted once, whichever service comes first.
const KEEP: &str = "
    INSERT INTO queue_samples (minute, waiting, failed, oldest_seconds) VALUES ($1, $2, $3, $4)
    ON CONFLICT (minute) DO NOTHING";

/// Keeps a sample; false where its minute has one.
pub async fn insert(tx: &mut Tx, sample: QueueSample) -> Result<bool> {
    let args = params![sample.minute, sample.waiting, sample.failed, sample.oldest_seconds];
    Ok(tx.execute("keep a sample of the queue", KEEP, args).await? == 1)
}

/// The first row of an hour stands for the whole of it, with the most of each number.
const SUM_UP: &str = "
    UPDATE queue_samples SET waiting = most.waiting, failed = most.failed, oldest_seconds = most.oldest_seconds
    FROM (SELECT min(minute) AS first, max(waiting) AS waiting, max(failed) AS failed,
              max(oldest_seconds) AS oldest_seconds
          FROM queue_samples WHERE minute < $1 GROUP BY minute / 60 HAVING count(*) > 1) most
    WHERE minute = most.first";

const THIN: &str = "
    DELETE FROM queue_samples WHERE minute < $1 AND minute NOT IN (
        SELECT min(minute) FROM queue_samples WHERE minute < $1 GROUP BY minute / 60)";

const FORGET: &str = "DELETE FROM queue_samples WHERE minute < $1";

/// Leaves one row an hour before one minute, and none before another; answers how many rows went.
pub async fn thin_samples(tx: &mut Tx, hours_before: i64, none_before: i64) -> Result<u64> {
    let forgotten = tx.execute("forget old samples of the queue", FORGET, params![none_before]).await?;
    tx.execute("sum up hours of the queue", SUM_UP, params![hours_before]).await?;
    Ok(forgotten + tx.execute("thin out the samples of the queue", THIN, params![hours_before]).await?)
}

const STEPS: &str = "
    SELECT minute / $2 * $2 AS minute, max(waiting) AS waiting, max(failed) AS failed,
        max(oldest_seconds) AS oldest_seconds
    FROM queue_samples WHERE minute >= $1 GROUP BY minute / $2 ORDER BY 1";

/// The most of each number in each step of so many minutes, from a minute on; nothing for steps without a sample.
pub async fn list_steps(tx: &mut Tx, from: i64, step: i64) -> Result<Vec<QueueSample>> {
    tx.fetch_all("read the history of the queue", STEPS, params![from, step]).await
}

list_statements!(COUNT, LAST, KEEP, SUM_UP, THIN, FORGET, STEPS);
