//! A transaction on a PostgreSQL server that may become silent.
//!
//! A server that no longer answers does not close the connection: the machine, or a device on the way, is gone. Each
//! statement therefore has a time limit. A connection on which a statement has not ended is closed, and never goes back
//! to the pool; so is one that does not confirm the end of its transaction.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::PgTransactionManager;
use sqlx::{PgConnection, PgPool, Postgres, SqlStr};
use sqlx_core::transaction::TransactionManager;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tracing::warn;

use rollcall_model::resource_limits::ResourceLimit;

/// Time in which the server must confirm the end of a transaction, and that a connection of the pool is alive.
pub(super) const REPLY_TIMEOUT: Duration = Duration::from_secs(3);

/// A transaction on a PostgreSQL server. Dropping it rolls it back.
#[derive(Debug)]
pub struct PostgresTransaction {
    connection: PoolConnection<Postgres>,
    statement_timeout: Duration,
    /// True while a statement has begun and not ended.
    is_waiting: bool,
}

impl PostgresTransaction {
    /// Begins a transaction with a statement such as `BEGIN`.
    ///
    /// # Errors
    /// If no connection can be opened, or the server does not answer in time.
    pub(super) async fn begin(
        pool: PgPool,
        statement: &'static str,
        statement_timeout: Duration,
    ) -> sqlx::Result<Self> {
        let connection = pool.acquire().await?;
        let mut transaction = Self { connection, statement_timeout, is_waiting: false };
        let begin = Some(SqlStr::from_static(statement));
        transaction.run(async |connection| PgTransactionManager::begin(connection, begin).await).await?;
        Ok(transaction)
    }

    /// Runs one statement, within the time limit of statements.
    ///
    /// # Errors
    /// If the statement fails, or the server does not answer in time.
    pub(super) async fn run<T>(
        &mut self,
        statement: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
    ) -> sqlx::Result<T> {
        self.is_waiting = true;
        let Ok(ended) = timeout(self.statement_timeout, statement(&mut self.connection)).await else {
            ResourceLimit::StatementSeconds.record_reached();
            return Err(sqlx::Error::Io(silent_server(self.statement_timeout)));
        };
        self.is_waiting = false;
        ended
    }

    /// Commits the transaction.
    ///
    /// # Errors
    /// If the connection is lost or silent, the transaction may or may not be committed.
    pub(super) async fn commit(mut self) -> sqlx::Result<()> {
        self.run(async |connection| PgTransactionManager::commit(connection).await).await
    }

    /// Rolls the transaction back.
    ///
    /// # Errors
    /// If the connection is lost or silent. The transaction is rolled back in this case too.
    pub(super) async fn rollback(mut self) -> sqlx::Result<()> {
        self.run(async |connection| PgTransactionManager::rollback(connection).await).await
    }
}

impl Drop for PostgresTransaction {
    fn drop(&mut self) {
        if self.is_waiting {
            self.connection.close_on_drop();
            return;
        }
        PgTransactionManager::start_rollback(&mut self.connection);
        // The pool waits without a limit until the server has confirmed the rollback.
        if let Ok(runtime) = Handle::try_current() {
            let returned = self.connection.return_to_pool();
            runtime.spawn(async move {
                if timeout(REPLY_TIMEOUT, returned).await.is_err() {
                    warn!("a connection to PostgreSQL is silent, and was closed");
                }
            });
        }
    }
}

/// The error of a connection of the pool whose server does not answer.
pub(super) fn silent_server(after: Duration) -> std::io::Error {
    let message = format!("the PostgreSQL server has not answered for {} s", after.as_secs());
    std::io::Error::new(std::io::ErrorKind::TimedOut, message)
}
