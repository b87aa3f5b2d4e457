//! Data on one learner, for `rollcall_core::explain`. Each query uses an index, whatever the number of learners.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::Result;
use super::learners::who;
use super::param::params;
use super::sql::{Sql, list_statements};
use super::transaction::Tx;
use rollcall_model::ids::{ConnectorId, GroupId, LearnerId, RuleId, RunId};

/// A learner's row.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
#[expect(missing_docs, reason = "the columns of the table `learners`, whose comments say what they are")]
pub struct StoredLearner {
    pub id: LearnerId,
    /// The address, or what stands for it.
    pub label: String,
    pub email: Option<String>,
    pub email_contested: Option<String>,
    /// Returns the holder of the contested address.
    pub holder: Option<String>,
    pub name: String,
    pub status: rollcall_model::status::LearnerStatus,
    pub start_date: Option<NaiveDate>,
    pub active_since: NaiveDate,
    pub by_hand: bool,
    pub run_id: i64,
}

const LEARNER: &str = concat!(
    "SELECT l.id, ",
    who!(),
    " AS label, l.email, l.email_contested,
        (SELECT COALESCE(o.email, o.name) FROM learners o
         WHERE o.email_folded = l.email_contested AND o.status <> 'left') AS holder,
        l.name, l.status, l.start_date, l.active_since, l.by_hand, l.run_id
     FROM learners l WHERE l.id = $1"
);

/// A learner's row.
///
/// # Errors
/// If there is no learner with this id.
pub async fn get_learner(tx: &mut Tx, id: LearnerId) -> Result<StoredLearner> {
    tx.fetch_one("read a learner", LEARNER, params![id]).await
}

const FORMER: &str =
    "SELECT email_folded FROM former_addresses WHERE learner_id = $1 ORDER BY run_id, email_folded";

/// The addresses that a learner once had, oldest first.
pub async fn list_former_addresses(tx: &mut Tx, id: LearnerId) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = tx.fetch_all("read former addresses", FORMER, params![id]).await?;
    Ok(rows.into_iter().map(|(address,)| address).collect())
}

/// A person who is the learner, as last read.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
#[expect(missing_docs, reason = "the columns of the table `persons`, whose comments say what they are")]
pub struct StoredPerson {
    pub connector_id: ConnectorId,
    /// The connector's name.
    pub connector: String,
    /// True if the connector was retired.
    pub retired: bool,
    pub external_id: String,
    pub present: bool,
    pub attributes: String,
    pub run_id: i64,
    pub first_run_id: Option<i64>,
}

const PERSONS: Sql = Sql::per_engine(
    "SELECT p.connector_id, c.name AS connector, c.retired_at IS NOT NULL AS retired, p.external_id, p.present,
         p.attributes, p.run_id, p.first_run_id
     FROM persons p JOIN connectors c ON c.id = p.connector_id
     WHERE p.learner_id = $1 ORDER BY p.connector_id, p.external_id",
    "SELECT p.connector_id, c.name AS connector, c.retired_at IS NOT NULL AS retired, p.external_id, p.present,
         p.attributes::text AS attributes, p.run_id, p.first_run_id
     FROM persons p JOIN connectors c ON c.id = p.connector_id
     WHERE p.learner_id = $1 ORDER BY p.connector_id, p.external_id",
);

/// The persons who are a learner.
pub async fn list_persons(tx: &mut Tx, id: LearnerId) -> Result<Vec<StoredPerson>> {
    tx.fetch_all("read a learner's persons", PERSONS, params![id]).await
}

/// State of a person's row before a run.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
#[expect(missing_docs, reason = "the columns of `person_changes`, whose comment says what they are")]
pub struct PersonVersion {
    pub connector_id: ConnectorId,
    pub external_id: String,
    pub run_id: i64,
    pub present: bool,
    pub attributes: String,
}

const BEFORE: Sql = Sql::per_engine(
    "SELECT p.connector_id, p.external_id, c.run_id, c.present, c.attributes
     FROM persons p CROSS JOIN person_changes c
         ON c.connector_id = p.connector_id AND c.external_id = p.external_id AND c.run_id > $2
     WHERE p.learner_id = $1 ORDER BY c.run_id",
    "SELECT p.connector_id, p.external_id, c.run_id, c.present, c.attributes::text AS attributes
     FROM persons p JOIN person_changes c
         ON c.connector_id = p.connector_id AND c.external_id = p.external_id AND c.run_id > $2
     WHERE p.learner_id = $1 ORDER BY c.run_id",
);

