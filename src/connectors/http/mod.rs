//! HTTP client for connectors.
//!
//! [`HttpClient`] sends a [`ConnectorRequest`] and returns the complete body or an error. It adds the credentials
//! ([`auth`]), limits the request rate ([`rate_limit`]), limits time and size, bounds every wait that a server asks for
//! ([`server_wait`]), and retries transient errors only ([`error`] classifies them). Credentials are sent only to the scheme, host and port of the settings: redirects
//! are not followed, and a link to another server is an error.

mod auth;
mod client;
mod connection_thread;
pub(crate) mod error;
mod jwt;
mod link_header;
mod rate_limit;
mod request_error;
mod saml;
mod server_message;
mod server_wait;
mod service_account;
mod signing_key;

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

pub use auth::{GrantKind, HttpAuth, TokenCache, TokenGrant};
pub use client::is_header;
pub(super) use client::{ConnectorRequest, ConnectorResponse, HttpClient, Method, OptionalResponse};
pub use connection_thread::ConnectionThread;
pub use error::HttpError;
pub(super) use link_header::next as next_link;
pub use service_account::ServiceAccountKey;

/// Connection settings of a server.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The server and the base path.
    pub url: Url,
    /// A private CA, PEM, in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// Maximum wait for the next bytes; a response may take ten times as long in total.
    pub timeout: Duration,
    /// Maximum size of a response, in bytes.
    pub most_bytes: u64,
    /// Maximum number of requests per second.
    pub requests_per_second: u32,
    /// The authentication method.
    pub auth: HttpAuth,
    /// Responses with status 403 that contain one of these words mean too many requests.
    pub quota_words: &'static [&'static str],
    /// The cached token, shared by all readers with these settings.
    pub tokens: TokenCache,
}

impl HttpSettings {
    /// Returns whether credentials may be sent to a URL: scheme, host and port must match the settings.
    #[must_use]
    pub fn is_home(&self, url: &Url) -> bool {
        url.origin() == self.url.origin()
    }

    /// Replaces every secret of these settings in a text by `***`.
    #[must_use]
    pub fn redact_secrets(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.auth.secrets().chain(self.tokens.current_token()) {
            if secret.len() >= 4 {
                text = text.replace(&secret, "***");
            }
        }
        // Signed assertions are valid for minutes. They start with `{"` (RFC 7519 3.1) or `<saml2` in Base64.
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

/// A URL without possible secrets: no query, no user.
pub(super) fn redact_url(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.to_string()
}
