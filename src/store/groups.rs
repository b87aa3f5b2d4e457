//! User Groups, the rules that feed them, and which rule feeds which group for which value.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Result;
use super::learners::who;
use super::param::params;
use super::sql::{Sql, list_statements};
use super::staging::{StagingTable, staging_table};
use super::transaction::Tx;
use rollcall_model::ids::{AssignmentId, GroupId, RuleId, RunId};
use rollcall_model::names::GroupName;

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct Group {
    /// The number.
    pub id: GroupId,
    /// The name as it is shown.
    pub name: String,
    /// The name as it is compared.
    pub name_folded: String,
    /// True if a person made it.
    pub by_hand: bool,
    /// Number of members.
    pub members: i64,
    /// The last run that changed its name, members or assignments.
    pub changed_run_id: RunId,
    /// The run that deleted it.
    pub deleted_run_id: Option<i64>,
    /// Time of deletion.
    pub deleted_at: Option<DateTime<Utc>>,
}

const LIVE: &str = "
    SELECT id, name, name_folded, by_hand, members, changed_run_id, deleted_run_id, deleted_at FROM groups
    WHERE deleted_run_id IS NULL ORDER BY id";

const BY_NAME: &str = "
    SELECT id, name, name_folded, by_hand, members, changed_run_id, deleted_run_id, deleted_at FROM groups
    WHERE deleted_run_id IS NULL AND name_folded = $1";

const BY_NUMBER: &str = "
    SELECT id, name, name_folded, by_hand, members, changed_run_id, deleted_run_id, deleted_at FROM groups
    WHERE deleted_run_id IS NULL AND id = $1";

/// The one of this name that was deleted last.
const DELETED: &str = "
    SELECT id, name, name_folded, by_hand, members, changed_run_id, deleted_run_id, deleted_at FROM groups
    WHERE deleted_run_id IS NOT NULL AND name_folded = $1 ORDER BY deleted_run_id DESC LIMIT 1";

/// Every group that is not deleted.
pub async fn list_active(tx: &mut Tx) -> Result<Vec<Group>> {
    tx.fetch_all("read groups", LIVE, params![]).await
}

const ACTIVE_OF: Sql = Sql::per_engine(
    "SELECT id, name, name_folded, by_hand, members, changed_run_id, deleted_run_id, deleted_at FROM groups
     WHERE deleted_run_id IS NULL AND id IN (
         SELECT value FROM json_each($1)
         UNION
         SELECT id FROM groups WHERE deleted_run_id IS NULL AND name_folded IN (SELECT value FROM json_each($2)))
     ORDER BY id",
    "SELECT id, name, name_folded, by_hand, members, changed_run_id, deleted_run_id, deleted_at FROM groups
     WHERE deleted_run_id IS NULL AND (id = ANY($1) OR name_folded = ANY($2)) ORDER BY id",
);

/// The groups of these numbers and of these folded names that are not deleted.
pub async fn list_active_of(tx: &mut Tx, ids: Vec<i64>, names: Vec<String>) -> Result<Vec<Group>> {
    tx.fetch_all("read groups", ACTIVE_OF, params![ids, names]).await
}

/// The group of a name.
pub async fn get_by_name(tx: &mut Tx, name: &GroupName) -> Result<Option<Group>> {
    tx.fetch_optional("find a group", BY_NAME, params![name.folded()]).await
}

/// A group that is not deleted.
pub async fn get(tx: &mut Tx, id: GroupId) -> Result<Option<Group>> {
    tx.fetch_optional("find a group", BY_NUMBER, params![id]).await
}

/// The deleted group of a name.
pub async fn get_deleted(tx: &mut Tx, name: &GroupName) -> Result<Option<Group>> {
    tx.fetch_optional("find a deleted group", DELETED, params![name.folded()]).await
}

const MAKE: &str = "
    INSERT INTO groups (name, name_folded, by_hand, run_id, changed_run_id) VALUES ($1, $2, $3, $4, $4) RETURNING id";

/// Makes a group by hand.
pub async fn create(tx: &mut Tx, name: &GroupName, by_hand: bool, run: RunId) -> Result<GroupId> {
    let (id,): (GroupId,) =
        tx.fetch_one("make a group", MAKE, params![name.shown(), name.folded(), by_hand, run]).await?;
    Ok(id)
}

const NEW: StagingTable = staging_table!("stage_groups": 0 "name" "TEXT", 1 "name_folded" "TEXT");

const MAKE_ALL: &str = "
    INSERT INTO groups (name, name_folded, by_hand, run_id, changed_run_id)
    SELECT name, name_folded, FALSE, $1, $1 FROM stage_groups ORDER BY name_folded
    RETURNING id, name_folded";

