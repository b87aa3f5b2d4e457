//! Tokens that were not revoked, by name.

use crate::Result;
use crate::listing::PageRequest;
use crate::param::params;
use crate::sql::list_statements;
use crate::tokens::{ApiToken, token_columns};
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

const PAGE: &str = concat!(
    "SELECT t.name_folded, ",
    token_columns!(),
    " FROM api_tokens t LEFT JOIN accounts a ON a.id = t.account_id
      WHERE t.revoked_run_id IS NULL AND (t.name_folded, t.id) > ($1, $2)
      ORDER BY t.name_folded, t.id LIMIT $3"
);

/// A page of tokens.
pub async fn list(tx: &mut Tx, from: PageRequest<'_>) -> Result<Vec<TokenListRow>> {
    tx.fetch_all("list tokens", PAGE, params![from.text, from.id, from.limit]).await
}

list_statements!(PAGE);
