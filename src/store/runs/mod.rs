//! Runs, changes by hand, and the head of the sequence that numbers them.

pub(crate) mod hold_state;
pub(crate) mod list;

pub use hold_state::RunHoldState;
pub(crate) use list::run_columns;
pub use list::{
    MembershipChangeRow, Run, find_change, get, get_guard_report, get_latest_id, list, list_before,
    list_latest_of_connectors, list_membership_changes, list_related, list_waiting, list_warnings,
};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::Result;
use crate::param::params;
use crate::sql::{Sql, list_statements};
use crate::transaction::Tx;
use rollcall_model::ids::{ConnectorId, RunId};
use rollcall_model::resource_limits::{ResourceLimit, shorten_to};
pub use rollcall_model::run_record::{RunRecordKind, RunStatus};
use rollcall_model::run_warning::RunWarning;
use rollcall_model::source_file::SourceFile;

/// Description of a run that is about to start.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// Sync or hand.
    pub kind: RunRecordKind,
    /// The connector of a sync.
    pub connector: Option<ConnectorId>,
    /// Actor that started it.
    pub actor: String,
    /// The command, or why it began.
    pub description: String,
    /// The digest of the file that it went by.
    pub file_digest: Option<String>,
    /// The run that it approves, rejects or takes back.
    pub subject: Option<RunId>,
}

/// Counts of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// People in the source.
    pub people_read: u64,
    /// People who were not there before.
    pub people_new: u64,
    /// People whose record changed.
    pub people_changed: u64,
    /// Learners who left.
    pub people_left: u64,
    /// Records that could not be used.
    pub people_set_aside: u64,
    /// People in the source that the connector's `include` excludes.
    pub people_left_out: u64,
    /// Groups that rules made.
    pub groups_created: u64,
    /// Reasons for memberships given.
    pub memberships_added: u64,
    /// Reasons for memberships ended.
    pub memberships_removed: u64,
    /// Jobs for workers.
    pub jobs_enqueued: u64,
    /// People with held changes.
    pub people_held: u64,
    /// Groups that wait to be made.
    pub groups_held: u64,
    /// Reasons for memberships that wait to be given or ended.
    pub memberships_held: u64,
    /// Enrollments that would go with what is held.
    pub enrollments_held: u64,
    /// Removals that count against the limits for 24 hours.
    pub limit_usage: LimitUsage,
}

/// Unapproved removals of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LimitUsage {
    /// Learners.
    pub learners: u64,
    /// Memberships.
    pub memberships: u64,
    /// Enrollments.
    pub enrollments: u64,
    /// People who lost a membership, an enrollment or their access.
    pub people: u64,
}

/// Counts one up and locks the head until the transaction ends.
const NEXT_RUN: &str = "UPDATE head SET runs = runs + 1 WHERE id = 1 RETURNING runs";

const NEXT_VERSION: &str = "UPDATE head SET version = version + 1 WHERE id = 1 RETURNING version";

const VERSION: &str = "SELECT version FROM head WHERE id = 1";

const BEGIN: &str = "
    INSERT INTO runs (id, kind, connector_id, actor, what, status, started_at, file_digest, subject_run_id)
    VALUES ($1, $2, $3, $4, $5, 'running', $6, $7, $8)";

const FINISH: &str = "
    UPDATE runs
    SET status = $2, finished_at = $3, people_read = $4, people_new = $5, people_changed = $6, people_left = $7,
        people_set_aside = $8, groups_created = $9, memberships_added = $10, memberships_removed = $11,
        jobs_enqueued = $12, people_held = $13, groups_held = $14, memberships_held = $15, enrollments_held = $16,
        charged_learners = $17, charged_memberships = $18, charged_enrollments = $19,
        people_left_out = $20, source_file = $21, source_modified_at = $22, charged_people = $23
    WHERE id = $1";

const PROBLEMS: Sql = Sql::per_engine(
    "UPDATE runs SET problems = $2 WHERE id = $1",
    "UPDATE runs SET problems = $2::jsonb WHERE id = $1",
);

const GUARD: Sql = Sql::per_engine(
    "UPDATE runs SET guard = $2 WHERE id = $1",
    "UPDATE runs SET guard = $2::jsonb WHERE id = $1",
);

/// The file that a connector read last.
const LAST_FILE: &str = "
    SELECT r.source_file, r.source_modified_at FROM runs r JOIN connectors c ON c.id = r.connector_id
    WHERE c.name = $1 AND r.source_file IS NOT NULL
    ORDER BY r.id DESC LIMIT 1";

const NOTE_CHANGE: &str = "UPDATE runs SET found = $2, made = $3, group_id = $4 WHERE id = $1";

