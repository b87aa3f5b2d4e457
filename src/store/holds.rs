//! Changes that a complete reading requires and that were not made: held, rejected, or undone.

use serde::Serialize;

use super::Result;
use super::learners::who;
use super::param::params;
use super::sql::{Sql, list_statements};
use super::staging::{StagingTable, staging_table};
use super::transaction::Tx;
use rollcall_model::guard::{ChangeKind, HeldChangeState};
use rollcall_model::ids::{AssignmentId, ConnectorId, GroupId, LearnerId, RuleId, RunId};

/// A decision in force on a change: rejected or undone.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct HoldDecision {
    /// Tells the change from others.
    pub change_key: String,
    /// `rejected` or `undone`.
    pub state: HeldChangeState,
    /// Of the attributes and the rule when it was decided.
    pub fingerprint: i64,
    /// The rejection or the undo; 0 where an older version did not write it down.
    pub decision_run_id: i64,
}

const STANDING: &str = "
    SELECT change_key, state, fingerprint, COALESCE(decision_run_id, 0) AS decision_run_id FROM held_changes
    WHERE state IN ('rejected', 'undone')
    ORDER BY change_key, CASE WHEN connector_id = $1 THEN 0 ELSE 1 END, id";

/// Every decision that stands, of all connectors. Of one change, the decision of `connector` comes first.
pub async fn list_decisions(tx: &mut Tx, connector: Option<ConnectorId>) -> Result<Vec<HoldDecision>> {
    tx.fetch_all("read decisions on held changes", STANDING, params![connector]).await
}

const ANY: &str = "SELECT count(*) FROM held_changes WHERE connector_id = $1";

/// Returns true if anything is written down of a connector's held changes.
pub async fn has_changes(tx: &mut Tx, connector: ConnectorId) -> Result<bool> {
    let (count,): (i64,) = tx.fetch_one("look for held changes", ANY, params![connector]).await?;
    Ok(count > 0)
}

/// A change as a run writes it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHeldChange {
    /// Tells it from others.
    pub key: String,
    /// The kind.
    pub kind: ChangeKind,
    /// The learner.
    pub learner: Option<LearnerId>,
    /// The source's id of the person.
    pub external_id: Option<String>,
    /// The group.
    pub group: Option<GroupId>,
    /// The name of a group that is not made yet.
    pub group_name: Option<String>,
    /// The rule.
    pub rule: Option<RuleId>,
    /// The assignment.
    pub assignment: Option<AssignmentId>,
    /// `held`, `rejected` or `undone`.
    pub state: HeldChangeState,
    /// The limit that held it.
    pub reason: &'static str,
    /// Of the attributes and the rule.
    pub fingerprint: i64,
    /// The rejection or the undo because of which it is not made; none while it is held.
    pub decision: Option<RunId>,
}

const CHANGES: StagingTable = staging_table!(
    "stage_held": 0 "change_key" "TEXT", 1 "kind" "TEXT", 2 "learner_id" "BIGINT", 3 "external_id" "TEXT",
    4 "group_id" "BIGINT", 5 "group_name" "TEXT", 6 "rule_id" "BIGINT", 7 "assignment_id" "BIGINT", 8 "state" "TEXT",
    9 "reason" "TEXT", 10 "fingerprint" "BIGINT", 11 "decision_run_id" "BIGINT"
);

/// A change that was shown before keeps the first run that showed it, unless it was decided or dropped in between.
const SHOW: &str = "
    INSERT INTO held_changes (connector_id, change_key, kind, learner_id, external_id, group_id, group_name, rule_id,
        assignment_id, state, reason, fingerprint, decision_run_id, first_run_id, last_run_id)
    SELECT $1, change_key, kind, learner_id, external_id, group_id, group_name, rule_id, assignment_id, state, reason,
        fingerprint, decision_run_id, $2, $2
    FROM stage_held
    WHERE true ORDER BY change_key
    ON CONFLICT (connector_id, change_key) DO UPDATE
    SET state = excluded.state, reason = excluded.reason, fingerprint = excluded.fingerprint,
        decision_run_id = excluded.decision_run_id, last_run_id = excluded.last_run_id,
        first_run_id = CASE WHEN held_changes.state = excluded.state THEN held_changes.first_run_id
            ELSE excluded.first_run_id END";

