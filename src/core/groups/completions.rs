//! Manual changes of completions.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::enrollment::change::{ChangeTime, ChangeTransaction, CommittedChange};
use crate::groups::{GroupError, Result, find_course, find_learner};
use rollcall_model::ids::CourseId;
use rollcall_store::courses::Course;
use rollcall_store::learners::Learner;
use rollcall_store::runs::NewRun;
use rollcall_store::{Store, Tx, enrollments, reopened_completions};

/// An enrollment, active or not.
struct EnrollmentRef {
    learner: Learner,
    course: Course,
    completed_at: Option<DateTime<Utc>>,
}

impl EnrollmentRef {
    /// The completion for the audit log.
    fn describe(&self, completed_at: DateTime<Utc>) -> Value {
        let Self { learner, course, .. } = self;
        json!({"learner": learner.id, "email": learner.email, "course": course.code, "completed_at": completed_at})
    }
}

async fn find_enrollment(tx: &mut Tx, email: &str, code: &str) -> Result<EnrollmentRef> {
    let learner = find_learner(tx, email).await?;
    let course = find_course(tx, code).await?;
    match enrollments::get_completion(tx, learner.id, CourseId(course.id)).await? {
        Some(completed_at) => Ok(EnrollmentRef { learner, course, completed_at }),
        None => Err(GroupError::NeverEnrolled { email: learner.email, code: course.code }),
    }
}

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
    let enrollment = find_enrollment(&mut change.tx, email, code).await?;
    match enrollment.completed_at {
        Some(before) => {
            change.tx.rollback().await?;
            Ok(CompletionResult::Before(before))
        }
        None => {
            let run = change.run;
            let EnrollmentRef { learner, course, .. } = &enrollment;
            enrollments::record_completion(&mut change.tx, learner.id, CourseId(course.id), at, run).await?;
            change.record_before_after(&Value::Null, &enrollment.describe(at)).await?;
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
    let enrollment = find_enrollment(&mut change.tx, email, code).await?;
    match enrollment.completed_at {
        None => {
            change.tx.rollback().await?;
            Ok(ReopenResult::NotCompleted)
        }
        Some(completed_at) => {
            let run = change.run;
            let EnrollmentRef { learner, course, .. } = &enrollment;
            reopened_completions::reopen(&mut change.tx, learner.id, CourseId(course.id), run).await?;
            change.enqueue_pairs(&[(learner.id.0, course.id)]).await?;
            change.record_before_after(&enrollment.describe(completed_at), &Value::Null).await?;
            Ok(ReopenResult::Reopened { done: change.commit().await?, completed_at })
        }
    }
}
