//! Causes of errors at a database.

use std::borrow::Cow;

use crate::attempt::ConnectorAttempt;
use crate::protocol_error::ProtocolError;

/// Reason why a query did not return all people.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// The database rejected the connection or the query.
    #[error("the database refused")]
    Refused(#[source] sqlx::Error),
    /// The rows lack mapped columns.
    #[error("the query returns no column {}; it returns {}", missing.join(", "), columns.join(", "))]
    MissingColumns {
        /// The missing columns.
        missing: Vec<String>,
        /// The columns of the query.
        columns: Vec<String>,
    },
    /// The number of rows differs from `count_query`.
    #[error("the query returned {returned} rows, but `count_query` returned {expected}")]
    RowCountMismatch {
        /// The result of `count_query`.
        expected: u64,
        /// The number of rows returned.
        returned: u64,
    },
}

impl ProtocolError for SqlError {
    fn describe(&self, attempt: &ConnectorAttempt) -> String {
        match self {
            Self::Refused(_) => format!("{attempt} failed"),
            Self::MissingColumns { .. } | Self::RowCountMismatch { .. } => self.to_string(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Refused(_) => "query",
            Self::MissingColumns { .. } => "bad_header",
            Self::RowCountMismatch { .. } => "incomplete",
        }
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::Refused(_) | Self::MissingColumns { .. } | Self::RowCountMismatch { .. } => false,
        }
    }

    fn hint(&self, _: &ConnectorAttempt) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Refused(_) => "run the query in the database's own client with the same account".into(),
            Self::MissingColumns { .. } => {
                "use the column names of the query in `[connector.attributes]`".into()
            }
            Self::RowCountMismatch { .. } => "make `count_query` count the same rows as `query`".into(),
        })
    }
}