/// Drops held changes that the latest complete reading no longer contains.
const DROP: &str = "
    UPDATE held_changes SET state = 'dropped' WHERE connector_id = $1 AND state = 'held' AND last_run_id < $2";

const FORGET_DECIDED: &str = "
    DELETE FROM held_changes
    WHERE connector_id = $1 AND state IN ('rejected', 'undone') AND last_run_id < $2";

/// Deletes dropped changes when nothing is held.
const FORGET_DROPPED: &str = "
    DELETE FROM held_changes
    WHERE connector_id = $1 AND state = 'dropped'
      AND NOT EXISTS (SELECT 1 FROM held_changes h WHERE h.connector_id = $1 AND h.state = 'held')";

/// Writes down what a run did not do. `complete` says that it is all that the source wants of this connector's people.
pub async fn save_changes(
    tx: &mut Tx,
    connector: ConnectorId,
    run: RunId,
    changes: impl IntoIterator<Item = NewHeldChange>,
    complete: bool,
) -> Result<()> {
    let staged = tx
        .fill_staging_table(CHANGES, changes, |rows, one| {
            rows.text(&one.key).text(one.kind.as_str()).opt_int(one.learner.map(|id| id.0));
            rows.opt_text(one.external_id.as_deref()).opt_int(one.group.map(|id| id.0));
            rows.opt_text(one.group_name.as_deref()).opt_int(one.rule.map(|id| id.0));
            rows.opt_int(one.assignment.map(|id| id.0))
                .text(one.state.as_str())
                .text(one.reason)
                .int(one.fingerprint)
                .opt_int(one.decision.map(|run| run.0))
                .end_row();
        })
        .await?;
    if staged > 0 {
        tx.execute("write down held changes", SHOW, params![connector, run]).await?;
    }
    tx.drop_staging_table(CHANGES).await?;
    if complete {
        tx.execute("drop held changes", DROP, params![connector, run]).await?;
        tx.execute("forget decisions", FORGET_DECIDED, params![connector, run]).await?;
    }
    tx.execute("forget dropped changes", FORGET_DROPPED, params![connector]).await.map(|_| ())
}

/// Record of a reading for a person whose stored record is not changed.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct PinnedRecord {
    /// The source's id.
    pub external_id: String,
    /// True if the reading holds the person.
    pub present: bool,
    /// The attributes, as a JSON object.
    pub attributes: String,
}

const RECORDS: StagingTable = staging_table!("stage_held_records": 0 "external_id" "TEXT", 1 "present" "BOOLEAN", 2 "attributes" "JSONB");

const CLEAR_RECORDS: &str = "DELETE FROM held_records WHERE connector_id = $1";

const KEEP_RECORDS: &str = "
    INSERT INTO held_records (connector_id, external_id, present, attributes, run_id)
    SELECT $1, external_id, present, attributes, $2 FROM stage_held_records
    WHERE true ORDER BY external_id
    ON CONFLICT (connector_id, external_id) DO UPDATE
    SET present = excluded.present, attributes = excluded.attributes, run_id = excluded.run_id";

/// Keeps what the reading says of people whose record stays as it was; `complete` says that it is all of them.
pub async fn save_pinned_records<'a>(
    tx: &mut Tx,
    connector: ConnectorId,
    run: RunId,
    records: impl IntoIterator<Item = &'a PinnedRecord>,
    complete: bool,
) -> Result<()> {
    if complete {
        tx.execute("clear held records", CLEAR_RECORDS, params![connector]).await?;
    }
    let staged = tx
        .fill_staging_table(RECORDS, records, |rows, one| {
            rows.text(&one.external_id).flag(one.present).text(&one.attributes).end_row();
        })
        .await?;
    if staged > 0 {
        tx.execute("keep held records", KEEP_RECORDS, params![connector, run]).await?;
    }
    tx.drop_staging_table(RECORDS).await
}

const READ_RECORDS: Sql = Sql::per_engine(
    "SELECT external_id, present, attributes FROM held_records WHERE connector_id = $1 ORDER BY external_id",
    "SELECT external_id, present, attributes::text AS attributes FROM held_records
     WHERE connector_id = $1 ORDER BY external_id",
);

