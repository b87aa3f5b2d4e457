//! Causes of errors in the content of a JSON file.

use std::borrow::Cow;

use crate::attempt::ConnectorAttempt;
use crate::file::error::describe_file_error;
use crate::protocol_error::ProtocolError;

/// Reason why the content of a file is not a list of people. The message follows the name of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonFileError {
    /// The list is not closed.
    #[error("the list is not closed: the file is truncated")]
    NotClosed,
    /// Invalid JSON, or not a record.
    #[error("{place} is not a valid JSON record: {problem}")]
    InvalidRecord {
        /// The line, or the number of the element.
        place: String,
        /// The problem.
        problem: String,
    },
}

impl ProtocolError for JsonFileError {
    fn describe(&self, attempt: &ConnectorAttempt) -> String {
        describe_file_error(self, attempt)
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::NotClosed => "incomplete",
            Self::InvalidRecord { .. } => "bad_file",
        }
    }

    fn is_transient(&self) -> bool {
        match self {
            // The export may still be running.
            Self::NotClosed => true,
            Self::InvalidRecord { .. } => false,
        }
    }

    fn hint(&self, _: &ConnectorAttempt) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::NotClosed => {
                "configure the export to write to a temporary file and rename it when it is complete".into()
            }
            Self::InvalidRecord { .. } => {
                "configure the export to write an array of objects, or one object per line".into()
            }
        })
    }
}
