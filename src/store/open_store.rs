//! Opens the database, and brings its schema up to date.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rustix::fs::Access;

use super::Result;
use super::engine::{Store, StoreOptions};
use super::error::StoreError;
use super::migrate::{self, MigrationStatus};

/// The first bytes of an SQLite file.
const HEADER: &[u8] = b"SQLite format 3\0";

/// Place and value of the byte of a SQLite file that says that it is in WAL mode.
const WAL_MODE: (usize, u8) = (18, 2);

impl Store {
    /// Opens the database and applies what its schema lacks. A SQLite file is created if it does not exist.
    ///
    /// # Errors
    /// If the database cannot be opened, its schema is newer than this program, or the schema is older and the role may
    /// not change it.
    pub async fn open(options: &StoreOptions) -> Result<Self> {
        let (store, file) = Self::prepare(options)?;
        // Only a new or outdated SQLite database is locked, so that no other process waits for one that looks.
        if is_ready_to_read(file.as_deref()).await && migrate::is_current(&store).await? {
            return Ok(store);
        }
        let lock = lock_database(file.as_deref()).await?;
        let migrated = migrate::migrate_store(&store).await;
        drop(lock);
        migrated.map(|()| store)
    }

    /// Returns every migration of this program, and whether the database has it. Nothing is created or changed.
    ///
    /// # Errors
    /// If the database cannot be opened or created, or its schema is newer than this program.
    pub async fn read_migrations(options: &StoreOptions) -> Result<Vec<MigrationStatus>> {
        let (store, file) = Self::prepare(options)?;
        if let Some(path) = file.clone() {
            let checked = tokio::task::spawn_blocking(move || check_file(&path)).await;
            checked.map_err(StoreError::TaskFailed)??;
        }
        if file.as_ref().is_some_and(|path| !path.exists()) {
            return Ok(migrate::all_missing());
        }
        let is_ready = is_ready_to_read(file.as_deref()).await;
        let lock = if is_ready { None } else { lock_database(file.as_deref()).await? };
        let status = migrate::read_status(&store).await;
        store.close().await;
        drop(lock);
        status
    }
}

/// Checks that this process may use the file of a SQLite database, or create it.
fn check_file(path: &Path) -> Result<()> {
    let unusable = |cause: std::io::Error| StoreError::UnusableFile { path: path.to_owned(), cause };
    if path.exists() {
        let file = File::options().read(true).write(true).open(path).map_err(unusable)?;
        return check_header(&file).map_err(unusable);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let access = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    rustix::fs::access(folder, access).map_err(|error| unusable(error.into()))
}

/// Checks that a file begins as an SQLite database does; an empty file is a new database.
fn check_header(file: &File) -> std::io::Result<()> {
    let mut header = Vec::new();
    file.take(HEADER.len() as u64).read_to_end(&mut header)?;
    if header.is_empty() || header == HEADER {
        return Ok(());
    }
    Err(std::io::Error::new(
        std::io::ErrorKind::InvalidData,
        "the file is damaged, or is not an SQLite database",
    ))
}

/// Returns true if a database can be read without a lock: on PostgreSQL always, on SQLite if the file is in WAL mode, so
/// that a connection does not switch it.
async fn is_ready_to_read(file: Option<&Path>) -> bool {
    let Some(path) = file.map(Path::to_owned) else { return true };
    let read = tokio::task::spawn_blocking(move || {
        let mut header = [0; WAL_MODE.0 + 1];
        File::open(path)?.read_exact(&mut header)?;
        Ok::<_, std::io::Error>(header[WAL_MODE.0] == WAL_MODE.1)
    });
    matches!(read.await, Ok(Ok(true)))
}

/// Locks a SQLite database: it takes no lock of its own for the switch to WAL and for migrations.
async fn lock_database(file: Option<&Path>) -> Result<Option<File>> {
    match file {
        Some(path) => migrate::lock_file(path).await.map(Some),
        None => Ok(None),
    }
}
