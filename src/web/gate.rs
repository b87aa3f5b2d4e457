//! Who asks, and whether they may.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{FromRequestParts, OriginalUri, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::Utc;

use crate::accounts::{self, Principal};
use crate::model::role::May;
use crate::web::Web;
use crate::web::api::problem::Problem;
use crate::web::form::{Form, Query};
use crate::web::pages::sign_in;
use crate::web::received;
use crate::web::trouble::{Trouble, forbidden};

/// The cookie of a session. Browsers take `__Host-` from this very host alone, over TLS or on this machine.
pub(super) const COOKIE: &str = "__Host-rollcall";

/// What stands in front of a route.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    pub web: Web,
    pub may: May,
}

/// Lets through whoever may, and tells the handler who it is; sends everybody else to sign in. A form that comes with a
/// session that has ended is kept through that.
pub(super) async fn gate(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let principal = match signed_in(&gate.web, request.headers()).await {
        Ok(principal) => principal,
        Err(error) => return Trouble::from(error).into_response(),
    };
    match principal {
        Some(principal) if principal.role.may(gate.may) => {
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Some(principal) => Trouble::Forbidden { role: principal.role, may: gate.may }.into_response(),
        None => to_sign_in(&gate.web, request).await,
    }
}

/// Lets through whoever may, by the key of a token or by the cookie of a session, and says to everybody else why not.
pub(super) async fn api_gate(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let principal = match headers.get(header::AUTHORIZATION) {
        None => signed_in(&gate.web, headers).await,
        Some(value) => match bearer(value) {
            Some(secret) => accounts::bearer(&gate.web.store, secret, Utc::now()).await,
            None => Ok(None),
        },
    };
    match principal {
        Err(error) => Problem::from(error).into_response(),
        Ok(Some(principal)) if principal.role.may(gate.may) => {
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Ok(Some(principal)) => {
            let text = forbidden(principal.role, gate.may);
            Problem::new(StatusCode::FORBIDDEN, "forbidden", text).into_response()
        }
        Ok(None) => {
            let text = "nobody is known by this key or session";
            let problem = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", text);
            problem.hint("send `Authorization: Bearer KEY` with the key of a token").into_response()
        }
    }
}

/// The key in a header (RFC 6750, 2.1).
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, secret) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

async fn to_sign_in(web: &Web, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let uri = OriginalUri::from_request_parts(&mut parts, web).await.map(|uri| uri.0).unwrap_or_default();
    let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    if parts.method != Method::POST {
        return Redirect::to(&sign_in::address(&path)).into_response();
    }
    match received::whole(body).await {
        Ok(bytes) => sign_in::keeping(web, &path, &String::from_utf8_lossy(&bytes)),
        Err(_) => Trouble::TooLarge.into_response(),
    }
}

/// Who is signed in.
pub(super) async fn signed_in(web: &Web, headers: &HeaderMap) -> Result<Option<Principal>, accounts::Error> {
    match cookie(headers) {
        Some(cookie) => accounts::signed_in(&web.store, cookie, Utc::now()).await,
        None => Ok(None),
    }
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    cookie_of(headers, COOKIE)
}

/// The value of a cookie.
pub(super) fn cookie_of<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

/// The header that makes a browser keep a session, or forget it where there is none.
pub(super) fn set_cookie(value: Option<&str>) -> (header::HeaderName, String) {
    let end = if value.is_some() { "" } else { "; Max-Age=0" };
    let value = value.unwrap_or_default();
    (header::SET_COOKIE, format!("{COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{end}"))
}

/// Whoever the gate let through.
impl<S: Send + Sync> FromRequestParts<S> for Principal {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Trouble> {
        parts.extensions.get::<Self>().cloned().ok_or(Trouble::Missing { what: "the page".to_owned() })
    }
}

/// What an address asks.
impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Form::read(parts.uri.query().unwrap_or_default().as_bytes())))
    }
}

/// A form that was sent.
impl<S: Send + Sync> axum::extract::FromRequest<S> for Form {
    type Rejection = Trouble;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, Trouble> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
        if kind.trim() != "application/x-www-form-urlencoded" {
            received::let_go(request.into_body()).await;
            return Err(Trouble::NotAForm);
        }
        let bytes = received::whole(request.into_body()).await.map_err(|_| Trouble::TooLarge)?;
        Ok(Self::read(&bytes))
    }
}
