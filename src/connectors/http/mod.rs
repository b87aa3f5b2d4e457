//! The one room that speaks HTTP.
//!
//! [`HttpClient`] sends a [`ConnectorRequest`] and brings back its whole body, or an error: with the credentials of the settings
//! ([`auth`]), at the pace that was asked for ([`rate_limit`]), within bounds of time and size, trying again what is transient and
//! nothing else ([`error`] tells them apart). Credentials go to the scheme, host and port of the settings and nowhere else: redirects
//! are not followed, and a link to another server is an error.

mod auth;
mod client;
mod error;
mod jwt;
mod link_header;
mod rate_limit;
mod saml;
mod signing_key;

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

pub use auth::{GrantKind, HttpAuth, TokenCache, TokenGrant};
pub use client::is_header;
pub(super) use client::{ConnectorRequest, ConnectorResponse, HttpClient, Method, OptionalResponse};
pub use error::HttpError;
pub(super) use link_header::next as next_link;

/// How to reach a server.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The server, and where on it everything else starts.
    pub url: Url,
    /// A private CA, PEM, in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// The longest wait for the next bytes; an answer may take ten times as long in all.
    pub timeout: Duration,
    /// The largest answer, in bytes.
    pub most_bytes: u64,
    /// The most requests a second.
    pub requests_per_second: u32,
    /// Who asks.
    pub auth: HttpAuth,
    /// Answers of status 403 that say one of these words mean that there were too many requests.
    pub quota_words: &'static [&'static str],
    /// The token in hand, shared by all who read with these settings.
    pub tokens: TokenCache,
}

impl HttpSettings {
    /// Whether credentials may go to this address: scheme, host and port are those of the settings.
    #[must_use]
    pub fn is_home(&self, url: &Url) -> bool {
        url.origin() == self.url.origin()
    }

    /// A text in which every secret of these settings is `***`.
    #[must_use]
    pub fn redact_secrets(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.auth.secrets().chain(self.tokens.current_token()) {
            if secret.len() >= 4 {
                text = text.replace(&secret, "***");
            }
        }
        // A signed statement is good for minutes, and every one of them begins alike: `{"` (RFC 7519 3.1), `<saml2`.
        for beginning in ["eyJ", "PHNhbWwy"] {
            while let Some(at) = text.find(beginning) {
                let is_part = |c: char| {
                    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '/' | '=' | '%')
                };
                let end = text[at..].find(|c| !is_part(c)).map_or(text.len(), |end| at + end);
                text.replace_range(at..end, "***");
            }
        }
        text
    }
}

/// An address without what may be secret in it: no query, no user.
pub(super) fn redact_url(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.to_string()
}
