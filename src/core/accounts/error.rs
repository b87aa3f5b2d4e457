//! Errors of accounts, sessions and tokens.

use std::time::Duration;

use rollcall_model::role::Role;
use rollcall_store as store;

/// An error of accounts, sessions or tokens. The request that reports it changes nothing.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum AccountError {
    #[error(transparent)]
    Store(#[from] store::StoreError),
    #[error("wrong e-mail address or password")]
    WrongCredentials,
    #[error("the present password is wrong")]
    WrongPassword,
    #[error("the code is wrong, or was used before")]
    WrongCode,
    #[error("the sign-in took too long")]
    SignInExpired,
    #[error("the secret of the second factor is not valid")]
    InvalidSecret,
    #[error("account `{email}` has no second factor")]
    NoSecondFactor { email: String },
    #[error("too many attempts, wait {} s", wait.as_secs().max(1))]
    TooManyAttempts { wait: Duration },
    #[error("the address has more than {most} bytes")]
    AddressTooLong { most: u64 },
    #[error("`{text}` is not a valid e-mail address")]
    BadAddress { text: String },
    #[error("account `{email}` already exists")]
    AccountExists { email: String },
    #[error("account `{email}` does not exist")]
    NoAccount { email: String },
    #[error("account {id} no longer exists")]
    AccountGone { id: i64 },
    #[error("token `{name}` already exists")]
    TokenExists { name: String },
    #[error("token `{name}` does not exist")]
    NoToken { name: String },
    #[error("token {id} no longer exists")]
    TokenGone { id: i64 },
    #[error("the role `{role}` is for tokens only")]
    RoleOfTokens { role: Role },
    #[error("the expiry date of the token is in the past")]
    ExpiryInPast,
    #[error("the name of a token must have 1 to {most} characters")]
    BadTokenName { most: usize },
    #[error("`{email}` is the last license holder")]
    LastLicenseHolder { email: String },
    #[error("this link is invalid or has expired (links are valid for 24 hours and can be used once)")]
    InvalidInvitation,
    #[error("a password must have {least} to {most} characters")]
    BadPassword { least: usize, most: usize },
    #[error("the password must not be the e-mail address")]
    PasswordIsAddress,
    #[error("the password is one that many people use")]
    CommonPassword,
    #[error("passwords are switched off (`[web] passwords = false`): accounts sign in through the provider")]
    PasswordsOff,
    #[error("the sign-in provider accepted `{email}`, but none of its groups is mapped to a role")]
    NoRole { email: String },
    #[error("account `{email}` is revoked")]
    Revoked { email: String },
    #[error(
        "account `{email}` is not linked to the sign-in provider; sign in with its password, then sign in through the provider once more"
    )]
    PrivilegedAccount { email: String },
    #[error("`{email}` is linked to a different identity at the sign-in provider")]
    IdentityMismatch { email: String },
    #[error("too many passwords wait to be checked, try again in a moment")]
    Busy,
    #[error("password hashing failed")]
    CryptoFailure,
}

impl AccountError {
    /// Suggested next step.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::AccountExists { .. } => Some(
                "`rollcall admin role EMAIL --role ROLE` changes its role, `rollcall admin invite EMAIL` creates a link to set a new password",
            ),
            Self::NoAccount { .. } | Self::NoToken { .. } => Some("`rollcall admin list` shows all"),
            Self::LastLicenseHolder { .. } => Some("give another account this role first"),
            Self::InvalidInvitation => Some("request a new link: `rollcall admin invite EMAIL` creates one"),
            Self::WrongCode => Some("the code changes every 30 seconds; check the clock of the device"),
            Self::SignInExpired => Some("sign in again"),
            Self::Store(_)
            | Self::WrongCredentials
            | Self::WrongPassword
            | Self::InvalidSecret
            | Self::NoSecondFactor { .. }
            | Self::TooManyAttempts { .. }
            | Self::AddressTooLong { .. }
            | Self::BadAddress { .. }
            | Self::AccountGone { .. }
            | Self::TokenExists { .. }
            | Self::TokenGone { .. }
            | Self::RoleOfTokens { .. }
            | Self::ExpiryInPast
            | Self::BadTokenName { .. }
            | Self::BadPassword { .. }
            | Self::PasswordIsAddress
            | Self::CommonPassword
            | Self::PasswordsOff
            | Self::NoRole { .. }
            | Self::Revoked { .. }
            | Self::PrivilegedAccount { .. }
            | Self::IdentityMismatch { .. }
            | Self::Busy
            | Self::CryptoFailure => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message_snapshot::list_messages;

    fn every_error() -> Vec<AccountError> {
        use AccountError as E;
        let email = || "ada@corp.example".to_owned();
        vec![
            E::Store(store::StoreError::MigrationMismatch(3)),
            E::WrongCredentials,
            E::WrongPassword,
            E::WrongCode,
            E::SignInExpired,
            E::InvalidSecret,
            E::NoSecondFactor { email: email() },
            E::TooManyAttempts { wait: Duration::from_secs(90) },
            E::AddressTooLong { most: 254 },
            E::BadAddress { text: "ada".to_owned() },
            E::AccountExists { email: email() },
            E::NoAccount { email: email() },
            E::AccountGone { id: 7 },
            E::TokenExists { name: "export".to_owned() },
            E::NoToken { name: "export".to_owned() },
            E::TokenGone { id: 7 },
            E::RoleOfTokens { role: Role::Metrics },
            E::ExpiryInPast,
            E::BadTokenName { most: 100 },
            E::LastLicenseHolder { email: email() },
            E::InvalidInvitation,
            E::BadPassword { least: 12, most: 256 },
            E::PasswordIsAddress,
            E::CommonPassword,
            E::PasswordsOff,
            E::NoRole { email: email() },
            E::Revoked { email: email() },
            E::PrivilegedAccount { email: email() },
            E::IdentityMismatch { email: email() },
            E::Busy,
            E::CryptoFailure,
        ]
    }

    /// Every message and hint of this room.
    #[test]
    fn messages() {
        let errors = every_error().into_iter();
        let messages = errors.map(|error| (error.to_string(), error.hint().map(Into::into))).collect();
        insta::assert_snapshot!(list_messages(include_str!("error.rs"), messages));
    }
}