/// Records of a learner's persons before each run after `run` that changed them, oldest first.
pub async fn list_person_versions(tx: &mut Tx, id: LearnerId, run: i64) -> Result<Vec<PersonVersion>> {
    tx.fetch_all("read what persons said before", BEFORE, params![id, run]).await
}

/// A reason for a membership, in force or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx_macros::FromRow)]
#[expect(missing_docs, reason = "the columns of `memberships` and `ended_memberships`")]
pub struct MembershipPeriod {
    pub group_id: GroupId,
    pub rule_id: RuleId,
    pub joined_on: NaiveDate,
    pub run_id: i64,
    pub ended_run_id: Option<i64>,
}

const MEMBERSHIPS: &str = "
    SELECT group_id, rule_id, joined_on, run_id, CAST(NULL AS BIGINT) AS ended_run_id
    FROM memberships WHERE learner_id = $1
    UNION ALL
    SELECT group_id, rule_id, joined_on, run_id, ended_run_id FROM ended_memberships WHERE learner_id = $1
    ORDER BY 1, 2, 4";

/// Every membership that a learner has or had.
pub async fn list_memberships(tx: &mut Tx, id: LearnerId) -> Result<Vec<MembershipPeriod>> {
    tx.fetch_all("read a learner's memberships", MEMBERSHIPS, params![id]).await
}

const RESTING: &str = "SELECT group_id, run_id FROM dormant_memberships
     WHERE learner_id = $1 AND ended_run_id IS NULL ORDER BY group_id";

/// Memberships by hand that wait for the learner, and the change that made each.
pub async fn list_dormant_memberships(tx: &mut Tx, id: LearnerId) -> Result<Vec<(GroupId, i64)>> {
    tx.fetch_all("read a learner's resting memberships", RESTING, params![id]).await
}

/// Out of which group a learner is kept.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
#[expect(missing_docs, reason = "the columns of the table `exclusions`, whose comments say what they are")]
pub struct ExclusionPeriod {
    pub group_id: GroupId,
    pub run_id: i64,
    pub reason: String,
    pub until: Option<NaiveDate>,
    pub lifted_run_id: Option<i64>,
}

const EXCLUSIONS: &str = "
    SELECT group_id, run_id, reason, until, lifted_run_id FROM exclusions WHERE learner_id = $1 ORDER BY group_id";

/// Out of which groups a learner is or was kept.
pub async fn list_exclusions(tx: &mut Tx, id: LearnerId) -> Result<Vec<ExclusionPeriod>> {
    tx.fetch_all("read a learner's exclusions", EXCLUSIONS, params![id]).await
}

/// A change of a learner that was not made.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
#[expect(missing_docs, reason = "the columns of the table `held_changes`, whose comments say what they are")]
pub struct LearnerHeldChange {
    pub kind: rollcall_model::guard::ChangeKind,
    pub group_id: Option<i64>,
    pub group_name: Option<String>,
    pub rule_id: Option<i64>,
    pub state: rollcall_model::guard::HeldChangeState,
    pub reason: String,
    pub first_run_id: i64,
    pub last_run_id: i64,
}

const HELD: &str = "
    SELECT kind, group_id, group_name, rule_id, state, reason, first_run_id, last_run_id FROM held_changes
    WHERE learner_id = $1 AND state <> 'dropped' ORDER BY id";

/// Held, rejected and undone changes of a learner.
pub async fn list_held_changes(tx: &mut Tx, id: LearnerId) -> Result<Vec<LearnerHeldChange>> {
    tx.fetch_all("read a learner's held changes", HELD, params![id]).await
}

/// A group, deleted or not.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
#[expect(missing_docs, reason = "the columns of the table `groups`, whose comments say what they are")]
pub struct StoredGroup {
    pub id: GroupId,
    pub name: String,
    pub name_folded: String,
    pub by_hand: bool,
    pub run_id: i64,
    pub deleted_run_id: Option<i64>,
}

const GROUPS: Sql = Sql::per_engine(
    "SELECT id, name, name_folded, by_hand, run_id, deleted_run_id FROM groups
     WHERE id IN (SELECT value FROM json_each($1))
     UNION
     SELECT id, name, name_folded, by_hand, run_id, deleted_run_id FROM groups
     WHERE deleted_run_id IS NULL AND name_folded IN (SELECT value FROM json_each($2))",
    "SELECT id, name, name_folded, by_hand, run_id, deleted_run_id FROM groups WHERE id = ANY($1)
     UNION
     SELECT id, name, name_folded, by_hand, run_id, deleted_run_id FROM groups
     WHERE deleted_run_id IS NULL AND name_folded = ANY($2)",
);

