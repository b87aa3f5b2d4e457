//! Who may use the pages and the API: accounts, sessions, tokens, and the slowing down of those who guess.
//!
//! Every change here is a numbered change like any other: who made it, what was found and what was left stand in its
//! run. Passwords are kept as Argon2id, cookies and keys as SHA-256: whoever reads the database can sign in as nobody.

mod account;
mod error;
mod lookup;
mod oidc_account;
mod password;
mod random_token;
mod session;
mod throttle;
mod token;

pub use account::{
    CreatedAccount, Invitation, NewUserAccount, accept_invitation, change_role, check_invitation,
    create_account, create_first_invitation, create_invitation, revoke_account,
};
pub use error::AccountError;
pub use lookup::{AccountRef, TokenRef, find_account, find_token};
pub use oidc_account::{OidcIdentity, find_or_create_oidc_account};
pub use session::{
    AuthMethod, NewSession, Principal, authenticate_session, purge_expired, sign_in, sign_out, start_session,
};
pub use throttle::ClientAddr;
pub use token::{authenticate_token, create_token, end_of_day, revoke_token};

/// What this room answers with.
pub type Result<T> = std::result::Result<T, AccountError>;
