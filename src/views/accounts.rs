//! Views of accounts and tokens, without secrets.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use rollcall_model::role::Role;
use rollcall_store::{accounts, tokens};

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountView {
    /// The number.
    pub id: i64,
    /// The address that signs in.
    pub email: String,
    /// The name.
    pub name: String,
    /// The role.
    pub role: Role,
    /// True if the account may sign in, false if it was revoked.
    pub active: bool,
    /// True if the account has a password, or signs in through the company's provider.
    pub ready: bool,
}

impl From<&accounts::Account> for AccountView {
    fn from(one: &accounts::Account) -> Self {
        Self {
            id: one.id.0,
            email: one.email.clone(),
            name: one.name.clone(),
            role: one.role,
            active: one.is_active(),
            ready: one.is_ready(),
        }
    }
}

/// An API token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Token)]
pub struct TokenView {
    /// The number.
    pub id: i64,
    /// The name: the purpose of the token.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The role that it acts with: never more than the present role of the account that made it. Null if it may do nothing.
    pub effective_role: Option<Role>,
    /// The time of creation.
    pub created_at: DateTime<Utc>,
    /// The time of expiry; null if the token does not expire.
    pub expires_at: Option<DateTime<Utc>>,
    /// The time of the last use, to the minute.
    pub seen_at: Option<DateTime<Utc>>,
    /// The e-mail address of the account that made it; null if it was made on the command line.
    pub owner: Option<String>,
    /// The networks that it may be used from; empty if from all.
    pub from: Vec<String>,
}

impl From<&tokens::ApiToken> for TokenView {
    fn from(one: &tokens::ApiToken) -> Self {
        Self {
            id: one.id.0,
            name: one.name.clone(),
            role: one.role,
            effective_role: one.effective_role(),
            created_at: one.created_at,
            expires_at: one.expires_at,
            seen_at: one.seen_at,
            owner: one.owner.clone(),
            from: one.networks.split_whitespace().map(str::to_owned).collect(),
        }
    }
}
