//! What an undo in progress takes from people.

use crate::Result;
use crate::param::params;
use crate::sql::list_statements;
use crate::transaction::Tx;
use rollcall_model::ids::RunId;

/// Counts of what an undo takes from people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct TakenAccess {
    /// Memberships that end.
    pub memberships: i64,
    /// Enrollments that nothing else gives.
    pub enrollments: i64,
    /// People who lose a membership or an enrollment.
    pub people: i64,
}

/// Memberships that a change ended, the enrollments for whose end it enqueued a job and that nothing gives any longer,
/// and the people of both.
const TAKEN: &str = "
    WITH withdrawn (learner_id, course_id) AS (
        SELECT j.learner_id, j.course_id FROM jobs j
        JOIN enrollments e ON e.learner_id = j.learner_id AND e.course_id = j.course_id AND e.state = 'active'
        WHERE j.run_id = $1 AND j.kind = 'unenroll'
    ), given (learner_id, course_id) AS (
        SELECT w.learner_id, w.course_id FROM withdrawn w CROSS JOIN memberships m CROSS JOIN assignments s
        WHERE m.learner_id = w.learner_id AND s.group_id = m.group_id AND s.course_id = w.course_id
          AND s.ended_run_id IS NULL
        UNION
        SELECT w.learner_id, w.course_id FROM withdrawn w CROSS JOIN assignments s
        WHERE s.learner_id = w.learner_id AND s.course_id = w.course_id AND s.ended_run_id IS NULL
    ), lost (learner_id, course_id) AS (
        SELECT learner_id, course_id FROM withdrawn
        EXCEPT
        SELECT learner_id, course_id FROM given
    ), people (learner_id) AS (
        SELECT learner_id FROM ended_memberships WHERE ended_run_id = $1
        UNION
        SELECT learner_id FROM lost
    )
    SELECT (SELECT count(*) FROM ended_memberships WHERE ended_run_id = $1) AS memberships,
        (SELECT count(*) FROM lost) AS enrollments,
        (SELECT count(*) FROM people) AS people";

/// Returns the counts of what the change `undo` takes, before it is committed.
pub async fn count_taken(tx: &mut Tx, undo: RunId) -> Result<TakenAccess> {
    tx.fetch_one("count what an undo takes", TAKEN, params![undo]).await
}

list_statements!(TAKEN);
