//! Listening for requests, and what goes around every answer.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tower_http::csrf::CsrfLayer;
use tracing::info;

use crate::config::Tls;
use crate::web::api::problem::in_one_form;
use crate::web::client::{self, Client, Ends};
use crate::web::tls::{self, Encrypted, From};
use crate::web::{Web, pages, routes_of};

/// Nothing from elsewhere, no script or style inside a page, no frame around it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
];

/// A socket that waits for requests.
#[derive(Debug)]
pub struct Listening {
    socket: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    /// The address that it has.
    pub address: SocketAddr,
}

/// Begins to listen, with TLS where there are files of a certificate.
///
/// # Errors
/// When the address is taken or is not this machine's, or certificate and key cannot be used.
pub async fn listen(address: SocketAddr, files: Option<&Tls>) -> std::io::Result<Listening> {
    let tls = files.map(tls::read).transpose()?;
    let socket = TcpListener::bind(address).await?;
    let address = socket.local_addr()?;
    Ok(Listening { socket, tls, address })
}

impl Listening {
    /// Answers requests until the service ends; those under way are answered to their end.
    ///
    /// # Errors
    /// When the socket breaks.
    pub async fn serve(self, web: Web) -> std::io::Result<()> {
        let stop = web.stop.clone();
        info!(address = %self.address, tls = self.tls.is_some(), "pages and API are there");
        let router = router(&web, self.tls.is_some());
        let service = router.into_make_service_with_connect_info::<From>();
        let served = match self.tls {
            None => axum::serve(self.socket, service).with_graceful_shutdown(stop.cancelled_owned()).await,
            Some(tls) => {
                let connections = Encrypted::new(self.socket, self.address, tls, &web);
                axum::serve(connections, service).with_graceful_shutdown(stop.cancelled_owned()).await
            }
        };
        web.behind.end().await;
        served
    }
}

fn router(web: &Web, encrypted: bool) -> Router {
    let router = routes_of(web).into_router().fallback(pages::missing);
    let router = router.layer(CsrfLayer::new()).layer(from_fn(in_one_form)).layer(from_fn(headers));
    let ends = Ends { web: web.clone(), is_encrypted: encrypted };
    router.layer(from_fn(only_encrypted)).layer(from_fn_with_state(ends, client::find))
}

/// Browsers that have been here over TLS come back over TLS alone, for a year.
async fn only_encrypted(request: Request, next: Next) -> Response {
    let is_encrypted = request.extensions().get::<Client>().is_some_and(|client| client.is_encrypted);
    let mut response = next.run(request).await;
    if is_encrypted {
        let year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}

async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // What a page shows belongs to whoever is signed in: nobody else may be shown it from a cache.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
