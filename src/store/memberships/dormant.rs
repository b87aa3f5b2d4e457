//! Memberships by hand of learners without access: they wait until the learner has access again.

use crate::Result;
use crate::param::params;
use crate::sql::{Sql, list_statements};
use crate::transaction::Tx;
use rollcall_model::ids::{GroupId, LearnerId, RunId};

/// Memberships by hand of those who go: they come back with the learner, and stay the work of the run that gave them. A
/// CROSS JOIN keeps SQLite from reading every learner.
const TO_DORMANT: &str = "
    INSERT INTO dormant_memberships (learner_id, group_id, run_id)
    SELECT r.learner_id, r.group_id, e.run_id
    FROM stage_removed r CROSS JOIN learners l
    CROSS JOIN ended_memberships e
    WHERE l.id = r.learner_id AND r.rule_id = 0 AND l.status IN ('left', 'upcoming', 'suspended')
      AND e.ended_run_id = $1 AND e.group_id = r.group_id AND e.rule_id = 0 AND e.learner_id = r.learner_id
    ON CONFLICT (learner_id, group_id) DO UPDATE
    SET run_id = CASE WHEN dormant_memberships.ended_run_id = excluded.run_id
            THEN dormant_memberships.run_id ELSE excluded.run_id END,
        ended_run_id = NULL
    WHERE dormant_memberships.ended_run_id IS NOT NULL";

/// Memberships by hand that have come back to life.
const WAKE: &str = "
    UPDATE dormant_memberships SET ended_run_id = $1
    WHERE ended_run_id IS NULL
      AND (learner_id, group_id) IN (SELECT learner_id, group_id FROM stage_added WHERE rule_id = 0)";

/// Moves the staged memberships by hand of learners without access to rest, and those of learners with access from it.
pub async fn move_dormant(tx: &mut Tx, run: RunId) -> Result<()> {
    tx.execute("put memberships to rest", TO_DORMANT, params![run]).await?;
    tx.execute("wake memberships", WAKE, params![run]).await.map(|_| ())
}

/// Memberships at rest in groups that still exist.
const DORMANT: &str = "
    SELECT d.group_id, d.learner_id FROM dormant_memberships d
    JOIN groups g ON g.id = d.group_id
    WHERE g.deleted_run_id IS NULL AND d.ended_run_id IS NULL
    ORDER BY d.learner_id, d.group_id";

/// Memberships by hand that wait for their learner.
pub async fn list_dormant(tx: &mut Tx) -> Result<Vec<(GroupId, LearnerId)>> {
    tx.fetch_all("read resting memberships", DORMANT, params![]).await
}

const DORMANT_OF: Sql = Sql::per_engine(
    "SELECT d.group_id, d.learner_id FROM dormant_memberships d JOIN groups g ON g.id = d.group_id
     WHERE g.deleted_run_id IS NULL AND d.ended_run_id IS NULL AND d.learner_id IN (SELECT value FROM json_each($1))
     ORDER BY d.learner_id, d.group_id",
    "SELECT d.group_id, d.learner_id FROM dormant_memberships d JOIN groups g ON g.id = d.group_id
     WHERE g.deleted_run_id IS NULL AND d.ended_run_id IS NULL AND d.learner_id = ANY($1) ORDER BY d.learner_id, d.group_id",
);

/// Memberships by hand of some learners that wait for them.
pub async fn list_dormant_of(tx: &mut Tx, learners: Vec<i64>) -> Result<Vec<(GroupId, LearnerId)>> {
    tx.fetch_all("read resting memberships", DORMANT_OF, params![learners]).await
}

const LAY_DORMANT: Sql = Sql::per_engine(
    "INSERT INTO dormant_memberships (learner_id, group_id, run_id)
     SELECT value, $2, $3 FROM json_each($1) WHERE true
     ON CONFLICT (learner_id, group_id) DO UPDATE SET run_id = excluded.run_id, ended_run_id = NULL
     WHERE dormant_memberships.ended_run_id IS NOT NULL",
    "INSERT INTO dormant_memberships (learner_id, group_id, run_id)
     SELECT value, $2, $3 FROM UNNEST($1::bigint[]) AS j (value)
     ON CONFLICT (learner_id, group_id) DO UPDATE SET run_id = excluded.run_id, ended_run_id = NULL
     WHERE dormant_memberships.ended_run_id IS NOT NULL",
);

const END_DORMANT: Sql = Sql::per_engine(
    "UPDATE dormant_memberships SET ended_run_id = $3
     WHERE group_id = $2 AND ended_run_id IS NULL AND learner_id IN (SELECT value FROM json_each($1))
     RETURNING learner_id",
    "UPDATE dormant_memberships SET ended_run_id = $3
     WHERE group_id = $2 AND ended_run_id IS NULL AND learner_id = ANY($1) RETURNING learner_id",
);

/// Puts down a membership by hand for learners who have no access today: they wait.
pub async fn insert_dormant(tx: &mut Tx, learners: Vec<i64>, group: GroupId, run: RunId) -> Result<()> {
    if learners.is_empty() {
        return Ok(());
    }
    tx.execute("put memberships to rest", LAY_DORMANT, params![learners, group, run]).await.map(|_| ())
}

/// Ends memberships by hand that wait; answers whose they were.
pub async fn end_dormant(
    tx: &mut Tx,
    learners: Vec<i64>,
    group: GroupId,
    run: RunId,
) -> Result<Vec<LearnerId>> {
    let dropped: Vec<(LearnerId,)> =
        tx.fetch_all("end resting memberships", END_DORMANT, params![learners, group, run]).await?;
    Ok(dropped.into_iter().map(|(learner,)| learner).collect())
}

list_statements!(TO_DORMANT, WAKE, DORMANT, DORMANT_OF, LAY_DORMANT, END_DORMANT);
