//! Events of sign-in and access control: a log line and a counter for each.
//!
//! A line holds the address of the client and a digest of the account, not the account. The digest of an address is the
//! beginning of its SHA-256: `printf %s ada@corp.example | sha256sum`.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::{info, warn};

use rollcall_core::accounts::{self, AuthMethod, Principal};

/// An event of sign-in or access control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignInEvent {
    SignedIn,
    SignedOut,
    WrongCredentials,
    TooManyAttempts,
    ProviderRefused,
    RoleRefused,
    UnknownToken,
}

/// How often each event happened since the start of the process.
static COUNTS: [AtomicU64; SignInEvent::ALL.len()] = [const { AtomicU64::new(0) }; SignInEvent::ALL.len()];

impl SignInEvent {
    /// Every event.
    pub(crate) const ALL: [Self; 7] = [
        Self::SignedIn,
        Self::SignedOut,
        Self::WrongCredentials,
        Self::TooManyAttempts,
        Self::ProviderRefused,
        Self::RoleRefused,
        Self::UnknownToken,
    ];

    /// The name in the log and the label of the metric.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::SignedOut => "signed_out",
            Self::WrongCredentials => "wrong_credentials",
            Self::TooManyAttempts => "too_many_attempts",
            Self::ProviderRefused => "provider_refused",
            Self::RoleRefused => "role_refused",
            Self::UnknownToken => "unknown_token",
        }
    }

    /// How often the event happened since the start of the process.
    pub(crate) fn count(self) -> u64 {
        COUNTS[self as usize].load(Ordering::Relaxed)
    }

    /// Records the event. `account` is the digest of an account, or another name without personal data.
    fn record(self, client: Option<IpAddr>, account: &str) {
        COUNTS[self as usize].fetch_add(1, Ordering::Relaxed);
        let client = client.map(|address| address.to_string()).unwrap_or_default();
        let event = self.as_str();
        match self {
            Self::SignedIn => info!(event, client, account, "signed in"),
            Self::SignedOut => info!(event, client, account, "signed out"),
            Self::WrongCredentials => warn!(event, client, account, "sign-in failed"),
            Self::TooManyAttempts => warn!(event, client, account, "sign-in came too early"),
            Self::ProviderRefused => warn!(event, client, account, "sign-in through the provider failed"),
            Self::RoleRefused => warn!(event, client, account, "the role does not allow the request"),
            Self::UnknownToken => warn!(event, client, account, "the API token is unknown"),
        }
    }

    /// Records an event of the account with this address.
    pub(crate) fn record_of_address(self, client: Option<IpAddr>, email: &str) {
        self.record(client, &accounts::digest_address(email));
    }

    /// Records an event of an authenticated account or token.
    pub(crate) fn record_of_principal(self, client: Option<IpAddr>, who: &Principal) {
        match &who.auth_method {
            AuthMethod::Session { .. } => self.record_of_address(client, &who.actor),
            AuthMethod::Token { id, .. } => self.record(client, &format!("token {}", id.0)),
        }
    }

    /// Records an event of a client that is not authenticated.
    pub(crate) fn record_anonymous(self, client: Option<IpAddr>) {
        self.record(client, "");
    }
}
