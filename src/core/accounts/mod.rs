//! Accounts, sessions, second factors, tokens, and throttling of failed attempts to sign in.
//!
//! Each change is a numbered change, with its actor and the state before and after it. Passwords are stored as Argon2id
//! hashes, cookies, keys and recovery codes as SHA-256 digests. Read access to the database does not allow anyone to sign
//! in; the secrets of second factors stand in it.

mod account;
mod common_passwords;
mod error;
mod lookup;
mod oidc_account;
mod own_password;
mod password;
mod password_sign_in;
mod password_threads;
mod principal;
mod random_token;
mod second_factor;
mod session;
mod sign_in_journal;
mod throttle;
mod token;

pub use account::{
    CreatedAccount, FirstSignIn, Invitation, NewUserAccount, accept_invitation, change_role,
    check_invitation, check_passwords_allowed, create_account, create_first_invitation, create_invitation,
    end_sessions, revoke_account,
};
pub use error::AccountError;
pub use lookup::{AccountRef, TokenRef, find_account, find_token};
pub use oidc_account::{OidcIdentity, find_or_create_oidc_account};
pub use own_password::{PasswordChange, change_own_password};
pub use password_sign_in::{
    CodeSignIn, PasswordSignIn, confirm_sign_in, find_waiting_address, sign_in, submit_code,
};
pub use principal::{AuthMethod, Principal, SessionOfPrincipal};
pub use random_token::digest_address;
pub use second_factor::{
    NewSecondFactor, create_second_factor, describe_second_factor, has_second_factor, remove_second_factor,
    renew_recovery_codes, set_second_factor, split_into_parts,
};
pub use session::{
    DEVICE_LIFETIME, NewSession, SessionProof, authenticate_session, end_other_sessions, end_session,
    list_sessions, purge_expired, sign_out, start_session,
};
pub use sign_in_journal::{SignInEntry, SignInJournal, SignInSubject};
pub use throttle::{ClientAddr, ClientBrowser, SignInClient, count_provider_visit};
pub use token::{
    CreatedToken, EXPIRY_WARNING, NewToken, TokenLifetime, authenticate_token, create_token, end_of_day,
    ends_soon, last_day, parse_network, revoke_token,
};

/// Result of account functions.
pub type Result<T> = std::result::Result<T, AccountError>;