/// Returns the pinned records of a connector.
pub async fn list_pinned_records(tx: &mut Tx, connector: ConnectorId) -> Result<Vec<PinnedRecord>> {
    tx.fetch_all("read held records", READ_RECORDS, params![connector]).await
}

const SETTLE_RECORDS: Sql = Sql::per_engine(
    "DELETE FROM held_records WHERE connector_id = $1 AND external_id IN (SELECT value FROM json_each($2))",
    "DELETE FROM held_records WHERE connector_id = $1 AND external_id = ANY($2)",
);

/// Forgets held records that have been written now.
pub async fn delete_pinned_records(tx: &mut Tx, connector: ConnectorId, ids: Vec<String>) -> Result<()> {
    tx.execute("settle held records", SETTLE_RECORDS, params![connector, ids]).await.map(|_| ())
}

/// A change that is written down, with the names of what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx_macros::FromRow, utoipa::ToSchema)]
#[schema(as = HeldChange)]
pub struct HeldChangeRecord {
    /// Tells it from others.
    #[serde(skip)]
    pub change_key: String,
    /// The kind.
    #[schema(value_type = String)]
    pub kind: ChangeKind,
    /// Learner, or the source's id of a new person.
    pub email: Option<String>,
    /// The group.
    pub group: Option<String>,
    /// The rule.
    pub rule: Option<String>,
    /// The course whose assignment ends.
    pub course: Option<String>,
    /// `held`, `rejected`, `undone` or `dropped`.
    #[schema(value_type = String)]
    pub state: HeldChangeState,
    /// The limit that held it.
    pub reason: String,
    /// The first run that showed it.
    pub first_run_id: i64,
    /// The last run that showed it.
    pub last_run_id: i64,
}

macro_rules! change_columns {

    () => {
        change_columns!("")
    };
    ($more:literal) => {
        concat!(
            "SELECT h.change_key, h.kind, COALESCE((SELECT ",
            who!(),
            " FROM learners l WHERE l.id = h.learner_id), h.external_id) AS email,
                COALESCE((SELECT g.name FROM groups g WHERE g.id = COALESCE(h.group_id,
                    (SELECT s.group_id FROM assignments s WHERE s.id = h.assignment_id))), h.group_name) AS \"group\",
                (SELECT r.name FROM rules r WHERE r.id = h.rule_id) AS rule,
                (SELECT c.code FROM assignments s JOIN courses c ON c.id = s.course_id WHERE s.id = h.assignment_id)
                    AS course,
                h.state, h.reason, h.first_run_id, h.last_run_id",
            $more,
            " FROM held_changes h "
        )
    };
}
pub(super) use change_columns;

/// The condition for changes that an approval of run `$2` commits: those that it holds, or those that are rejected or
/// taken back because of it.
macro_rules! named_by_decision {
    () => {
        "(h.state = 'held' AND h.first_run_id <= $2 AND h.last_run_id >= $2
            OR h.state IN ('rejected', 'undone') AND h.decision_run_id = $2)"
    };
}
pub(super) use named_by_decision;

/// The condition for changes that belong to run `$2`: those that it showed, whatever became of them, and those that it
/// decided on.
macro_rules! shown_by_run {
    () => {
        "(h.decision_run_id = $2
            OR h.state <> 'undone' AND h.first_run_id <= $2 AND h.last_run_id >= $2)"
    };
}
pub(super) use shown_by_run;

const SHOWN: &str = concat!(
    change_columns!(),
    "WHERE h.connector_id = $1 AND ",
    shown_by_run!(),
    " ORDER BY h.kind, 4, 3, h.id"
);

/// The changes that a run showed as held, or decided on, and what became of each.
pub async fn shown(tx: &mut Tx, connector: ConnectorId, run: RunId) -> Result<Vec<HeldChangeRecord>> {
    tx.fetch_all("read what a run held", SHOWN, params![connector, run]).await
}

const NAMED: &str = concat!(
    change_columns!(),
    "WHERE h.connector_id = $1 AND ",
    named_by_decision!(),
    " ORDER BY h.kind, 4, 3, h.id"
);

/// The changes that an approval of `run` commits: those that the run holds, or those that are rejected or taken back
/// because of it.
pub async fn named_by(tx: &mut Tx, connector: ConnectorId, run: RunId) -> Result<Vec<HeldChangeRecord>> {
    tx.fetch_all("read what an approval commits", NAMED, params![connector, run]).await
}

