//! Errors of the database, their messages, and which of them are transient.

use std::path::{Path, PathBuf};

use super::database_place::{DatabasePlace, DatabaseServer};

/// An error of the database. The transaction that reports it changes nothing.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `database.url` is not valid.
    #[error("`database.url` is not valid: {reason}")]
    InvalidUrl {
        /// Description of the fault, without the URL, which may contain a password.
        reason: String,
    },
    /// No connection could be opened.
    #[error("the database {place} does not answer")]
    Unreachable {
        /// The file or the server.
        place: DatabasePlace,
        /// Error of the driver.
        #[source]
        cause: sqlx::Error,
    },
    /// The server refuses the account, its password, or connections of the account from this machine.
    #[error("the database server `{}` refuses the account `{}`", server.address, server.account)]
    AccountRefused {
        /// The server, with the account.
        server: DatabaseServer,
        /// Error of the driver.
        #[source]
        cause: sqlx::Error,
    },
    /// The server has no database of this name.
    #[error("the database `{}` does not exist at `{}`", server.database, server.address)]
    UnknownDatabase {
        /// The server, with the name of the database.
        server: DatabaseServer,
    },
    /// The database file cannot be opened.
    #[error("the database file `{}` cannot be opened", path.display())]
    UnusableFile {
        /// The file of `database.url`.
        path: PathBuf,
        /// Error of the operating system.
        #[source]
        cause: std::io::Error,
    },
    /// The schema is newer than this program.
    #[error("the database is at version {found}, but this rollcall supports versions up to {known}")]
    NewerVersion {
        /// The version of the database.
        found: i64,
        /// The newest version that this program supports.
        known: i64,
    },
    /// An applied migration differs from the one in this program.
    #[error("migration {0} of the database does not match the migration in this rollcall")]
    MigrationMismatch(i64),
    /// The schema lacks migrations, and the role of the database may not change it.
    #[error(
        "the database is at version {found}, this rollcall needs version {needed}, and its role may not change the schema"
    )]
    SchemaOutdated {
        /// The version of the database; 0 if it has no schema.
        found: i64,
        /// The version that this program needs.
        needed: i64,
        /// Error of the driver.
        #[source]
        cause: sqlx::Error,
    },
    /// A task that works on the database panicked.
    #[error("a database task panicked")]
    TaskFailed(#[source] tokio::task::JoinError),
    /// The disk or the database file is full.
    #[error("the database is full: could not {context}")]
    DatabaseFull {
        /// The operation, such as `read groups`.
        context: &'static str,
        /// Error of the driver.
        #[source]
        cause: sqlx::Error,
    },
    /// The database file is not one of SQLite, or its content is damaged.
    #[error("the database file `{}` is damaged, or is not an SQLite database: could not {context}", path.display())]
    DamagedFile {
        /// The file of `database.url`.
        path: PathBuf,
        /// The operation, such as `read groups`.
        context: &'static str,
        /// Error of the driver.
        #[source]
        cause: sqlx::Error,
    },
    /// Any other error of a statement.
    #[error("the database could not {context}")]
    Query {
        /// The operation, such as `read groups`.
        context: &'static str,
        /// Error of the driver.
        #[source]
        cause: sqlx::Error,
    },
}

impl StoreError {
    /// Returns true if a retry may succeed: after a lost connection, a restart, or a lock timeout.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::AccountRefused { .. } | Self::UnknownDatabase { .. } => true,
            Self::Query { cause, .. } => is_transient(cause),
            Self::InvalidUrl { .. }
            | Self::UnusableFile { .. }
            | Self::NewerVersion { .. }
            | Self::MigrationMismatch(_)
            | Self::SchemaOutdated { .. }
            | Self::TaskFailed(_)
            | Self::DatabaseFull { .. }
            | Self::DamagedFile { .. } => false,
        }
    }

    /// Returns true if there is no connection to the database.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::AccountRefused { .. } | Self::UnknownDatabase { .. } => true,
            Self::Query { cause, .. } => is_disconnected(cause),
            Self::InvalidUrl { .. }
            | Self::UnusableFile { .. }
            | Self::NewerVersion { .. }
            | Self::MigrationMismatch(_)
            | Self::SchemaOutdated { .. }
            | Self::TaskFailed(_)
            | Self::DatabaseFull { .. }
            | Self::DamagedFile { .. } => false,
        }
    }

    /// Returns true if the role of the database lacks a right for the statement.
    #[must_use]
    pub fn is_permission_denied(&self) -> bool {
        matches!(self, Self::Query { cause, .. } if is_permission_denied(cause))
    }

    /// Stable code of the error for scripts.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::InvalidUrl { .. } => "database_url",
            Self::Unreachable { .. } | Self::AccountRefused { .. } | Self::UnknownDatabase { .. } => {
                "database_unreachable"
            }
            Self::UnusableFile { .. } => "database_file",
            Self::NewerVersion { .. } => "database_newer",
            Self::MigrationMismatch(_) => "database_altered",
            Self::SchemaOutdated { .. } => "database_outdated",
            Self::TaskFailed(_) => "database",
            Self::DatabaseFull { .. } => "database_full",
            Self::DamagedFile { .. } => "database_damaged",
            Self::Query { cause, .. } if is_disconnected(cause) => "database_unreachable",
            Self::Query { .. } => "database",
        }
    }
}

