//! Browsers that reach the pages over plain HTTP. They do not keep the cookie of a session, so a sign-in would lead back to
//! the sign-in page without a word.
//!
//! Behind a reverse proxy that is not in `trusted_proxies` the connection of the browser is not known. Browsers send
//! `Sec-Fetch-Site` over HTTPS and to this machine only (W3C, Fetch Metadata), so the header proves that the session is
//! kept.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, header};
use url::Url;

use crate::client_addr::ClientInfo;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What the sign-in page says to such a browser.
pub(crate) const PLAIN_HTTP: &str = "This address does not use HTTPS, and browsers keep a session over HTTPS only, so a sign-in here has no effect. \
     Open the address with https://. If there is none, set `cert` and `key` under `[web]`, or `trusted_proxies` if a \
     reverse proxy serves HTTPS.";

/// Returns true if the browser does not keep the cookie of a session.
pub(crate) fn is_session_lost(client: ClientInfo, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if client.is_encrypted || headers.contains_key(SEC_FETCH_SITE) {
        return false;
    }
    let is_plain = |origin: &str| origin.starts_with("http://");
    let Some(host) = text(header::HOST) else { return false };
    text(header::ORIGIN).is_none_or(is_plain) && !is_this_machine(host)
}

/// Returns true for names and addresses of loopback, where browsers keep the cookie.
fn is_this_machine(host: &str) -> bool {
    let Ok(url) = Url::parse(&format!("http://{host}")) else { return false };
    let name = url.host_str().unwrap_or_default();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name == "localhost" || name.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn is_lost(is_encrypted: bool, lines: &[(&'static str, &str)]) -> bool {
        let headers = lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().expect("a header")));
        is_session_lost(ClientInfo { address: Ipv4Addr::LOCALHOST.into(), is_encrypted }, &headers.collect())
    }

    /// A session is lost over plain HTTP at an address that is not of this machine.
    #[test]
    fn session_is_lost_over_plain_http_of_another_machine() {
        for host in ["rollcall.corp.example:8080", "10.0.0.7:8080", "[2001:db8::7]"] {
            assert!(is_lost(false, &[("host", host)]), "{host}");
            assert!(is_lost(false, &[("host", host), ("origin", "http://rollcall.corp.example")]), "{host}");
            assert!(!is_lost(true, &[("host", host)]), "{host}");
            assert!(!is_lost(false, &[("host", host), ("sec-fetch-site", "none")]), "{host}");
            assert!(
                !is_lost(false, &[("host", host), ("origin", "https://rollcall.corp.example")]),
                "{host}"
            );
        }
        for host in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "rollcall.localhost"] {
            assert!(!is_lost(false, &[("host", host)]), "{host}");
        }
    }
}
