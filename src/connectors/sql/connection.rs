//! Opens a database of either engine.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::ConnectOptions;
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::file::{RegularFileError, open_regular_file};
use crate::sql::SqlError;
use crate::tls::TlsError;
use crate::{ConnectorAttempt, ConnectorCause, ConnectorError, NetworkError};
use rollcall_model::names::ConnectorName;

/// A connection to either engine.
#[derive(Debug)]
pub(super) enum EngineConnection {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// What messages say of a database: no secrets.
#[derive(Debug, Clone, Default)]
pub(super) struct DatabaseLocation {
    /// The file, or host and port.
    pub address: String,
    /// The account at a server.
    account: String,
    /// The name of the database at a server.
    database: String,
}

impl DatabaseLocation {
    pub(super) fn of_url(url: &str) -> Self {
        if let Some(file) = url.strip_prefix("sqlite:") {
            let file = file.strip_prefix("//").unwrap_or(file);
            let file = file.split_once('?').map_or(file, |(file, _)| file);
            return Self { address: file.to_owned(), ..Self::default() };
        }
        let Ok(options) = PgConnectOptions::from_str(url) else {
            return Self { address: "the database".to_owned(), ..Self::default() };
        };
        let account = options.get_username().to_owned();
        let database = options.get_database().map_or_else(|| account.clone(), str::to_owned);
        Self { address: format!("{}:{}", options.get_host(), options.get_port()), account, database }
    }

    /// Classifies an error of the database by its code: of SQLite 14 CANTOPEN, 11 CORRUPT and 26 NOTADB; of PostgreSQL
    /// 28000 and 28P01 for the account, and 3D000 for the database.
    pub(super) fn classify_error(&self, cause: sqlx::Error) -> SqlError {
        let code = cause.as_database_error().and_then(DatabaseError::code);
        let address = || self.address.clone();
        match code.as_deref() {
            Some("14" | "526" | "782") => SqlError::UnreadableFile { file: address() },
            Some("11" | "26" | "267" | "523" | "779") => SqlError::DamagedFile { file: address() },
            Some("28000" | "28P01") => {
                SqlError::AccountRefused { address: address(), account: self.account.clone(), cause }
            }
            Some("3D000") => {
                SqlError::UnknownDatabase { address: address(), database: self.database.clone() }
            }
            Some(_) | None => SqlError::Refused(cause),
        }
    }
}

/// Instructions of SQLite between two looks at the end of a reading: a fraction of a millisecond.
const INSTRUCTIONS_PER_LOOK: i32 = 10_000;

/// Interrupts the statements of SQLite when it is dropped. They run on a thread of their own, which goes on otherwise.
#[derive(Debug, Default)]
pub(super) struct InterruptOnDrop(Arc<AtomicBool>);

impl Drop for InterruptOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Opens the database read-only and starts a transaction with a snapshot. Its statements end with `interrupt`.
pub(super) async fn connect(url: &str, interrupt: &InterruptOnDrop) -> Result<EngineConnection, sqlx::Error> {
    if url.starts_with("sqlite:") {
        let options = SqliteConnectOptions::from_str(url)?.read_only(true).create_if_missing(false);
        refuse_irregular_file(options.get_filename().to_owned()).await?;
        let mut connection = options.disable_statement_logging().connect().await?;
        let is_ended = Arc::clone(&interrupt.0);
        let goes_on = move || !is_ended.load(Ordering::Relaxed);
        connection.lock_handle().await?.set_progress_handler(INSTRUCTIONS_PER_LOOK, goes_on);
        sqlx::query("BEGIN").execute(&mut connection).await?;
        return Ok(EngineConnection::Sqlite(connection));
    }
    let options = PgConnectOptions::from_str(url)?.application_name("rollcall");
    let mut connection = options.disable_statement_logging().connect().await?;
    sqlx::query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .execute(&mut connection)
        .await?;
    Ok(EngineConnection::Postgres(connection))
}

/// Fails if the path is that of a pipe, a device or a folder: SQLite would wait for it on a thread that cannot be ended. SQLite
/// reports a file that cannot be opened.
async fn refuse_irregular_file(path: PathBuf) -> Result<(), sqlx::Error> {
    match tokio::task::spawn_blocking(move || open_regular_file(&path)).await {
        Ok(Err(error @ RegularFileError::NotRegular)) => Err(sqlx::Error::Configuration(error.into())),
        Ok(Ok(_) | Err(RegularFileError::Unreadable(_) | RegularFileError::TooLarge { .. })) | Err(_) => {
            Ok(())
        }
    }
}

/// Converts an error of the connection, which may be one of TLS.
pub(super) fn connect_error(
    connector: &ConnectorName,
    location: &DatabaseLocation,
    cause: sqlx::Error,
) -> ConnectorError {
    let address = location.address.clone();
    if let Some(tls) = TlsError::find(&cause) {
        return ConnectorError::new(connector, ConnectorAttempt::TlsHandshake { host: address }, tls);
    }
    let cause: ConnectorCause = match cause {
        sqlx::Error::Io(cause) => NetworkError::NotConnected(cause).into(),
        cause => location.classify_error(cause).into(),
    };
    ConnectorError::new(connector, ConnectorAttempt::OpenDatabase { address }, cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A statement without end stops when its reading does.
    #[tokio::test]
    async fn statement_ends_with_its_reading() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("people.db");
        let url = format!("sqlite://{}", path.display());
        let empty = SqliteConnectOptions::from_str(&url).expect("a URL").create_if_missing(true);
        sqlx::query("CREATE TABLE people (id)")
            .execute(&mut empty.connect().await.expect("a database"))
            .await
            .expect("a table");
        let interrupt = InterruptOnDrop::default();
        let Ok(EngineConnection::Sqlite(mut connection)) = connect(&url, &interrupt).await else {
            panic!("a connection of SQLite")
        };
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
        let running = tokio::spawn(async move { sqlx::query(endless).execute(&mut connection).await });
        tokio::task::yield_now().await;
        drop(interrupt);
        let ended = tokio::time::timeout(std::time::Duration::from_mins(1), running).await;
        assert!(ended.expect("it ends").expect("no panic").is_err(), "it is interrupted");
    }
}
