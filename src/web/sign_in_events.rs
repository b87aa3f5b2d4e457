//! Events of sign-in and access control: a log line, a counter and a row of the record of sign-ins for each.
//!
//! A line holds the address of the client and a digest of the account, not the account. The digest of an address is the
//! beginning of its SHA-256: `printf %s ada@corp.example | sha256sum`.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::Utc;
use tracing::{info, warn};

use crate::WebContext;
use rollcall_core::accounts::{AuthMethod, Principal, SignInEntry, SignInSubject};

/// An event of sign-in or access control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignInEvent {
    SignedIn,
    SignedOut,
    Confirmed,
    WrongCredentials,
    WrongCode,
    TooManyAttempts,
    ProviderRefused,
    RoleRefused,
    UnknownToken,
}

/// How often each event happened since the start of the process.
static COUNTS: [AtomicU64; SignInEvent::ALL.len()] = [const { AtomicU64::new(0) }; SignInEvent::ALL.len()];

impl SignInEvent {
    /// Every event.
    pub(crate) const ALL: [Self; 9] = [
        Self::SignedIn,
        Self::SignedOut,
        Self::Confirmed,
        Self::WrongCredentials,
        Self::WrongCode,
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
            Self::Confirmed => "confirmed",
            Self::WrongCredentials => "wrong_credentials",
            Self::WrongCode => "wrong_code",
            Self::TooManyAttempts => "too_many_attempts",
            Self::ProviderRefused => "provider_refused",
            Self::RoleRefused => "role_refused",
            Self::UnknownToken => "unknown_token",
        }
    }

    /// The event of a name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == name)
    }

    /// The name on pages.
    pub(crate) fn label(self) -> String {
        self.as_str().replace('_', " ")
    }

    /// How often the event happened since the start of the process.
    pub(crate) fn count(self) -> u64 {
        COUNTS[self as usize].load(Ordering::Relaxed)
    }

    /// Returns true if something was refused.
    fn is_refusal(self) -> bool {
        match self {
            Self::SignedIn | Self::SignedOut | Self::Confirmed => false,
            Self::WrongCredentials
            | Self::WrongCode
            | Self::TooManyAttempts
            | Self::ProviderRefused
            | Self::RoleRefused
            | Self::UnknownToken => true,
        }
    }

    /// Logs and counts the event. `account` is the digest of an account, or another name without personal data.
    fn log(self, client: &str, account: &str) {
        COUNTS[self as usize].fetch_add(1, Ordering::Relaxed);
        let event = self.as_str();
        match self {
            Self::SignedIn => info!(event, client, account, "signed in"),
            Self::SignedOut => info!(event, client, account, "signed out"),
            Self::Confirmed => info!(event, client, account, "confirmed the password"),
            Self::WrongCredentials => warn!(event, client, account, "sign-in failed"),
            Self::WrongCode => warn!(event, client, account, "the code of the second factor was wrong"),
            Self::TooManyAttempts => warn!(event, client, account, "sign-in came too early"),
            Self::ProviderRefused => warn!(event, client, account, "sign-in through the provider failed"),
            Self::RoleRefused => warn!(event, client, account, "the role does not allow the request"),
            Self::UnknownToken => warn!(event, client, account, "the API token is unknown"),
        }
    }

    /// Logs, counts and records the event.
    async fn record(
        self,
        web: &WebContext,
        client: Option<IpAddr>,
        method: SignInMethod,
        subject: SignInSubject<'_>,
    ) {
        let client = client.map(|address| address.to_string()).unwrap_or_default();
        self.log(&client, &subject.pseudonym());
        let entry = SignInEntry {
            event: self.as_str(),
            is_refusal: self.is_refusal(),
            method: method.as_str(),
            subject,
            client: &client,
        };
        web.sign_ins.record(&web.store, entry, Utc::now()).await;
    }

    /// Records an event of the account with this address.
    pub(crate) async fn record_of_address(
        self,
        web: &WebContext,
        client: Option<IpAddr>,
        method: SignInMethod,
        email: &str,
    ) {
        self.record(web, client, method, SignInSubject::Address(email)).await;
    }

    /// Records an event of an authenticated account or token.
    pub(crate) async fn record_of_principal(self, web: &WebContext, client: Option<IpAddr>, who: &Principal) {
        let (method, subject) = match &who.auth_method {
            AuthMethod::Session(_) => (SignInMethod::Session, SignInSubject::Address(&who.actor)),
            AuthMethod::Token { id, .. } => (SignInMethod::Token, SignInSubject::Token(id.0)),
        };
        self.record(web, client, method, subject).await;
    }

    /// Records an event of a client that is not authenticated.
    pub(crate) async fn record_anonymous(
        self,
        web: &WebContext,
        client: Option<IpAddr>,
        method: SignInMethod,
    ) {
        self.record(web, client, method, SignInSubject::Unknown).await;
    }
}

/// Method of authentication of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignInMethod {
    Password,
    Provider,
    Link,
    Session,
    Token,
    Code,
    RecoveryCode,
}

impl SignInMethod {
    fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Provider => "provider",
            Self::Link => "link",
            Self::Session => "session",
            Self::Token => "token",
            Self::Code => "code",
            Self::RecoveryCode => "recovery_code",
        }
    }
}
