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
    /// The e-mail address, or `CONNECTOR:ID`.
    pub email: String,
    /// The course's code.
    pub course: String,
    /// `active` or `revoked`.
    pub state: String,
    /// The due date.
    pub due: Option<NaiveDate>,
    /// The time of completion.
    pub completed_at: Option<DateTime<Utc>>,
    /// The groups that grant the access.
    pub groups: Vec<String>,
    /// The time of the first access.
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
