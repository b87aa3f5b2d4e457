//! Sign-in through an OpenID Connect provider, with the authorization code flow and PKCE (S256).
//!
//! State, nonce and verifier are stored in a cookie of the browser for ten minutes; the server keeps nothing. Signature,
//! issuer, audience, time and nonce of the ID token are verified. Missing claims are read from the userinfo endpoint.
//! The role is derived from the provider's groups at every sign-in.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use axum::http::HeaderMap;
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType, CoreGenderClaim,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata,
    CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenFields, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, StandardErrorResponse, StandardTokenResponse,
    TokenResponse, UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::provider_metadata::{MetadataAge, get_metadata, send_request};
use rollcall_config::SignInSettings;
use rollcall_core::accounts::OidcIdentity;
use rollcall_model::role::Role;

/// Timeout of each request to the provider.
const PROVIDER_TIMEOUT: Duration = Duration::from_secs(10);

/// Client for requests to the provider. Anyone can begin a sign-in, so it is built once.
static PROVIDER_CLIENT: LazyLock<Result<reqwest::Client, String>> = LazyLock::new(|| {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PROVIDER_TIMEOUT)
        .pool_max_idle_per_host(0)
        .build()
        .map_err(|error| error.to_string())
});

/// Name of the cookie of a sign-in in progress, and its lifetime in seconds.
const SIGN_IN_COOKIE: &str = "__Host-rollcall-sign-in";
const COOKIE_SECONDS: u32 = 600;

/// Age of a sign-in at the provider that counts as a new one: the clocks of two machines differ.
const MAX_AGE_OF_NEW_SIGN_IN: TimeDelta = TimeDelta::minutes(5);

/// Error of a sign-in through the provider.
#[derive(Debug, thiserror::Error)]
pub(super) enum OidcError {
    /// The provider cannot be reached, or its response is invalid.
    #[error("the sign-in provider could not {step}")]
    Provider {
        /// Failed step.
        step: &'static str,
        /// Cause, for the log.
        cause: String,
    },
    /// The response does not match a sign-in of this browser.
    #[error(
        "the response of the sign-in provider does not match a sign-in of this browser, or the sign-in expired"
    )]
    UnknownState,
    /// The provider relied on an older sign-in.
    #[error("the sign-in provider did not prove a new sign-in (`auth_time` of the ID token)")]
    NotAnew,
    /// The provider or the user denied the sign-in.
    #[error("the sign-in provider refused: {message}")]
    Refused {
        /// Message of the provider.
        message: String,
    },
}

fn provider_error(step: &'static str) -> impl Fn(String) -> OidcError {
    move |cause| OidcError::Provider { step, cause }
}

/// Non-standard claims, such as groups.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct ExtraClaims {
    #[serde(flatten)]
    all: HashMap<String, Value>,
}

impl AdditionalClaims for ExtraClaims {}

type OidcTokenFields = IdTokenFields<
    ExtraClaims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

type OidcClient = Client<
    ExtraClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<OidcTokenFields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A completed sign-in.
#[derive(Debug)]
pub(super) struct OidcSignIn {
    /// The person.
    pub identity: OidcIdentity,
    /// The page to redirect to.
    pub to: String,
    /// Time at which the person proved who they are, as the provider says.
    pub proved_at: DateTime<Utc>,
}

/// Age of the provider's own session that a sign-in may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum SignInFreshness {
    /// Any.
    Any,
    /// The person must prove who they are once more.
    Anew,
}

/// Content of the sign-in cookie.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OidcState {
    state: String,
    nonce: String,
    verifier: String,
    to: String,
    freshness: SignInFreshness,
}

/// Configured provider.
#[derive(Debug)]
pub(super) struct SignInProvider<'f> {
    sign_in: &'f SignInSettings,
    http: reqwest::Client,
    metadata: CoreProviderMetadata,
}

impl<'f> SignInProvider<'f> {
    /// Finds the provider's endpoints.
    pub(crate) async fn discover(sign_in: &'f SignInSettings) -> Result<Self, OidcError> {
        let failed = provider_error("be reached");
        let http = PROVIDER_CLIENT.as_ref().map_err(|cause| failed(cause.clone()))?;
        let metadata = get_metadata(http, &sign_in.issuer, MetadataAge::Recent).await.map_err(failed)?;
        Ok(Self { sign_in, http: http.clone(), metadata })
    }

