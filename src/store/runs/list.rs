//! Runs as they are listed and shown.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::Result;
use crate::learners::who;
use crate::param::{Param, params};
use crate::runs::hold_state::fill_hold_states;
use crate::runs::{RunHoldState, RunRecordKind, RunStatus};
use crate::sql::{Sql, list_statements};
use crate::transaction::Tx;
use rollcall_model::ids::{ConnectorId, RunId};
use rollcall_model::run_warning::RunWarning;

/// A run as `runs list` and `runs show` print it.
#[derive(Debug, Clone, Serialize, sqlx_macros::FromRow, utoipa::ToSchema)]
#[expect(missing_docs, reason = "the columns of the table `runs`, whose comments say what they are")]
pub struct Run {
    #[sqlx(rename = "id")]
    pub run: i64,
    #[schema(value_type = String)]
    pub kind: RunRecordKind,
    pub connector: Option<String>,
    pub actor: String,
    pub what: String,
    #[schema(value_type = String)]
    pub status: RunStatus,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_file: Option<String>,
    pub error_kind: Option<String>,
    pub error: Option<String>,
    /// What became of the changes that the run held; none if it held nothing.
    #[sqlx(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<RunHoldState>,
}

macro_rules! run_columns {
    () => {
        "SELECT r.id, r.kind, c.name AS connector, r.actor, r.what, r.status, r.started_at, r.finished_at,
            r.people_read, r.people_new, r.people_changed, r.people_left, r.people_set_aside,
            r.people_left_out, r.groups_created,
            r.memberships_added, r.memberships_removed, r.jobs_enqueued, r.people_held, r.groups_held,
            r.memberships_held, r.enrollments_held, r.subject_run_id, r.source_file, r.error_kind, r.error"
    };
}
pub(crate) use run_columns;

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
    fetch(tx, "read last runs", LAST, params![]).await
}

/// The newest runs, at most `most` of them.
pub async fn list(tx: &mut Tx, most: i64) -> Result<Vec<Run>> {
    fetch(tx, "list runs", LIST, params![0_i64, most]).await
}

/// A page of runs, newest first.
const PAGE: &str = concat!(
    run_columns!(),
    " FROM runs r LEFT JOIN connectors c ON c.id = r.connector_id
    WHERE r.id < $1 ORDER BY r.id DESC LIMIT $2"
);

/// Runs before a number, the newest first, at most `most` of them.
pub async fn list_before(tx: &mut Tx, before: i64, most: i64) -> Result<Vec<Run>> {
    fetch(tx, "list runs", PAGE, params![before, most]).await
}

/// Runs whose changes wait for approval, of which no newer run shows the changes; newest first.
const WAITING: &str = concat!(
    run_columns!(),
    " FROM runs r LEFT JOIN connectors c ON c.id = r.connector_id
    WHERE r.id < $1 AND r.id IN (SELECT h.last_run_id FROM held_changes h WHERE h.state = 'held')
    ORDER BY r.id DESC LIMIT $2"
);

/// Runs before a number whose changes wait for approval, the newest first, at most `most` of them.
pub async fn list_waiting(tx: &mut Tx, before: i64, most: i64) -> Result<Vec<Run>> {
    fetch(tx, "list runs that wait", WAITING, params![before, most]).await
}

async fn fetch(tx: &mut Tx, doing: &'static str, query: &'static str, args: Vec<Param>) -> Result<Vec<Run>> {
    let mut runs: Vec<Run> = tx.fetch_all(doing, query, args).await?;
    fill_hold_states(tx, &mut runs).await?;
    Ok(runs)
}

/// One run.
pub async fn get(tx: &mut Tx, run: RunId) -> Result<Option<Run>> {
    Ok(fetch(tx, "show a run", LIST, params![run, 1_i64]).await?.pop())
}

const RUN_PROBLEMS: Sql = Sql::per_engine(
    "SELECT problems FROM runs WHERE id = $1",
    "SELECT problems::text FROM runs WHERE id = $1",
);

/// Returns the warnings of a run.
pub async fn list_warnings(tx: &mut Tx, run: RunId) -> Result<Vec<RunWarning>> {
    let row: Option<(String,)> =
        tx.fetch_optional("read a run's problems", RUN_PROBLEMS, params![run]).await?;
    Ok(row.and_then(|(json,)| serde_json::from_str(&json).ok()).unwrap_or_default())
}

const GUARD_OF: Sql = Sql::per_engine(
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

list_statements!(LIST, LAST, PAGE, WAITING, RUN_PROBLEMS, GUARD_OF, ABOUT, NEWEST, SAID, CHANGES);
