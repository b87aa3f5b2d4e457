//! Sessions.

use chrono::{DateTime, Utc};

use super::Result;
use super::param::params;
use super::sql::{Sql, list_statements};
use super::transaction::Tx;
use rollcall_model::ids::AccountId;
use rollcall_model::role::Role;
use rollcall_model::session_method::SessionMethod;

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
    pub role: Role,
    /// Time of sign-in.
    pub started_at: DateTime<Utc>,
    /// Time of the last request, to the minute.
    pub seen_at: DateTime<Utc>,
    /// Method of sign-in.
    pub method: SessionMethod,
    /// Time of the last sign-in or confirmation of the password.
    pub proved_at: DateTime<Utc>,
    /// True until a code of the second factor is given.
    pub awaits_code: bool,
    /// The account, if it has a second factor.
    pub second_factor: Option<AccountId>,
}

const BY_DIGEST: &str = "
    SELECT s.account_id, a.email, a.name, a.role, s.started_at, s.seen_at, s.method, s.proved_at, s.awaits_code,
           f.account_id AS second_factor
    FROM sessions s JOIN accounts a ON a.id = s.account_id LEFT JOIN second_factors f ON f.account_id = a.id
    WHERE s.digest = $1 AND a.deactivated_run_id IS NULL";

/// Returns the session of a cookie.
pub async fn get_by_digest(tx: &mut Tx, digest: &str) -> Result<Option<Session>> {
    tx.fetch_optional("find a session", BY_DIGEST, params![digest]).await
}

/// A session to be started.
#[derive(Debug, Clone, Copy)]
pub struct NewSessionRow<'a> {
    /// Digest of the cookie.
    pub digest: &'a str,
    /// The account.
    pub account: AccountId,
    /// Method of sign-in.
    pub method: SessionMethod,
    /// Network address of the client.
    pub client: &'a str,
    /// Description of the browser.
    pub browser: &'a str,
    /// True if a code of the second factor must follow.
    pub awaits_code: bool,
    /// Time at which the user proved who they are.
    pub proved_at: DateTime<Utc>,
}

const START: &str = "
    INSERT INTO sessions (digest, account_id, started_at, seen_at, method, client, browser, awaits_code, proved_at)
    VALUES ($1, $2, $3, $3, $4, $5, $6, $7, $8)";

/// Signs an account in.
pub async fn create(tx: &mut Tx, new: NewSessionRow<'_>, now: DateTime<Utc>) -> Result<()> {
    let method = new.method.as_str();
    let values = params![
        new.digest,
        new.account,
        now,
        method,
        new.client,
        new.browser,
        new.awaits_code,
        new.proved_at
    ];
    tx.execute("start a session", START, values).await.map(|_| ())
}

const SEE: &str = "UPDATE sessions SET seen_at = $2 WHERE digest = $1 AND seen_at < $2";

/// Records the use of a session.
pub async fn record_use(tx: &mut Tx, digest: &str, now: DateTime<Utc>) -> Result<()> {
    tx.execute("note a session", SEE, params![digest, now]).await.map(|_| ())
}

const PROVE: &str = "UPDATE sessions SET proved_at = $2 WHERE digest = $1";

/// Records that the user of a session has proved who they are.
pub async fn record_proof(tx: &mut Tx, digest: &str, now: DateTime<Utc>) -> Result<()> {
    tx.execute("note a proof of a session", PROVE, params![digest, now]).await.map(|_| ())
}

/// A session in the list of an account.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct SessionListRow {
    /// Digest of the cookie.
    pub digest: String,
    /// Time of sign-in.
    pub started_at: DateTime<Utc>,
    /// Time of the last request, to the minute.
    pub seen_at: DateTime<Utc>,
    /// Method of sign-in.
    pub method: SessionMethod,
    /// Network address at sign-in.
    pub client: String,
    /// Description of the browser.
    pub browser: String,
}

const LIST: &str = "
    SELECT digest, started_at, seen_at, method, client, browser FROM sessions
    WHERE account_id = $1 AND NOT awaits_code AND seen_at > $2 AND started_at > $3
    ORDER BY seen_at DESC, digest";

/// Returns the sessions of an account that were seen and began after these times, the one that was seen last first.
pub async fn list(
    tx: &mut Tx,
    account: AccountId,
    seen_after: DateTime<Utc>,
    began_after: DateTime<Utc>,
) -> Result<Vec<SessionListRow>> {
    tx.fetch_all("list the sessions of an account", LIST, params![account, seen_after, began_after]).await
}

const END: &str = "DELETE FROM sessions WHERE digest = $1";
const END_OWN: &str = "DELETE FROM sessions WHERE digest = $1 AND account_id = $2";
const END_ALL: &str = "DELETE FROM sessions WHERE account_id = $1";
const END_OTHERS: &str = "DELETE FROM sessions WHERE account_id = $1 AND digest <> $2";
const END_OLD: &str = "DELETE FROM sessions WHERE seen_at < $1 OR started_at < $2";

/// Ends the session.
pub async fn delete(tx: &mut Tx, digest: &str) -> Result<()> {
    tx.execute("end a session", END, params![digest]).await.map(|_| ())
}

/// Ends the session if it belongs to the account. Returns false if there is none.
pub async fn delete_own(tx: &mut Tx, digest: &str, account: AccountId) -> Result<bool> {
    Ok(tx.execute("end a session of an account", END_OWN, params![digest, account]).await? > 0)
}

/// Signs an account out everywhere.
pub async fn delete_all(tx: &mut Tx, account: AccountId) -> Result<u64> {
    tx.execute("end the sessions of an account", END_ALL, params![account]).await
}

/// Ends all sessions of an account but one.
pub async fn delete_others(tx: &mut Tx, account: AccountId, kept: &str) -> Result<u64> {
    tx.execute("end the other sessions of an account", END_OTHERS, params![account, kept]).await
}

/// All sessions of an account in the state $3 but the $2 that began last.
const END_SURPLUS: Sql = Sql::per_engine(
    "DELETE FROM sessions WHERE digest IN
       (SELECT digest FROM sessions WHERE account_id = $1 AND awaits_code = $3
        ORDER BY started_at DESC, digest LIMIT -1 OFFSET $2)",
    "DELETE FROM sessions WHERE digest IN
       (SELECT digest FROM sessions WHERE account_id = $1 AND awaits_code = $3
        ORDER BY started_at DESC, digest OFFSET $2)",
);

/// Ends the oldest sessions of an account beyond a number: those that wait for a code, or those that do not.
pub async fn delete_surplus(tx: &mut Tx, account: AccountId, most: i64, awaits_code: bool) -> Result<u64> {
    let values = params![account, most, awaits_code];
    tx.execute("end the oldest sessions of an account", END_SURPLUS, values).await
}

/// Forgets sessions that were last seen, or began, too long ago.
pub async fn delete_expired(
    tx: &mut Tx,
    seen_before: DateTime<Utc>,
    began_before: DateTime<Utc>,
) -> Result<u64> {
    tx.execute("end old sessions", END_OLD, params![seen_before, began_before]).await
}

list_statements!(BY_DIGEST, START, SEE, PROVE, LIST, END, END_OWN, END_ALL, END_OTHERS, END_SURPLUS, END_OLD);
