//! Connection to the database, SQLite or PostgreSQL.
//!
//! Statements are not kept prepared on the server, so that a pooler in transaction mode may be used.
//!
//! A test can kill or stop the process before or after each begin, statement and commit: see
//! [`super::fault_injection`]. Release builds do not contain this code.

use std::future::ready;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Database, PgConnection, PgPool, Pool, SqlitePool};

use super::Result;
use super::database_place::{DatabasePlace, DatabaseServer};
use super::error::{StoreError, classify_begin_error};
use super::fault_injection::{StatementSide, inject_fault};
use super::param::params;
use super::postgres_transaction::{PostgresTransaction, REPLY_TIMEOUT, silent_server};
use super::sql::{Sql, list_statements};
use super::transaction::Tx;
use rollcall_model::secret::SecretText;

/// Time that a statement waits for SQLite's one writer. The first commit of a large directory takes seconds.
const BUSY_TIMEOUT: Duration = Duration::from_mins(1);

/// Time that a command waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// Time of the attempt that finds out why the server cannot be reached.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);

/// Cache of each SQLite connection: 32 MiB. Larger sorts use a temporary file.
const CACHE_SIZE: &str = "-32768";

/// Bytes a page of SQLite, as it has been since 2016.
const PAGE_BYTES: u64 = 4096;

/// Options for opening a database.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// `sqlite://PATH` or `postgres://…`.
    pub url: SecretText,
    /// The most bytes that a SQLite file may grow to.
    pub max_size: Option<u64>,
    /// The most connections of this process.
    pub connections: u32,
    /// The most time of one statement on a PostgreSQL server.
    pub statement_timeout: Duration,
}

/// The database.
#[derive(Debug, Clone)]
pub struct Store {
    pools: ConnectionPools,
}

#[derive(Debug, Clone)]
enum ConnectionPools {
    /// `durable` syncs the disk at every commit; `relaxed` leaves this to the next commit of `durable`.
    Sqlite {
        durable: SqlitePool,
        relaxed: SqlitePool,
        file: Arc<Path>,
    },
    Postgres {
        pool: PgPool,
        server: Arc<DatabaseServer>,
        statement_timeout: Duration,
    },
}

/// Time limits on the server. One ends an idle transaction: a process that was suspended inside a transaction finds it
/// rolled back. The other ends a statement whose client has given up.
const SERVER_TIMEOUTS: Sql = Sql::for_postgres(
    "SELECT set_config('idle_in_transaction_session_timeout', '20s', true) || set_config('statement_timeout', $1, true)",
);

impl Store {
    /// Prepares the connections, and returns the file of a SQLite database. Nothing is opened.
    pub(super) fn prepare(options: &StoreOptions) -> Result<(Self, Option<PathBuf>)> {
        let url = options.url.reveal();
        if url.starts_with("sqlite:") {
            Self::prepare_sqlite(url, options).map(|(store, path)| (store, Some(path)))
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Self::prepare_postgres(url, options).map(|store| (store, None))
        } else {
            let reason = "it must begin with `sqlite://` or `postgres://`".to_owned();
            Err(StoreError::InvalidUrl { reason })
        }
    }

    // Both engines close a connection whose last transaction did not end instead of using it again. SQLite ends a
    // transaction by itself when the disk is full: the rollback that follows is an error then, sqlx still counts a
    // transaction on the connection, and every later begin on it would fail.
    fn prepare_sqlite(url: &str, options: &StoreOptions) -> Result<(Self, PathBuf)> {
        let connect = SqliteConnectOptions::from_str(url)
            .map_err(|_| StoreError::InvalidUrl { reason: "it is not a valid SQLite URL".to_owned() })?;
        let path = connect.get_filename().to_owned();
        let connect = connect
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("cache_size", CACHE_SIZE)
            .disable_statement_logging();
        let connect = match options.max_size {
            Some(bytes) => connect.pragma("max_page_count", (bytes / PAGE_BYTES).max(1).to_string()),
            None => connect,
        };
        let pool = SqlitePoolOptions::new()
            .max_connections(options.connections)
            .acquire_timeout(BUSY_TIMEOUT + ACQUIRE_TIMEOUT)
            .before_acquire(|connection, _| Box::pin(ready(Ok(!connection.is_in_transaction()))));
        let durable = pool.clone().connect_lazy_with(connect.clone().synchronous(SqliteSynchronous::Full));
        let relaxed = pool.connect_lazy_with(connect.synchronous(SqliteSynchronous::Normal));
        Ok((Self { pools: ConnectionPools::Sqlite { durable, relaxed, file: path.as_path().into() } }, path))
    }

