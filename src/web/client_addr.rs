//! Client address: the peer of the connection, or the address that a trusted proxy reports.
//!
//! If the peer is listed in `[web] trusted_proxies`, `X-Forwarded-For` is evaluated from right to left: the first address
//! that is not a trusted proxy is the client. `X-Forwarded-Proto` tells whether the client's connection is encrypted.
//! These headers are ignored if they come from any other peer. `Forwarded` (RFC 7239) is ignored: a proxy that sets
//! `X-Forwarded-For` passes on a `Forwarded` header that the client may have forged.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;

use crate::WebContext;
use crate::connections::PeerAddr;
use crate::error::PageError;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Client of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClientInfo {
    pub address: IpAddr,
    /// Whether the client's own connection is encrypted.
    pub is_encrypted: bool,
}

/// State of the middleware.
#[derive(Debug, Clone)]
pub(super) struct ClientInfoState {
    pub web: WebContext,
    /// Whether rollcall terminates TLS itself.
    pub is_encrypted: bool,
}

/// Middleware that attaches [`ClientInfo`] to the request.
pub(super) async fn attach_client_info(
    State(ends): State<ClientInfoState>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(ConnectInfo(PeerAddr(peer))) = request.extensions().get::<ConnectInfo<PeerAddr>>().copied() {
        let trusted = &ends.web.config().web.trusted_proxies;
        let client = resolve_client(peer.ip(), ends.is_encrypted, request.headers(), trusted);
        request.extensions_mut().insert(client);
    }
    next.run(request).await
}

fn resolve_client(peer: IpAddr, is_encrypted: bool, headers: &HeaderMap, trusted: &[IpNet]) -> ClientInfo {
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    let mut address = peer.to_canonical();
    if !is_trusted(address) {
        return ClientInfo { address, is_encrypted };
    }
    for one in header_entries(headers, &X_FORWARDED_FOR).rev() {
        // An entry that is not an address was not written by a trusted proxy.
        let Some(before) = parse_ip_address(one) else { break };
        address = before;
        if !is_trusted(address) {
            break;
        }
    }
    let proto = header_entries(headers, &X_FORWARDED_PROTO).next_back();
    let is_encrypted = proto.map_or(is_encrypted, |proto| proto.eq_ignore_ascii_case("https"));
    ClientInfo { address, is_encrypted }
}

/// Returns the entries of a list header over all its lines.
fn header_entries<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl DoubleEndedIterator<Item = &'h str> {
    let lines = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default());
    let lines: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    lines.into_iter()
}

/// Parses an IP address with or without a port.
fn parse_ip_address(text: &str) -> Option<IpAddr> {
    let address =
        text.parse::<IpAddr>().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|both| both.ip()));
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    Some(address.or_else(bare)?.to_canonical())
}

impl<S: Send + Sync> FromRequestParts<S> for ClientInfo {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        let found = parts.extensions.get::<Self>().copied();
        found.ok_or_else(|| PageError::Broken { what: "the request has no peer address".to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Determines the client address from the peer and the lines of `X-Forwarded-For`.
    fn from(peer: &str, lines: &[&str]) -> String {
        let trusted: Vec<IpNet> =
            ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"].map(|net| net.parse().expect("a network")).to_vec();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, line.parse().expect("a header"));
        }
        resolve_client(peer.parse().expect("an address"), false, &headers, &trusted).address.to_string()
    }

    #[test]
    fn a_header_is_believed_from_the_right_as_far_as_trusted_proxies_wrote_it() {
        assert_eq!(from("192.0.2.1", &["198.51.100.7"]), "192.0.2.1", "nobody believes a stranger");
        assert_eq!(from("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(from("127.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(from("127.0.0.1", &["203.0.113.9, 198.51.100.7"]), "198.51.100.7", "made up");
        assert_eq!(from("127.0.0.1", &["203.0.113.9, 198.51.100.7, 10.1.2.3"]), "198.51.100.7");
        assert_eq!(from("127.0.0.1", &["203.0.113.9", "198.51.100.7", "10.1.2.3"]), "198.51.100.7");
        assert_eq!(from("127.0.0.1", &["10.9.9.9, 10.1.2.3"]), "10.9.9.9", "somebody inside");
        assert_eq!(from("127.0.0.1", &["198.51.100.7, unknown, 10.1.2.3"]), "10.1.2.3");
        assert_eq!(from("::ffff:127.0.0.1", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(from("fd00::1", &["[2001:db8::7]:4711"]), "2001:db8::7");
        assert_eq!(from("fd00::1", &["[2001:db8::7]"]), "2001:db8::7");
    }

    #[test]
    fn whether_a_client_is_encrypted_is_said_by_trusted_proxies_alone() {
        let trusted: Vec<IpNet> = vec!["127.0.0.1/32".parse().expect("a network")];
        let of = |peer: &str, own: bool, proto: &str| {
            let mut headers = HeaderMap::new();
            headers.append(X_FORWARDED_PROTO, proto.parse().expect("a header"));
            resolve_client(peer.parse().expect("an address"), own, &headers, &trusted).is_encrypted
        };
        assert!(of("127.0.0.1", false, "https"));
        assert!(of("127.0.0.1", false, "http, HTTPS"), "the nearest proxy has the last word");
        assert!(!of("127.0.0.1", true, "http"));
        assert!(!of("192.0.2.1", false, "https"));
        assert!(of("192.0.2.1", true, "http"));
    }
}
