//! Accounts, and the links to set a password.

use chrono::{DateTime, Utc};

use super::Result;
use super::param::params;
use super::sql::{Sql, list_statements};
use super::transaction::Tx;
use rollcall_model::ids::{AccountId, RunId};
use rollcall_model::names::fold;
use rollcall_model::role::Role;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct Account {
    /// The number.
    pub id: AccountId,
    /// The address that signs in.
    pub email: String,
    /// The name.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The password's hash.
    pub password: Option<String>,
    /// Issuer and subject at the sign-in provider.
    pub subject: Option<String>,
    /// The change that took the right to sign in away.
    pub deactivated_run_id: Option<i64>,
}

impl Account {
    /// Returns the state of the account as text.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match (self.is_active(), self.is_ready()) {
            (true, true) => "active",
            (true, false) => "has no password yet",
            (false, _) => "revoked",
        }
    }

    /// Returns true if it has a password or a subject at the sign-in provider.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.password.is_some() || self.subject.is_some()
    }

    /// Returns true if it may sign in.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.deactivated_run_id.is_none()
    }
}

const LIST: &str = "
    SELECT id, email, name, role, password, subject, deactivated_run_id FROM accounts ORDER BY email_folded";

const BY_EMAIL: &str = "
    SELECT id, email, name, role, password, subject, deactivated_run_id FROM accounts WHERE email_folded = $1";

const BY_NUMBER: &str = "
    SELECT id, email, name, role, password, subject, deactivated_run_id FROM accounts WHERE id = $1";

const BY_SUBJECT: &str = "
    SELECT id, email, name, role, password, subject, deactivated_run_id FROM accounts WHERE subject = $1";

/// Every account, by address.
pub async fn list(tx: &mut Tx) -> Result<Vec<Account>> {
    tx.fetch_all("list accounts", LIST, params![]).await
}

/// The account of an address, active or not.
pub async fn get_by_email(tx: &mut Tx, email: &str) -> Result<Option<Account>> {
    tx.fetch_optional("find an account", BY_EMAIL, params![fold(email)]).await
}

/// An account, active or not.
pub async fn get(tx: &mut Tx, id: AccountId) -> Result<Option<Account>> {
    tx.fetch_optional("find an account", BY_NUMBER, params![id]).await
}

/// The account that a sign-in provider knows by this subject.
pub async fn get_by_subject(tx: &mut Tx, subject: &str) -> Result<Option<Account>> {
    tx.fetch_optional("find an account", BY_SUBJECT, params![subject]).await
}

const ADD: &str = "
    INSERT INTO accounts (email, email_folded, name, role, run_id) VALUES ($1, $2, $3, $4, $5) RETURNING id";

/// Adds an account that cannot sign in yet.
pub async fn create(tx: &mut Tx, email: &str, name: &str, role: Role, run: RunId) -> Result<AccountId> {
    let (id,): (AccountId,) =
        tx.fetch_one("add an account", ADD, params![email, fold(email), name, role, run]).await?;
    Ok(id)
}

/// On PostgreSQL the row is locked until the end of the transaction, so that nobody changes the password meanwhile.
const LOCK: Sql = Sql::per_engine(
    "SELECT id, email, name, role, password, subject, deactivated_run_id FROM accounts WHERE id = $1",
    "SELECT id, email, name, role, password, subject, deactivated_run_id FROM accounts WHERE id = $1
     FOR NO KEY UPDATE",
);

/// Returns an account, which nobody else changes until the end of the transaction.
pub async fn lock(tx: &mut Tx, id: AccountId) -> Result<Option<Account>> {
    tx.fetch_optional("lock an account", LOCK, params![id]).await
}

const SET_PASSWORD: &str = "UPDATE accounts SET password = $2 WHERE id = $1";
const SET_ROLE: &str = "UPDATE accounts SET role = $2 WHERE id = $1";
const SET_SUBJECT: &str = "UPDATE accounts SET subject = $2, name = $3 WHERE id = $1";
const SET_ACTIVE: &str = "UPDATE accounts SET deactivated_run_id = $2 WHERE id = $1";

/// Keeps the hash of a password.
pub async fn set_password(tx: &mut Tx, id: AccountId, hash: &str) -> Result<()> {
    tx.execute("set a password", SET_PASSWORD, params![id, hash]).await.map(|_| ())
}

const CLEAR_PASSWORD: &str = "UPDATE accounts SET password = NULL WHERE id = $1";
const CLEAR_SUBJECT: &str = "UPDATE accounts SET subject = NULL WHERE id = $1";

/// Deletes the password of an account.
pub async fn clear_password(tx: &mut Tx, id: AccountId) -> Result<()> {
    tx.execute("delete a password", CLEAR_PASSWORD, params![id]).await.map(|_| ())
}

/// Separates an account from its subject at the sign-in provider.
pub async fn clear_subject(tx: &mut Tx, id: AccountId) -> Result<()> {
    tx.execute("separate an account from the provider", CLEAR_SUBJECT, params![id]).await.map(|_| ())
}

