//! Changes of one run, in pages, and the counts of the runs in a period.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::Result;
use crate::holds::{HeldChangeRecord, change_columns, named_by_decision, shown_by_run};
use crate::learners::who;
use crate::listing::PageRequest;
use crate::param::params;
use crate::sql::{Sql, list_statements};
use crate::transaction::Tx;
use rollcall_model::guard::{ChangeKind, HeldChangeState};
use rollcall_model::ids::{ConnectorId, RunId};
use rollcall_model::run_record::RunStatus;

/// Memberships that a run added or ended, a row for each reason.
macro_rules! did {
    () => {
        "(SELECT '+' AS sign, group_id, rule_id, learner_id FROM memberships WHERE run_id = $1
          UNION ALL
          SELECT '+' AS sign, group_id, rule_id, learner_id FROM ended_memberships WHERE run_id = $1
          UNION ALL
          SELECT '-' AS sign, group_id, rule_id, learner_id FROM ended_memberships WHERE ended_run_id = $1) d"
    };
}

/// Counts of the changes that a run made to one group.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct RunGroupChange {
    /// The group's number.
    pub id: i64,
    /// The group.
    pub name: String,
    /// Sort key.
    pub name_folded: String,
    /// Reasons given.
    pub given: i64,
    /// Reasons ended.
    pub ended: i64,
}

const BY_GROUP: &str = concat!(
    "SELECT g.id, g.name, g.name_folded, count(*) FILTER (WHERE d.sign = '+') AS given,
        count(*) FILTER (WHERE d.sign = '-') AS ended
     FROM ",
    did!(),
    " JOIN groups g ON g.id = d.group_id
     WHERE (g.name_folded, g.id) > ($2, $3)
     GROUP BY g.id, g.name, g.name_folded ORDER BY g.name_folded, g.id LIMIT $4"
);

/// A page of the groups that a run changed, by name.
pub async fn list_by_group(tx: &mut Tx, run: RunId, from: PageRequest<'_>) -> Result<Vec<RunGroupChange>> {
    tx.fetch_all("read a run's groups", BY_GROUP, params![run, from.text, from.id, from.limit]).await
}

/// A learner whose memberships a run changed.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct AffectedLearner {
    /// The learner's number.
    pub id: i64,
    /// The address, or what stands for it.
    pub email: String,
    /// The name.
    pub name: String,
    /// Sort key.
    pub name_folded: String,
}

const PEOPLE: &str = concat!(
    "SELECT l.id, ",
    who!(),
    " AS email, l.name, COALESCE(l.name_folded, '') AS name_folded FROM learners l
     WHERE l.id IN (SELECT d.learner_id FROM ",
    did!(),
    ") AND (COALESCE(l.name_folded, ''), l.id) > ($2, $3)
     ORDER BY COALESCE(l.name_folded, ''), l.id LIMIT $4"
);

/// A page of those whose memberships a run changed, by name.
pub async fn list_affected_learners(
    tx: &mut Tx,
    run: RunId,
    from: PageRequest<'_>,
) -> Result<Vec<AffectedLearner>> {
    tx.fetch_all("read a run's people", PEOPLE, params![run, from.text, from.id, from.limit]).await
}

/// A membership that a run gave or ended.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct MembershipStep {
    /// The learner's number.
    pub learner_id: i64,
    /// `+` or `-`.
    pub sign: String,
    /// The group.
    pub group: String,
    /// The rule; empty where it is by hand.
    pub rule: String,
}

const STEPS: Sql = Sql::per_engine(
    concat!(
        r#"SELECT d.learner_id, d.sign, g.name AS "group", CASE WHEN r.id = 0 THEN '' ELSE r.name END AS rule FROM "#,
        did!(),
        " JOIN groups g ON g.id = d.group_id JOIN rules r ON r.id = d.rule_id
         WHERE d.learner_id IN (SELECT value FROM json_each($2)) ORDER BY d.learner_id, d.sign, g.name_folded, r.name"
    ),
    concat!(
        r#"SELECT d.learner_id, d.sign, g.name AS "group", CASE WHEN r.id = 0 THEN '' ELSE r.name END AS rule FROM "#,
        did!(),
        " JOIN groups g ON g.id = d.group_id JOIN rules r ON r.id = d.rule_id
         WHERE d.learner_id = ANY($2) ORDER BY d.learner_id, d.sign, g.name_folded, r.name"
    ),
);

/// Returns the changes of a run to the memberships of some learners.
pub async fn list_membership_steps(
    tx: &mut Tx,
    run: RunId,
    learners: Vec<i64>,
) -> Result<Vec<MembershipStep>> {
    tx.fetch_all("read a run's changes", STEPS, params![run, learners]).await
}

/// A held change, with the number that its page is found by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx_macros::FromRow)]
pub struct HeldChangeRow {
    /// The change.
    #[sqlx(flatten)]
    #[serde(flatten)]
    pub change: HeldChangeRecord,
    /// The number.
    pub id: i64,
}