    fn prepare_postgres(url: &str, options: &StoreOptions) -> Result<Self> {
        let connect = PgConnectOptions::from_str(url)
            .map_err(|_| StoreError::InvalidUrl { reason: "it is not a valid PostgreSQL URL".to_owned() })?
            .statement_cache_capacity(0)
            .extra_float_digits(None)
            .application_name("rollcall")
            .disable_statement_logging();
        let server = Arc::new(describe_server(&connect));
        let pool = PgPoolOptions::new()
            .max_connections(options.connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(|connection, _| Box::pin(is_usable(connection)))
            .connect_lazy_with(connect);
        let statement_timeout = options.statement_timeout;
        Ok(Self { pools: ConnectionPools::Postgres { pool, server, statement_timeout } })
    }

    /// Begins a read transaction on one snapshot of the database.
    ///
    /// # Errors
    /// If no connection can be opened.
    pub async fn begin_read(&self) -> Result<Tx> {
        match &self.pools {
            ConnectionPools::Sqlite { durable, file, .. } => begin_sqlite(durable, "BEGIN", file).await,
            ConnectionPools::Postgres { pool, server, statement_timeout } => {
                let statement = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                begin_postgres(pool, statement, server, *statement_timeout).await
            }
        }
    }

    /// Begins a write transaction whose commit survives a power failure.
    ///
    /// # Errors
    /// If no connection can be opened, or SQLite's writer is busy for too long.
    pub async fn begin_write(&self) -> Result<Tx> {
        match &self.pools {
            ConnectionPools::Sqlite { durable, file, .. } => {
                begin_sqlite(durable, "BEGIN IMMEDIATE", file).await
            }
            ConnectionPools::Postgres { pool, server, statement_timeout } => {
                begin_with_timeouts(pool, server, *statement_timeout).await
            }
        }
    }

    /// Begins a write transaction of a worker. On SQLite a power failure may lose its commit. The removal of the jobs is
    /// lost with it, so they are processed again.
    ///
    /// # Errors
    /// If no connection can be opened, or SQLite's writer is busy for too long.
    pub async fn begin_drain(&self) -> Result<Tx> {
        match &self.pools {
            ConnectionPools::Sqlite { relaxed, file, .. } => {
                begin_sqlite(relaxed, "BEGIN IMMEDIATE", file).await
            }
            ConnectionPools::Postgres { pool, server, statement_timeout } => {
                begin_with_timeouts(pool, server, *statement_timeout).await
            }
        }
    }

    /// Returns true if several machines can share this database.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.pools, ConnectionPools::Postgres { .. })
    }

    /// Returns how many connections are in use, of the fuller pool, and how many there may be.
    #[must_use]
    pub fn connections_in_use(&self) -> (u32, u32) {
        fn count<D: Database>(pool: &Pool<D>) -> (u32, u32) {
            let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
            (pool.size().saturating_sub(idle), pool.options().get_max_connections())
        }
        match &self.pools {
            ConnectionPools::Sqlite { durable, relaxed, .. } => count(durable).max(count(relaxed)),
            ConnectionPools::Postgres { pool, .. } => count(pool),
        }
    }