/// The latest rejection of changes that a run held. A later run that shows the rejected changes again did not hold them.
const REJECTION: &str = "
    SELECT max(decision_run_id) FROM held_changes
    WHERE connector_id = $1 AND state = 'rejected' AND first_run_id <= $2 AND last_run_id >= $2
      AND decision_run_id > $2";

/// Returns the latest rejection of changes that a run held, if they are still rejected.
pub async fn find_rejection(tx: &mut Tx, connector: ConnectorId, run: RunId) -> Result<Option<RunId>> {
    let (rejection,): (Option<i64>,) =
        tx.fetch_one("find the rejection of a hold", REJECTION, params![connector, run]).await?;
    Ok(rejection.map(RunId))
}

const DROPPED: &str = concat!(
    change_columns!(),
    "WHERE h.connector_id = $1 AND h.state = 'dropped' AND h.first_run_id <= $2 AND h.last_run_id >= $2
     ORDER BY h.kind, 4, 3, h.id"
);

/// The changes that a run showed as held and that the latest full reading no longer wants.
pub async fn dropped(tx: &mut Tx, connector: ConnectorId, run: RunId) -> Result<Vec<HeldChangeRecord>> {
    tx.fetch_all("read what is no longer wanted", DROPPED, params![connector, run]).await
}

/// Held changes of one connector.
const WAITING: &str =
    concat!(change_columns!(), "WHERE h.connector_id = $1 AND h.state = 'held' ORDER BY h.kind, 4, 3, h.id");

/// Every change of a connector that waits for approval.
pub async fn waiting(tx: &mut Tx, connector: ConnectorId) -> Result<Vec<HeldChangeRecord>> {
    tx.fetch_all("read what waits", WAITING, params![connector]).await
}

const NEWEST_WAITING: &str =
    "SELECT max(last_run_id) FROM held_changes WHERE connector_id = $1 AND state = 'held'";

/// Returns the newest run that shows changes of a connector which wait for approval.
pub async fn find_newest_waiting(tx: &mut Tx, connector: ConnectorId) -> Result<Option<i64>> {
    let (run,): (Option<i64>,) =
        tx.fetch_one("look for the newest run that waits", NEWEST_WAITING, params![connector]).await?;
    Ok(run)
}

const FORGET: Sql = Sql::per_engine(
    "DELETE FROM held_changes WHERE change_key IN (SELECT value FROM json_each($1))",
    "DELETE FROM held_changes WHERE change_key = ANY($1)",
);

/// Deletes changes that have been made or are no longer wanted.
pub async fn forget(tx: &mut Tx, keys: Vec<String>) -> Result<u64> {
    tx.execute("forget held changes", FORGET, params![keys]).await
}

const REJECT: &str = "
    UPDATE held_changes SET state = 'rejected', decision_run_id = $3
    WHERE connector_id = $1 AND state = 'held' AND first_run_id <= $2 AND last_run_id >= $2";

/// Rejects what a run showed as held and still waits, because of the rejection `decision`; returns how many changes.
pub async fn reject(tx: &mut Tx, connector: ConnectorId, run: RunId, decision: RunId) -> Result<u64> {
    let rejected = tx.execute("reject held changes", REJECT, params![connector, run, decision]).await?;
    tx.execute("forget dropped changes", FORGET_DROPPED, params![connector]).await?;
    Ok(rejected)
}

const FORGET_UNDONE: &str = "DELETE FROM held_changes WHERE state = 'undone' AND decision_run_id = $1";

/// Forgets what an undo keeps from being done again.
pub async fn forget_undone(tx: &mut Tx, run: RunId) -> Result<u64> {
    tx.execute("forget what was taken back", FORGET_UNDONE, params![run]).await
}

list_statements!(
    STANDING,
    ANY,
    CHANGES,
    SHOW,
    DROP,
    FORGET_DECIDED,
    FORGET_DROPPED,
    RECORDS,
    CLEAR_RECORDS,
    KEEP_RECORDS,
    READ_RECORDS,
    SETTLE_RECORDS,
    SHOWN,
    NAMED,
    REJECTION,
    DROPPED,
    WAITING,
    NEWEST_WAITING,
    FORGET,
    REJECT,
    FORGET_UNDONE
);
