//! Courses and assignments of the configuration file.

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
    /// The due date policy.
    pub due: DuePolicy,
    /// The minimum number of days for learners who join late.
    pub late_days: u32,
}
