//! Groups, by name, size or last change.

use chrono::{DateTime, Utc};

use crate::Result;
use crate::listing::{PageRequest, contains};
use crate::param::params;
use crate::sql::{Sql, list_statements};
use crate::transaction::Tx;
use rollcall_model::ids::GroupId;

/// A group in a list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct GroupListRow {
    /// The number.
    pub id: GroupId,
    /// The name.
    pub name: String,
    /// The name as it is compared.
    pub name_folded: String,
    /// Number of members.
    pub members: i64,
    /// Number of assignments.
    pub courses: i64,
    /// True if it has manual members.
    pub has_by_hand: bool,
    /// The last run that changed it.
    pub changed_run_id: i64,
    /// Time of that event.
    pub changed_at: Option<DateTime<Utc>>,
}

/// Sort order of a list of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GroupListSort {
    /// The name.
    #[default]
    Name,
    /// The number of members, the largest group first.
    Members,
    /// The last change, the newest first.
    Changed,
}

macro_rules! columns {
    () => {
        "SELECT g.id, g.name, g.name_folded, g.members,
            (SELECT count(*) FROM assignments s WHERE s.group_id = g.id AND s.ended_run_id IS NULL) AS courses,
            EXISTS (SELECT 1 FROM memberships m WHERE m.group_id = g.id AND m.rule_id = 0) AS has_by_hand,
            g.changed_run_id, COALESCE(r.finished_at, r.started_at) AS changed_at
         FROM groups g LEFT JOIN runs r ON r.id = g.changed_run_id
         WHERE g.deleted_run_id IS NULL AND "
    };
}

macro_rules! of {
    ($order:literal) => {
        contains(
            concat!(columns!(), "($1 = '' OR instr(g.name_folded, $1) > 0) AND ", $order, " LIMIT $4"),
            concat!(columns!(), "($1 = '' OR strpos(g.name_folded, $1) > 0) AND ", $order, " LIMIT $4"),
        )
    };
}

const BY_NAME: Sql = of!("(g.name_folded, g.id) > ($2, $3) ORDER BY g.name_folded, g.id");

const BY_MEMBERS: Sql = of!("(g.members < $2 OR g.members = $2 AND g.id > $3) ORDER BY g.members DESC, g.id");

const BY_CHANGE: Sql = of!(
    "(g.changed_run_id < $2 OR g.changed_run_id = $2 AND g.id > $3) ORDER BY g.changed_run_id DESC, g.id"
);

/// A page of groups whose names contain a folded text.
pub async fn list(
    tx: &mut Tx,
    text: &str,
    sort: GroupListSort,
    from: PageRequest<'_>,
) -> Result<Vec<GroupListRow>> {
    let number = from.text.parse::<i64>().unwrap_or(i64::MAX);
    match sort {
        GroupListSort::Name => {
            tx.fetch_all("list groups", BY_NAME, params![text, from.text, from.id, from.limit]).await
        }
        GroupListSort::Members => {
            tx.fetch_all("list groups", BY_MEMBERS, params![text, number, from.id, from.limit]).await
        }
        GroupListSort::Changed => {
            tx.fetch_all("list groups", BY_CHANGE, params![text, number, from.id, from.limit]).await
        }
    }
}

const RULES: Sql = Sql::per_engine(
    "SELECT DISTINCT k.group_id, r.name FROM rule_groups k JOIN rules r ON r.id = k.rule_id
     WHERE k.group_id IN (SELECT value FROM json_each($1)) ORDER BY k.group_id, r.name",
    "SELECT DISTINCT k.group_id, r.name FROM rule_groups k JOIN rules r ON r.id = k.rule_id
     WHERE k.group_id = ANY($1) ORDER BY k.group_id, r.name",
);

/// The rules that feed these groups, by name.
pub async fn list_rules(tx: &mut Tx, groups: Vec<i64>) -> Result<Vec<(GroupId, String)>> {
    tx.fetch_all("read the rules of groups", RULES, params![groups]).await
}

const HAS_BY_HAND: &str = "
    SELECT EXISTS (SELECT 1 FROM memberships m WHERE m.group_id = $1 AND m.rule_id = 0)";

/// Returns true if this group has manual members.
pub async fn has_by_hand(tx: &mut Tx, group: GroupId) -> Result<bool> {
    let (has,): (bool,) = tx.fetch_one("look for members by hand", HAS_BY_HAND, params![group]).await?;
    Ok(has)
}

/// A run that changed a group.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct GroupHistoryEntry {
    /// Its number.
    pub run: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub what: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Number of memberships that it added, whether or not they have ended.
    pub given: i64,
    /// Number of memberships that it ended.
    pub ended: i64,
}

/// Runs that gave or ended memberships of a group, made or ended its assignments, or were about it.
const HISTORY: &str = "
    SELECT r.id AS run, r.actor, r.what, COALESCE(r.finished_at, r.started_at) AS at,
        (SELECT count(*) FROM memberships m WHERE m.group_id = $1 AND m.run_id = r.id)
            + (SELECT count(*) FROM ended_memberships e WHERE e.group_id = $1 AND e.run_id = r.id) AS given,
        (SELECT count(*) FROM ended_memberships e WHERE e.group_id = $1 AND e.ended_run_id = r.id) AS ended
    FROM runs r
    WHERE r.id IN (
        SELECT * FROM (SELECT DISTINCT run_id FROM memberships WHERE group_id = $1 ORDER BY run_id DESC LIMIT $2) a
        UNION
        SELECT * FROM (SELECT DISTINCT ended_run_id FROM ended_memberships WHERE group_id = $1
                       ORDER BY ended_run_id DESC LIMIT $2) b
        UNION
        SELECT * FROM (SELECT DISTINCT run_id FROM ended_memberships WHERE group_id = $1 ORDER BY run_id DESC LIMIT $2) d
        UNION
        SELECT * FROM (SELECT id FROM runs WHERE group_id = $1 ORDER BY id DESC LIMIT $2) c
        UNION SELECT run_id FROM assignments WHERE group_id = $1
        UNION SELECT ended_run_id FROM assignments WHERE group_id = $1 AND ended_run_id IS NOT NULL
        UNION SELECT run_id FROM groups WHERE id = $1)
    ORDER BY r.id DESC LIMIT $2";

/// The last runs that changed a group, the newest first.
pub async fn list_history(tx: &mut Tx, group: GroupId, limit: i64) -> Result<Vec<GroupHistoryEntry>> {
    tx.fetch_all("read a group's history", HISTORY, params![group, limit]).await
}

const DELETED: &str = "
    SELECT g.id, g.name, g.name_folded, CAST(0 AS BIGINT) AS members, CAST(0 AS BIGINT) AS courses,
        FALSE AS has_by_hand, g.deleted_run_id AS changed_run_id, g.deleted_at AS changed_at
    FROM groups g
    WHERE g.deleted_at >= $1
      AND NOT EXISTS (SELECT 1 FROM groups o WHERE o.deleted_run_id IS NULL AND o.name_folded = g.name_folded)
    ORDER BY g.deleted_run_id DESC LIMIT 50";

/// Groups that were deleted since, and whose names are free.
pub async fn list_deleted_since(tx: &mut Tx, instant: DateTime<Utc>) -> Result<Vec<GroupListRow>> {
    tx.fetch_all("list deleted groups", DELETED, params![instant]).await
}

list_statements!(BY_NAME, BY_MEMBERS, BY_CHANGE, RULES, HAS_BY_HAND, HISTORY, DELETED);
