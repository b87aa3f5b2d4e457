//! Keys for programs that use the API.

use chrono::{DateTime, Utc};

use super::Result;
use super::param::params;
use super::sql::list_statements;
use super::transaction::Tx;
use rollcall_model::ids::{RunId, TokenId};
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
}

const LIST: &str = "
    SELECT id, name, role, created_at, expires_at, seen_at FROM api_tokens
    WHERE revoked_run_id IS NULL ORDER BY name_folded";

const BY_DIGEST: &str = "
    SELECT id, name, role, created_at, expires_at, seen_at FROM api_tokens
    WHERE revoked_run_id IS NULL AND digest = $1 AND (expires_at IS NULL OR expires_at > $2)";

const BY_NAME: &str = "
    SELECT id, name, role, created_at, expires_at, seen_at FROM api_tokens
    WHERE revoked_run_id IS NULL AND name_folded = $1";

const BY_NUMBER: &str = "
    SELECT id, name, role, created_at, expires_at, seen_at FROM api_tokens
    WHERE revoked_run_id IS NULL AND id = $1";

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

/// The token of a number.
pub async fn get(tx: &mut Tx, id: TokenId) -> Result<Option<ApiToken>> {
    tx.fetch_optional("find a token", BY_NUMBER, params![id]).await
}

const ADD: &str = "
    INSERT INTO api_tokens (name, name_folded, digest, role, created_at, expires_at, run_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";

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
}

/// Keeps a token.
pub async fn create(tx: &mut Tx, new: NewApiToken<'_>, now: DateTime<Utc>, run: RunId) -> Result<TokenId> {
    let args = params![new.name, fold(new.name), new.digest, new.role, now, new.expires_at, run];
    let (id,): (TokenId,) = tx.fetch_one("add a token", ADD, args).await?;
    Ok(id)
}

const REVOKE: &str = "UPDATE api_tokens SET revoked_run_id = $2 WHERE id = $1 AND revoked_run_id IS NULL";

/// Revokes a token.
pub async fn revoke(tx: &mut Tx, id: TokenId, run: RunId) -> Result<()> {
    tx.execute("revoke a token", REVOKE, params![id, run]).await.map(|_| ())
}

/// The tokens that were made by an actor.
const REVOKE_ALL_OF: &str = "
    UPDATE api_tokens SET revoked_run_id = $2
    WHERE revoked_run_id IS NULL AND run_id IN (SELECT id FROM runs WHERE actor = $1)";

/// Revokes all tokens that an actor made.
pub async fn revoke_all_of(tx: &mut Tx, actor: &str, run: RunId) -> Result<u64> {
    tx.execute("revoke the tokens of an account", REVOKE_ALL_OF, params![actor, run]).await
}

const SEE: &str = "UPDATE api_tokens SET seen_at = $2 WHERE id = $1";

/// Notes that a token was used.
pub async fn record_use(tx: &mut Tx, id: TokenId, now: DateTime<Utc>) -> Result<()> {
    tx.execute("note the use of a token", SEE, params![id, now]).await.map(|_| ())
}

list_statements!(LIST, BY_DIGEST, BY_NAME, BY_NUMBER, ADD, REVOKE, REVOKE_ALL_OF, SEE);
