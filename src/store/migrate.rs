//! Migrations of the database schema.
//!
//! The migrations are compiled into the program. Processes that open a new database at the same time wait for each
//! other: on PostgreSQL with an advisory lock of the transaction (a session lock does not work behind a pooler), on
//! SQLite with a lock on a file beside the database. A schema that lacks nothing is only read, so that the role of the
//! service does not have to own it.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha384};

use super::Result;
use super::engine::Store;
use super::error::{ErrorContext, StoreError, may_not_change_schema};
use super::fault_injection::{StatementSide, inject_fault};
use super::param::params;
use super::sql::{Sql, list_statements};
use super::transaction::Tx;
use super::{courses, learners};

/// One step of the schema, in both dialects.
struct Migration {
    /// The name of its file, `NUMBER_WORDS`.
    file: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migration {
    ($file:literal) => {
        Migration {
            file: $file,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $file, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $file, ".sql")),
        }
    };
}

/// Every migration, in order. A file of `migrations/` that is not listed here is not applied.
const MIGRATIONS: &[Migration] = &[
    migration!("0001_directory_groups_enrollments"),
    migration!("0002_holds_undo"),
    migration!("0003_explain"),
    migration!("0004_pages"),
    migration!("0005_queue_history"),
    migration!("0006_decisions"),
    migration!("0007_limits_sign_in"),
];

impl Migration {
    /// The number before the first `_` of the file's name.
    fn version(&self) -> i64 {
        let digits = self.file.split('_').next().unwrap_or_default();
        digits.parse().expect("a migration's file name begins with its number")
    }

    /// The words after the number.
    fn description(&self) -> String {
        self.file.split('_').skip(1).collect::<Vec<_>>().join(" ")
    }

    fn sql(&self, is_sqlite: bool) -> &'static str {
        if is_sqlite { self.sqlite } else { self.postgres }
    }

    fn status(&self, applied: &[AppliedMigration]) -> MigrationStatus {
        let version = self.version();
        let applied = applied.iter().find(|(applied, ..)| *applied == version);
        let applied_at = applied.map(|(.., at)| *at);
        MigrationStatus { version, name: self.description(), applied_at }
    }
}

/// The checksum of a migration as it is noted in the database: SHA-384 of its text, in hexadecimal.
fn checksum(sql: &str) -> String {
    Sha384::digest(sql).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Any number that no other program on the same server uses.
const LOCK: Sql = Sql::for_postgres("SELECT pg_advisory_xact_lock(7305808869231650)::text");

const TABLE: Sql = Sql::per_engine(
    "CREATE TABLE IF NOT EXISTS schema_migrations (
        version BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at DATETIME NOT NULL)",
    "CREATE TABLE IF NOT EXISTS schema_migrations (
        version BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at TIMESTAMPTZ NOT NULL)",
);

/// Whether the table of migrations exists.
const HAS_TABLE: Sql = Sql::per_engine(
    "SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'",
    "SELECT to_regclass('schema_migrations') IS NOT NULL",
);

/// Applied migrations, oldest first.
const APPLIED: &str = "SELECT version, checksum, applied_at FROM schema_migrations ORDER BY version";

const NOTE: &str =
    "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)";

/// Migration that adds columns which only the program can fill.
const SEARCH_TERMS_VERSION: i64 = 4;

/// A migration of this program, and when the database took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// The number.
    pub version: i64,
    /// A description.
    pub name: String,
    /// When it was applied; none if it is missing.
    pub applied_at: Option<DateTime<Utc>>,
}

/// The migrations of this program without those that are applied.
fn list_missing(tx: &Tx, applied: &[AppliedMigration]) -> Result<Vec<&'static Migration>> {
    let known = MIGRATIONS.iter().map(Migration::version).max().unwrap_or(0);
    if let Some(&(found, ..)) = applied.last().filter(|(version, ..)| *version > known) {
        return Err(StoreError::NewerVersion { found, known });
    }
    let mut missing = Vec::new();
    for migration in MIGRATIONS {
        match applied.iter().find(|(version, ..)| *version == migration.version()) {
            Some((version, found, _)) if *found != checksum(migration.sql(tx.is_sqlite())) => {
                return Err(StoreError::MigrationMismatch(*version));
            }
            Some(_) => {}
            None => missing.push(migration),
        }
    }
    Ok(missing)
}

/// Version, checksum and time of a migration that the database took.
type AppliedMigration = (i64, String, DateTime<Utc>);

async fn has_table(tx: &mut Tx) -> Result<bool> {
    let (has_table,): (bool,) =
        tx.fetch_one("look for the table of migrations", HAS_TABLE, Vec::new()).await?;
    Ok(has_table)
}

