//! The user or token of a request.

use chrono::{DateTime, TimeDelta, Utc};

use rollcall_model::ids::{AccountId, TokenId};
use rollcall_model::role::Role;
use rollcall_model::session_method::SessionMethod;

/// Time after a proof of who the user is in which powerful changes need no further one.
const PROOF_LIFETIME: TimeDelta = TimeDelta::minutes(15);

/// Authenticated user or token of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// As runs and the record of changes name them.
    pub actor: String,
    /// The name for people.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Authentication method.
    pub auth_method: AuthMethod,
}

/// Authentication method of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthMethod {
    /// A cookie.
    Session(SessionOfPrincipal),
    /// A key in a header.
    Token {
        /// The token.
        id: TokenId,
        /// The account that made it.
        owner: Option<AccountId>,
    },
}

/// Session of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionOfPrincipal {
    /// The account.
    pub account: AccountId,
    /// Digest of the cookie.
    pub digest: String,
    /// Method of sign-in.
    pub method: SessionMethod,
    /// Time of the last sign-in or confirmation of the password.
    pub proved_at: DateTime<Utc>,
    /// True if the account has a second factor.
    pub has_second_factor: bool,
}

impl Principal {
    /// The session, where a person asks.
    #[must_use]
    pub fn session(&self) -> Option<&SessionOfPrincipal> {
        match &self.auth_method {
            AuthMethod::Session(session) => Some(session),
            AuthMethod::Token { .. } => None,
        }
    }

    /// The account, where a person asks.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        self.session().map(|session| session.account)
    }

    /// The account that answers for what is made: the person who asks, or the one who made the token.
    #[must_use]
    pub fn owner(&self) -> Option<AccountId> {
        match &self.auth_method {
            AuthMethod::Session(session) => Some(session.account),
            AuthMethod::Token { owner, .. } => *owner,
        }
    }

    /// Returns true if a powerful change is allowed now: the user has signed in or confirmed the password within the
    /// last 15 minutes. The key of a token is proof enough.
    #[must_use]
    pub fn is_proved(&self, now: DateTime<Utc>) -> bool {
        self.session().is_none_or(|session| now - session.proved_at < PROOF_LIFETIME)
    }

    /// Returns true if the account must set a second factor up before anything else, because its role is among `roles`.
    /// The sign-in provider decides for itself.
    #[must_use]
    pub fn lacks_second_factor(&self, roles: &[Role]) -> bool {
        self.session().is_some_and(|session| {
            !session.has_second_factor && !session.method.is_provider() && roles.contains(&self.role)
        })
    }
}
