//! Rows of a query from either engine, as texts by column.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::TryStreamExt;
use serde_json::value::RawValue;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Column, Connection, Executor, Row, SqlSafeStr, Statement, TypeInfo, ValueRef};
use tokio::time::timeout;

use crate::exceeded_limit::ExceededLimit;
use crate::json::{ValueExtractor, ValuePath};
use crate::mapper::RecordValues;
use crate::sql::connection::{DatabaseLocation, EngineConnection, InterruptOnDrop, connect, connect_error};
use crate::sql::{SqlError, SqlSettings};
use crate::{ConnectorAttempt, ConnectorCause, ConnectorError, NetworkError, ReadingError};
use rollcall_model::names::ConnectorName;
use rollcall_model::resource_limits::ResourceLimit;

/// A connection in a transaction.
#[derive(Debug)]
pub(super) struct SqlSource<'s> {
    connector: &'s ConnectorName,
    settings: &'s SqlSettings,
    connection: EngineConnection,
    location: DatabaseLocation,
    _interrupt: InterruptOnDrop,
}

impl<'s> SqlSource<'s> {
    /// Connects and starts a read-only transaction with a snapshot.
    pub(super) async fn open(
        connector: &'s ConnectorName,
        settings: &'s SqlSettings,
    ) -> Result<Self, ConnectorError> {
        let location = DatabaseLocation::of_url(settings.database.reveal());
        let interrupt = InterruptOnDrop::default();
        let connecting = connect(settings.database.reveal(), &interrupt);
        let connected = timeout(settings.timeout, connecting).await;
        let connection = match connected {
            Ok(Ok(connection)) => connection,
            Ok(Err(cause)) => return Err(connect_error(connector, &location, cause)),
            Err(_) => {
                let attempt = ConnectorAttempt::OpenDatabase { address: location.address };
                return Err(stalled(connector, settings.timeout, &attempt));
            }
        };
        Ok(Self { connector, settings, connection, location, _interrupt: interrupt })
    }

    /// A description of the connection.
    pub(super) fn in_words(&self) -> String {
        match self.connection {
            EngineConnection::Postgres(_) => "PostgreSQL, in a read-only transaction".to_owned(),
            EngineConnection::Sqlite(_) => "SQLite, opened read-only".to_owned(),
        }
    }

    /// Reads all rows of the query, or the first ones.
    pub(super) async fn rows(
        &mut self,
        columns: &[&str],
        most: Option<u64>,
        record: &mut RecordValues,
        mut each: impl FnMut(&RecordValues) -> Result<(), ConnectorError>,
    ) -> Result<(), ConnectorError> {
        const ATTEMPT: &ConnectorAttempt = &ConnectorAttempt::RunQuery;
        let Self { connector, settings, connection, location, .. } = self;
        let (query, wait) = (settings.query.trim().trim_end_matches(';'), settings.timeout);
        let limit = most.map_or(String::new(), |most| format!(" LIMIT {most}"));
        let broken = |cause| failed(connector, location, ATTEMPT, cause);
        let most_bytes = ResourceLimit::RecordBytes.default_value();
        let too_large = || {
            let limit = ExceededLimit::reached(ResourceLimit::RecordBytes, most_bytes);
            ConnectorError::new(connector, ATTEMPT.clone(), ReadingError::LimitExceeded(limit))
        };
        match connection {
            EngineConnection::Postgres(connection) => {
                // JSON gives every type one text form and keeps lists.
                // The server leaves a row out that is too large: sqlx would take it as a whole into memory.
                let text = format!(
                    "SELECT CASE WHEN octet_length(record) <= {most_bytes} THEN record END FROM \
                     (SELECT row_to_json(person)::text AS record FROM ({query}\n) AS person{limit}) AS records"
                );
                let mut rows = sqlx::query_scalar::<_, Option<String>>(AssertSqlSafe(text)).fetch(connection);
                let mut extractor: Option<ValueExtractor> = None;
                while let Some(json) =
                    wait_for_next(connector, wait, ATTEMPT, rows.try_next()).await?.map_err(broken)?
                {
                    let Some(json) = json else {
                        return Err(too_large());
                    };
                    let extractor = match &mut extractor {
                        Some(extractor) => extractor,
                        None => extractor.insert(build_extractor(connector, columns, &json)?),
                    };
                    extractor
                        .extract(&mut serde_json::Deserializer::from_str(&json), record)
                        .map_err(|cause| broken(sqlx::Error::Decode(cause.into())))?;
                    each(record)?;
                }
            }
            EngineConnection::Sqlite(connection) => {
                // As a part of another query, so that nothing but a query is accepted.
                let wrapped = format!("SELECT * FROM ({query}\n)");
                let prepared = connection.prepare(AssertSqlSafe(wrapped).into_sql_str());
                let prepared = wait_for_next(connector, wait, ATTEMPT, prepared).await?.map_err(broken)?;
                let names: Vec<&str> = prepared.columns().iter().map(Column::name).collect();
                let places = places_in(connector, columns, &names)?;
                let text = build_sqlite_query(query, names.len(), &places, most_bytes);
                let mut rows = sqlx::query(AssertSqlSafe(format!("{text}{limit}"))).fetch(connection);
                while let Some(row) =
                    wait_for_next(connector, wait, ATTEMPT, rows.try_next()).await?.map_err(broken)?
                {
                    if row.try_get_unchecked::<i64, _>(0).map_err(broken)? > most_bytes.cast_signed() {
                        return Err(too_large());
                    }
                    record.clear();
                    for column in 0..columns.len() {
                        if let Some(text) = text_of(&row, column + 1).map_err(broken)? {
                            record.add(column, &text);
                        }
                    }
                    each(record)?;
                }
            }
        }
        Ok(())
    }

