//! Runs, changes by hand, and the head of the sequence that numbers them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::Result;
use super::engine::Tx;
use super::learners::who;
use super::param::params;
use super::statements::list_statements;
use rollcall_model::ids::{ConnectorId, RunId};
use rollcall_model::run_warning::RunWarning;

/// Kind of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunRecordKind {
    /// A sync of one connector.
    Sync,
    /// A manual change.
    Hand,
    /// Dates and tenure rules, acting on the people last read while a source cannot be read.
    Clock,
    /// An approval of held changes.
    Approval,
    /// An undo of another run.
    Undo,
}

impl RunRecordKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Sync, Self::Hand, Self::Clock, Self::Approval, Self::Undo];

    /// The text in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Hand => "hand",
            Self::Clock => "clock",
            Self::Approval => "approval",
            Self::Undo => "undo",
        }
    }
}

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

/// Status of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// Under way, or ended by a kill.
    Running,
    /// Committed.
    Applied,
    /// Nothing to do.
    Unchanged,
    /// Part of it waits; the rest is committed.
    Held,
    /// Nothing was committed.
    Failed,
}

impl RunStatus {
    /// The text in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Held => "held",
            Self::Failed => "failed",
        }
    }
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
        people_left_out = $20
    WHERE id = $1";

const PROBLEMS: super::Sql = super::Sql::per_engine(
    "UPDATE runs SET problems = $2 WHERE id = $1",
    "UPDATE runs SET problems = $2::jsonb WHERE id = $1",
);

const GUARD: super::Sql = super::Sql::per_engine(
    "UPDATE runs SET guard = $2 WHERE id = $1",
    "UPDATE runs SET guard = $2::jsonb WHERE id = $1",
);

const NOTE_CHANGE: &str = "UPDATE runs SET found = $2, made = $3, group_id = $4 WHERE id = $1";

/// Unapproved removals of a connector since a time, in its runs from a certain one on.
const CHARGED: &str = "
    SELECT CAST(COALESCE(sum(charged_learners), 0) AS BIGINT), CAST(COALESCE(sum(charged_memberships), 0) AS BIGINT),
        CAST(COALESCE(sum(charged_enrollments), 0) AS BIGINT)
    FROM runs WHERE connector_id = $1 AND started_at > $2 AND id >= $3";

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
        about.kind.as_str(),
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

/// Writes down how a run ended.
pub async fn finish(
    tx: &mut Tx,
    run: RunId,
    status: RunStatus,
    counts: &RunCounts,
    problems: &[RunWarning],
    now: DateTime<Utc>,
) -> Result<()> {
    let args = params![
        run,
        status.as_str(),
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
        to_i64(counts.people_left_out)
    ];
    tx.execute("finish a run", FINISH, args).await?;
    if !problems.is_empty() {
        let kept = &problems[..problems.len().min(MAX_WARNINGS)];
        let json = serde_json::to_string(kept).unwrap_or_else(|_| "[]".to_owned());
        tx.execute("note a run's problems", PROBLEMS, params![run, json]).await?;
    }
    Ok(())
}

/// Writes down what the guard found.
pub async fn record_guard(tx: &mut Tx, run: RunId, json: &str) -> Result<()> {
    tx.execute("note what the guard found", GUARD, params![run, json]).await.map(|_| ())
}

/// Returns the limit usage of a connector since a time, for its runs from `first` on.
pub async fn get_limit_usage(
    tx: &mut Tx,
    connector: ConnectorId,
    since: DateTime<Utc>,
    first: RunId,
) -> Result<LimitUsage> {
    let (learners, memberships, enrollments): (i64, i64, i64) =
        tx.fetch_one("count what went in 24 hours", CHARGED, params![connector, since, first]).await?;
    Ok(LimitUsage {
        learners: learners.unsigned_abs(),
        memberships: memberships.unsigned_abs(),
        enrollments: enrollments.unsigned_abs(),
    })
}

const CHARGE_NOTHING: &str = "
    UPDATE runs SET charged_learners = 0, charged_memberships = 0, charged_enrollments = 0 WHERE id = $1";

/// Sets the limit usage of a run to zero, after an undo of all its removals.
pub async fn clear_limit_usage(tx: &mut Tx, run: RunId) -> Result<()> {
    tx.execute("count nothing against the limits", CHARGE_NOTHING, params![run]).await.map(|_| ())
}

