//! Assigned courses.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::due::Due;

/// A course that is assigned, and when it is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Assigned {
    /// The course's code.
    pub course: String,
    /// The day, where it is fixed.
    pub due: Option<NaiveDate>,
    /// Days after joining.
    pub due_days: Option<u32>,
    /// Days after the start date.
    pub due_days_after_start: Option<u32>,
    /// Days that whoever joins late for a fixed date has at least.
    pub late_days: u32,
    /// `hand` or `file`.
    pub source: String,
}

impl Assigned {
    /// From what an assignment is made of.
    #[must_use]
    pub fn new(course: &str, due: Due, late_days: u32, source: &str) -> Self {
        let (joining, start) = match due {
            Due::AfterJoining(days) => (Some(days), None),
            Due::AfterStart(days) => (None, Some(days)),
            Due::Never | Due::On(_) => (None, None),
        };
        Self {
            course: course.to_owned(),
            due: due.fixed(),
            due_days: joining,
            due_days_after_start: start,
            late_days,
            source: source.to_owned(),
        }
    }
}
