//! Leases of connectors: a row with the holder, an expiry time by the database's clock, and a fence number that excludes
//! holders whose lease has expired.

use chrono::{DateTime, TimeDelta, Utc};

use super::Result;
use super::param::params;
use super::sql::{Sql, list_statements};
use super::transaction::Tx;

/// Duration of a lease without renewal, in seconds.
pub const LEASE_SECONDS: i64 = 15;

/// A lease that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Resource of the lease, such as `connector:corp`.
    pub name: String,
    /// Holder of the lease.
    pub holder: String,
    /// The number under which it is held.
    pub fence: i64,
}

/// SQLite's clock is the machine's, which the program binds.
const NOW: Sql = Sql::per_engine("SELECT $1", "SELECT clock_timestamp() WHERE $1::timestamptz IS NOT NULL");

/// Takes a lease that is free or has run out.
const TAKE: &str = "
    INSERT INTO leases (name, holder, fence, expires_at) VALUES ($1, $2, 1, $4)
    ON CONFLICT (name) DO UPDATE
    SET holder = excluded.holder, fence = leases.fence + 1, expires_at = excluded.expires_at, cancelled_by = NULL
    WHERE leases.expires_at <= $3
    RETURNING fence";

const RENEW: &str = "
    UPDATE leases SET expires_at = $5
    WHERE name = $1 AND holder = $2 AND fence = $3 AND expires_at > $4 AND cancelled_by IS NULL";

const CANCEL: &str =
    "UPDATE leases SET cancelled_by = $2 WHERE name = $1 AND expires_at > $3 RETURNING holder";

const CANCELLED_BY: &str = "
    SELECT cancelled_by FROM leases WHERE name = $1 AND holder = $2 AND fence = $3 AND cancelled_by IS NOT NULL";

/// Ends a lease at once; the row stays, so that the next number is a higher one.
const GIVE_BACK: &str = "UPDATE leases SET expires_at = $4 WHERE name = $1 AND holder = $2 AND fence = $3";

const HOLDER: &str = "SELECT holder FROM leases WHERE name = $1 AND expires_at > $2";

/// The time, by the clock that all who share the database share.
pub async fn database_time(tx: &mut Tx) -> Result<DateTime<Utc>> {
    let (now,): (DateTime<Utc>,) = tx.fetch_one("read the clock", NOW, params![Utc::now()]).await?;
    Ok(now)
}

/// Acquires a lease that is free or has expired.
pub async fn acquire(tx: &mut Tx, name: &str, holder: &str) -> Result<Option<Lease>> {
    let now = database_time(tx).await?;
    let until = now + TimeDelta::seconds(LEASE_SECONDS);
    let row: Option<(i64,)> =
        tx.fetch_optional("take a lease", TAKE, params![name, holder, now, until]).await?;
    Ok(row.map(|(fence,)| Lease { name: name.to_owned(), holder: holder.to_owned(), fence }))
}

/// Renews a lease and returns true if it was still held and is not cancelled. Inside a commit's transaction this locks the lease, so that no
/// other process can acquire it before the commit.
pub async fn renew(tx: &mut Tx, lease: &Lease) -> Result<bool> {
    let now = database_time(tx).await?;
    let until = now + TimeDelta::seconds(LEASE_SECONDS);
    let args = params![lease.name.as_str(), lease.holder.as_str(), lease.fence, now, until];
    Ok(tx.execute("renew a lease", RENEW, args).await? == 1)
}

/// Releases a lease.
///
/// # Errors
/// If the database fails. The lease then expires on its own.
pub async fn release(tx: &mut Tx, lease: &Lease) -> Result<()> {
    let now = database_time(tx).await?;
    let args = params![lease.name.as_str(), lease.holder.as_str(), lease.fence, now];
    tx.execute("give a lease back", GIVE_BACK, args).await.map(|_| ())
}

/// Cancels a lease: it cannot be renewed, so its holder cannot commit. Returns the holder, if there is one.
pub async fn cancel(tx: &mut Tx, name: &str, actor: &str) -> Result<Option<String>> {
    let now = database_time(tx).await?;
    let row: Option<(String,)> =
        tx.fetch_optional("cancel a lease", CANCEL, params![name, actor, now]).await?;
    Ok(row.map(|(holder,)| holder))
}

/// Returns who cancelled a lease, if it was cancelled.
pub async fn get_canceller(tx: &mut Tx, lease: &Lease) -> Result<Option<String>> {
    let args = params![lease.name.as_str(), lease.holder.as_str(), lease.fence];
    let row: Option<(String,)> = tx.fetch_optional("look at a cancelled lease", CANCELLED_BY, args).await?;
    Ok(row.map(|(actor,)| actor))
}

/// Returns the current holder of a lease.
pub async fn get_holder(tx: &mut Tx, name: &str) -> Result<Option<String>> {
    let now = database_time(tx).await?;
    let row: Option<(String,)> = tx.fetch_optional("look at a lease", HOLDER, params![name, now]).await?;
    Ok(row.map(|(holder,)| holder))
}

list_statements!(NOW, TAKE, RENEW, CANCEL, CANCELLED_BY, GIVE_BACK, HOLDER);
