//! HTTP server: listener, router and response headers.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tower_http::csrf::CsrfLayer;
use tracing::info;

use crate::api::problem::convert_error_responses;
use crate::client_addr::{self, ClientInfo, ClientInfoState};
use crate::connections::ConnectionServer;
use crate::tls::{self, TlsCertificate};
use crate::{WebContext, build_routes, pages};
use rollcall_config::TlsSettings;

/// Allows resources of this origin only. Forbids inline scripts, inline styles and frames.
const CONTENT_SECURITY_POLICY_VALUE: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const SECURITY_HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_VALUE),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
];

/// Bound listener of the web server.
#[derive(Debug)]
pub struct WebListener {
    socket: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    /// Address to which the listener is bound.
    pub address: SocketAddr,
}

/// Binds the listener. Uses TLS if certificate files are given.
///
/// # Errors
/// If the address cannot be bound, or the certificate or key is invalid.
pub async fn listen(address: SocketAddr, files: Option<&TlsSettings>) -> std::io::Result<WebListener> {
    let tls = files.map(tls::load_server_config).transpose()?;
    let socket = TcpListener::bind(address).await?;
    let address = socket.local_addr()?;
    Ok(WebListener { socket, tls, address })
}

impl WebListener {
    /// Serves requests until the service stops. Requests in progress are completed.
    pub async fn serve(self, web: WebContext) {
        info!(address = %self.address, tls = self.tls.is_some(), "web server listening");
        let router = build_router(&web, self.tls.is_some());
        let tls = self.tls.map(|first| TlsCertificate::new(first, &web));
        ConnectionServer::new(web.clone(), router, tls).serve(self.socket).await;
        web.background.wait_until_done().await;
    }
}

fn build_router(web: &WebContext, encrypted: bool) -> Router {
    let router = build_routes(web).into_router().fallback(pages::page_not_found);
    let router = router
        .layer(from_fn(refuse_zero_in_path))
        .layer(CsrfLayer::new())
        .layer(from_fn(convert_error_responses))
        .layer(from_fn(add_security_headers));
    let ends = ClientInfoState { web: web.clone(), is_encrypted: encrypted };
    router.layer(from_fn(add_hsts_header)).layer(from_fn_with_state(ends, client_addr::attach_client_info))
}

/// Answers a path with the character U+0000 as one that does not exist. PostgreSQL cannot compare a text with it. Queries
/// and forms are checked where they are read.
async fn refuse_zero_in_path(request: Request, next: Next) -> Response {
    if request.uri().path().contains("%00") {
        return pages::page_not_found().await.into_response();
    }
    next.run(request).await
}

/// Adds `Strict-Transport-Security` to encrypted responses, valid for one year.
async fn add_hsts_header(request: Request, next: Next) -> Response {
    let is_encrypted = request.extensions().get::<ClientInfo>().is_some_and(|client| client.is_encrypted);
    let mut response = next.run(request).await;
    if is_encrypted {
        let year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}

async fn add_security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in SECURITY_HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Pages contain data of the signed-in user. Caches must not store them.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