/// Makes groups that rules name; answers their numbers by folded name, in no order.
pub async fn create_all<'a>(
    tx: &mut Tx,
    names: impl IntoIterator<Item = &'a GroupName>,
    run: RunId,
) -> Result<Vec<(GroupId, String)>> {
    tx.fill_staging_table(NEW, names, |rows, name| rows.text(name.shown()).text(name.folded()).end_row())
        .await?;
    let made = tx.fetch_all("make groups", MAKE_ALL, params![run]).await?;
    tx.drop_staging_table(NEW).await?;
    Ok(made)
}

const RENAME: &str = "UPDATE groups SET name = $2, name_folded = $3, changed_run_id = $4 WHERE id = $1";

/// Gives a group another name.
pub async fn rename(tx: &mut Tx, group: GroupId, name: &GroupName, run: RunId) -> Result<()> {
    tx.execute("rename a group", RENAME, params![group, name.shown(), name.folded(), run]).await.map(|_| ())
}

const DELETE: &str = "
    UPDATE groups SET deleted_run_id = $2, deleted_at = $3, changed_run_id = $2 WHERE id = $1";

/// Marks a group as deleted.
pub async fn delete(tx: &mut Tx, group: GroupId, run: RunId, now: DateTime<Utc>) -> Result<()> {
    tx.execute("delete a group", DELETE, params![group, run, now]).await.map(|_| ())
}

const UNDELETE: &str =
    "UPDATE groups SET deleted_run_id = NULL, deleted_at = NULL, restored_run_id = $2 WHERE id = $1";

/// Restores a deleted group.
pub async fn restore(tx: &mut Tx, group: GroupId, run: RunId) -> Result<()> {
    tx.execute("restore a group", UNDELETE, params![group, run]).await.map(|_| ())
}

const TOUCH: Sql = Sql::per_engine(
    "UPDATE groups SET changed_run_id = $2 WHERE id IN (
         SELECT group_id FROM assignments WHERE group_id IS NOT NULL AND id IN (SELECT value FROM json_each($1)))",
    "UPDATE groups SET changed_run_id = $2 WHERE id IN (
         SELECT group_id FROM assignments WHERE group_id IS NOT NULL AND id = ANY($1))",
);

/// Notes which run changed the assignments of groups.
pub async fn mark_changed(tx: &mut Tx, assignments: &[AssignmentId], run: RunId) -> Result<()> {
    let ids: Vec<i64> = assignments.iter().map(|id| id.0).collect();
    tx.execute("note changed assignments", TOUCH, params![ids, run]).await.map(|_| ())
}

const RULES: &str = "SELECT id, name FROM rules ORDER BY id";

/// Every rule that was ever named.
pub async fn list_rules(tx: &mut Tx) -> Result<Vec<(RuleId, String)>> {
    tx.fetch_all("read rules", RULES, params![]).await
}

const KNOW_RULE: &str = "INSERT INTO rules (name) VALUES ($1) RETURNING id";

/// Makes a rule known.
pub async fn create_rule(tx: &mut Tx, name: &str) -> Result<RuleId> {
    let (id,): (RuleId,) = tx.fetch_one("make a rule known", KNOW_RULE, params![name]).await?;
    Ok(id)
}

/// Group that a rule feeds for a value.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct RuleGroupRow {
    /// The rule.
    pub rule_id: RuleId,
    /// The folded values of its template.
    pub key: String,
    /// The group, which may have been deleted since.
    pub group_id: GroupId,
    /// The name that the template gave when they met.
    pub name: String,
    /// True if the group is deleted.
    pub deleted: bool,
}

const LINKS: &str = "
    SELECT k.rule_id, k.key, k.group_id, k.name, g.deleted_run_id IS NOT NULL AS deleted
    FROM rule_groups k JOIN groups g ON g.id = k.group_id ORDER BY k.rule_id, k.key";

/// Every link from a rule and a value to a group.
pub async fn list_rule_groups(tx: &mut Tx) -> Result<Vec<RuleGroupRow>> {
    tx.fetch_all("read which rule feeds which group", LINKS, params![]).await
}

const LINKS_OF: Sql = Sql::per_engine(
    "SELECT k.rule_id, k.key, k.group_id, k.name, g.deleted_run_id IS NOT NULL AS deleted
     FROM json_each($1) r CROSS JOIN json_each($2) v
     CROSS JOIN rule_groups k ON k.rule_id = r.value AND k.key = v.value JOIN groups g ON g.id = k.group_id
     ORDER BY k.rule_id, k.key",
    "SELECT k.rule_id, k.key, k.group_id, k.name, g.deleted_run_id IS NOT NULL AS deleted
     FROM rule_groups k JOIN groups g ON g.id = k.group_id
     WHERE k.rule_id = ANY($1) AND k.key = ANY($2) ORDER BY k.rule_id, k.key",
);

/// The links from these rules and values to groups.
pub async fn list_rule_groups_of(
    tx: &mut Tx,
    rules: Vec<i64>,
    keys: Vec<String>,
) -> Result<Vec<RuleGroupRow>> {
    tx.fetch_all("read which rule feeds which group", LINKS_OF, params![rules, keys]).await
}

