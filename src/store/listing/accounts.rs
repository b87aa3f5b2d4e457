//! Accounts, by address.

use crate::Result;
use crate::accounts::Account;
use crate::listing::PageRequest;
use crate::param::params;
use crate::sql::list_statements;
use crate::transaction::Tx;

/// An account in a list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct AccountListRow {
    /// The account.
    #[sqlx(flatten)]
    pub account: Account,
    /// Sort key.
    pub email_folded: String,
}

const PAGE: &str = "
    SELECT id, email, email_folded, name, role, password, subject, deactivated_run_id FROM accounts
    WHERE (email_folded, id) > ($1, $2) ORDER BY email_folded, id LIMIT $3";

/// A page of accounts.
pub async fn list(tx: &mut Tx, from: PageRequest<'_>) -> Result<Vec<AccountListRow>> {
    tx.fetch_all("list accounts", PAGE, params![from.text, from.id, from.limit]).await
}

list_statements!(PAGE);
