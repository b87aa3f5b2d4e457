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

pub use account::{Invitation, Made, New, create, first_invitation, invite, revoke, role, welcome, welcomed};
pub use error::Error;
pub use provided::{Provided, provided};
pub use session::{Principal, SignedIn, Via, forget_old, sign_in, sign_out, signed_in, start};
pub use throttle::Place;
pub use token::{bearer, end_of, make_token, revoke_token};
pub use which::{Key, Whose, find, find_token};

/// What this room answers with.
pub type Result<T> = std::result::Result<T, Error>;
