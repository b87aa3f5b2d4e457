//! Browsers that have signed in to an account.
//!
//! A browser is known by a random cookie, of which the SHA-256 is kept.

use chrono::{DateTime, Utc};

use super::Result;
use super::param::params;
use super::sql::{Sql, list_statements};
use super::transaction::Tx;
use rollcall_model::ids::AccountId;

/// Looks an address up, so that an unknown account takes the same statement as a known one.
const IS_KNOWN: &str = "
    SELECT count(*) FROM sign_in_devices d JOIN accounts a ON a.id = d.account_id
    WHERE d.digest = $1 AND a.email_folded = $2";

/// Returns true if the browser has signed in to the account of an address.
pub async fn is_known(tx: &mut Tx, digest: &str, email_folded: &str) -> Result<bool> {
    let (count,): (i64,) = tx.fetch_one("find a browser", IS_KNOWN, params![digest, email_folded]).await?;
    Ok(count > 0)
}

const HAS_ACCOUNT: &str = "SELECT count(*) FROM sign_in_devices WHERE digest = $1";

/// Returns true if the browser has signed in to any account.
pub async fn has_account(tx: &mut Tx, digest: &str) -> Result<bool> {
    let (count,): (i64,) = tx.fetch_one("find a browser", HAS_ACCOUNT, params![digest]).await?;
    Ok(count > 0)
}

const RECORD: &str = "
    INSERT INTO sign_in_devices (digest, account_id, seen_at) VALUES ($1, $2, $3)
    ON CONFLICT (digest) DO UPDATE SET account_id = excluded.account_id, seen_at = excluded.seen_at";

/// All browsers of an account but the $2 that were seen last.
const DELETE_SURPLUS: Sql = Sql::per_engine(
    "DELETE FROM sign_in_devices WHERE digest IN
       (SELECT digest FROM sign_in_devices WHERE account_id = $1
        ORDER BY seen_at DESC, digest LIMIT -1 OFFSET $2)",
    "DELETE FROM sign_in_devices WHERE digest IN
       (SELECT digest FROM sign_in_devices WHERE account_id = $1
        ORDER BY seen_at DESC, digest OFFSET $2)",
);

/// Records that a browser has signed in to an account. At most `most` browsers of an account are kept.
pub async fn record(
    tx: &mut Tx,
    digest: &str,
    account: AccountId,
    now: DateTime<Utc>,
    most: i64,
) -> Result<()> {
    tx.execute("keep a browser", RECORD, params![digest, account, now]).await?;
    tx.execute("forget the oldest browsers", DELETE_SURPLUS, params![account, most]).await.map(|_| ())
}

const DELETE_ALL: &str = "DELETE FROM sign_in_devices WHERE account_id = $1";
const DELETE_OLD: &str = "DELETE FROM sign_in_devices WHERE seen_at < $1";

/// Forgets the browsers of an account.
pub async fn delete_all(tx: &mut Tx, account: AccountId) -> Result<u64> {
    tx.execute("forget the browsers of an account", DELETE_ALL, params![account]).await
}

const DELETE_OTHERS: &str = "DELETE FROM sign_in_devices WHERE account_id = $1 AND digest <> $2";

/// Forgets the browsers of an account, except one.
pub async fn delete_others(tx: &mut Tx, account: AccountId, kept: &str) -> Result<u64> {
    tx.execute("forget the other browsers of an account", DELETE_OTHERS, params![account, kept]).await
}

/// Forgets browsers that last signed in before a time.
pub async fn delete_old(tx: &mut Tx, before: DateTime<Utc>) -> Result<u64> {
    tx.execute("forget old browsers", DELETE_OLD, params![before]).await
}

list_statements!(IS_KNOWN, HAS_ACCOUNT, RECORD, DELETE_SURPLUS, DELETE_ALL, DELETE_OTHERS, DELETE_OLD);