/// Gives an account another role.
pub async fn set_role(tx: &mut Tx, id: AccountId, role: Role) -> Result<()> {
    tx.execute("change a role", SET_ROLE, params![id, role]).await.map(|_| ())
}

/// Ties an account to a subject of the sign-in provider.
pub async fn set_subject(tx: &mut Tx, id: AccountId, subject: &str, name: &str) -> Result<()> {
    tx.execute("tie an account to the provider", SET_SUBJECT, params![id, subject, name]).await.map(|_| ())
}

/// Deactivates or reactivates an account.
pub async fn set_deactivated(tx: &mut Tx, id: AccountId, run: Option<RunId>) -> Result<()> {
    tx.execute("deactivate an account", SET_ACTIVE, params![id, run.map(|run| run.0)]).await.map(|_| ())
}

const HAS_ACCESS: &str = "
    SELECT count(*) FROM accounts a
    WHERE a.id = $1 AND a.deactivated_run_id IS NULL AND (
        a.password IS NOT NULL
        OR EXISTS (SELECT 1 FROM sessions s WHERE s.account_id = a.id)
        OR EXISTS (SELECT 1 FROM invitations i WHERE i.account_id = a.id)
        OR EXISTS (SELECT 1 FROM api_tokens t WHERE t.account_id = a.id AND t.revoked_run_id IS NULL))";

/// Returns true if an account has anything by which it, or a program of it, gets in without a new sign-in at the provider.
pub async fn has_access(tx: &mut Tx, id: AccountId) -> Result<bool> {
    let (count,): (i64,) = tx.fetch_one("find the access of an account", HAS_ACCESS, params![id]).await?;
    Ok(count > 0)
}

const HOLDERS: &str = "
    SELECT count(*) FROM accounts WHERE role = 'license_holder' AND deactivated_run_id IS NULL AND id <> $1";

/// Returns the number of active license holders other than one account.
pub async fn count_other_license_holders(tx: &mut Tx, than: AccountId) -> Result<i64> {
    let (count,): (i64,) = tx.fetch_one("count license holders", HOLDERS, params![than]).await?;
    Ok(count)
}

const ANY: &str = "SELECT count(*) FROM accounts";

/// Returns true if an account exists.
pub async fn has_accounts(tx: &mut Tx) -> Result<bool> {
    let (count,): (i64,) = tx.fetch_one("look for accounts", ANY, params![]).await?;
    Ok(count > 0)
}

const WITHDRAW: &str =
    "DELETE FROM invitations WHERE expires_at < $1 OR COALESCE(account_id, CAST(0 AS BIGINT)) = $2";

const INVITE: &str = "INSERT INTO invitations (digest, account_id, expires_at) VALUES ($1, $2, $3)";

/// Keeps a link; older ones for the same account, and expired ones, are no longer good.
pub async fn create_invitation(
    tx: &mut Tx,
    digest: &str,
    account: Option<AccountId>,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<()> {
    tx.execute("withdraw links", WITHDRAW, params![now, account.map_or(0, |id| id.0)]).await?;
    tx.execute("keep a link", INVITE, params![digest, account, until]).await.map(|_| ())
}

const WITHDRAW_ALL: &str = "DELETE FROM invitations WHERE account_id = $1";

/// Deletes the links of an account.
pub async fn delete_invitations(tx: &mut Tx, account: AccountId) -> Result<u64> {
    tx.execute("withdraw the links of an account", WITHDRAW_ALL, params![account]).await
}

const INVITED: &str = "SELECT account_id FROM invitations WHERE digest = $1 AND expires_at >= $2";

/// Returns the account of a link; the inner none stands for the first account. None if the link is not valid.
pub async fn find_invitation(
    tx: &mut Tx,
    digest: &str,
    now: DateTime<Utc>,
) -> Result<Option<Option<AccountId>>> {
    let row: Option<(Option<i64>,)> = tx.fetch_optional("find a link", INVITED, params![digest, now]).await?;
    Ok(row.map(|(account,)| account.map(AccountId)))
}

const USE: &str = "DELETE FROM invitations WHERE digest = $1";

/// Uses a link up.
pub async fn delete_invitation(tx: &mut Tx, digest: &str) -> Result<()> {
    tx.execute("use a link", USE, params![digest]).await.map(|_| ())
}

list_statements!(
    LIST,
    BY_EMAIL,
    BY_NUMBER,
    LOCK,
    BY_SUBJECT,
    ADD,
    SET_PASSWORD,
    CLEAR_PASSWORD,
    CLEAR_SUBJECT,
    SET_ROLE,
    SET_SUBJECT,
    SET_ACTIVE,
    HAS_ACCESS,
    HOLDERS,
    ANY,
    WITHDRAW,
    WITHDRAW_ALL,
    INVITE,
    INVITED,
    USE
);
