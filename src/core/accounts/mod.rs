//! Accounts, sessions, tokens, and throttling of failed attempts to sign in.
//!
//! Each change is a numbered change, with its actor and the state before and after it. Passwords are stored as Argon2id
//! hashes, cookies and keys as SHA-256 digests. Read access to the database does not allow anyone to sign in.

mod account;
mod common_passwords;
mod error;
mod lookup;
mod oidc_account;
mod password;
mod password_threads;
mod random_token;
mod session;
mod sign_in_journal;
mod throttle;
mod token;

pub use account::{
    CreatedAccount, Invitation, NewUserAccount, accept_invitation, change_role, check_invitation,
    create_account, create_first_invitation, create_invitation, revoke_account,
};
pub use error::AccountError;
pub use lookup::{AccountRef, TokenRef, find_account, find_token};
pub use oidc_account::{OidcIdentity, find_or_create_oidc_account};
pub use random_token::digest_address;
pub use session::{
    AuthMethod, DEVICE_LIFETIME, NewSession, Principal, authenticate_session, purge_expired, sign_in,
    sign_out, start_session,
};
pub use sign_in_journal::{SignInEntry, SignInJournal, SignInSubject};
pub use throttle::{BrowserCookies, ClientAddr, SignInClient};
pub use token::{
    CreatedToken, EXPIRY_WARNING, NewToken, TokenLifetime, authenticate_token, create_token, end_of_day,
    ends_soon, parse_network, revoke_token,
};

/// Result of account functions.
pub type Result<T> = std::result::Result<T, AccountError>;
