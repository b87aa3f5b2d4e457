//! Second factors of accounts: the secret of the codes by time, and the recovery codes that were not used yet.

use super::Result;
use super::param::params;
use super::sql::list_statements;
use super::transaction::Tx;
use rollcall_model::ids::{AccountId, RunId};

const SECRET: &str = "SELECT secret FROM second_factors WHERE account_id = $1";

/// Returns the secret of the second factor of an account, in Base32. None if it has none.
pub async fn get_secret(tx: &mut Tx, account: AccountId) -> Result<Option<String>> {
    let row: Option<(String,)> = tx.fetch_optional("find a second factor", SECRET, params![account]).await?;
    Ok(row.map(|(secret,)| secret))
}

const SET: &str = "
    INSERT INTO second_factors (account_id, secret, used_step, run_id) VALUES ($1, $2, $3, $4)
    ON CONFLICT (account_id) DO UPDATE
    SET secret = excluded.secret, used_step = excluded.used_step, run_id = excluded.run_id
    WHERE second_factors.secret <> excluded.secret OR second_factors.used_step < excluded.used_step";

/// Sets the second factor of an account. `used_step` is the step of the code that proved it. Returns false if this code of
/// the secret or a later one was used before.
pub async fn set(tx: &mut Tx, account: AccountId, secret: &str, used_step: i64, run: RunId) -> Result<bool> {
    let values = params![account, secret, used_step, run];
    Ok(tx.execute("set a second factor", SET, values).await? > 0)
}

const USE_STEP: &str = "UPDATE second_factors SET used_step = $2 WHERE account_id = $1 AND used_step < $2";

/// Uses the code of a step up. Returns false if this code or a later one was used before.
pub async fn use_step(tx: &mut Tx, account: AccountId, step: i64) -> Result<bool> {
    Ok(tx.execute("use a code of a second factor", USE_STEP, params![account, step]).await? > 0)
}

const ADD_RECOVERY_CODE: &str = "INSERT INTO recovery_codes (digest, account_id) VALUES ($1, $2)";
const USE_RECOVERY_CODE: &str = "DELETE FROM recovery_codes WHERE digest = $1 AND account_id = $2";
const COUNT_RECOVERY_CODES: &str = "SELECT count(*) FROM recovery_codes WHERE account_id = $1";
const DELETE_RECOVERY_CODES: &str = "DELETE FROM recovery_codes WHERE account_id = $1";

/// Adds a recovery code of an account.
pub async fn add_recovery_code(tx: &mut Tx, account: AccountId, digest: &str) -> Result<()> {
    tx.execute("keep a recovery code", ADD_RECOVERY_CODE, params![digest, account]).await.map(|_| ())
}

/// Uses a recovery code up. Returns false if the account has no such code.
pub async fn use_recovery_code(tx: &mut Tx, account: AccountId, digest: &str) -> Result<bool> {
    Ok(tx.execute("use a recovery code", USE_RECOVERY_CODE, params![digest, account]).await? > 0)
}

/// Returns the number of recovery codes that were not used yet.
pub async fn count_recovery_codes(tx: &mut Tx, account: AccountId) -> Result<i64> {
    let (count,): (i64,) =
        tx.fetch_one("count recovery codes", COUNT_RECOVERY_CODES, params![account]).await?;
    Ok(count)
}

/// Deletes the recovery codes of an account.
pub async fn delete_recovery_codes(tx: &mut Tx, account: AccountId) -> Result<()> {
    tx.execute("delete recovery codes", DELETE_RECOVERY_CODES, params![account]).await.map(|_| ())
}

const DELETE: &str = "DELETE FROM second_factors WHERE account_id = $1";

/// Deletes the second factor and the recovery codes of an account. Returns false if it had none.
pub async fn delete(tx: &mut Tx, account: AccountId) -> Result<bool> {
    delete_recovery_codes(tx, account).await?;
    Ok(tx.execute("delete a second factor", DELETE, params![account]).await? > 0)
}

list_statements!(
    SECRET,
    SET,
    USE_STEP,
    ADD_RECOVERY_CODE,
    USE_RECOVERY_CODE,
    COUNT_RECOVERY_CODES,
    DELETE_RECOVERY_CODES,
    DELETE
);