    /// Closes every connection.
    pub async fn close(&self) {
        match &self.pools {
            ConnectionPools::Sqlite { durable, relaxed, .. } => {
                relaxed.close().await;
                durable.close().await;
            }
            ConnectionPools::Postgres { pool, .. } => pool.close().await,
        }
    }
}

/// Names the server of a connection. PostgreSQL names the database as the account if it is not said.
fn describe_server(options: &PgConnectOptions) -> DatabaseServer {
    let account = options.get_username().to_owned();
    let database = options.get_database().map_or_else(|| account.clone(), str::to_owned);
    let socket = options.get_socket().map(|socket| socket.display().to_string());
    let host = socket.unwrap_or_else(|| options.get_host().to_owned());
    DatabaseServer { address: format!("{host}:{}", options.get_port()), account, database }
}

async fn begin_sqlite(pool: &SqlitePool, statement: &'static str, file: &Arc<Path>) -> Result<Tx> {
    let cloned = pool.clone();
    let begun = async move { cloned.begin_with(statement).await };
    let place = || DatabasePlace::File(Arc::clone(file));
    begin_apart(pool, begun, place).await.map(|tx| Tx::Sqlite(tx, Arc::clone(file)))
}

async fn begin_postgres(
    pool: &PgPool,
    statement: &'static str,
    server: &Arc<DatabaseServer>,
    statement_timeout: Duration,
) -> Result<Tx> {
    let begun = PostgresTransaction::begin(pool.clone(), statement, statement_timeout);
    let place = || DatabasePlace::Server(Arc::clone(server));
    begin_apart(pool, begun, place).await.map(Tx::Postgres)
}

async fn begin_with_timeouts(
    pool: &PgPool,
    server: &Arc<DatabaseServer>,
    statement_timeout: Duration,
) -> Result<Tx> {
    let mut tx = begin_postgres(pool, "BEGIN", server, statement_timeout).await?;
    let milliseconds = statement_timeout.as_millis().to_string();
    let _: (String,) = tx.fetch_one("set the time limits", SERVER_TIMEOUTS, params![milliseconds]).await?;
    Ok(tx)
}

/// Returns true if the server answers on a connection of the pool and the connection is in no transaction.
async fn is_usable(connection: &mut PgConnection) -> sqlx::Result<bool> {
    match tokio::time::timeout(REPLY_TIMEOUT, connection.ping()).await {
        Ok(answer) => answer.map(|()| !connection.is_in_transaction()),
        Err(_) => Err(sqlx::Error::Io(silent_server(REPLY_TIMEOUT))),
    }
}

/// Begins a transaction in a separate task. If the caller is cancelled, the complete transaction is dropped and rolled
/// back. Without the task, sqlx would return the connection to the pool inside a half-begun transaction.
async fn begin_apart<D: Database, T: Send + 'static>(
    pool: &Pool<D>,
    begun: impl Future<Output = sqlx::Result<T>> + Send + 'static,
    place: impl Fn() -> DatabasePlace,
) -> Result<T> {
    inject_fault(StatementSide::Before, "begin", "BEGIN");
    let begun = tokio::spawn(begun).await;
    inject_fault(StatementSide::After, "begin", "BEGIN");
    match begun.map_err(StoreError::TaskFailed)? {
        Ok(begun) => Ok(begun),
        Err(error) => Err(classify_begin_error(find_cause(pool, error).await, place())),
    }
}

/// A pool tries to connect until its time is over, and then reports only that. One more attempt gives the cause.
async fn find_cause<D: Database>(pool: &Pool<D>, error: sqlx::Error) -> sqlx::Error {
    if !matches!(error, sqlx::Error::PoolTimedOut) || pool.size() > 0 {
        return error;
    }
    match tokio::time::timeout(ATTEMPT_TIMEOUT, pool.connect_options().connect()).await {
        Ok(Err(cause)) => cause,
        Ok(Ok(_)) | Err(_) => error,
    }
}

list_statements!(SERVER_TIMEOUTS);
