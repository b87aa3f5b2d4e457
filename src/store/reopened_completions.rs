//! Completions that were taken back, by hand or by an undo.

use crate::Result;
use crate::param::params;
use crate::sql::list_statements;
use crate::transaction::Tx;
use rollcall_model::ids::{CourseId, LearnerId, RunId};

const KEEP: &str = "
    INSERT INTO reopened_completions (run_id, learner_id, course_id, completed_at, completed_run_id)
    SELECT CAST($3 AS BIGINT), learner_id, course_id, completed_at, completed_run_id FROM enrollments
    WHERE learner_id = $1 AND course_id = $2 AND completed_at IS NOT NULL";

const OPEN: &str = "
    UPDATE enrollments SET completed_at = NULL, completed_run_id = NULL WHERE learner_id = $1 AND course_id = $2";

/// Takes a completion back, and keeps it for an undo.
pub async fn reopen(tx: &mut Tx, learner: LearnerId, course: CourseId, run: RunId) -> Result<()> {
    tx.execute("keep a completion", KEEP, params![learner, course, run]).await?;
    tx.execute("take a completion back", OPEN, params![learner, course]).await.map(|_| ())
}

const COMPLETED_BY: &str = "
    SELECT learner_id, course_id FROM enrollments WHERE completed_run_id = $1 ORDER BY learner_id, course_id";

const KEEP_COMPLETED_BY: &str = "
    INSERT INTO reopened_completions (run_id, learner_id, course_id, completed_at, completed_run_id)
    SELECT $2, learner_id, course_id, completed_at, completed_run_id FROM enrollments WHERE completed_run_id = $1";

const OPEN_COMPLETED_BY: &str =
    "UPDATE enrollments SET completed_at = NULL, completed_run_id = NULL WHERE completed_run_id = $1";

/// Takes back the completions that `noted` recorded, and keeps them for an undo of `run`. Returns the learners and courses.
pub async fn reopen_noted(tx: &mut Tx, noted: RunId, run: RunId) -> Result<Vec<(i64, i64)>> {
    let pairs = tx.fetch_all("read what a run noted as done", COMPLETED_BY, params![noted]).await?;
    tx.execute("keep completions", KEEP_COMPLETED_BY, params![noted, run]).await?;
    tx.execute("take completions back", OPEN_COMPLETED_BY, params![noted]).await?;
    Ok(pairs)
}

/// Courses that were not completed again since.
const REOPENED: &str = "
    SELECT o.learner_id, o.course_id FROM reopened_completions o
    JOIN enrollments e ON e.learner_id = o.learner_id AND e.course_id = o.course_id
    WHERE o.run_id = $1 AND e.completed_at IS NULL ORDER BY o.learner_id, o.course_id";

const COMPLETE_AGAIN: &str = "
    UPDATE enrollments SET completed_at = o.completed_at, completed_run_id = o.completed_run_id
    FROM reopened_completions o
    WHERE o.run_id = $1 AND o.learner_id = enrollments.learner_id AND o.course_id = enrollments.course_id
      AND enrollments.completed_at IS NULL";

/// Gives back the completions that a run took; answers the learners and courses.
pub async fn revert(tx: &mut Tx, run: RunId) -> Result<Vec<(i64, i64)>> {
    let pairs = tx.fetch_all("read completions that a run took back", REOPENED, params![run]).await?;
    tx.execute("give completions back", COMPLETE_AGAIN, params![run]).await?;
    Ok(pairs)
}

list_statements!(KEEP, OPEN, COMPLETED_BY, KEEP_COMPLETED_BY, OPEN_COMPLETED_BY, REOPENED, COMPLETE_AGAIN);
