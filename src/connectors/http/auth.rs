//! Authentication: a secret in a header, or a token obtained with a secret.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use serde_json::{Value, json};
use tokio::time::Instant;
use url::Url;

use crate::http::server_wait::ServerWait;
use crate::http::{ServiceAccountKey, jwt, saml};
use crate::{ReadingError, secret_file};
use rollcall_model::secret::SecretText;

/// Authentication method of a server.
#[derive(Debug, Clone)]
pub enum HttpAuth {
    /// No authentication.
    Anonymous,
    /// A secret in a header, such as `Authorization: Bearer …`.
    Header {
        /// The header.
        name: &'static str,
        /// The prefix of the secret.
        prefix: &'static str,
        /// The secret.
        secret: SecretText,
    },
    /// A secret in a header whose name is configured.
    NamedHeader {
        /// The header.
        name: String,
        /// The secret.
        secret: SecretText,
    },
    /// User and password (RFC 7617). Some systems expect a key as the user.
    Basic {
        /// The user.
        user: SecretText,
        /// The password.
        password: SecretText,
    },
    /// A token that is requested first and sent as `Authorization: Bearer …` (RFC 6750).
    Token(TokenGrant),
}

/// Request for a token.
#[derive(Debug, Clone)]
pub struct TokenGrant {
    /// The token endpoint.
    pub url: Url,
    /// The grant type and its credentials.
    pub kind: GrantKind,
    /// The scope of the token.
    pub scope: Option<String>,
}

/// Grant type and credentials for a token endpoint.
#[derive(Debug, Clone)]
pub enum GrantKind {
    /// Client credentials in the form body (RFC 6749 4.4).
    ClientSecret {
        /// The client.
        id: String,
        /// Its secret.
        secret: SecretText,
    },
    /// Client credentials in the `Authorization` header (RFC 6749 2.3.1).
    ClientSecretBasic {
        /// The client.
        id: String,
        /// Its secret.
        secret: SecretText,
    },
    /// Client credentials proven with a key (RFC 7523 2.2).
    ClientKey {
        /// The client.
        id: String,
        /// A private RSA key in PEM.
        key: SecretText,
        /// The id of the key.
        key_id: Option<String>,
    },
    /// A service account that impersonates a user (RFC 7523 2.1).
    ServiceAccount {
        /// The account.
        issuer: String,
        /// The impersonated user.
        subject: String,
        /// A private RSA key in PEM.
        key: SecretText,
        /// The id of the key.
        key_id: Option<String>,
    },
    /// A client with a key that signs a SAML assertion for a user (RFC 7522 2.1), as SAP SuccessFactors requires.
    Saml {
        /// The client.
        id: String,
        /// The company id.
        company: String,
        /// The user in the assertion.
        user: String,
        /// The audience of the assertion.
        audience: &'static str,
        /// A private RSA key in PEM.
        key: SecretText,
    },
    /// A refresh token (RFC 6749 6).
    RefreshToken {
        /// The client.
        id: String,
        /// Its secret.
        secret: SecretText,
        /// The refresh token.
        token: SecretText,
    },
}

/// Lifetime of a signed assertion.
const ASSERTION_LIFETIME: chrono::TimeDelta = chrono::TimeDelta::minutes(5);

/// A token is renewed this long before it expires.
const RENEWAL_MARGIN: Duration = Duration::from_mins(1);

/// Lifetime of a token in seconds if its expiry is not specified (optional in RFC 6749 5.1).
const DEFAULT_TOKEN_LIFETIME: u64 = 300;

/// A request to the token endpoint.
#[derive(Debug)]
pub(super) struct TokenRequest {
    pub form: String,
    pub basic: Option<(SecretText, SecretText)>,
}

