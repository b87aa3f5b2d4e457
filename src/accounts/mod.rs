//! Who may use the pages and the API: accounts, sessions, tokens, and the slowing down of those who guess.
//!
//! Every change here is a numbered change like any other: who made it, what was found and what was left stand in its
//! run. Passwords are kept as Argon2id, cookies and keys as SHA-256: whoever reads the database can sign in as nobody.

mod account;
mod error;
mod key;
mod password;
mod provided;
mod session;
mod throttle;
mod token;
mod which;

pub use account::{Invitation, CreatedAccount, NewUserAccount, create_account, create_first_invitation, create_invitation, revoke_account, change_role, check_invitation, accept_invitation};
pub use error::AccountError;
pub use provided::{OidcIdentity, find_or_create_oidc_account};
pub use session::{Principal, NewSession, AuthMethod, purge_expired, sign_in, sign_out, authenticate_session, start_session};
pub use throttle::ClientAddr;
pub use token::{authenticate_token, end_of_day, create_token, revoke_token};
pub use which::{TokenRef, AccountRef, find_account, find_token};

/// What this room answers with.
pub type Result<T> = std::result::Result<T, AccountError>;