    /// The number of rows by `count_query`, if it is configured.
    pub(super) async fn count(&mut self) -> Result<Option<u64>, ConnectorError> {
        const ATTEMPT: &ConnectorAttempt = &ConnectorAttempt::RunCountQuery;
        let Some(query) = &self.settings.count_query else { return Ok(None) };
        let text = query.trim().trim_end_matches(';').to_owned();
        let wait = self.settings.timeout;
        let counted = match &mut self.connection {
            EngineConnection::Postgres(connection) => {
                let text = format!("SELECT (SELECT * FROM ({text}\n) AS counted)::bigint");
                let one = sqlx::query_scalar::<_, i64>(AssertSqlSafe(text)).fetch_one(connection);
                wait_for_next(self.connector, wait, ATTEMPT, one).await?
            }
            EngineConnection::Sqlite(connection) => {
                let text = format!("SELECT CAST((SELECT * FROM ({text}\n)) AS INTEGER)");
                let one = sqlx::query_scalar::<_, i64>(AssertSqlSafe(text)).fetch_one(connection);
                wait_for_next(self.connector, wait, ATTEMPT, one).await?
            }
        };
        let counted = counted.map_err(|cause| failed(self.connector, &self.location, ATTEMPT, cause))?;
        Ok(Some(u64::try_from(counted).unwrap_or_default()))
    }

    /// Closes the connection. Nothing was written.
    pub(super) async fn close(self) {
        let _ = match self.connection {
            EngineConnection::Postgres(connection) => {
                timeout(self.settings.timeout, connection.close()).await
            }
            EngineConnection::Sqlite(connection) => timeout(self.settings.timeout, connection.close()).await,
        };
    }
}

/// Waits for the next item, with the timeout.
async fn wait_for_next<T>(
    connector: &ConnectorName,
    wait: Duration,
    attempt: &ConnectorAttempt,
    coming: impl Future<Output = T>,
) -> Result<T, ConnectorError> {
    timeout(wait, coming).await.map_err(|_| stalled(connector, wait, attempt))
}

fn stalled(connector: &ConnectorName, wait: Duration, attempt: &ConnectorAttempt) -> ConnectorError {
    let cause = NetworkError::Timeout { seconds: wait.as_secs_f64() };
    ConnectorError::new(connector, attempt.clone(), cause)
}

fn failed(
    connector: &ConnectorName,
    location: &DatabaseLocation,
    attempt: &ConnectorAttempt,
    cause: sqlx::Error,
) -> ConnectorError {
    let cause: ConnectorCause = match cause {
        sqlx::Error::Io(cause) => NetworkError::ConnectionLost(Some(cause)).into(),
        cause => location.classify_error(cause).into(),
    };
    ConnectorError::new(connector, attempt.clone(), cause)
}

/// The positions of the mapped columns among those of a query.
fn places_in(
    connector: &ConnectorName,
    columns: &[&str],
    there: &[&str],
) -> Result<Vec<usize>, ConnectorError> {
    let place = |column: &&str| there.iter().position(|name| name.eq_ignore_ascii_case(column));
    missing(connector, columns, there)?;
    Ok(columns.iter().filter_map(place).collect())
}

/// A query of SQLite for the size of the mapped values of each row, and for these values if they are not too large. SQLite
/// knows the size of a stored value without reading it, and sqlx would take a large value several times into memory.
fn build_sqlite_query(query: &str, columns: usize, places: &[usize], most_bytes: u64) -> String {
    let join = |parts: Vec<String>, separator: &str| parts.join(separator);
    let names = join((0..columns).map(|column| format!("c{column}")).collect(), ", ");
    let sizes = places.iter().map(|place| format!("coalesce(octet_length(c{place}), 0)")).collect();
    let size = if places.is_empty() { "0".to_owned() } else { join(sizes, " + ") };
    let values = places.iter().map(|place| format!(", CASE WHEN size <= {most_bytes} THEN c{place} END"));
    format!(
        "WITH rollcall_rows({names}) AS ({query}\n) SELECT size{} FROM (SELECT {size} AS size, * FROM rollcall_rows)",
        values.collect::<String>()
    )
}