/// Unapproved removals of a connector since a time, in its runs from a certain one on.
const CHARGED: &str = "
    SELECT CAST(COALESCE(sum(charged_learners), 0) AS BIGINT), CAST(COALESCE(sum(charged_memberships), 0) AS BIGINT),
        CAST(COALESCE(sum(charged_enrollments), 0) AS BIGINT), CAST(COALESCE(sum(charged_people), 0) AS BIGINT)
    FROM runs WHERE connector_id = $1 AND started_at > $2 AND id >= $3";

/// The first run of a connector since a time that may have brought people, and the number of its runs before that time.
const FIRST_CHANGE: &str = "
    WITH beginning AS (
        SELECT id FROM runs WHERE connector_id = $1 AND status IN ('applied', 'unchanged', 'held') ORDER BY id LIMIT 1
    )
    SELECT min(runs.id) FROM runs CROSS JOIN beginning
    WHERE runs.connector_id = $1 AND runs.started_at > $2 AND runs.status IN ('applied', 'held')
        AND runs.id > beginning.id";

const FAIL: &str = "
    UPDATE runs SET status = 'failed', finished_at = $2, error_kind = $3, error = $4
    WHERE id = $1 AND status = 'running'";

/// Closes interrupted runs: still `running`, although the connector's lease is free.
const ABANDONED: &str = "
    UPDATE runs SET status = 'failed', finished_at = $2, error_kind = 'interrupted',
        error = 'the process that ran it ended before it could commit'
    WHERE connector_id = $1 AND status = 'running'";

/// Numbers and begins a run. The head stays locked until the transaction ends.
pub async fn begin(tx: &mut Tx, about: &NewRun, now: DateTime<Utc>) -> Result<RunId> {
    let (id,): (i64,) = tx.fetch_one("number a run", NEXT_RUN, params![]).await?;
    let args = params![
        id,
        about.kind,
        about.connector,
        about.actor.as_str(),
        about.description.as_str(),
        now,
        about.file_digest.clone(),
        about.subject.map(|run| run.0)
    ];
    tx.execute("begin a run", BEGIN, args).await?;
    Ok(RunId(id))
}

/// Locks the head and increments its version, so that concurrent plans are made again.
pub async fn lock_head(tx: &mut Tx) -> Result<i64> {
    let (version,): (i64,) = tx.fetch_one("lock the head", NEXT_VERSION, params![]).await?;
    Ok(version)
}

/// The version of memberships, rules and assignments.
pub async fn get_plan_version(tx: &mut Tx) -> Result<i64> {
    let (version,): (i64,) = tx.fetch_one("read the head", VERSION, params![]).await?;
    Ok(version)
}

/// Writes down what a change by hand found and what it leaves; null where its own rows say it.
pub async fn record_change(tx: &mut Tx, run: RunId, found: &Value, made: &Value) -> Result<()> {
    let text = |value: &Value| (!value.is_null()).then(|| value.to_string());
    // A change is about a group where either side says so.
    let group = made.get("group").or_else(|| found.get("group")).and_then(Value::as_i64);
    tx.execute("note a change", NOTE_CHANGE, params![run, text(found), text(made), group]).await.map(|_| ())
}

fn to_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// How a run ended.
#[derive(Debug, Clone, Copy)]
pub struct FinishedRun<'a> {
    /// The status.
    pub status: RunStatus,
    /// What it did.
    pub counts: &'a RunCounts,
    /// The file that it read.
    pub file: Option<&'a SourceFile>,
}

/// Writes down how a run ended.
pub async fn finish(
    tx: &mut Tx,
    run: RunId,
    FinishedRun { status, counts, file }: FinishedRun<'_>,
    problems: &[RunWarning],
    now: DateTime<Utc>,
) -> Result<()> {
    let args = params![
        run,
        status,
        now,
        to_i64(counts.people_read),
        to_i64(counts.people_new),
        to_i64(counts.people_changed),
        to_i64(counts.people_left),
        to_i64(counts.people_set_aside),
        to_i64(counts.groups_created),
        to_i64(counts.memberships_added),
        to_i64(counts.memberships_removed),
        to_i64(counts.jobs_enqueued),
        to_i64(counts.people_held),
        to_i64(counts.groups_held),
        to_i64(counts.memberships_held),
        to_i64(counts.enrollments_held),
        to_i64(counts.limit_usage.learners),
        to_i64(counts.limit_usage.memberships),
        to_i64(counts.limit_usage.enrollments),
        to_i64(counts.people_left_out),
        file.map(|file| file.path.as_str()),
        file.map(|file| file.modified),
        to_i64(counts.limit_usage.people)
    ];
    tx.execute("finish a run", FINISH, args).await?;
    if !problems.is_empty() {
        let most = ResourceLimit::Problems.default_size();
        if problems.len() > most {
            ResourceLimit::Problems.record_reached();
        }
        let kept = &problems[..problems.len().min(most)];
        let json = serde_json::to_string(kept).unwrap_or_else(|_| "[]".to_owned());
        tx.execute("note a run's problems", PROBLEMS, params![run, json]).await?;
    }
    Ok(())
}

