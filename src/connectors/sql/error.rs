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
    /// The file does not exist, or the account of rollcall may not read it.
    #[error("the database file `{file}` does not exist, or cannot be read")]
    UnreadableFile {
        /// The file.
        file: String,
    },
    /// The file is not one of SQLite, or its content is damaged.
    #[error("the database file `{file}` is damaged, or is not an SQLite database")]
    DamagedFile {
        /// The file.
        file: String,
    },
    /// The server refuses the account, its password, or connections of the account from this machine.
    #[error("the database server `{address}` refuses the account `{account}`")]
    AccountRefused {
        /// Host and port.
        address: String,
        /// The account.
        account: String,
        /// The error of the server.
        #[source]
        cause: sqlx::Error,
    },
    /// The server has no database of this name.
    #[error("the database `{database}` does not exist at `{address}`")]
    UnknownDatabase {
        /// Host and port.
        address: String,
        /// The name of the database.
        database: String,
    },
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
            Self::UnreadableFile { .. }
            | Self::DamagedFile { .. }
            | Self::AccountRefused { .. }
            | Self::UnknownDatabase { .. }
            | Self::MissingColumns { .. }
            | Self::RowCountMismatch { .. } => self.to_string(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Refused(_)
            | Self::UnreadableFile { .. }
            | Self::DamagedFile { .. }
            | Self::AccountRefused { .. }
            | Self::UnknownDatabase { .. } => "query",
            Self::MissingColumns { .. } => "bad_header",
            Self::RowCountMismatch { .. } => "incomplete",
        }
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::Refused(_)
            | Self::UnreadableFile { .. }
            | Self::DamagedFile { .. }
            | Self::AccountRefused { .. }
            | Self::UnknownDatabase { .. }
            | Self::MissingColumns { .. }
            | Self::RowCountMismatch { .. } => false,
        }
    }

    fn hint(&self, _: &ConnectorAttempt) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Refused(_) => "run the query in the database's own client with the same account".into(),
            Self::UnreadableFile { .. } => {
                "check the path in `database_url`, and that the account of rollcall may read the file and its folder".into()
            }
            Self::DamagedFile { .. } => {
                "check the path in `database_url`; if it is right, copy the file again from its source".into()
            }
            Self::AccountRefused { .. } => {
                "check the account and the password in `database_url`, and that the server's `pg_hba.conf` allows the \
                 account from this machine"
                    .into()
            }
            Self::UnknownDatabase { .. } => {
                "check the name of the database in `database_url`; `psql -l` lists those of the server".into()
            }
            Self::MissingColumns { .. } => {
                "use the column names of the query in `[connector.attributes]`".into()
            }
            Self::RowCountMismatch { .. } => "make `count_query` count the same rows as `query`".into(),
        })
    }
}
