//! Manual changes of completions.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::enrollment::change::{ChangeTime, ChangeTransaction, CommittedChange};
use crate::groups::{GroupError, Result, find_course, find_learner};
use rollcall_model::ids::CourseId;
use rollcall_store::runs::NewRun;
use rollcall_store::{Store, enrollments, reopened_completions};

/// Result of recording a completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompletionResult {
    /// It is noted.
    Noted,
    /// It was done before, at this time.
    Before(DateTime<Utc>),
}

/// Notes that a learner has completed a course; the due date is frozen from then on.
///
/// # Errors
/// When learner or course is unknown, or the learner was never enrolled.
pub async fn complete_course(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    email: &str,
    code: &str,
    at: DateTime<Utc>,
) -> Result<CompletionResult> {
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let learner = find_learner(&mut change.tx, email).await?;
    let course = find_course(&mut change.tx, code).await?;
    let id = CourseId(course.id);
    match enrollments::get_completion(&mut change.tx, learner.id, id).await? {
        None => Err(GroupError::NeverEnrolled { email: learner.email, code: course.code }),
        Some(Some(before)) => {
            change.tx.rollback().await?;
            Ok(CompletionResult::Before(before))
        }
        Some(None) => {
            let run = change.run;
            enrollments::record_completion(&mut change.tx, learner.id, id, at, run).await?;
            let made = json!({"learner": learner.id, "email": learner.email, "course": course.code, "completed_at": at});
            change.record_before_after(&Value::Null, &made).await?;
            change.commit().await?;
            Ok(CompletionResult::Noted)
        }
    }
}

/// Result of taking a completion back.
#[derive(Debug, Clone, Copy)]
pub enum ReopenResult {
    /// The completion was taken back.
    Reopened {
        /// The change.
        done: CommittedChange,
        /// The time of the completion.
        completed_at: DateTime<Utc>,
    },
    /// The learner has not completed the course.
    NotCompleted,
}

/// Takes the completion of a course back. The due date is again the one that follows from the assignments.
///
/// # Errors
/// When learner or course is unknown, or the learner was never enrolled.
pub async fn reopen_course(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    email: &str,
    code: &str,
) -> Result<ReopenResult> {
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let learner = find_learner(&mut change.tx, email).await?;
    let course = find_course(&mut change.tx, code).await?;
    let id = CourseId(course.id);
    match enrollments::get_completion(&mut change.tx, learner.id, id).await? {
        None => Err(GroupError::NeverEnrolled { email: learner.email, code: course.code }),
        Some(None) => {
            change.tx.rollback().await?;
            Ok(ReopenResult::NotCompleted)
        }
        Some(Some(completed_at)) => {
            let run = change.run;
            reopened_completions::reopen(&mut change.tx, learner.id, id, run).await?;
            change.enqueue_pairs(&[(learner.id.0, id.0)]).await?;
            let found = json!({"learner": learner.id, "email": learner.email, "course": course.code, "completed_at": completed_at});
            change.record_before_after(&found, &Value::Null).await?;
            Ok(ReopenResult::Reopened { done: change.commit().await?, completed_at })
        }
    }
}
