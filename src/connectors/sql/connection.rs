//! Opens a database of either engine.

use std::str::FromStr;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

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

/// The file or the host in a URL, without secrets.
pub(super) fn database_name(url: &str) -> String {
    if let Some(file) = url.strip_prefix("sqlite:") {
        let file = file.strip_prefix("//").unwrap_or(file);
        return file.split_once('?').map_or(file, |(file, _)| file).to_owned();
    }
    let url = url::Url::parse(url).ok();
    url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| "the database".to_owned())
}

/// Opens the database read-only and starts a transaction with a snapshot.
pub(super) async fn connect(url: &str) -> Result<EngineConnection, sqlx::Error> {
    if url.starts_with("sqlite:") {
        let options = SqliteConnectOptions::from_str(url)?.read_only(true).create_if_missing(false);
        let mut connection = options.disable_statement_logging().connect().await?;
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

/// Converts an error of the connection, which may be one of TLS.
pub(super) fn connect_error(
    connector: &ConnectorName,
    database: String,
    cause: sqlx::Error,
) -> ConnectorError {
    if let Some(tls) = TlsError::find(&cause) {
        return ConnectorError::new(connector, ConnectorAttempt::TlsHandshake { host: database }, tls);
    }
    let cause: ConnectorCause = match cause {
        sqlx::Error::Io(cause) => NetworkError::NotConnected(cause).into(),
        cause => SqlError::Refused(cause).into(),
    };
    ConnectorError::new(connector, ConnectorAttempt::Connect { address: database }, cause)
}
