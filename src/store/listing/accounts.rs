//! Accounts, by address.

use crate::Result;
use crate::accounts::Account;
use crate::listing::PageRequest;
use crate::param::params;
use crate::sql::list_statements;
use crate::transaction::Tx;
use rollcall_model::ids::AccountId;

/// An account in a list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct AccountListRow {
    /// The account.
    #[sqlx(flatten)]
    pub account: Account,
    /// Sort key.
    pub email_folded: String,
    /// The account, if it has a second factor.
    pub second_factor: Option<AccountId>,
}

const PAGE: &str = "
    SELECT a.id, a.email, a.email_folded, a.name, a.role, a.password, a.subject, a.deactivated_run_id,
           f.account_id AS second_factor
    FROM accounts a LEFT JOIN second_factors f ON f.account_id = a.id
    WHERE (a.email_folded, a.id) > ($1, $2) ORDER BY a.email_folded, a.id LIMIT $3";

/// A page of accounts.
pub async fn list(tx: &mut Tx, from: PageRequest<'_>) -> Result<Vec<AccountListRow>> {
    tx.fetch_all("list accounts", PAGE, params![from.text, from.id, from.limit]).await
}

list_statements!(PAGE);
