//! Courses and assignments as the file has them.

use crate::due_policy::DuePolicy;

/// `[[course]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileCourse {
    /// The code that commands and files use.
    pub code: String,
    /// The title that learners see.
    pub title: String,
}

/// `[[assignment]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileAssignment {
    /// The code of the course.
    pub course: String,
    /// Names of groups, or globs over names.
    pub groups: Vec<String>,
    /// When it is due.
    pub due: DuePolicy,
    /// The time given to latecomers, in days.
    pub late_days: u32,
}