const NEW_LINKS: StagingTable = staging_table!("stage_links": 0 "rule_id" "BIGINT", 1 "key" "TEXT", 2 "group_id" "BIGINT", 3 "name" "TEXT");

const LINK: &str = "
    INSERT INTO rule_groups (rule_id, key, group_id, name)
    SELECT rule_id, key, group_id, name FROM stage_links WHERE true
    ON CONFLICT (rule_id, key) DO UPDATE SET group_id = excluded.group_id, name = excluded.name";

/// Writes down which rule feeds which group.
pub async fn create_rule_groups(
    tx: &mut Tx,
    links: impl IntoIterator<Item = (RuleId, String, GroupId, String)>,
) -> Result<()> {
    tx.fill_staging_table(NEW_LINKS, links, |rows, (rule, key, group, name)| {
        rows.int(rule.0).text(&key).int(group.0).text(&name).end_row();
    })
    .await?;
    tx.execute("link rules and groups", LINK, params![]).await?;
    tx.drop_staging_table(NEW_LINKS).await
}

/// A group as `groups list` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx_macros::FromRow)]
pub struct GroupSummary {
    /// The number.
    pub id: i64,
    /// The name.
    pub name: String,
    /// Number of members.
    pub members: i64,
    /// Number of assignments.
    pub assignments: i64,
}

const SUMMARIES: &str = "
    SELECT g.id, g.name, g.members,
        (SELECT count(*) FROM assignments s WHERE s.group_id = g.id AND s.ended_run_id IS NULL) AS assignments
    FROM groups g WHERE g.deleted_run_id IS NULL AND ($1 = 0 OR g.id = $1)
    ORDER BY g.name_folded";

/// All groups with their numbers, or one.
pub async fn list_summaries(tx: &mut Tx, only: Option<GroupId>) -> Result<Vec<GroupSummary>> {
    tx.fetch_all("list groups", SUMMARIES, params![only.map_or(0, |id| id.0)]).await
}

/// Members of a group who have a course through it alone, and how many such enrollments there are.
const LOSING: &str = "
    SELECT count(DISTINCT lost.learner_id), count(*)
    FROM (
        SELECT DISTINCT m.learner_id, s.course_id
        FROM assignments s JOIN memberships m ON m.group_id = s.group_id
        WHERE s.group_id = $1 AND s.ended_run_id IS NULL
    ) lost
    WHERE NOT EXISTS (
            SELECT 1 FROM assignments o JOIN memberships k ON k.group_id = o.group_id
            WHERE o.course_id = lost.course_id AND o.ended_run_id IS NULL AND o.group_id <> $1
              AND k.learner_id = lost.learner_id)
      AND NOT EXISTS (
            SELECT 1 FROM assignments o
            WHERE o.course_id = lost.course_id AND o.ended_run_id IS NULL AND o.learner_id = lost.learner_id)";

/// Returns the number of members who would lose a course with a group, and the number of enrollments that would end.
pub async fn count_lost_access(tx: &mut Tx, group: GroupId) -> Result<(i64, i64)> {
    tx.fetch_one("count who would lose a course", LOSING, params![group]).await
}

/// Rules by group, for every group that is not deleted.
const FEEDING: &str = "
    SELECT DISTINCT k.group_id, r.name FROM rule_groups k JOIN rules r ON r.id = k.rule_id
    ORDER BY k.group_id, r.name";

/// Returns the names of the rules that feed each group.
pub async fn list_feeding_rules(tx: &mut Tx) -> Result<Vec<(i64, String)>> {
    tx.fetch_all("read the rules of groups", FEEDING, params![]).await
}

/// A member as `groups show` prints it, a row for each reason.
const MEMBERS: &str = concat!(
    "SELECT l.id, ",
    who!(),
    " AS email, l.name, r.id, r.name, m.joined_on
     FROM memberships m JOIN learners l ON l.id = m.learner_id JOIN rules r ON r.id = m.rule_id
     WHERE m.group_id = $1 ORDER BY 2, l.id, r.id DESC"
);

/// A row of [`list_members`]: learner, address, name, rule, rule's name, day of joining.
pub type MemberRow = (i64, String, String, RuleId, String, chrono::NaiveDate);

/// The members of a group, a row for each reason, rules before memberships by hand.
pub async fn list_members(tx: &mut Tx, group: GroupId) -> Result<Vec<MemberRow>> {
    tx.fetch_all("read a group's members", MEMBERS, params![group]).await
}

list_statements!(
    LIVE, BY_NAME, BY_NUMBER, DELETED, ACTIVE_OF, MAKE, NEW, MAKE_ALL, RENAME, DELETE, UNDELETE, TOUCH,
    RULES, KNOW_RULE, LINKS, LINKS_OF, NEW_LINKS, LINK, SUMMARIES, LOSING, FEEDING, MEMBERS
);