/// Adds the attempted operation to an error of the driver.
pub(super) trait ErrorContext<T> {
    fn context(self, what: &'static str) -> Result<T, StoreError>;

    /// Adds the operation to an error of a SQLite file, which may be damaged.
    fn context_in(self, what: &'static str, file: &Path) -> Result<T, StoreError>;
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

    fn context_in(self, doing: &'static str, file: &Path) -> Result<T, StoreError> {
        match self {
            Err(cause) if is_damaged(&cause) => {
                Err(StoreError::DamagedFile { path: file.to_owned(), context: doing, cause })
            }
            other => other.context(doing),
        }
    }
}

/// Names the database to which no transaction begins, and why.
pub(super) fn classify_begin_error(cause: sqlx::Error, place: DatabasePlace) -> StoreError {
    const DOING: &str = "begin";
    let failed = match &place {
        DatabasePlace::File(path) => Err::<(), _>(cause).context_in(DOING, path),
        DatabasePlace::Server(server) if is_account_refused(&cause) => {
            return StoreError::AccountRefused { server: server.as_ref().clone(), cause };
        }
        DatabasePlace::Server(server) if code(&cause).is_some_and(|code| code == "3D000") => {
            return StoreError::UnknownDatabase { server: server.as_ref().clone() };
        }
        DatabasePlace::Server(_) => Err(cause).context(DOING),
    };
    match failed {
        Err(StoreError::Query { cause, .. }) => StoreError::Unreachable { place, cause },
        Err(other) => other,
        Ok(()) => unreachable!("an error stays an error"),
    }
}

fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).map(std::borrow::Cow::into_owned)
}

/// SQLite: 13 FULL, 778 `IOERR_WRITE`, 4874 `IOERR_SHMSIZE` (no room for the shared-memory file). PostgreSQL: 53100.
fn is_full(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| ["13", "778", "4874", "53100"].contains(&code.as_str()))
}

/// SQLite: 11 CORRUPT and its variants, 26 NOTADB.
fn is_damaged(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| ["11", "26", "267", "523", "779"].contains(&code.as_str()))
}

/// PostgreSQL: 28000 for an account or its address, 28P01 for the password.
fn is_account_refused(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| ["28000", "28P01"].contains(&code.as_str()))
}

/// PostgreSQL: 42501.
fn is_permission_denied(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| code == "42501")
}

/// Returns true if the role lacks the rights to change the schema. 3F000: the role may not use any schema of its path.
pub(super) fn may_not_change_schema(error: &sqlx::Error) -> bool {
    is_permission_denied(error) || code(error).is_some_and(|code| code == "3F000")
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

#[cfg(test)]
mod tests {
    use super::*;

    fn every_error() -> Vec<StoreError> {
        use StoreError as E;
        let context = "read groups";
        vec![
            E::InvalidUrl { reason: "it must begin with `sqlite://` or `postgres://`".to_owned() },
            E::Unreachable { place: server().into(), cause: sqlx::Error::PoolTimedOut },
            E::AccountRefused { server: server(), cause: sqlx::Error::RowNotFound },
            E::UnknownDatabase { server: server() },
            E::UnusableFile {
                path: "rollcall.db".into(),
                cause: std::io::ErrorKind::PermissionDenied.into(),
            },
            E::NewerVersion { found: 9, known: 6 },
            E::MigrationMismatch(3),
            E::SchemaOutdated { found: 6, needed: 7, cause: sqlx::Error::RowNotFound },
            E::TaskFailed(panicked_task()),
            E::DatabaseFull { context, cause: sqlx::Error::RowNotFound },
            E::DamagedFile { path: "rollcall.db".into(), context, cause: sqlx::Error::RowNotFound },
            E::Query { context, cause: sqlx::Error::RowNotFound },
        ]
    }

    fn server() -> DatabaseServer {
        DatabaseServer {
            address: "db.corp.example:5432".to_owned(),
            account: "rollcall".to_owned(),
            database: "learning".to_owned(),
        }
    }

    fn panicked_task() -> tokio::task::JoinError {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime
            .block_on(async { tokio::spawn(async { panic!("a test panics") }).await })
            .expect_err("it panicked")
    }

    /// Every code and message of this room.
    #[test]
    fn messages() {
        let errors = every_error();
        let declared =
            include_str!("error.rs").lines().filter(|line| line.trim().starts_with("#[error(")).count();
        assert_eq!(errors.len(), declared, "one example of each variant");
        let lines: Vec<String> = errors.iter().map(|error| format!("{}: {error}", error.kind())).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
