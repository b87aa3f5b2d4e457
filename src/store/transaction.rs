//! Transactions on either engine, and the statements that run in them.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use sqlx::{Executor, SqlSafeStr, Sqlite, Transaction};
use tracing::trace;

use super::Result;
use super::error::ErrorContext;
use super::fault_injection::{StatementSide, inject_fault};
use super::param::{FromEngineRow, Param, postgres_query, sqlite_query};
use super::postgres_transaction::PostgresTransaction;
use super::sql::Sql;

/// A transaction on either engine. Dropping it rolls it back.
#[derive(Debug)]
pub enum Tx {
    /// On the embedded database, with its file.
    Sqlite(Transaction<'static, Sqlite>, Arc<Path>),
    /// On a PostgreSQL server.
    Postgres(PostgresTransaction),
}

impl Tx {
    /// The text for this engine.
    #[must_use]
    pub fn sql_text(&self, sql: Sql) -> &'static str {
        match self {
            Self::Sqlite(..) => sql.sqlite,
            Self::Postgres(_) => sql.postgres,
        }
    }

    /// Returns true if this is the embedded database.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(..))
    }

    /// Runs a statement and returns the number of affected rows. `doing` completes "the database could not …".
    ///
    /// # Errors
    /// If the statement fails. The transaction can then only be rolled back.
    pub async fn execute(
        &mut self,
        doing: &'static str,
        sql: impl Into<Sql>,
        args: Vec<Param>,
    ) -> Result<u64> {
        let text = self.sql_text(sql.into());
        let began = Instant::now();
        inject_fault(StatementSide::Before, doing, text);
        let done = match self {
            Self::Sqlite(tx, file) => {
                let done = sqlite_query(text, args).execute(&mut **tx).await;
                done.map(|done| done.rows_affected()).context_in(doing, file)
            }
            Self::Postgres(tx) => {
                let done = tx.run(async |connection| postgres_query(text, args).execute(connection).await);
                done.await.map(|done| done.rows_affected()).context(doing)
            }
        };
        inject_fault(StatementSide::After, doing, text);
        trace!(doing, rows = done.as_ref().ok(), ms = began.elapsed().as_millis(), "ran a statement");
        done
    }

    /// Runs a query and returns all its rows.
    pub async fn fetch_all<T: FromEngineRow>(
        &mut self,
        doing: &'static str,
        sql: impl Into<Sql>,
        args: Vec<Param>,
    ) -> Result<Vec<T>> {
        let mut rows = Vec::new();
        self.fetch_each(doing, sql, args, |row| rows.push(row)).await?;
        Ok(rows)
    }

    /// Runs a query and passes its rows to `take` one by one, without collecting them.
    pub async fn fetch_each<T: FromEngineRow>(
        &mut self,
        doing: &'static str,
        sql: impl Into<Sql>,
        args: Vec<Param>,
        mut take: impl FnMut(T),
    ) -> Result<()> {
        use futures_util::TryStreamExt;
        let text = self.sql_text(sql.into());
        let began = Instant::now();
        inject_fault(StatementSide::Before, doing, text);
        match self {
            Self::Sqlite(tx, file) => {
                let mut rows = sqlite_query(text, args).fetch(&mut **tx);
                while let Some(row) = rows.try_next().await.context_in(doing, file)? {
                    take(T::from_row(&row).context(doing)?);
                }
            }
            Self::Postgres(tx) => {
                let read = tx.run(async |connection| {
                    let mut rows = postgres_query(text, args).fetch(connection);
                    while let Some(row) = rows.try_next().await? {
                        take(T::from_row(&row)?);
                    }
                    Ok(())
                });
                read.await.context(doing)?;
            }
        }
        inject_fault(StatementSide::After, doing, text);
        trace!(doing, ms = began.elapsed().as_millis(), "ran a query");
        Ok(())
    }

    /// Runs a query and returns its first row, if any.
    pub async fn fetch_optional<T: FromEngineRow>(
        &mut self,
        doing: &'static str,
        sql: impl Into<Sql>,
        args: Vec<Param>,
    ) -> Result<Option<T>> {
        Ok(self.fetch_all(doing, sql, args).await?.into_iter().next())
    }

    /// Runs a query that always returns a row.
    ///
    /// # Errors
    /// If there is no row.
    pub async fn fetch_one<T: FromEngineRow>(
        &mut self,
        doing: &'static str,
        sql: impl Into<Sql>,
        args: Vec<Param>,
    ) -> Result<T> {
        self.fetch_optional(doing, sql, args).await?.ok_or(sqlx::Error::RowNotFound).context(doing)
    }

    /// Prepares a statement without running it, with the types of parameters that the engine infers.
    ///
    /// # Errors
    /// When the statement does not fit the schema.
    pub(super) async fn prepare(&mut self, sql: Sql) -> std::result::Result<(), sqlx::Error> {
        let text = sqlx::AssertSqlSafe(self.sql_text(sql)).into_sql_str();
        match self {
            Self::Sqlite(tx, _) => (**tx).prepare(text).await.map(|_| ()),
            Self::Postgres(tx) => tx.run(async |connection| connection.prepare(text).await.map(|_| ())).await,
        }
    }

    /// Commits the transaction.
    ///
    /// # Errors
    /// If the connection is lost, the transaction may or may not be committed.
    pub async fn commit(self) -> Result<()> {
        inject_fault(StatementSide::Before, "commit", "COMMIT");
        let done = match self {
            Self::Sqlite(tx, file) => tx.commit().await.context_in("commit", &file),
            Self::Postgres(tx) => tx.commit().await.context("commit"),
        };
        inject_fault(StatementSide::After, "commit", "COMMIT");
        done
    }

    /// Rolls the transaction back now rather than when the connection is next used.
    ///
    /// # Errors
    /// If the connection is lost. The transaction is rolled back in this case too.
    pub async fn rollback(self) -> Result<()> {
        match self {
            Self::Sqlite(tx, _) => tx.rollback().await,
            Self::Postgres(tx) => tx.rollback().await,
        }
        .context("roll back")
    }
}
