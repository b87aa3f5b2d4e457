//! Keys for programs that use the API.

use chrono::{DateTime, Utc};

use super::Result;
use super::param::params;
use super::sql::list_statements;
use super::transaction::Tx;
use rollcall_model::ids::{AccountId, RunId, TokenId};
use rollcall_model::names::fold;
use rollcall_model::role::Role;

/// A token. The key itself is not stored.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct ApiToken {
    /// The number.
    pub id: TokenId,
    /// Purpose of the token.
    pub name: String,
    /// The role.
    pub role: Role,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Time of expiry.
    pub expires_at: Option<DateTime<Utc>>,
    /// Time of the last use, to the minute.
    pub seen_at: Option<DateTime<Utc>>,
    /// The account that made it; none if it was made on the command line.
    pub account_id: Option<AccountId>,
    /// The address of that account.
    pub owner: Option<String>,
    /// The present role of that account.
    pub owner_role: Option<Role>,
    /// The networks that it may be used from, separated by spaces; empty for all.
    pub networks: String,
}

impl ApiToken {
    /// Returns the role that the token acts with: its own, narrowed to the present role of the account that made it. None
    /// if nothing is left of it.
    #[must_use]
    pub fn effective_role(&self) -> Option<Role> {
        self.owner_role.map_or(Some(self.role), |owner| self.role.narrow(owner))
    }
}

/// The columns of a token, with the account that made it.
macro_rules! token_columns {
    () => {
        "t.id, t.name, t.role, t.created_at, t.expires_at, t.seen_at, t.account_id, a.email AS owner, a.role AS owner_role,
         t.networks"
    };
}
pub(crate) use token_columns;

const LIST: &str = concat!(
    "SELECT ",
    token_columns!(),
    " FROM api_tokens t LEFT JOIN accounts a ON a.id = t.account_id
      WHERE t.revoked_run_id IS NULL ORDER BY t.name_folded"
);

const BY_DIGEST: &str = concat!(
    "SELECT ",
    token_columns!(),
    " FROM api_tokens t LEFT JOIN accounts a ON a.id = t.account_id
      WHERE t.revoked_run_id IS NULL AND t.digest = $1 AND (t.expires_at IS NULL OR t.expires_at > $2)
          AND a.deactivated_run_id IS NULL"
);

const BY_NAME: &str = concat!(
    "SELECT ",
    token_columns!(),
    " FROM api_tokens t LEFT JOIN accounts a ON a.id = t.account_id
      WHERE t.revoked_run_id IS NULL AND t.name_folded = $1"
);

const BY_NUMBER: &str = concat!(
    "SELECT ",
    token_columns!(),
    " FROM api_tokens t LEFT JOIN accounts a ON a.id = t.account_id
      WHERE t.revoked_run_id IS NULL AND t.id = $1"
);

/// Tokens that end in a period, the first to end first.
const ENDING: &str = "
    SELECT id, expires_at FROM api_tokens
    WHERE revoked_run_id IS NULL AND expires_at > $1 AND expires_at <= $2 ORDER BY expires_at, id";

/// Every token that was not revoked, by name.
pub async fn list(tx: &mut Tx) -> Result<Vec<ApiToken>> {
    tx.fetch_all("list tokens", LIST, params![]).await
}

/// The token of a key, where it is good.
pub async fn get_by_digest(tx: &mut Tx, digest: &str, now: DateTime<Utc>) -> Result<Option<ApiToken>> {
    tx.fetch_optional("find a token", BY_DIGEST, params![digest, now]).await
}

/// The token of a name.
pub async fn get_by_name(tx: &mut Tx, name: &str) -> Result<Option<ApiToken>> {
    tx.fetch_optional("find a token", BY_NAME, params![fold(name)]).await
}

/// The tokens that end after `from`, and not after `to`, with their ends.
pub async fn list_ending(
    tx: &mut Tx,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<(TokenId, DateTime<Utc>)>> {
    tx.fetch_all("list tokens that end", ENDING, params![from, to]).await
}

/// The token of a number.
pub async fn get(tx: &mut Tx, id: TokenId) -> Result<Option<ApiToken>> {
    tx.fetch_optional("find a token", BY_NUMBER, params![id]).await
}

const ADD: &str = "
    INSERT INTO api_tokens
        (name, name_folded, digest, role, created_at, expires_at, run_id, account_id, networks)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id";

/// A token to be kept.
#[derive(Debug, Clone, Copy)]
pub struct NewApiToken<'a> {
    /// Purpose of the token.
    pub name: &'a str,
    /// The digest of its key.
    pub digest: &'a str,
    /// Its role.
    pub role: Role,
    /// Time of expiry.
    pub expires_at: Option<DateTime<Utc>>,
    /// The account that makes it.
    pub owner: Option<AccountId>,
    /// The networks that it may be used from, separated by spaces; empty for all.
    pub networks: &'a str,
}

/// Keeps a token.
pub async fn create(tx: &mut Tx, new: NewApiToken<'_>, now: DateTime<Utc>, run: RunId) -> Result<TokenId> {
    let args = params![
        new.name,
        fold(new.name),
        new.digest,
        new.role,
        now,
        new.expires_at,
        run,
        new.owner,
        new.networks
    ];
    let (id,): (TokenId,) = tx.fetch_one("add a token", ADD, args).await?;
    Ok(id)
}

const REVOKE: &str = "UPDATE api_tokens SET revoked_run_id = $2 WHERE id = $1 AND revoked_run_id IS NULL";

/// Revokes a token.
pub async fn revoke(tx: &mut Tx, id: TokenId, run: RunId) -> Result<()> {
    tx.execute("revoke a token", REVOKE, params![id, run]).await.map(|_| ())
}

const REVOKE_ALL_OF: &str =
    "UPDATE api_tokens SET revoked_run_id = $2 WHERE revoked_run_id IS NULL AND account_id = $1";

/// Revokes all tokens of an account.
pub async fn revoke_all_of(tx: &mut Tx, account: AccountId, run: RunId) -> Result<u64> {
    tx.execute("revoke the tokens of an account", REVOKE_ALL_OF, params![account, run]).await
}

const SEE: &str = "UPDATE api_tokens SET seen_at = $2 WHERE id = $1";

/// Notes that a token was used.
pub async fn record_use(tx: &mut Tx, id: TokenId, now: DateTime<Utc>) -> Result<()> {
    tx.execute("note the use of a token", SEE, params![id, now]).await.map(|_| ())
}

list_statements!(LIST, BY_DIGEST, BY_NAME, BY_NUMBER, ENDING, ADD, REVOKE, REVOKE_ALL_OF, SEE);
