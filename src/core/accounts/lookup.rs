//! Lookup of accounts and tokens, by name or id.

use crate::accounts::{AccountError, Result};
use rollcall_model::ids::{AccountId, TokenId};
use rollcall_store::Tx;
use rollcall_store::accounts::{self, Account};
use rollcall_store::tokens::{self, ApiToken};

/// An account that may sign in, by address or by number.
#[derive(Debug, Clone, Copy)]
pub enum AccountRef<'a> {
    /// The address.
    Address(&'a str),
    /// The number.
    Number(AccountId),
}

impl<'a> From<&'a str> for AccountRef<'a> {
    fn from(email: &'a str) -> Self {
        Self::Address(email)
    }
}

impl<'a> From<&'a String> for AccountRef<'a> {
    fn from(email: &'a String) -> Self {
        Self::Address(email)
    }
}

impl From<AccountId> for AccountRef<'_> {
    fn from(id: AccountId) -> Self {
        Self::Number(id)
    }
}

/// A token that was not revoked, by name or by number.
#[derive(Debug, Clone, Copy)]
pub enum TokenRef<'a> {
    /// The name.
    Name(&'a str),
    /// The number.
    Number(TokenId),
}

impl<'a> From<&'a str> for TokenRef<'a> {
    fn from(name: &'a str) -> Self {
        Self::Name(name)
    }
}

impl From<TokenId> for TokenRef<'_> {
    fn from(id: TokenId) -> Self {
        Self::Number(id)
    }
}

/// Finds an account that may sign in.
///
/// # Errors
/// When there is none.
pub async fn find_account(tx: &mut Tx, whose: impl Into<AccountRef<'_>>) -> Result<Account> {
    let (found, error) = match whose.into() {
        AccountRef::Address(email) => {
            (accounts::get_by_email(tx, email).await?, AccountError::NoAccount { email: email.to_owned() })
        }
        AccountRef::Number(id) => (accounts::get(tx, id).await?, AccountError::AccountGone { id: id.0 }),
    };
    found.filter(Account::is_active).ok_or(error)
}

/// Finds a token that was not revoked.
///
/// # Errors
/// When there is none.
pub async fn find_token(tx: &mut Tx, key: impl Into<TokenRef<'_>>) -> Result<ApiToken> {
    match key.into() {
        TokenRef::Name(name) => tokens::get_by_name(tx, name)
            .await?
            .ok_or_else(|| AccountError::NoToken { name: name.to_owned() }),
        TokenRef::Number(id) => tokens::get(tx, id).await?.ok_or(AccountError::TokenGone { id: id.0 }),
    }
}
