//! Sessions.

use chrono::{DateTime, Utc};

use super::Result;
use super::param::params;
use super::sql::{Sql, list_statements};
use super::transaction::Tx;
use rollcall_model::ids::AccountId;

/// A session of an account.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct Session {
    /// The account.
    pub account_id: AccountId,
    /// Its address.
    pub email: String,
    /// Its name.
    pub name: String,
    /// The role.
    pub role: rollcall_model::role::Role,
    /// Time of sign-in.
    pub started_at: DateTime<Utc>,
    /// Time of the last request, to the minute.
    pub seen_at: DateTime<Utc>,
}

const BY_DIGEST: &str = "
    SELECT s.account_id, a.email, a.name, a.role, s.started_at, s.seen_at
    FROM sessions s JOIN accounts a ON a.id = s.account_id
    WHERE s.digest = $1 AND a.deactivated_run_id IS NULL";

/// Returns the session of a cookie.
pub async fn get_by_digest(tx: &mut Tx, digest: &str) -> Result<Option<Session>> {
    tx.fetch_optional("find a session", BY_DIGEST, params![digest]).await
}

const START: &str = "INSERT INTO sessions (digest, account_id, started_at, seen_at) VALUES ($1, $2, $3, $3)";

/// Signs an account in.
pub async fn create(tx: &mut Tx, digest: &str, account: AccountId, now: DateTime<Utc>) -> Result<()> {
    tx.execute("start a session", START, params![digest, account, now]).await.map(|_| ())
}

const SEE: &str = "UPDATE sessions SET seen_at = $2 WHERE digest = $1 AND seen_at < $2";

/// Records the use of a session.
pub async fn record_use(tx: &mut Tx, digest: &str, now: DateTime<Utc>) -> Result<()> {
    tx.execute("note a session", SEE, params![digest, now]).await.map(|_| ())
}

const END: &str = "DELETE FROM sessions WHERE digest = $1";
const END_ALL: &str = "DELETE FROM sessions WHERE account_id = $1";
const END_OLD: &str = "DELETE FROM sessions WHERE seen_at < $1 OR started_at < $2";

/// Ends the session.
pub async fn delete(tx: &mut Tx, digest: &str) -> Result<()> {
    tx.execute("end a session", END, params![digest]).await.map(|_| ())
}

/// Signs an account out everywhere.
pub async fn delete_all(tx: &mut Tx, account: AccountId) -> Result<u64> {
    tx.execute("end the sessions of an account", END_ALL, params![account]).await
}

/// All sessions of an account but the $2 that began last.
const END_SURPLUS: Sql = Sql::per_engine(
    "DELETE FROM sessions WHERE digest IN
       (SELECT digest FROM sessions WHERE account_id = $1
        ORDER BY started_at DESC, digest LIMIT -1 OFFSET $2)",
    "DELETE FROM sessions WHERE digest IN
       (SELECT digest FROM sessions WHERE account_id = $1
        ORDER BY started_at DESC, digest OFFSET $2)",
);

/// Ends the oldest sessions of an account beyond a number.
pub async fn delete_surplus(tx: &mut Tx, account: AccountId, most: i64) -> Result<u64> {
    tx.execute("end the oldest sessions of an account", END_SURPLUS, params![account, most]).await
}

/// Forgets sessions that were last seen, or began, too long ago.
pub async fn delete_expired(
    tx: &mut Tx,
    seen_before: DateTime<Utc>,
    began_before: DateTime<Utc>,
) -> Result<u64> {
    tx.execute("end old sessions", END_OLD, params![seen_before, began_before]).await
}

list_statements!(BY_DIGEST, START, SEE, END, END_ALL, END_SURPLUS, END_OLD);
