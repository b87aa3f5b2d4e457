//! Why somebody may not sign in, or an account was not changed. Nothing was changed.

use std::time::Duration;

use rollcall_store as store;

/// Why somebody may not sign in, or an account was not changed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum AccountError {
    #[error(transparent)]
    Store(#[from] store::StoreError),
    #[error("address or password are not right")]
    WrongCredentials,
    #[error("too many tries, wait {} s", wait.as_secs().max(1))]
    TooManyAttempts { wait: Duration },
    #[error("`{text}` is no e-mail address")]
    BadAddress { text: String },
    #[error("there is already an account `{email}`")]
    AccountExists { email: String },
    #[error("there is no account `{email}`")]
    NoAccount { email: String },
    #[error("the account is no longer there (number {id})")]
    AccountGone { id: i64 },
    #[error("there is already a token `{name}`")]
    TokenExists { name: String },
    #[error("there is no token `{name}`")]
    NoToken { name: String },
    #[error("the token is no longer there (number {id})")]
    TokenGone { id: i64 },
    #[error("the token would end before it is made")]
    ExpiryInPast,
    #[error("a token needs a name of at most {most} characters")]
    BadTokenName { most: usize },
    #[error("`{email}` is the last license holder")]
    LastLicenseHolder { email: String },
    #[error("the link is not good: it was used, withdrawn, or is older than a day")]
    InvalidInvitation,
    #[error("a password has {least} to {most} characters")]
    BadPassword { least: usize, most: usize },
    #[error("the password is the address")]
    PasswordIsAddress,
    #[error("the sign-in provider let `{email}` in, and none of its groups has a role here")]
    NoRole { email: String },
    #[error("the account `{email}` may no longer sign in")]
    Revoked { email: String },
    #[error("the account `{email}` belongs to somebody else than whom the sign-in provider let in")]
    IdentityMismatch { email: String },
    #[error("the password could not be worked on")]
    CryptoFailure,
}

impl AccountError {
    /// What to do next, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::AccountExists { .. } => Some(
                "`rollcall admin role EMAIL --role ROLE` changes what it may do, `rollcall admin invite EMAIL` lets it set a new password",
            ),
            Self::NoAccount { .. } | Self::NoToken { .. } => Some("`rollcall admin list` shows all"),
            Self::LastLicenseHolder { .. } => Some("make somebody else one first"),
            Self::InvalidInvitation => Some("ask for a new one: `rollcall admin invite EMAIL` makes it"),
            Self::Store(_)
            | Self::WrongCredentials
            | Self::TooManyAttempts { .. }
            | Self::BadAddress { .. }
            | Self::AccountGone { .. }
            | Self::TokenExists { .. }
            | Self::TokenGone { .. }
            | Self::ExpiryInPast
            | Self::BadTokenName { .. }
            | Self::BadPassword { .. }
            | Self::PasswordIsAddress
            | Self::NoRole { .. }
            | Self::Revoked { .. }
            | Self::IdentityMismatch { .. }
            | Self::CryptoFailure => None,
        }
    }
}
