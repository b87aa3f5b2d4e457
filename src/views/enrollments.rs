//! Enrollments.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::split_lines;
use rollcall_store::enrollments::EnrollmentRow;

/// A learner's access to a course, and progress in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Enrollment)]
pub struct EnrollmentView {
    /// The address, or what stands for it.
    pub email: String,
    /// The course's code.
    pub course: String,
    /// `active` or `revoked`.
    pub state: String,
    /// The last day.
    pub due: Option<NaiveDate>,
    /// When it was done.
    pub completed_at: Option<DateTime<Utc>>,
    /// The groups that hold it up.
    pub groups: Vec<String>,
    /// When access was first given.
    pub enrolled_at: DateTime<Utc>,
}

impl From<&EnrollmentRow> for EnrollmentView {
    fn from(one: &EnrollmentRow) -> Self {
        Self {
            email: one.email.clone(),
            course: one.course.clone(),
            state: one.state.to_string(),
            due: one.due,
            completed_at: one.completed_at,
            groups: split_lines(&one.groups),
            enrolled_at: one.enrolled_at,
        }
    }
}