impl HttpAuth {
    /// All secrets of the method.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = String> {
        let secrets: Vec<&SecretText> = match self {
            Self::Anonymous => Vec::new(),
            Self::Header { secret, .. } | Self::NamedHeader { secret, .. } => vec![secret],
            Self::Basic { user, password } => vec![user, password],
            Self::Token(grant) => match &grant.kind {
                GrantKind::ClientSecret { secret, .. } | GrantKind::ClientSecretBasic { secret, .. } => {
                    vec![secret]
                }
                GrantKind::ClientKey { key, .. }
                | GrantKind::ServiceAccount { key, .. }
                | GrantKind::Saml { key, .. } => vec![key],
                GrantKind::RefreshToken { secret, token, .. } => vec![secret, token],
            },
        };
        let mut texts: Vec<String> = secrets.into_iter().map(|secret| secret.reveal().to_owned()).collect();
        if let Self::Basic { user, password } = self {
            // The encoded form that is sent.
            texts.push(STANDARD.encode(format!("{}:{}", user.reveal(), password.reveal())));
        }
        texts.into_iter()
    }
}

impl HttpAuth {
    /// Reads the secrets that are in files again. Returns whether one has changed.
    pub(crate) fn renew_secrets(&mut self) -> Result<bool, ReadingError> {
        match self {
            Self::Anonymous => Ok(false),
            Self::Header { secret, .. } | Self::NamedHeader { secret, .. } => secret_file::renew(secret),
            Self::Basic { user, password } => Ok(secret_file::renew(user)? | secret_file::renew(password)?),
            Self::Token(grant) => grant.kind.renew_secrets(),
        }
    }
}

impl GrantKind {
    fn renew_secrets(&mut self) -> Result<bool, ReadingError> {
        match self {
            Self::ClientSecret { secret, .. } | Self::ClientSecretBasic { secret, .. } => {
                secret_file::renew(secret)
            }
            Self::ClientKey { key, .. } | Self::Saml { key, .. } => secret_file::renew(key),
            Self::RefreshToken { secret, token, .. } => {
                Ok(secret_file::renew(secret)? | secret_file::renew(token)?)
            }
            Self::ServiceAccount { issuer, key, key_id, .. } => {
                let (Some(file), Some(current)) = (key.file().cloned(), secret_file::read_again(key)?) else {
                    return Ok(false);
                };
                let fault = || secret_file::unusable(&file, "is not a service account key".to_owned());
                let account = ServiceAccountKey::parse(current.reveal()).ok_or_else(fault)?;
                let has_changed = account.private_key != key.reveal() || account.client_email != *issuer;
                *key = SecretText::from_file(account.private_key, file);
                (*issuer, *key_id) = (account.client_email, account.private_key_id);
                Ok(has_changed)
            }
        }
    }
}

impl TokenGrant {
    /// Builds the token request; the error describes the problem with the key.
    pub(super) fn request(&self) -> Result<TokenRequest, String> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let mut basic = None;
        match &self.kind {
            GrantKind::ClientSecret { id, secret } => {
                form.append_pair("grant_type", "client_credentials");
                form.append_pair("client_id", id).append_pair("client_secret", secret.reveal());
            }
            GrantKind::ClientSecretBasic { id, secret } => {
                form.append_pair("grant_type", "client_credentials");
                basic = Some((SecretText::new(id.as_str()), secret.clone()));
            }
            GrantKind::RefreshToken { id, secret, token } => {
                form.append_pair("grant_type", "refresh_token").append_pair("refresh_token", token.reveal());
                basic = Some((SecretText::new(id.as_str()), secret.clone()));
            }
            GrantKind::ClientKey { id, key, key_id } => {
                let mut claims = self.claims(id);
                claims["sub"] = json!(id);
                claims["jti"] = json!(random_id());
                let statement = jwt::sign(&claims, key.reveal(), key_id.as_deref())?;
                form.append_pair("grant_type", "client_credentials")
                    .append_pair(
                        "client_assertion_type",
                        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                    )
                    .append_pair("client_assertion", &statement);
            }
            GrantKind::Saml { id, company, user, audience, key } => {
                let assertion = saml::SamlAssertion {
                    // An XML name must not start with a digit.
                    id: &format!("_{}", random_id()),
                    now: Utc::now(),
                    issuer: id,
                    subject: user,
                    audience,
                    recipient: self.url.as_str(),
                };
                form.append_pair("company_id", company)
                    .append_pair("client_id", id)
                    .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:saml2-bearer")
                    .append_pair("assertion", &assertion.sign(key.reveal())?);
            }
            GrantKind::ServiceAccount { issuer, subject, key, key_id } => {
                let mut claims = self.claims(issuer);
                claims["sub"] = json!(subject);
                claims["scope"] = json!(self.scope);
                let statement = jwt::sign(&claims, key.reveal(), key_id.as_deref())?;
                form.append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
                    .append_pair("assertion", &statement);
                return Ok(TokenRequest { form: form.finish(), basic: None });
            }
        }
        if let Some(scope) = &self.scope {
            form.append_pair("scope", scope);
        }
        Ok(TokenRequest { form: form.finish(), basic })
    }

    fn claims(&self, issuer: &str) -> Value {
        let now = Utc::now();
        json!({
            "iss": issuer,
            "aud": self.url.as_str(),
            "iat": now.timestamp(),
            "exp": (now + ASSERTION_LIFETIME).timestamp(),
        })
    }
}