/// A run keeps this many of its problems; more of them say nothing new.
const MAX_WARNINGS: usize = 1_000;

/// Writes down why a run failed.
pub async fn record_failure(
    tx: &mut Tx,
    run: RunId,
    kind: &str,
    message: &str,
    now: DateTime<Utc>,
) -> Result<()> {
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

/// A run as `runs list` and `runs show` print it.
#[derive(Debug, Clone, Serialize, sqlx_macros::FromRow, utoipa::ToSchema)]
#[expect(missing_docs, reason = "the columns of the table `runs`, whose comments say what they are")]
pub struct Run {
    #[sqlx(rename = "id")]
    pub run: i64,
    pub kind: String,
    pub connector: Option<String>,
    pub actor: String,
    pub what: String,
    pub status: String,
    pub started_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    pub people_read: i64,
    pub people_new: i64,
    pub people_changed: i64,
    pub people_left: i64,
    pub people_set_aside: i64,
    pub people_left_out: i64,
    pub groups_created: i64,
    pub memberships_added: i64,
    pub memberships_removed: i64,
    pub jobs_enqueued: i64,
    pub people_held: i64,
    pub groups_held: i64,
    pub memberships_held: i64,
    pub enrollments_held: i64,
    pub subject_run_id: Option<i64>,
    pub error_kind: Option<String>,
    pub error: Option<String>,
}

macro_rules! run_columns {
    () => {
        "SELECT r.id, r.kind, c.name AS connector, r.actor, r.what, r.status, r.started_at, r.finished_at,
            r.people_read, r.people_new, r.people_changed, r.people_left, r.people_set_aside,
            r.people_left_out, r.groups_created,
            r.memberships_added, r.memberships_removed, r.jobs_enqueued, r.people_held, r.groups_held,
            r.memberships_held, r.enrollments_held, r.subject_run_id, r.error_kind, r.error"
    };
}
pub(super) use run_columns;

/// The newest runs first.
const LIST: &str = concat!(
    run_columns!(),
    " FROM runs r LEFT JOIN connectors c ON c.id = r.connector_id
    WHERE $1 = 0 OR r.id = $1
    ORDER BY r.id DESC LIMIT $2"
);

/// The newest run of each connector.
const LAST: &str = concat!(
    run_columns!(),
    " FROM runs r JOIN connectors c ON c.id = r.connector_id
    WHERE r.id = (SELECT max(o.id) FROM runs o WHERE o.connector_id = c.id AND o.kind = 'sync')
    ORDER BY c.name"
);

/// The newest run of each connector.
pub async fn list_latest_of_connectors(tx: &mut Tx) -> Result<Vec<Run>> {
    tx.fetch_all("read last runs", LAST, params![]).await
}

/// The newest runs, at most `most` of them.
pub async fn list(tx: &mut Tx, most: i64) -> Result<Vec<Run>> {
    tx.fetch_all("list runs", LIST, params![0_i64, most]).await
}

/// A page of runs, newest first.
const PAGE: &str = concat!(
    run_columns!(),
    " FROM runs r LEFT JOIN connectors c ON c.id = r.connector_id
    WHERE r.id < $1 ORDER BY r.id DESC LIMIT $2"
);

/// Runs before a number, the newest first, at most `most` of them.
pub async fn list_before(tx: &mut Tx, before: i64, most: i64) -> Result<Vec<Run>> {
    tx.fetch_all("list runs", PAGE, params![before, most]).await
}

/// One run.
pub async fn get(tx: &mut Tx, run: RunId) -> Result<Option<Run>> {
    tx.fetch_optional("show a run", LIST, params![run, 1_i64]).await
}

const RUN_PROBLEMS: super::Sql = super::Sql::per_engine(
    "SELECT problems FROM runs WHERE id = $1",
    "SELECT problems::text FROM runs WHERE id = $1",
);

/// Returns the warnings of a run.
pub async fn list_warnings(tx: &mut Tx, run: RunId) -> Result<Vec<RunWarning>> {
    let row: Option<(String,)> =
        tx.fetch_optional("read a run's problems", RUN_PROBLEMS, params![run]).await?;
    Ok(row.and_then(|(json,)| serde_json::from_str(&json).ok()).unwrap_or_default())
}

const GUARD_OF: super::Sql = super::Sql::per_engine(
    "SELECT guard, COALESCE(connector_id, (SELECT s.connector_id FROM runs s
        WHERE s.id = runs.subject_run_id)) FROM runs WHERE id = $1",
    "SELECT guard::text, COALESCE(connector_id, (SELECT s.connector_id FROM runs s
        WHERE s.id = runs.subject_run_id)) FROM runs WHERE id = $1",
);

