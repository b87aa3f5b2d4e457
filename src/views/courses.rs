//! Views of assigned courses.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use rollcall_model::definition_source::DefinitionSource;
use rollcall_model::due_policy::DuePolicy;

/// An assigned course with its due date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Assigned)]
pub struct AssignedCourseView {
    /// The course's code.
    pub course: String,
    /// The due date, if it is fixed.
    pub due: Option<NaiveDate>,
    /// The number of days between joining the group and the due date.
    pub due_days: Option<u32>,
    /// The number of days between the later of start date and joining, and the due date.
    pub due_days_after_start: Option<u32>,
    /// The minimum number of days for learners who join late for a fixed date.
    pub late_days: u32,
    /// `hand` or `file`.
    pub source: String,
}

impl AssignedCourseView {
    /// Creates the view of an assignment.
    #[must_use]
    pub fn new(course: &str, due: DuePolicy, late_days: u32, source: DefinitionSource) -> Self {
        let (joining, start) = match due {
            DuePolicy::AfterJoining(days) => (Some(days), None),
            DuePolicy::AfterStart(days) => (None, Some(days)),
            DuePolicy::Never | DuePolicy::On(_) => (None, None),
        };
        Self {
            course: course.to_owned(),
            due: due.fixed(),
            due_days: joining,
            due_days_after_start: start,
            late_days,
            source: source.to_string(),
        }
    }
}
