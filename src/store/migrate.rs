//! Bringing a database to this program's version.
//!
//! The migrations are built in. Processes that start at once on a fresh database wait for each other: on PostgreSQL
//! by an advisory lock that belongs to the transaction (a session's lock would not survive a pooler), on SQLite by
//! a lock on a file beside the database.

use std::fs::File;
use std::path::Path;

use chrono::Utc;
use sqlx::migrate::Migrator;

use super::Result;
use super::engine::{Sql, Store, Tx};
use super::error::{ErrorContext, StoreError};
use super::fault_injection::{StatementSide, inject_fault};
use super::param::params;
use super::{courses, learners};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// Any number that no other program on the same server uses.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7305808869231650)::text";

const TABLE: Sql = Sql::per_engine(
    "CREATE TABLE IF NOT EXISTS schema_migrations (
        version BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at DATETIME NOT NULL)",
    "CREATE TABLE IF NOT EXISTS schema_migrations (
        version BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at TIMESTAMPTZ NOT NULL)",
);

/// What has been applied, oldest first.
const APPLIED: &str = "SELECT version, checksum FROM schema_migrations ORDER BY version";

const NOTE: &str =
    "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)";

/// The migration that made columns which only the program can fill.
const SEARCH_TERMS_VERSION: i64 = 4;

pub(super) async fn migrate_store(store: &Store) -> Result<()> {
    let mut tx = store.begin_write().await?;
    if !tx.is_sqlite() {
        let _: (String,) = tx.fetch_one("wait for other migrations", LOCK, Vec::new()).await?;
    }
    tx.execute("make the table of migrations", TABLE, Vec::new()).await?;
    let applied: Vec<(i64, String)> =
        tx.fetch_all("read the applied migrations", APPLIED, Vec::new()).await?;
    let migrator = if tx.is_sqlite() { &SQLITE } else { &POSTGRES };
    let known = migrator.iter().map(|migration| migration.version).max().unwrap_or(0);
    if let Some(&(found, _)) = applied.last().filter(|(version, _)| *version > known) {
        return Err(StoreError::NewerVersion { found, known });
    }
    let mut new = Vec::new();
    for migration in migrator.iter() {
        let checksum = hex(&migration.checksum);
        match applied.iter().find(|(version, _)| *version == migration.version) {
            Some((version, found)) if *found != checksum => {
                return Err(StoreError::MigrationMismatch(*version));
            }
            Some(_) => {}
            None => {
                apply_migration(&mut tx, migration.sql.as_str()).await?;
                let args = params![migration.version, &*migration.description, checksum, Utc::now()];
                tx.execute("note a migration", NOTE, args).await?;
                new.push(migration.version);
            }
        }
    }
    if new.contains(&SEARCH_TERMS_VERSION) {
        learners::write_terms(&mut tx).await?;
        courses::fold_titles(&mut tx).await?;
    }
    tx.commit().await
}

async fn apply_migration(tx: &mut Tx, sql: &str) -> Result<()> {
    const DOING: &str = "apply a migration";
    inject_fault(StatementSide::Before, DOING, sql);
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    let applied = match tx {
        Tx::Sqlite(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(|_| ()),
        Tx::Postgres(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(|_| ()),
    };
    inject_fault(StatementSide::After, DOING, "");
    applied.context(DOING)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Takes the lock beside a SQLite file. It ends when the answer is dropped, or with the process.
pub(super) async fn lock_file(database: &Path) -> Result<File> {
    let path = database.to_owned();
    let opened = tokio::task::spawn_blocking(move || {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".lock");
        let file = File::options().create(true).truncate(false).write(true).open(beside)?;
        file.lock()?;
        Ok(file)
    })
    .await
    .unwrap_or_else(|panic| Err(std::io::Error::other(panic)));
    opened.map_err(|cause| StoreError::UnusableFile { path: database.to_owned(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_have_the_same_versions() {
        let versions = |migrator: &Migrator| -> Vec<(i64, String)> {
            migrator.iter().map(|migration| (migration.version, migration.description.to_string())).collect()
        };
        assert_eq!(versions(&SQLITE), versions(&POSTGRES));
    }
}