/// A unique id for an assertion.
fn random_id() -> String {
    let mut bytes = [0; 16];
    // Without randomness the server rejects the assertion as a replay at worst.
    let _ = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The cached token.
#[derive(Clone, Default)]
pub struct TokenCache(Arc<Mutex<Option<CachedToken>>>);

struct CachedToken {
    text: String,
    until: Instant,
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl TokenCache {
    /// The token, if there is one that has not expired.
    pub(super) fn current_token(&self) -> Option<String> {
        let token = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        token.as_ref().filter(|token| Instant::now() < token.until).map(|token| token.text.clone())
    }

    /// Discards the token, because the server rejected it.
    pub(super) fn discard_token(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Stores the token of a response and returns it, if the response contains one.
    pub(super) fn store_response(&self, answer: &[u8]) -> Option<String> {
        let answer: Value = serde_json::from_slice(answer).ok()?;
        // Personio API version 1 uses its own response format.
        let (text, life) = match answer.get("access_token") {
            Some(text) => (text, answer.get("expires_in")),
            None => (answer.pointer("/data/token")?, answer.pointer("/data/expires_in")),
        };
        let text = text.as_str().filter(|text| !text.is_empty())?.to_owned();
        let seconds = life.and_then(|life| life.as_u64().or_else(|| life.as_str()?.parse().ok()));
        let life = ServerWait::from_seconds(seconds.unwrap_or(DEFAULT_TOKEN_LIFETIME));
        let until = life.without(RENEWAL_MARGIN).end(Instant::now());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(CachedToken { text: text.clone(), until });
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token is usable whatever the server says about its lifetime.
    #[tokio::test(start_paused = true)]
    async fn lifetime_of_any_size_is_a_lifetime() {
        for (life, usable_seconds) in [
            (json!(600), 540),
            (json!("600"), 540),
            (json!(u64::MAX), 86_340),
            (json!(u64::MAX.to_string()), 86_340),
            (json!(1e300), 240),
            (json!(-1), 240),
            (json!("soon"), 240),
            (json!(null), 240),
        ] {
            let cache = TokenCache::default();
            let answer = json!({ "access_token": "secret", "expires_in": life }).to_string();
            assert_eq!(cache.store_response(answer.as_bytes()).as_deref(), Some("secret"), "{life}");
            tokio::time::advance(Duration::from_secs(usable_seconds - 1)).await;
            assert_eq!(cache.current_token().as_deref(), Some("secret"), "{life}");
            tokio::time::advance(Duration::from_secs(2)).await;
            assert_eq!(cache.current_token(), None, "{life}");
        }
    }
}