async fn list_applied(tx: &mut Tx) -> Result<Vec<AppliedMigration>> {
    if !has_table(tx).await? {
        return Ok(Vec::new());
    }
    tx.fetch_all("read the applied migrations", APPLIED, Vec::new()).await
}

/// The state of a database that does not exist yet.
pub(super) fn all_missing() -> Vec<MigrationStatus> {
    MIGRATIONS.iter().map(|one| one.status(&[])).collect()
}

/// Compares the schema with this program.
pub(super) async fn read_status(store: &Store) -> Result<Vec<MigrationStatus>> {
    let mut tx = store.begin_read().await?;
    let applied = list_applied(&mut tx).await?;
    list_missing(&tx, &applied)?;
    Ok(MIGRATIONS.iter().map(|one| one.status(&applied)).collect())
}

/// Returns true if the schema lacks nothing.
///
/// # Errors
/// If the schema is newer than this program or was altered.
pub(super) async fn is_current(store: &Store) -> Result<bool> {
    let mut tx = store.begin_read().await?;
    let applied = list_applied(&mut tx).await?;
    Ok(list_missing(&tx, &applied)?.is_empty())
}

/// Applies what the schema lacks. A role that may not change the schema can use a schema that lacks nothing.
pub(super) async fn migrate_store(store: &Store) -> Result<()> {
    let found = {
        let mut tx = store.begin_read().await?;
        let applied = list_applied(&mut tx).await?;
        if list_missing(&tx, &applied)?.is_empty() {
            return Ok(());
        }
        applied.last().map_or(0, |(version, ..)| *version)
    };
    let needed = MIGRATIONS.iter().map(Migration::version).max().unwrap_or(0);
    apply_missing(store).await.map_err(|error| match error {
        StoreError::Query { cause, .. } if may_not_change_schema(&cause) => {
            StoreError::SchemaOutdated { found, needed, cause }
        }
        error => error,
    })
}

async fn apply_missing(store: &Store) -> Result<()> {
    let mut tx = store.begin_write().await?;
    if !tx.is_sqlite() {
        let _: (String,) = tx.fetch_one("wait for other migrations", LOCK, Vec::new()).await?;
    }
    // Looked at again under the lock: another process may have applied them.
    if !has_table(&mut tx).await? {
        tx.execute("make the table of migrations", TABLE, Vec::new()).await?;
    }
    let applied = list_applied(&mut tx).await?;
    let missing = list_missing(&tx, &applied)?;
    for migration in &missing {
        let sql = migration.sql(tx.is_sqlite());
        apply_migration(&mut tx, sql).await?;
        let args = params![migration.version(), migration.description(), checksum(sql), Utc::now()];
        tx.execute("note a migration", NOTE, args).await?;
    }
    if missing.iter().any(|migration| migration.version() == SEARCH_TERMS_VERSION) {
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
        Tx::Sqlite(tx, file) => {
            sqlx::raw_sql(sql).execute(&mut **tx).await.map(|_| ()).context_in(DOING, file)
        }
        Tx::Postgres(tx) => {
            let applied = tx.run(async |connection| sqlx::raw_sql(sql).execute(connection).await);
            applied.await.map(|_| ()).context(DOING)
        }
    };
    inject_fault(StatementSide::After, DOING, "");
    applied
}

/// Locks the file beside a SQLite database, and creates the database if it does not exist. The lock ends when the file is
/// dropped or the process exits.
///
/// Both files, and those that SQLite adds beside them with the same permissions, can be read by their owner only: they
/// hold personal data and password hashes.
pub(super) async fn lock_file(database: &Path) -> Result<File> {
    let path = database.to_owned();
    let opened = tokio::task::spawn_blocking(move || {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".lock");
        let mut private = File::options();
        private.create(true).truncate(false).write(true).mode(0o600);
        let file = private.open(beside)?;
        file.lock()?;
        private.open(&path)?;
        Ok(file)
    })
    .await
    .unwrap_or_else(|panic| Err(std::io::Error::other(panic)));
    opened.map_err(|cause| StoreError::UnusableFile { path: database.to_owned(), cause })
}

list_statements!(LOCK, TABLE, HAS_TABLE, APPLIED, NOTE);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Both folders hold exactly the listed files, and their numbers grow.
    #[test]
    fn every_migration_is_listed_for_both_databases() {
        let listed: BTreeSet<String> = MIGRATIONS.iter().map(|one| format!("{}.sql", one.file)).collect();
        for folder in ["sqlite", "postgres"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(folder);
            let found: BTreeSet<String> = std::fs::read_dir(folder)
                .expect("the folder is there")
                .map(|file| file.expect("a file").file_name().into_string().expect("a plain name"))
                .collect();
            assert_eq!(found, listed);
        }
        assert!(MIGRATIONS.is_sorted_by(|one, next| one.version() < next.version()));
    }
}
