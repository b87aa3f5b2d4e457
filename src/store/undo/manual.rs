//! What manual changes did to groups, exclusions and memberships that wait, and its undo.

use chrono::{DateTime, Utc};

use crate::Result;
use crate::param::params;
use crate::sql::{Sql, list_statements};
use crate::transaction::Tx;
use rollcall_model::ids::{GroupId, LearnerId, RunId};
use rollcall_model::status::LearnerStatus;

/// Groups that a run created by hand or restored, with what is in them.
const OWN_GROUPS: &str = "
    SELECT g.id, g.name, g.members > 0 OR max(s.id) IS NOT NULL AS is_used
    FROM groups g LEFT JOIN assignments s ON s.group_id = g.id AND s.ended_run_id IS NULL
    WHERE ((g.run_id = $1 AND g.by_hand) OR g.restored_run_id = $1) AND g.deleted_run_id IS NULL
    GROUP BY g.id, g.name, g.members ORDER BY g.id";

const DELETE: Sql = Sql::per_engine(
    "UPDATE groups SET deleted_run_id = $2, deleted_at = $3, changed_run_id = $2
     WHERE id IN (SELECT value FROM json_each($1))",
    "UPDATE groups SET deleted_run_id = $2, deleted_at = $3, changed_run_id = $2 WHERE id = ANY($1)",
);

/// Deletes the groups that a run created by hand or restored, where they are empty now. Returns their number, and the
/// names of the groups that are not empty.
pub async fn delete_empty_groups(
    tx: &mut Tx,
    run: RunId,
    undo: RunId,
    now: DateTime<Utc>,
) -> Result<(u64, Vec<String>)> {
    let own: Vec<(GroupId, String, bool)> =
        tx.fetch_all("read the groups of a run", OWN_GROUPS, params![run]).await?;
    let (used, empty): (Vec<_>, Vec<_>) = own.into_iter().partition(|(_, _, is_used)| *is_used);
    let empty: Vec<i64> = empty.into_iter().map(|(id, _, _)| id.0).collect();
    let deleted = if empty.is_empty() {
        0
    } else {
        tx.execute("delete empty groups", DELETE, params![empty, undo, now]).await?
    };
    Ok((deleted, used.into_iter().map(|(_, name, _)| name).collect()))
}

const LIFT: &str = "
    UPDATE exclusions SET lifted_run_id = $2
    WHERE (run_id = $1 OR restored_run_id = $1) AND lifted_run_id IS NULL";

const EXCLUDE_AGAIN: &str = "
    UPDATE exclusions SET lifted_run_id = NULL, restored_run_id = $2 WHERE lifted_run_id = $1";

/// Reverts what a run did to exclusions. Returns the number of exclusions.
pub async fn revert_exclusions(tx: &mut Tx, run: RunId, undo: RunId) -> Result<u64> {
    let again = tx.execute("exclude again", EXCLUDE_AGAIN, params![run, undo]).await?;
    let lifted = tx.execute("lift exclusions", LIFT, params![run, undo]).await?;
    Ok(lifted + again)
}

const END_WAITING: &str = "
    UPDATE dormant_memberships SET ended_run_id = $2 WHERE run_id = $1 AND ended_run_id IS NULL";

/// Ends the memberships by hand that a run let wait.
pub async fn end_waiting_memberships(tx: &mut Tx, run: RunId, undo: RunId) -> Result<u64> {
    tx.execute("end resting memberships", END_WAITING, params![run, undo]).await
}

/// A membership by hand that waited, and that a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct WaitingMembership {
    /// The learner.
    pub learner_id: LearnerId,
    /// The group.
    pub group_id: GroupId,
    /// The learner's status.
    pub status: LearnerStatus,
}

const ENDED_WAITING: &str = "
    SELECT d.learner_id, d.group_id, l.status
    FROM dormant_memberships d JOIN learners l ON l.id = d.learner_id JOIN groups g ON g.id = d.group_id
    LEFT JOIN ended_memberships e ON e.ended_run_id = $1 AND e.group_id = d.group_id AND e.rule_id = 0
        AND e.learner_id = d.learner_id
    LEFT JOIN ended_memberships w ON w.run_id = $1 AND w.group_id = d.group_id AND w.rule_id = 0
        AND w.learner_id = d.learner_id
    LEFT JOIN memberships m ON m.group_id = d.group_id AND m.rule_id = 0 AND m.learner_id = d.learner_id
    WHERE d.ended_run_id = $1 AND g.deleted_run_id IS NULL AND e.learner_id IS NULL AND w.learner_id IS NULL
      AND m.learner_id IS NULL
    ORDER BY d.learner_id, d.group_id";

/// Memberships by hand that waited, that a run ended, and that did not take effect.
pub async fn list_ended_waiting(tx: &mut Tx, run: RunId) -> Result<Vec<WaitingMembership>> {
    tx.fetch_all("read ended resting memberships", ENDED_WAITING, params![run]).await
}

const WAIT_AGAIN: Sql = Sql::per_engine(
    "UPDATE dormant_memberships SET ended_run_id = NULL
     WHERE ended_run_id = $1 AND learner_id IN (SELECT value FROM json_each($2))",
    "UPDATE dormant_memberships SET ended_run_id = NULL WHERE ended_run_id = $1 AND learner_id = ANY($2)",
);

/// Lets the memberships of these learners wait again that a run ended.
pub async fn restore_waiting(tx: &mut Tx, run: RunId, learners: Vec<i64>) -> Result<u64> {
    if learners.is_empty() {
        return Ok(0);
    }
    tx.execute("put memberships to rest again", WAIT_AGAIN, params![run, learners]).await
}

list_statements!(OWN_GROUPS, DELETE, LIFT, EXCLUDE_AGAIN, END_WAITING, ENDED_WAITING, WAIT_AGAIN);