/// An extractor for the mapped columns of a JSON row.
fn build_extractor(
    connector: &ConnectorName,
    columns: &[&str],
    json: &str,
) -> Result<ValueExtractor, ConnectorError> {
    let row: BTreeMap<String, &RawValue> = serde_json::from_str(json).unwrap_or_default();
    let there: Vec<&str> = row.keys().map(String::as_str).collect();
    missing(connector, columns, &there)?;
    let named = |column: &&str| there.iter().find(|name| name.eq_ignore_ascii_case(column));
    let paths: Vec<ValuePath> =
        columns.iter().filter_map(named).map(|name| ValuePath::of_name(name)).collect();
    Ok(ValueExtractor::new(&paths))
}

fn missing(connector: &ConnectorName, columns: &[&str], there: &[&str]) -> Result<(), ConnectorError> {
    let lacks = |column: &&&str| !there.iter().any(|name| name.eq_ignore_ascii_case(column));
    let missing: Vec<String> = columns.iter().filter(lacks).map(|column| format!("`{column}`")).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let columns = there.iter().map(|column| format!("`{column}`")).collect();
    Err(ConnectorError::new(
        connector,
        ConnectorAttempt::RunQuery,
        SqlError::MissingColumns { missing, columns },
    ))
}

/// A SQLite value as text; `None` for a blob.
fn text_of(row: &SqliteRow, place: usize) -> Result<Option<String>, sqlx::Error> {
    let value = row.try_get_raw(place)?;
    if value.is_null() {
        return Ok(None);
    }
    Ok(match value.type_info().name() {
        "INTEGER" | "BOOLEAN" => Some(row.try_get_unchecked::<i64, _>(place)?.to_string()),
        "REAL" => Some(row.try_get_unchecked::<f64, _>(place)?.to_string()),
        "BLOB" => None,
        _ => Some(row.try_get_unchecked::<String, _>(place)?),
    })
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use sqlx::ConnectOptions;
    use sqlx::sqlite::SqliteConnectOptions;

    use super::*;
    use rollcall_model::secret::SecretText;

    /// The texts of the rows of a query on a database that `setup` makes.
    async fn read_rows(setup: &str, query: &str, columns: &[&str]) -> Result<Vec<String>, ConnectorError> {
        let folder = tempfile::TempDir::new().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("people.db").display());
        let options = SqliteConnectOptions::from_str(&url).expect("a URL").create_if_missing(true);
        let mut database = options.connect().await.expect("a database");
        sqlx::raw_sql(AssertSqlSafe(setup.to_owned())).execute(&mut database).await.expect("made");
        let settings = SqlSettings {
            database: SecretText::new(url),
            query: query.to_owned(),
            count_query: None,
            timeout: Duration::from_mins(1),
        };
        let name = ConnectorName::new("hr");
        let mut source = SqlSource::open(&name, &settings).await?;
        let (mut record, mut rows) = (RecordValues::default(), Vec::new());
        source
            .rows(columns, None, &mut record, |record| {
                rows.push(format!("{record:?}"));
                Ok(())
            })
            .await?;
        Ok(rows)
    }

    /// A row of which the mapped values are too large is refused before it is in memory. Other columns do not count, and
    /// columns may have the same name.
    #[tokio::test]
    async fn large_row_is_refused_by_its_size() {
        let most = ResourceLimit::RecordBytes.default_value();
        let setup = |bytes: u64| {
            format!(
                "CREATE TABLE people (id, text, photo);
                 INSERT INTO people VALUES (7, 'Ada', NULL), (8, printf('%.*c', {bytes}, 'x'), zeroblob(30000000))"
            )
        };
        let query = "WITH all_people AS (SELECT * FROM people) SELECT id, TEXT, photo, id FROM all_people ORDER BY id;";
        let columns = ["id", "text"];
        let rows = read_rows(&setup(most - 1), query, &columns).await.expect("read");
        assert_eq!(rows.len(), 2);
        assert!(rows[0].contains("Ada") && rows[0].contains('7'), "{}", rows[0]);
        let error = read_rows(&setup(most), query, &columns).await.expect_err("too large");
        assert!(error.is_exceeded_limit() && error.to_string().contains("`record_bytes`"), "{error}");
    }

    #[tokio::test]
    async fn pipe_in_the_place_of_a_database_is_refused() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let pipe = folder.path().join("people.db");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("it runs").success());
        let settings = SqlSettings {
            database: SecretText::new(format!("sqlite://{}", pipe.display())),
            query: "SELECT 1".to_owned(),
            count_query: None,
            timeout: Duration::from_mins(1),
        };
        let name = ConnectorName::new("hr");
        let error = SqlSource::open(&name, &settings).await.expect_err("no database");
        let cause = std::error::Error::source(&error).expect("a cause").to_string();
        assert!(format!("{error:?}").contains("NotRegular"), "{error} {cause}");
    }
}