const HELD: &str = concat!(
    "SELECT * FROM (",
    change_columns!(", h.id"),
    "WHERE h.connector_id = $1 AND ",
    shown_by_run!(),
    " AND h.id > $3) of_run ORDER BY id LIMIT $4"
);

/// A page of what a run held, in the order in which it was written down.
pub async fn held(
    tx: &mut Tx,
    connector: ConnectorId,
    run: RunId,
    after: i64,
    limit: i64,
) -> Result<Vec<HeldChangeRow>> {
    tx.fetch_all("read what a run held", HELD, params![connector, run, after, limit]).await
}

/// Number of changes of a kind that a run held, by state.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct HeldCount {
    /// The kind.
    pub kind: ChangeKind,
    /// `held`, `rejected`, `undone` or `dropped`.
    pub state: HeldChangeState,
    /// Number of rows.
    pub changes: i64,
}

const HELD_COUNTS: &str = concat!(
    "SELECT h.kind, h.state, count(*) AS changes FROM held_changes h WHERE h.connector_id = $1 AND ",
    shown_by_run!(),
    " GROUP BY h.kind, h.state ORDER BY h.kind, h.state"
);

/// Returns the number of changes of each kind that a run held.
pub async fn held_counts(tx: &mut Tx, connector: ConnectorId, run: RunId) -> Result<Vec<HeldCount>> {
    tx.fetch_all("count what a run held", HELD_COUNTS, params![connector, run]).await
}

const NAMED_COUNTS: &str = concat!(
    "SELECT h.kind, h.state, count(*) AS changes FROM held_changes h WHERE h.connector_id = $1 AND ",
    named_by_decision!(),
    " GROUP BY h.kind, h.state ORDER BY h.kind, h.state"
);

/// Returns the number of changes of each kind that an approval of a run commits.
pub async fn named_counts(tx: &mut Tx, connector: ConnectorId, run: RunId) -> Result<Vec<HeldCount>> {
    tx.fetch_all("count what an approval commits", NAMED_COUNTS, params![connector, run]).await
}

const WAITING: &str = "
    SELECT c.name, CAST(max(h.last_run_id) AS BIGINT), count(*) FROM held_changes h
    JOIN connectors c ON c.id = h.connector_id WHERE h.state = 'held' GROUP BY c.name ORDER BY c.name";

/// The connectors of which changes wait: the newest run that showed them, and how many.
pub async fn list_pending(tx: &mut Tx) -> Result<Vec<(String, i64, i64)>> {
    tx.fetch_all("look for what waits", WAITING, params![]).await
}

/// Counts of a run, for a chart.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct RunDataPoint {
    /// Time at which it started.
    pub started_at: DateTime<Utc>,
    /// Time at which it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Status.
    pub status: RunStatus,
    /// People read.
    pub people_read: i64,
    /// Memberships added.
    pub added: i64,
    /// Memberships removed.
    pub removed: i64,
    /// Memberships held.
    pub held: i64,
}

const POINTS: &str = "
    SELECT r.started_at, r.finished_at, r.status, r.people_read, r.memberships_added AS added,
        r.memberships_removed AS removed, r.memberships_held AS held
    FROM runs r JOIN connectors c ON c.id = r.connector_id
    WHERE c.name = $1 AND r.kind = 'sync' AND r.started_at >= $2 ORDER BY r.id";

/// The syncs of a connector since an instant, oldest first.
pub async fn list_data_points(
    tx: &mut Tx,
    connector: &str,
    since: DateTime<Utc>,
) -> Result<Vec<RunDataPoint>> {
    tx.fetch_all("read runs for a plot", POINTS, params![connector, since]).await
}

/// A group that a rule feeds.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct FedGroup {
    /// The rule.
    pub rule: String,
    /// The group's number.
    pub group_id: i64,
    /// The group.
    pub name: String,
    /// Number of learners that the rule adds.
    pub members: i64,
}

const FED: &str = "
    SELECT r.name AS rule, g.id AS group_id, g.name, count(*) AS members
    FROM memberships m JOIN rules r ON r.id = m.rule_id JOIN groups g ON g.id = m.group_id
    WHERE m.rule_id <> 0 GROUP BY r.name, g.id, g.name, g.name_folded ORDER BY r.name, g.name_folded, g.id";

/// The groups that rules feed, by rule and group.
pub async fn list_fed_groups(tx: &mut Tx) -> Result<Vec<FedGroup>> {
    tx.fetch_all("read what rules give", FED, params![]).await
}

const GIVEN: &str = "
    SELECT r.name, count(DISTINCT m.learner_id) FROM memberships m JOIN rules r ON r.id = m.rule_id
    WHERE m.rule_id <> 0 GROUP BY r.name ORDER BY r.name";

/// Returns the number of learners that each rule adds to a group.
pub async fn count_learners_by_rule(tx: &mut Tx) -> Result<Vec<(String, i64)>> {
    tx.fetch_all("count whom rules match", GIVEN, params![]).await
}

list_statements!(BY_GROUP, PEOPLE, STEPS, HELD, HELD_COUNTS, NAMED_COUNTS, WAITING, POINTS, FED, GIVEN);
