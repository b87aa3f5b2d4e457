//! Running services that share this database.

use chrono::{DateTime, TimeDelta, Utc};

use super::Result;
use super::leases::database_time;
use super::param::params;
use super::sql::list_statements;
use super::transaction::Tx;

const BEAT: &str = "
    INSERT INTO nodes (id, host, version, file_digest, started_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (id) DO UPDATE SET file_digest = excluded.file_digest, seen_at = excluded.seen_at";

const LEAVE: &str = "DELETE FROM nodes WHERE id = $1";

/// Deletes rows of services that did not remove them.
const FORGET: &str = "DELETE FROM nodes WHERE seen_at < $1";

const ALIVE: &str = "SELECT count(*) FROM nodes WHERE host = $1 AND seen_at >= $2";

const DIFFERING: &str = "
    SELECT id, host FROM nodes WHERE file_digest <> $1 AND seen_at >= $2 ORDER BY host, id";

/// A service that is alive.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct ServiceNode {
    /// The machine.
    pub host: String,
    /// The program's version.
    pub version: String,
    /// The digest of the file that it goes by.
    pub file_digest: String,
    /// Time of the first heartbeat.
    pub started_at: DateTime<Utc>,
    /// The last sign of life, by the database's clock.
    pub seen_at: DateTime<Utc>,
}

const LIVING: &str = "
    SELECT host, version, file_digest, started_at, seen_at FROM nodes WHERE seen_at >= $1 ORDER BY host, id";

/// Maximum age of the last heartbeat of a running service.
const HEARTBEAT_TIMEOUT: TimeDelta = TimeDelta::seconds(30);

/// Writes a heartbeat by the database's clock and deletes services without a heartbeat for a day.
pub async fn write_heartbeat(
    tx: &mut Tx,
    id: &str,
    host: &str,
    digest: &str,
    started: DateTime<Utc>,
) -> Result<()> {
    let now = database_time(tx).await?;
    let args = params![id, host, env!("CARGO_PKG_VERSION"), digest, started, now];
    tx.execute("write a heartbeat", BEAT, args).await?;
    tx.execute("delete old heartbeats", FORGET, params![now - TimeDelta::days(1)]).await.map(|_| ())
}

/// Deletes the row of a service.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<()> {
    tx.execute("delete a heartbeat", LEAVE, params![id]).await.map(|_| ())
}

/// Returns true if a service on a host has a recent heartbeat.
pub async fn is_host_alive(tx: &mut Tx, host: &str) -> Result<bool> {
    let since = database_time(tx).await? - HEARTBEAT_TIMEOUT;
    let (count,): (i64,) = tx.fetch_one("read heartbeats", ALIVE, params![host, since]).await?;
    Ok(count > 0)
}

/// The services of one process, by the beginning of their ids.
const LIVING_HOLDER: &str =
    "SELECT count(*) FROM nodes WHERE substr(id, 1, length($1)) = $1 AND seen_at >= $2";

/// Returns true if the service of this holder (see `rollcall_core::sync::lease::holder_name`) is alive.
pub async fn is_holder_alive(tx: &mut Tx, holder: &str) -> Result<bool> {
    let since = database_time(tx).await? - HEARTBEAT_TIMEOUT;
    let start = format!("{holder}/");
    let (count,): (i64,) = tx.fetch_one("read heartbeats", LIVING_HOLDER, params![start, since]).await?;
    Ok(count > 0)
}

/// Every service that is alive, by machine.
pub async fn list_alive(tx: &mut Tx) -> Result<Vec<ServiceNode>> {
    let since = database_time(tx).await? - HEARTBEAT_TIMEOUT;
    tx.fetch_all("list the services", LIVING, params![since]).await
}

/// The ids and hosts of living services that go by another file than the one of this digest. An id begins with the holder
/// (see `rollcall_core::sync::lease::holder_name`) and a slash.
pub async fn list_with_other_config(tx: &mut Tx, digest: &str) -> Result<Vec<(String, String)>> {
    let since = database_time(tx).await? - HEARTBEAT_TIMEOUT;
    tx.fetch_all("compare files", DIFFERING, params![digest, since]).await
}

list_statements!(BEAT, LEAVE, FORGET, ALIVE, DIFFERING, LIVING, LIVING_HOLDER);
