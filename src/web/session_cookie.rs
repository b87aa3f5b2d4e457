//! The cookies of sessions, and the principal of a session.

use axum::http::{HeaderMap, header};
use axum::response::AppendHeaders;
use chrono::Utc;

use crate::WebContext;
use crate::client_addr::ClientInfo;
use rollcall_core::accounts::{self, ClientAddr, ClientBrowser, NewSession, Principal, SignInClient};

/// Name of the session cookie. Browsers accept the prefix `__Host-` only from this host, over TLS or on localhost.
pub(super) const SESSION_COOKIE: &str = "__Host-rollcall";

/// Name of the cookie by which a browser that has signed in is known at the next sign-in.
const DEVICE_COOKIE: &str = "__Host-rollcall-browser";

/// Finds the principal of the session cookie.
pub(super) async fn find_session_principal(
    web: &WebContext,
    headers: &HeaderMap,
) -> Result<Option<Principal>, accounts::AccountError> {
    match session_cookie(headers) {
        Some(cookie) => {
            let passwords = web.config().web.passwords;
            accounts::authenticate_session(&web.store, cookie, passwords, Utc::now()).await
        }
        None => Ok(None),
    }
}

fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    read_cookie(headers, SESSION_COOKIE)
}

/// Returns the value of a cookie.
pub(super) fn read_cookie<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

/// Returns what counts of a client at a sign-in.
pub(super) fn sign_in_client(client: ClientInfo, headers: &HeaderMap) -> SignInClient<'_> {
    let description = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let browser = ClientBrowser {
        device: read_cookie(headers, DEVICE_COOKIE),
        session: session_cookie(headers),
        description: description.unwrap_or_default(),
    };
    SignInClient { address: ClientAddr(client.address), browser }
}

/// Builds the `Set-Cookie` headers of a new session and of the browser that has it.
pub(super) fn session_cookies(session: &NewSession) -> AppendHeaders<[(header::HeaderName, String); 2]> {
    let (device, seconds) = (&session.device, accounts::DEVICE_LIFETIME.num_seconds());
    let kept = format!("{DEVICE_COOKIE}={device}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}");
    AppendHeaders([set_cookie(Some(&session.cookie)), (header::SET_COOKIE, kept)])
}

/// Builds the `Set-Cookie` header that stores the session, or deletes it if `value` is `None`.
pub(super) fn set_cookie(value: Option<&str>) -> (header::HeaderName, String) {
    let end = if value.is_some() { "" } else { "; Max-Age=0" };
    let value = value.unwrap_or_default();
    (header::SET_COOKIE, format!("{SESSION_COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{end}"))
}