/// The groups of these numbers, and those that have one of these folded names now.
pub async fn list_groups(tx: &mut Tx, ids: Vec<i64>, names: Vec<String>) -> Result<Vec<StoredGroup>> {
    tx.fetch_all("read groups", GROUPS, params![ids, names]).await
}

/// Links rules and groups.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
#[expect(missing_docs, reason = "the columns of the table `rule_groups`, whose comments say what they are")]
pub struct RuleGroupMatch {
    pub rule_id: RuleId,
    pub key: String,
    pub group_id: GroupId,
    pub name: String,
}

const LINKS_OF_KEYS: Sql = Sql::per_engine(
    "SELECT rule_id, key, group_id, name FROM rule_groups
     WHERE rule_id IN (SELECT value FROM json_each($1)) AND key IN (SELECT value FROM json_each($2))",
    "SELECT rule_id, key, group_id, name FROM rule_groups WHERE rule_id = ANY($1) AND key = ANY($2)",
);

const LINKS_OF_GROUPS: Sql = Sql::per_engine(
    "SELECT k.rule_id, k.key, k.group_id, k.name FROM json_each($1) j CROSS JOIN rule_groups k ON k.group_id = j.value
     ORDER BY k.rule_id, k.key",
    "SELECT rule_id, key, group_id, name FROM rule_groups WHERE group_id = ANY($1) ORDER BY rule_id, key",
);

/// The groups that these rules have met for these values.
pub async fn list_rule_groups_by_key(
    tx: &mut Tx,
    rules: Vec<i64>,
    keys: Vec<String>,
) -> Result<Vec<RuleGroupMatch>> {
    tx.fetch_all("read which groups rules have met", LINKS_OF_KEYS, params![rules, keys]).await
}

/// The rules that feed these groups.
pub async fn list_rule_groups_by_group(tx: &mut Tx, groups: Vec<i64>) -> Result<Vec<RuleGroupMatch>> {
    tx.fetch_all("read which rules feed groups", LINKS_OF_GROUPS, params![groups]).await
}

/// A run, a change by hand, an approval or an undo, as answers name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx_macros::FromRow)]
#[expect(missing_docs, reason = "the columns of the table `runs`, whose comments say what they are")]
pub struct RunReference {
    #[sqlx(rename = "id")]
    pub run: i64,
    pub kind: rollcall_model::run_record::RunRecordKind,
    pub connector: Option<String>,
    pub actor: String,
    pub what: String,
    pub started_at: DateTime<Utc>,
    /// The run that it approves, rejects or takes back.
    #[sqlx(rename = "subject_run_id")]
    pub about: Option<i64>,
}

/// The order keeps SQLite on the index of numbers, whose statistics may be of a day on which there were few runs.
const RUNS: Sql = Sql::per_engine(
    "SELECT r.id, r.kind, c.name AS connector, r.actor, r.what, r.started_at, r.subject_run_id
     FROM runs r LEFT JOIN connectors c ON c.id = r.connector_id
     WHERE r.id IN (SELECT value FROM json_each($1)) ORDER BY r.id",
    "SELECT r.id, r.kind, c.name AS connector, r.actor, r.what, r.started_at, r.subject_run_id
     FROM runs r LEFT JOIN connectors c ON c.id = r.connector_id WHERE r.id = ANY($1) ORDER BY r.id",
);

/// These runs, by number.
pub async fn list_runs(tx: &mut Tx, ids: Vec<i64>) -> Result<Vec<RunReference>> {
    tx.fetch_all("read runs", RUNS, params![ids]).await
}

/// Runs are numbered as they start: the newest ones are looked at first. The first condition says so to SQLite, whose
/// statistics may be of a day on which there were few runs.
const LAST_BEFORE: &str = "SELECT id FROM runs WHERE id > 0 AND started_at < $1 ORDER BY id DESC LIMIT 1";

/// The last run that had started before an instant; 0 when there was none.
pub async fn get_last_run_before(tx: &mut Tx, instant: DateTime<Utc>) -> Result<i64> {
    let row: Option<(RunId,)> =
        tx.fetch_optional("find the last run of a day", LAST_BEFORE, params![instant]).await?;
    Ok(row.map_or(0, |(id,)| id.0))
}

list_statements!(
    LEARNER,
    FORMER,
    PERSONS,
    BEFORE,
    MEMBERSHIPS,
    RESTING,
    EXCLUSIONS,
    HELD,
    GROUPS,
    LINKS_OF_KEYS,
    LINKS_OF_GROUPS,
    RUNS,
    LAST_BEFORE
);