    fn redirect(&self) -> Result<RedirectUrl, OidcError> {
        let url = format!("{}/sign-in/callback", self.sign_in.pages_url.trim_end_matches('/'));
        RedirectUrl::new(url)
            .map_err(|error| provider_error("accept the address of the callback")(error.to_string()))
    }

    fn id(&self) -> (ClientId, Option<ClientSecret>) {
        let secret = self.sign_in.client_secret.as_ref();
        let secret = secret.map(|secret| ClientSecret::new(secret.reveal().to_owned()));
        (ClientId::new(self.sign_in.client_id.clone()), secret)
    }

    /// Returns the authorization URL and the sign-in cookie.
    pub(crate) fn start_sign_in(
        &self,
        to: &str,
        freshness: SignInFreshness,
    ) -> Result<(String, String), OidcError> {
        let (id, secret) = self.id();
        let client = OidcClient::from_provider_metadata(self.metadata.clone(), id, secret)
            .set_redirect_uri(self.redirect()?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scopes(self.sign_in.scopes.iter().map(|scope| Scope::new(scope.clone())))
            .set_pkce_challenge(challenge);
        let (url, state, nonce) = match freshness {
            SignInFreshness::Any => request.url(),
            SignInFreshness::Anew => {
                request.add_prompt(CoreAuthPrompt::Login).set_max_age(Duration::ZERO).url()
            }
        };
        let waiting = OidcState {
            state: state.secret().clone(),
            nonce: nonce.secret().clone(),
            verifier: verifier.secret().clone(),
            to: to.to_owned(),
            freshness,
        };
        let text = serde_json::to_vec(&waiting).unwrap_or_default();
        Ok((url.to_string(), set_cookie(&base64_text(&text), COOKIE_SECONDS)))
    }

    /// Completes the sign-in.
    pub(crate) async fn finish_sign_in(
        &self,
        waiting: OidcState,
        code: &str,
    ) -> Result<OidcSignIn, OidcError> {
        let failed = provider_error("identify the user");
        let (id, secret) = self.id();
        let client = OidcClient::from_provider_metadata(self.metadata.clone(), id, secret)
            .set_redirect_uri(self.redirect()?);
        let http = self.http.clone();
        let ask = move |request| send_request(http.clone(), request);
        let tokens = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| failed(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(waiting.verifier))
            .request_async(&ask)
            .await
            .map_err(|error| failed(error.to_string()))?;
        let token = tokens.id_token().ok_or_else(|| failed("there is no ID token".to_owned()))?;
        let nonce = Nonce::new(waiting.nonce);
        let claims = match token.claims(&client.id_token_verifier(), &nonce) {
            Ok(claims) => claims,
            // The provider may have new keys.
            Err(_) => {
                let issuer = &self.sign_in.issuer;
                let fresh = get_metadata(&self.http, issuer, MetadataAge::Fresh).await.map_err(&failed)?;
                let (id, secret) = self.id();
                let client = OidcClient::from_provider_metadata(fresh, id, secret);
                token
                    .claims(&client.id_token_verifier(), &nonce)
                    .map_err(|error| failed(error.to_string()))?
            }
        };
        let audiences: Vec<&str> = claims.audiences().iter().map(|audience| audience.as_str()).collect();
        let party = claims.authorized_party().map(|party| party.as_str());
        if !is_party(&audiences, party, &self.sign_in.client_id) {
            return Err(failed("the ID token was issued to another client".to_owned()));
        }
        let now = Utc::now();
        // Without `auth_time` the provider says nothing about when the person proved who they are.
        let proved_at = claims.auth_time().map_or(DateTime::UNIX_EPOCH, |time| time.min(now));
        if waiting.freshness == SignInFreshness::Anew && now - proved_at > MAX_AGE_OF_NEW_SIGN_IN {
            return Err(OidcError::NotAnew);
        }
        // An address is vouched for by the document that it comes from.
        let mut address = claims.email().map(|email| (email.to_string(), claims.email_verified()));
        let mut name = claims.name().and_then(|name| name.get(None)).map(|name| name.to_string());
        let mut groups = read_groups_claim(&claims.additional_claims().all, &self.sign_in.groups_claim);
        let userinfo = client.user_info(tokens.access_token().clone(), Some(claims.subject().clone()));
        if let (Ok(request), true) = (userinfo, address.is_none() || groups.is_none()) {
            let info: UserInfoClaims<ExtraClaims, CoreGenderClaim> =
                request.request_async(&ask).await.map_err(|error| failed(error.to_string()))?;
            address =
                address.or_else(|| info.email().map(|email| (email.to_string(), info.email_verified())));
            let named = info.name().and_then(|name| name.get(None)).map(|name| name.to_string());
            name = name.or(named);
            groups = groups.or_else(|| {
                self::read_groups_claim(&info.additional_claims().all, &self.sign_in.groups_claim)
            });
        }
        let (email, is_verified) =
            address.ok_or_else(|| failed("the ID token has no e-mail address".to_owned()))?;
        let identity = OidcIdentity {
            subject: format!("{} {}", self.sign_in.issuer, claims.subject().as_str()),
            email,
            is_verified: is_verified.unwrap_or(false),
            name: name.unwrap_or_default(),
            role: highest_role(&self.sign_in.roles, &groups.unwrap_or_default()),
            signed_in: None,
        };
        Ok(OidcSignIn { identity, to: waiting.to, proved_at })
    }
}

/// Returns true if an ID token was issued to this client (OpenID Connect Core 1.0, section 3.1.3.7, steps 4 and 5).
fn is_party(audiences: &[&str], party: Option<&str>, client: &str) -> bool {
    match party {
        Some(party) => party == client,
        None => audiences.len() == 1,
    }
}

/// Returns the groups of a claim: a list of texts, or one text.
fn read_groups_claim(claims: &HashMap<String, Value>, name: &str) -> Option<Vec<String>> {
    match claims.get(name)? {
        Value::Array(list) => Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        Value::String(text) => Some(vec![text.clone()]),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

/// Returns the role with the most permissions that the groups grant.
fn highest_role(roles: &[(Role, Vec<String>)], groups: &[String]) -> Option<Role> {
    let gives = |names: &[String]| names.iter().any(|name| groups.contains(name));
    roles.iter().find(|(_, names)| gives(names)).map(|(role, _)| *role)
}

fn base64_text(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// Returns the sign-in of this browser that the response of the provider belongs to.
///
/// # Errors
/// [`OidcError::UnknownState`] if there is none.
pub(super) fn find_sign_in(headers: &HeaderMap, state: &str) -> Result<OidcState, OidcError> {
    let waiting = read_state_cookie(headers).filter(|waiting| waiting.state == state);
    waiting.ok_or(OidcError::UnknownState)
}

fn read_state_cookie(headers: &HeaderMap) -> Option<OidcState> {
    use base64::Engine;
    let text = crate::session_cookie::read_cookie(headers, SIGN_IN_COOKIE)?;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn set_cookie(value: &str, seconds: u32) -> String {
    format!("{SIGN_IN_COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}")
}

/// Returns the cookie that deletes the sign-in cookie.
pub(super) fn clear_cookie_header() -> String {
    set_cookie("", 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_another_client_is_refused() {
        assert!(is_party(&["rollcall"], None, "rollcall"));
        assert!(is_party(&["rollcall", "other"], Some("rollcall"), "rollcall"));
        assert!(!is_party(&["rollcall"], Some("other"), "rollcall"));
        assert!(!is_party(&["rollcall", "other"], None, "rollcall"));
    }

    #[test]
    fn the_role_that_allows_most_counts_and_a_stranger_has_none() {
        let roles = vec![
            (Role::LicenseHolder, vec!["admins".to_owned()]),
            (Role::Viewer, vec!["staff".to_owned(), "guests".to_owned()]),
        ];
        let of = |groups: &[&str]| {
            highest_role(&roles, &groups.iter().map(|&group| group.to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(of(&["staff", "admins"]), Some(Role::LicenseHolder));
        assert_eq!(of(&["guests"]), Some(Role::Viewer));
        assert_eq!(of(&["Admins"]), None);
    }
}
