//! Which account, and which token.

use crate::accounts::{Error, Result};
use crate::model::ids::{AccountId, TokenId};
use crate::store::Tx;
use crate::store::accounts::{self, Account};
use crate::store::tokens::{self, Token};

/// An account that may sign in, by address or by number.
#[derive(Debug, Clone, Copy)]
pub enum Whose<'a> {
    /// The address.
    Address(&'a str),
    /// The number.
    Number(AccountId),
}

impl<'a> From<&'a str> for Whose<'a> {
    fn from(email: &'a str) -> Self {
        Self::Address(email)
    }
}

impl<'a> From<&'a String> for Whose<'a> {
    fn from(email: &'a String) -> Self {
        Self::Address(email)
    }
}

impl From<AccountId> for Whose<'_> {
    fn from(id: AccountId) -> Self {
        Self::Number(id)
    }
}

/// A token that was not revoked, by name or by number.
#[derive(Debug, Clone, Copy)]
pub enum Key<'a> {
    /// The name.
    Name(&'a str),
    /// The number.
    Number(TokenId),
}

impl<'a> From<&'a str> for Key<'a> {
    fn from(name: &'a str) -> Self {
        Self::Name(name)
    }
}

impl From<TokenId> for Key<'_> {
    fn from(id: TokenId) -> Self {
        Self::Number(id)
    }
}

/// Finds an account that may sign in.
///
/// # Errors
/// When there is none.
pub async fn find(tx: &mut Tx, whose: impl Into<Whose<'_>>) -> Result<Account> {
    let (found, error) = match whose.into() {
        Whose::Address(email) => {
            (accounts::by_email(tx, email).await?, Error::NoAccount { email: email.to_owned() })
        }
        Whose::Number(id) => (accounts::by_number(tx, id).await?, Error::AccountGone { id: id.0 }),
    };
    found.filter(Account::is_active).ok_or(error)
}

/// Finds a token that was not revoked.
///
/// # Errors
/// When there is none.
pub async fn find_token(tx: &mut Tx, key: impl Into<Key<'_>>) -> Result<Token> {
    match key.into() {
        Key::Name(name) => {
            tokens::by_name(tx, name).await?.ok_or_else(|| Error::NoToken { name: name.to_owned() })
        }
        Key::Number(id) => tokens::by_number(tx, id).await?.ok_or(Error::TokenGone { id: id.0 }),
    }
}
