//! What can go wrong with the database, in words, and whether waiting may help.

use std::path::PathBuf;

/// Why the database could not do what was asked of it. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL cannot be used.
    #[error("`database.url` is not usable: {reason}")]
    InvalidUrl {
        /// What is wrong with it; never the URL itself, which may hold a password.
        reason: String,
    },
    /// No connection came about.
    #[error("the database does not answer")]
    Unreachable(#[source] sqlx::Error),
    /// The file or its folder cannot be used.
    #[error("the database file `{}` cannot be opened", path.display())]
    UnusableFile {
        /// The file of `database.url`.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// A newer program has been here.
    #[error("the database is at version {found}, this rollcall knows versions up to {known}")]
    NewerVersion {
        /// The version of the database.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// A migration that was applied is not the one that this program carries.
    #[error("migration {0} of the database differs from the one in this rollcall")]
    MigrationMismatch(i64),
    /// The work on the database ended in disorder.
    #[error("the work on the database ended in disorder")]
    TaskFailed(#[source] tokio::task::JoinError),
    /// There is no room left.
    #[error("the database is full: could not {context}")]
    DatabaseFull {
        /// What was attempted.
        context: &'static str,
        /// What the database said.
        #[source]
        cause: sqlx::Error,
    },
    /// Anything else that the database refused.
    #[error("the database could not {context}")]
    Query {
        /// What was attempted.
        context: &'static str,
        /// What the database said.
        #[source]
        cause: sqlx::Error,
    },
}

impl StoreError {
    /// Whether the same statement may succeed in a moment: lost connections, restarts, locks that took too long.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Query { cause, .. } => is_transient(cause),
            Self::InvalidUrl { .. }
            | Self::UnusableFile { .. }
            | Self::NewerVersion { .. }
            | Self::MigrationMismatch(_)
            | Self::TaskFailed(_)
            | Self::DatabaseFull { .. } => false,
        }
    }

    /// Whether no connection to the database is left or came about.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Query { cause, .. } => is_disconnected(cause),
            Self::InvalidUrl { .. }
            | Self::UnusableFile { .. }
            | Self::NewerVersion { .. }
            | Self::MigrationMismatch(_)
            | Self::TaskFailed(_)
            | Self::DatabaseFull { .. } => false,
        }
    }

    /// A short word for scripts.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::InvalidUrl { .. } => "database_url",
            Self::Unreachable(_) => "database_unreachable",
            Self::UnusableFile { .. } => "database_file",
            Self::NewerVersion { .. } => "database_newer",
            Self::MigrationMismatch(_) => "database_altered",
            Self::TaskFailed(_) => "database",
            Self::DatabaseFull { .. } => "database_full",
            Self::Query { cause, .. } if is_disconnected(cause) => "database_unreachable",
            Self::Query { .. } => "database",
        }
    }
}

/// Says what was attempted when the database refused it.
pub(super) trait ErrorContext<T> {
    fn context(self, what: &'static str) -> Result<T, StoreError>;
}

impl<T> ErrorContext<T> for sqlx::Result<T> {
    fn context(self, doing: &'static str) -> Result<T, StoreError> {
        self.map_err(|cause| {
            if is_full(&cause) {
                StoreError::DatabaseFull { context: doing, cause }
            } else {
                StoreError::Query { context: doing, cause }
            }
        })
    }
}

fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned())
}

/// SQLite: 13 FULL, 778 IOERR_WRITE, 4874 IOERR_SHMSIZE (no room for the shared-memory file). PostgreSQL: 53100.
fn is_full(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| ["13", "778", "4874", "53100"].contains(&code.as_str()))
}

fn is_disconnected(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        // 08: connection, 57P01 to 57P03: shutting down or starting, 53300: too many connections, 25P03: idle too long.
        _ => code(error).is_some_and(|code| {
            code.starts_with("08") || ["57P01", "57P02", "57P03", "53300", "25P03"].contains(&code.as_str())
        }),
    }
}

/// SQLite: 5 BUSY and its variants, 6 LOCKED. PostgreSQL: 40001 serialization, 40P01 deadlock, 55P03 lock timeout.
fn is_transient(error: &sqlx::Error) -> bool {
    is_disconnected(error)
        || code(error)
            .is_some_and(|code| ["5", "6", "261", "517", "40001", "40P01", "55P03"].contains(&code.as_str()))
}
