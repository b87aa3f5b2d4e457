//! Counters of attempts to sign in.
//!
//! A counter belongs to a place: a client address, an account, or an account at a client. [`count`] counts an attempt and
//! decides in the same statement whether it comes too early, so that attempts at the same time cannot pass together.

use chrono::{DateTime, Utc};

use super::Result;
use super::param::{Param, params};
use super::sql::{Sql, list_statements};
use super::transaction::Tx;

/// Attempts that were counted at one place.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct AttemptCounter {
    /// Number of attempts that were not given back.
    pub failures: i64,
    /// Time of the last one.
    pub last_at: DateTime<Utc>,
}

/// Number of waits of [`AttemptRule::due`].
pub const WAITS: usize = 11;

/// Rule by which a counter decides.
#[derive(Debug, Clone, Copy)]
pub struct AttemptRule {
    /// Attempts without a wait.
    pub free: i64,
    /// The counter starts anew if its last attempt lies before this time.
    pub forgotten: DateTime<Utc>,
    /// The last attempt must not lie after this time: after the free attempts, after one more, and so on. The last
    /// entry counts for all further attempts.
    pub due: [DateTime<Utc>; WAITS],
}

const GET: &str = "SELECT failures, last_at FROM sign_in_failures WHERE place = $1";

/// The counter of a place.
pub async fn get(tx: &mut Tx, place: &str) -> Result<Option<AttemptCounter>> {
    tx.fetch_optional("read attempts to sign in", GET, params![place]).await
}

/// Counts one up, unless the last attempt is too recent. $3 is the time before which attempts are forgotten, $4 the free
/// attempts, $5 to $15 the latest time of the last attempt by the number of attempts beyond. The case -1, which is a free
/// attempt, gives the parameters their type.
const COUNT: &str = "
    INSERT INTO sign_in_failures (place, failures, last_at) VALUES ($1, 1, $2)
    ON CONFLICT (place) DO UPDATE
    SET failures = CASE WHEN sign_in_failures.last_at < $3 THEN 1 ELSE sign_in_failures.failures + 1 END,
        last_at = excluded.last_at
    WHERE sign_in_failures.last_at < $3
       OR sign_in_failures.failures < $4
       OR sign_in_failures.last_at <= CASE sign_in_failures.failures - $4
            WHEN -1 THEN sign_in_failures.last_at
            WHEN 0 THEN $5 WHEN 1 THEN $6 WHEN 2 THEN $7 WHEN 3 THEN $8 WHEN 4 THEN $9 WHEN 5 THEN $10
            WHEN 6 THEN $11 WHEN 7 THEN $12 WHEN 8 THEN $13 WHEN 9 THEN $14 ELSE $15 END
    RETURNING failures";

/// Counts an attempt. Returns the number of attempts, or none if this one comes too early and was not counted.
pub async fn count(tx: &mut Tx, place: &str, now: DateTime<Utc>, rule: AttemptRule) -> Result<Option<i64>> {
    let mut values: Vec<Param> = params![place, now, rule.forgotten, rule.free];
    values.extend(rule.due.map(Param::from));
    let row: Option<(i64,)> = tx.fetch_optional("count an attempt to sign in", COUNT, values).await?;
    Ok(row.map(|(failures,)| failures))
}

/// Counts one down. $2 is the time of the attempt, $3 the time of the one before it.
const GIVE_BACK: &str = "
    UPDATE sign_in_failures
    SET failures = failures - 1, last_at = CASE WHEN last_at = $2 THEN $3 ELSE last_at END
    WHERE place = $1 AND failures > 0";

/// Gives an attempt back that was counted at `counted`, after one at `before`.
pub async fn give_back(
    tx: &mut Tx,
    place: &str,
    counted: DateTime<Utc>,
    before: DateTime<Utc>,
) -> Result<()> {
    tx.execute("give an attempt back", GIVE_BACK, params![place, counted, before]).await.map(|_| ())
}

const CLEAR: &str = "DELETE FROM sign_in_failures WHERE place = $1";
const DELETE_OLD: &str = "DELETE FROM sign_in_failures WHERE last_at < $1";

/// Deletes the counter of a place.
pub async fn clear(tx: &mut Tx, place: &str) -> Result<()> {
    tx.execute("forget attempts to sign in", CLEAR, params![place]).await.map(|_| ())
}

/// Deletes counters of long ago.
pub async fn delete_old(tx: &mut Tx, before: DateTime<Utc>) -> Result<u64> {
    tx.execute("forget old attempts to sign in", DELETE_OLD, params![before]).await
}

/// All counters but the most recent ones. Rows that another transaction changes stay.
const DELETE_SURPLUS: Sql = Sql::per_engine(
    "DELETE FROM sign_in_failures WHERE place IN
       (SELECT place FROM sign_in_failures ORDER BY last_at DESC, place LIMIT -1 OFFSET $1)",
    "DELETE FROM sign_in_failures WHERE place IN
       (SELECT place FROM sign_in_failures ORDER BY last_at DESC, place OFFSET $1 FOR UPDATE SKIP LOCKED)",
);

const COUNT_ALL: &str = "SELECT count(*) FROM sign_in_failures";

/// Returns the number of counters.
pub async fn count_all(tx: &mut Tx) -> Result<i64> {
    let (count,): (i64,) = tx.fetch_one("count counters of sign-ins", COUNT_ALL, params![]).await?;
    Ok(count)
}

/// Deletes the oldest counters beyond a number.
pub async fn delete_surplus(tx: &mut Tx, most: i64) -> Result<u64> {
    tx.execute("forget the oldest attempts to sign in", DELETE_SURPLUS, params![most]).await
}

list_statements!(GET, COUNT, GIVE_BACK, CLEAR, DELETE_OLD, DELETE_SURPLUS, COUNT_ALL);