/// Writes down what the guard found.
pub async fn record_guard(tx: &mut Tx, run: RunId, json: &str) -> Result<()> {
    tx.execute("note what the guard found", GUARD, params![run, json]).await.map(|_| ())
}

/// Returns the file that a connector read last, as far as runs are kept.
pub async fn find_last_file(tx: &mut Tx, connector: &str) -> Result<Option<SourceFile>> {
    let row: Option<(String, DateTime<Utc>)> =
        tx.fetch_optional("look for the last file", LAST_FILE, params![connector]).await?;
    Ok(row.map(|(path, modified)| SourceFile { path, modified }))
}

/// Returns the limit usage of a connector since a time, for its runs from `first` on.
pub async fn get_limit_usage(
    tx: &mut Tx,
    connector: ConnectorId,
    since: DateTime<Utc>,
    first: RunId,
) -> Result<LimitUsage> {
    let (learners, memberships, enrollments, people): (i64, i64, i64, i64) =
        tx.fetch_one("count what went in 24 hours", CHARGED, params![connector, since, first]).await?;
    Ok(LimitUsage {
        learners: learners.unsigned_abs(),
        memberships: memberships.unsigned_abs(),
        enrollments: enrollments.unsigned_abs(),
        people: people.unsigned_abs(),
    })
}

/// Returns the first run of a connector since a time that may have brought people, other than its first one ever; `None` if
/// there was none.
pub async fn find_first_change(
    tx: &mut Tx,
    connector: ConnectorId,
    since: DateTime<Utc>,
) -> Result<Option<RunId>> {
    let (first,): (Option<i64>,) =
        tx.fetch_one("find the first change in 24 hours", FIRST_CHANGE, params![connector, since]).await?;
    Ok(first.map(RunId))
}

const CHARGE_NOTHING: &str = "
    UPDATE runs SET charged_learners = 0, charged_memberships = 0, charged_enrollments = 0, charged_people = 0
    WHERE id = $1";

/// Sets the limit usage of a run to zero, after an undo of all its removals.
pub async fn clear_limit_usage(tx: &mut Tx, run: RunId) -> Result<()> {
    tx.execute("count nothing against the limits", CHARGE_NOTHING, params![run]).await.map(|_| ())
}

/// Writes down why a run failed.
pub async fn record_failure(
    tx: &mut Tx,
    run: RunId,
    kind: &str,
    message: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let message = shorten_to(ResourceLimit::RunErrorCharacters, message.to_owned());
    tx.execute("note a failed run", FAIL, params![run, now, kind, message]).await.map(|_| ())
}

/// Closes runs of a connector that a kill left open. Only the holder of the connector's lease may say so.
pub async fn close_abandoned(tx: &mut Tx, connector: ConnectorId, now: DateTime<Utc>) -> Result<u64> {
    tx.execute("close abandoned runs", ABANDONED, params![connector, now]).await
}

const RUNNING_CONNECTOR: &str = "
    SELECT c.id, c.name FROM runs r JOIN connectors c ON c.id = r.connector_id
    WHERE r.id = $1 AND r.status = 'running'";

/// Returns the connector of a run that is in progress, or that a kill left open.
pub async fn find_running_connector(tx: &mut Tx, run: RunId) -> Result<Option<(i64, String)>> {
    tx.fetch_optional("find the connector of a run", RUNNING_CONNECTOR, params![run]).await
}

/// Statistics that a large commit has put out of date; they take part in the transaction.
const ANALYZE: Sql = Sql::per_engine(
    "PRAGMA optimize",
    "ANALYZE learners, persons, memberships, jobs, assignments, groups, enrollments",
);

/// Whether the role owns the tables. Others may not analyze them; PostgreSQL would answer with a warning for each.
const OWNS_TABLES: Sql = Sql::per_engine(
    "SELECT true",
    "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'learners'::regclass",
);

/// Lets the database look at its tables again after a large change. If the role does not own them, autovacuum does this
/// later.
pub async fn analyze(tx: &mut Tx) -> Result<()> {
    let (owns_tables,): (bool,) =
        tx.fetch_one("find the owner of the tables", OWNS_TABLES, params![]).await?;
    if !owns_tables {
        return Ok(());
    }
    tx.execute("look at the tables again", ANALYZE, params![]).await.map(|_| ())
}

list_statements!(
    NEXT_RUN,
    NEXT_VERSION,
    VERSION,
    BEGIN,
    FINISH,
    PROBLEMS,
    GUARD,
    LAST_FILE,
    NOTE_CHANGE,
    CHARGED,
    FIRST_CHANGE,
    FAIL,
    ABANDONED,
    RUNNING_CONNECTOR,
    CHARGE_NOTHING,
    OWNS_TABLES,
    ANALYZE
);
