//! Record of sign-ins, sign-outs and refusals.
//!
//! Refusals that are alike within an hour are one row that counts them. Refusals and other events are bounded apart, so
//! that refusals, which anybody can cause, do not displace sign-ins.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Result;
use super::param::params;
use super::sql::{Sql, list_statements};
use super::transaction::Tx;
use rollcall_model::names::fold;

/// An event to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSignInEvent {
    /// The event, such as `signed_in`.
    pub event: &'static str,
    /// Address of the account; empty if none was given. It is kept only if an account has it.
    pub email: String,
    /// Digest of the address, or another name without personal data.
    pub who: String,
    /// Address of the client.
    pub client: String,
    /// Method of authentication; may be empty.
    pub method: &'static str,
    /// What refusals of one row have in common; none for other events.
    pub refusal: Option<String>,
    /// How often it happened.
    pub times: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
}

/// An event that was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx_macros::FromRow, utoipa::ToSchema)]
#[schema(as = SignInRecord)]
pub struct SignInRecord {
    /// The number.
    pub id: i64,
    /// The event, such as `signed_in`.
    pub event: String,
    /// Address of the account; none if no account has the address that was given.
    pub account: Option<String>,
    /// Beginning of the SHA-256 of the address in lower case, or `token NUMBER`.
    pub who: String,
    /// Address of the client.
    pub client: String,
    /// Method of authentication: `password`, `provider`, `link`, `session`, `token` or empty.
    pub method: String,
    /// How often it happened.
    pub times: i64,
    /// The first time.
    pub first_at: DateTime<Utc>,
    /// The last time.
    pub last_at: DateTime<Utc>,
}

const ADD: &str = "
    INSERT INTO sign_in_events (event, account_id, who, client, method, refusal, times, first_at, last_at)
    VALUES ($1, (SELECT id FROM accounts WHERE email_folded = $2), $3, $4, $5, $6, $7, $8, $8)
    ON CONFLICT (refusal) DO UPDATE
    SET times = sign_in_events.times + excluded.times, last_at = excluded.last_at
    RETURNING times";

/// Records an event. Returns true if it is a row of its own.
pub async fn create(tx: &mut Tx, new: &NewSignInEvent) -> Result<bool> {
    let refusal = new.refusal.as_deref();
    let values = params![
        new.event,
        fold(&new.email),
        new.who.as_str(),
        new.client.as_str(),
        new.method,
        refusal,
        new.times,
        new.at
    ];
    let (times,): (i64,) = tx.fetch_one("record a sign-in", ADD, values).await?;
    Ok(times == new.times)
}

const DELETE_SURPLUS_REFUSED: Sql = Sql::per_engine(
    "DELETE FROM sign_in_events WHERE id IN
       (SELECT id FROM sign_in_events WHERE refusal IS NOT NULL ORDER BY id DESC LIMIT -1 OFFSET $1)",
    "DELETE FROM sign_in_events WHERE id IN
       (SELECT id FROM sign_in_events WHERE refusal IS NOT NULL ORDER BY id DESC OFFSET $1)",
);

const DELETE_SURPLUS_DONE: Sql = Sql::per_engine(
    "DELETE FROM sign_in_events WHERE id IN
       (SELECT id FROM sign_in_events WHERE refusal IS NULL ORDER BY id DESC LIMIT -1 OFFSET $1)",
    "DELETE FROM sign_in_events WHERE id IN
       (SELECT id FROM sign_in_events WHERE refusal IS NULL ORDER BY id DESC OFFSET $1)",
);

/// Deletes the oldest refusals, and the oldest other events, beyond a number. Returns the number of deleted rows.
pub async fn delete_surplus(tx: &mut Tx, most: i64) -> Result<u64> {
    let refused = tx.execute("forget the oldest refusals", DELETE_SURPLUS_REFUSED, params![most]).await?;
    let done = tx.execute("forget the oldest sign-ins", DELETE_SURPLUS_DONE, params![most]).await?;
    Ok(refused + done)
}

const DELETE_OLD: &str = "DELETE FROM sign_in_events WHERE last_at < $1";

/// Deletes events of long ago.
pub async fn delete_old(tx: &mut Tx, before: DateTime<Utc>) -> Result<u64> {
    tx.execute("forget old sign-ins", DELETE_OLD, params![before]).await
}

/// The events, each with the address of its account.
macro_rules! select_events {
    () => {
        "SELECT e.id, e.event, a.email AS account, e.who, e.client, e.method, e.times, e.first_at, e.last_at
         FROM sign_in_events e LEFT JOIN accounts a ON a.id = e.account_id"
    };
}

const PAGE: &str = concat!(
    select_events!(),
    " WHERE ($1 = '' OR e.event = $1) AND e.last_at >= $2 AND ($3 = 0 OR e.id < $3)
      ORDER BY e.id DESC LIMIT $4"
);

/// Selection of events.
#[derive(Debug, Clone, Copy, Default)]
pub struct SignInEventFilter<'a> {
    /// The event; empty for every one.
    pub event: &'a str,
    /// Only those that happened then or later.
    pub since: DateTime<Utc>,
}

/// A page of events, newest first, from the one before `before` on; from the newest where that is 0.
pub async fn list(
    tx: &mut Tx,
    find: SignInEventFilter<'_>,
    before: i64,
    limit: i64,
) -> Result<Vec<SignInRecord>> {
    tx.fetch_all("list sign-ins", PAGE, params![find.event, find.since, before, limit]).await
}

const SINCE: &str = concat!(select_events!(), " WHERE e.last_at >= $1 ORDER BY e.id");

/// Every event since an instant, oldest first.
pub async fn list_since(tx: &mut Tx, instant: DateTime<Utc>) -> Result<Vec<SignInRecord>> {
    tx.fetch_all("read the record of sign-ins", SINCE, params![instant]).await
}

list_statements!(ADD, DELETE_SURPLUS_REFUSED, DELETE_SURPLUS_DONE, DELETE_OLD, PAGE, SINCE);
