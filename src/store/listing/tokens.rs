//! Tokens that were not revoked, by name.

use crate::Result;
use crate::listing::PageRequest;
use crate::param::params;
use crate::sql::list_statements;
use crate::tokens::ApiToken;
use crate::transaction::Tx;

/// A token in a list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct TokenListRow {
    /// The token.
    #[sqlx(flatten)]
    pub token: ApiToken,
    /// Sort key.
    pub name_folded: String,
}

const PAGE: &str = "
    SELECT id, name, name_folded, role, created_at, expires_at, seen_at FROM api_tokens
    WHERE revoked_run_id IS NULL AND (name_folded, id) > ($1, $2) ORDER BY name_folded, id LIMIT $3";

/// A page of tokens.
pub async fn list(tx: &mut Tx, from: PageRequest<'_>) -> Result<Vec<TokenListRow>> {
    tx.fetch_all("list tokens", PAGE, params![from.text, from.id, from.limit]).await
}

list_statements!(PAGE);
