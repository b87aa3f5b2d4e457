//! The database itself: which one, how large, how new.

use crate::Result;
use crate::param::params;
use crate::sql::{Sql, list_statements};
use crate::transaction::Tx;

/// The database.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct DatabaseInfo {
    /// `SQLite` or `PostgreSQL`.
    pub engine: String,
    /// Its version.
    pub version: String,
    /// Bytes on disk.
    pub bytes: i64,
}

const DATABASE: Sql = Sql::per_engine(
    "SELECT 'SQLite' AS engine, sqlite_version() AS version,
        (SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size()) AS bytes",
    "SELECT 'PostgreSQL' AS engine, current_setting('server_version') AS version,
        pg_database_size(current_database()) AS bytes",
);

/// Returns the engine, version and size of the database.
pub async fn get_database_info(tx: &mut Tx) -> Result<DatabaseInfo> {
    tx.fetch_one("look at the database", DATABASE, params![]).await
}

list_statements!(DATABASE);
