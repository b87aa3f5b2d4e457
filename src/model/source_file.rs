//! The file that a run read.

use chrono::{DateTime, Utc};

/// A file that a run read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path.
    pub path: String,
    /// The time of its last modification.
    pub modified: DateTime<Utc>,
}
