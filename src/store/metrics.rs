//! Metrics for monitoring. All values come from the database, so that all services that share it report the same.

use chrono::{DateTime, Utc};

use super::Result;
use super::param::params;
use super::sql::{Sql, list_statements};
use super::transaction::Tx;

/// A connector, as its runs left it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct ConnectorMetrics {
    /// The name.
    pub name: String,
    /// End of the last good run.
    pub good_at: Option<DateTime<Utc>>,
    /// Number of people that the run read.
    pub people: i64,
    /// True if the last run failed.
    pub has_failed: bool,
    /// True if something of it waits for approval.
    pub is_held: bool,
}

const CONNECTORS: &str = "
    SELECT c.name, g.finished_at AS good_at, COALESCE(g.people_read, CAST(0 AS BIGINT)) AS people,
        COALESCE((SELECT r.status = 'failed' FROM runs r WHERE r.connector_id = c.id AND r.kind = 'sync'
                  ORDER BY r.id DESC LIMIT 1), FALSE) AS has_failed,
        EXISTS (SELECT 1 FROM held_changes h WHERE h.connector_id = c.id AND h.state = 'held') AS is_held
    FROM connectors c LEFT JOIN runs g ON g.id = c.good_run_id
    WHERE c.retired_at IS NULL ORDER BY c.name";

/// Every connector that was not retired.
pub async fn list_connector_metrics(tx: &mut Tx) -> Result<Vec<ConnectorMetrics>> {
    tx.fetch_all("read connectors for metrics", CONNECTORS, params![]).await
}

/// Sizes of the tables that matter.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct TableSizes {
    /// Learners with access.
    pub learners: i64,
    /// Groups.
    pub groups: i64,
    /// Learners in groups, each as often as the groups that hold them.
    pub memberships: i64,
    /// Jobs that wait for a worker.
    pub ready: i64,
    /// Jobs that failed permanently.
    pub failed: i64,
    /// Time since which the oldest job waits.
    pub oldest: Option<DateTime<Utc>>,
}

const SIZES_POSTGRES: &str = "
    SELECT (SELECT count(*) FROM learners WHERE status IN ('active', 'leave')) AS learners,
        (SELECT count(*) FROM groups WHERE deleted_run_id IS NULL) AS groups,
        (SELECT CAST(COALESCE(sum(members), 0) AS BIGINT) FROM groups WHERE deleted_run_id IS NULL) AS memberships,
        (SELECT count(*) FROM jobs WHERE state = 'ready') AS ready,
        (SELECT count(*) FROM jobs WHERE state = 'failed') AS failed,
        (SELECT min(run_at) FROM jobs WHERE state = 'ready') AS oldest";

const SIZES_SQLITE: &str = r#"
    SELECT (SELECT count(*) FROM learners WHERE status IN ('active', 'leave')) AS learners,
        (SELECT count(*) FROM groups WHERE deleted_run_id IS NULL) AS "groups",
        (SELECT COALESCE(sum(members), 0) FROM groups WHERE deleted_run_id IS NULL) AS memberships,
        (SELECT count(*) FROM jobs WHERE state = 'ready') AS ready,
        (SELECT count(*) FROM jobs WHERE state = 'failed') AS failed,
        (SELECT min(run_at) FROM jobs WHERE state = 'ready') AS oldest"#;

const SIZES: Sql = Sql::per_engine(SIZES_SQLITE, SIZES_POSTGRES);

/// Returns the sizes of the tables.
pub async fn get_table_sizes(tx: &mut Tx) -> Result<TableSizes> {
    tx.fetch_one("read sizes for metrics", SIZES, params![]).await
}

/// The upper ends of the buckets of [`list_run_durations`], in seconds: from a file of a few people to a million by a slow API.
pub const DURATION_BUCKETS: [f64; 10] = [0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, f64::INFINITY];

macro_rules! durations {
    ($seconds:literal) => {
        concat!(
            "SELECT name, status, bucket, count(*) AS runs, sum(seconds) AS seconds
             FROM (
                 SELECT c.name, r.status, d.seconds,
                     CASE WHEN d.seconds <= 0.1 THEN CAST(0 AS BIGINT) WHEN d.seconds <= 0.3 THEN 1
                          WHEN d.seconds <= 1 THEN 2 WHEN d.seconds <= 3 THEN 3 WHEN d.seconds <= 10 THEN 4
                          WHEN d.seconds <= 30 THEN 5 WHEN d.seconds <= 100 THEN 6 WHEN d.seconds <= 300 THEN 7
                          WHEN d.seconds <= 1000 THEN 8 ELSE 9 END AS bucket
                 FROM connectors c
                 JOIN runs r ON r.connector_id = c.id AND r.kind = 'sync' AND r.finished_at IS NOT NULL
                 JOIN (SELECT id, ",
            $seconds,
            " AS seconds FROM runs WHERE kind = 'sync' AND finished_at IS NOT NULL) d ON d.id = r.id
             ) timed
             GROUP BY name, status, bucket ORDER BY name, status, bucket"
        )
    };
}

const DURATIONS: Sql = Sql::per_engine(
    durations!("(julianday(finished_at) - julianday(started_at)) * 86400.0"),
    durations!("CAST(EXTRACT(EPOCH FROM finished_at - started_at) AS DOUBLE PRECISION)"),
);

/// Runs of one connector that ended in one way and took about as long.
#[derive(Debug, Clone, PartialEq, sqlx_macros::FromRow)]
pub struct RunDurationBucket {
    /// The connector.
    pub name: String,
    /// Status of the runs.
    pub status: rollcall_model::run_record::RunStatus,
    /// Index into [`DURATION_BUCKETS`].
    pub bucket: i64,
    /// Number of rows.
    pub runs: i64,
    /// Seconds in all.
    pub seconds: f64,
}

/// Returns the durations of the runs of each connector.
pub async fn list_run_durations(tx: &mut Tx) -> Result<Vec<RunDurationBucket>> {
    tx.fetch_all("read durations for metrics", DURATIONS, params![]).await
}

const ALIVE: &str = "SELECT id FROM head WHERE id = 1";

/// Runs a query to check that the database responds.
pub async fn ping(tx: &mut Tx) -> Result<()> {
    let _: (i64,) = tx.fetch_one("check the connection", ALIVE, params![]).await?;
    Ok(())
}

const USED_BYTES: Sql = Sql::for_sqlite(
    "SELECT (page_count - freelist_count) * page_size
     FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
);

/// Returns the size of an SQLite database without its free pages, in bytes. Zero on PostgreSQL.
pub async fn used_bytes(tx: &mut Tx) -> Result<i64> {
    if !tx.is_sqlite() {
        return Ok(0);
    }
    let (bytes,): (i64,) = tx.fetch_one("read the size of the database", USED_BYTES, params![]).await?;
    Ok(bytes)
}

list_statements!(CONNECTORS, SIZES, DURATIONS, ALIVE, USED_BYTES);