/// Returns the result of the limit checks of a run as a JSON object, and the connector of the run or of its subject.
pub async fn get_guard_report(tx: &mut Tx, run: RunId) -> Result<(String, Option<ConnectorId>)> {
    let (json, connector): (String, Option<i64>) =
        tx.fetch_one("read what the guard found", GUARD_OF, params![run]).await?;
    Ok((json, connector.map(ConnectorId)))
}

const ABOUT: &str = "SELECT id, what FROM runs WHERE subject_run_id = $1 ORDER BY id";

/// Approvals, rejections and undos of a run: their numbers, and what was said.
pub async fn list_related(tx: &mut Tx, run: RunId) -> Result<Vec<(i64, String)>> {
    tx.fetch_all("read what was decided on a run", ABOUT, params![run]).await
}

const NEWEST: &str = "SELECT COALESCE(max(id), 0) FROM runs";

/// The number of the newest run; 0 where there is none.
pub async fn get_latest_id(tx: &mut Tx) -> Result<i64> {
    let (run,): (i64,) = tx.fetch_one("look for the newest run", NEWEST, params![]).await?;
    Ok(run)
}

const SAID: &str = "
    SELECT id FROM runs WHERE id > $1 AND actor = $2 AND what = $3 AND status NOT IN ('running', 'failed')
    ORDER BY id LIMIT 1";

/// First applied change after a run with this description.
pub async fn find_change(tx: &mut Tx, after: i64, actor: &str, what: &str) -> Result<Option<i64>> {
    let row: Option<(i64,)> =
        tx.fetch_optional("look whether a change came about", SAID, params![after, actor, what]).await?;
    Ok(row.map(|(run,)| run))
}

/// One membership that a run gave or ended.
#[derive(Debug, Clone, Serialize, sqlx_macros::FromRow, utoipa::ToSchema)]
#[schema(as = MembershipChange)]
pub struct MembershipChangeRow {
    /// `+` or `-`.
    pub sign: String,
    /// The address, or `CONNECTOR:ID`.
    pub email: String,
    /// The group.
    pub group: String,
    /// The rule's name.
    pub rule: String,
}

/// Memberships that a run added or ended, including those that a later run ended.
const CHANGES: &str = concat!(
    "SELECT d.sign, ",
    who!(),
    r#" AS email, g.name AS "group", r.name AS rule
    FROM (
        SELECT '+' AS sign, group_id, rule_id, learner_id FROM memberships WHERE run_id = $1
        UNION ALL
        SELECT '+' AS sign, group_id, rule_id, learner_id FROM ended_memberships WHERE run_id = $1
        UNION ALL
        SELECT '-' AS sign, group_id, rule_id, learner_id FROM ended_memberships WHERE ended_run_id = $1
    ) d
    JOIN learners l ON l.id = d.learner_id
    JOIN groups g ON g.id = d.group_id
    JOIN rules r ON r.id = d.rule_id
    ORDER BY g.name_folded, 2, d.sign, r.name"#
);

/// Returns the memberships that a run added or ended.
pub async fn list_membership_changes(tx: &mut Tx, run: RunId) -> Result<Vec<MembershipChangeRow>> {
    tx.fetch_all("read a run's changes", CHANGES, params![run]).await
}

/// Statistics that a large commit has put out of date; they take part in the transaction.
const ANALYZE: super::Sql = super::Sql::per_engine(
    "PRAGMA optimize",
    "ANALYZE learners, persons, memberships, jobs, assignments, groups, enrollments",
);

/// Lets the database look at its tables again after a large change.
pub async fn analyze(tx: &mut Tx) -> Result<()> {
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
    NOTE_CHANGE,
    CHARGED,
    FAIL,
    ABANDONED,
    RUNNING_CONNECTOR,
    CHARGE_NOTHING,
    LIST,
    LAST,
    PAGE,
    RUN_PROBLEMS,
    GUARD_OF,
    ABOUT,
    NEWEST,
    SAID,
    CHANGES,
    ANALYZE
);
