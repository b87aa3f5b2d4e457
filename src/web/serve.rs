//! Listening for requests, and what goes around every answer.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use tokio::net::TcpListener;
use tower_http::csrf::CsrfLayer;
use tracing::info;

use crate::web::api::problem::in_one_form;
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
    /// The address that it has.
    pub address: SocketAddr,
}

/// Begins to listen.
///
/// # Errors
/// When the address is taken or is not this machine's.
pub async fn listen(address: SocketAddr) -> std::io::Result<Listening> {
    let socket = TcpListener::bind(address).await?;
    let address = socket.local_addr()?;
    Ok(Listening { socket, address })
}

impl Listening {
    /// Answers requests until the service ends; those under way are answered to their end.
    ///
    /// # Errors
    /// When the socket breaks.
    pub async fn serve(self, web: Web) -> std::io::Result<()> {
        let stop = web.stop.clone();
        info!(address = %self.address, "pages and API are there");
        let service = router(&web).into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(self.socket, service).with_graceful_shutdown(stop.cancelled_owned()).await
    }
}

fn router(web: &Web) -> Router {
    let routes = routes_of(web).into_router().fallback(pages::missing);
    routes.layer(CsrfLayer::new()).layer(from_fn(in_one_form)).layer(from_fn(headers))
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
