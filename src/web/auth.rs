//! Authenticates requests and checks permissions.

use std::net::IpAddr;

use axum::body::Body;
use axum::extract::{FromRequestParts, OriginalUri, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::Utc;

use crate::WebContext;
use crate::api::problem::ApiProblem;
use crate::body_limit::{self, BodyError};
use crate::client_addr::ClientInfo;
use crate::error::{PageError, forbidden_message};
use crate::form_data::{FormData, UrlQuery};
use crate::pages::sign_in::{self, confirm};
use crate::request_slots::RequestSlots;
use crate::session_cookie::find_session_principal;
use crate::sign_in_events::{SignInEvent, SignInMethod};
use rollcall_core::accounts::{self, Principal};
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_model::role::Permission;

/// The page on which an account sets its second factor up.
const SECOND_FACTOR_PAGE: &str = "/account/second-factor";

/// State of the authentication middleware of one route.
/// Message to a user whose requests are too many at the same time.
const TOO_MANY_REQUESTS: &str =
    "too many requests of this account or token wait already: send fewer at the same time";

#[derive(Debug, Clone)]
pub(super) struct AuthMiddleware {
    pub web: WebContext,
    /// Requests in progress.
    pub slots: RequestSlots,
    pub may: Permission,
    /// Whether the user must have signed in or confirmed the password a short time ago.
    pub needs_proof: bool,
}

/// Authorizes a request for a page by the session cookie and passes the principal to the handler. Requests without a
/// session are redirected to the sign-in page; a submitted form is kept and resumed after sign-in.
pub(super) async fn authorize_page(
    State(gate): State<AuthMiddleware>,
    mut request: Request,
    next: Next,
) -> Response {
    let principal = match find_session_principal(&gate.web, request.headers()).await {
        Ok(principal) => principal,
        Err(error) => return PageError::from(error).into_response(),
    };
    match principal {
        Some(principal) if principal.role.allows(gate.may) => {
            if !is_own_account(request.uri().path()) && lacks_second_factor(&gate.web, &principal) {
                return Redirect::to(SECOND_FACTOR_PAGE).into_response();
            }
            if gate.needs_proof && !principal.is_proved(Utc::now()) {
                return ask_for_confirmation(&gate.web, &principal, request).await;
            }
            let Some(_slot) = gate.slots.acquire(&principal).await else {
                return PageError::TooEarly { what: TOO_MANY_REQUESTS.to_owned() }.into_response();
            };
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Some(principal) => {
            SignInEvent::RoleRefused
                .record_of_principal(&gate.web, client_address(&request), &principal)
                .await;
            PageError::Forbidden { role: principal.role, may: gate.may }.into_response()
        }
        None => redirect_to_sign_in(&gate.web, request).await,
    }
}

/// Authorizes an API request by token or session cookie. Other requests are refused with 401 or 403.
pub(super) async fn authorize_api(
    State(gate): State<AuthMiddleware>,
    mut request: Request,
    next: Next,
) -> Response {
    let (headers, client) = (request.headers(), client_address(&request));
    let principal = match headers.get(header::AUTHORIZATION) {
        None => find_session_principal(&gate.web, headers).await,
        Some(value) => match parse_bearer_token(value) {
            Some(secret) => accounts::authenticate_token(&gate.web.store, secret, client, Utc::now()).await,
            None => Ok(None),
        },
    };
    match principal {
        Err(error) => ApiProblem::from(error).into_response(),
        Ok(Some(principal)) if principal.role.allows(gate.may) => {
            if lacks_second_factor(&gate.web, &principal) {
                return second_factor_problem().into_response();
            }
            if gate.needs_proof && !principal.is_proved(Utc::now()) {
                return confirmation_problem().into_response();
            }
            let Some(_slot) = gate.slots.acquire(&principal).await else {
                let refusal = PageError::TooEarly { what: TOO_MANY_REQUESTS.to_owned() };
                return ApiProblem::from(refusal).into_response();
            };
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Ok(Some(principal)) => {
            SignInEvent::RoleRefused
                .record_of_principal(&gate.web, client_address(&request), &principal)
                .await;
            let text = forbidden_message(principal.role, gate.may);
            ApiProblem::new(StatusCode::FORBIDDEN, "forbidden", text).into_response()
        }
        Ok(None) => {
            if request.headers().contains_key(header::AUTHORIZATION) {
                let client = client_address(&request);
                SignInEvent::UnknownToken.record_anonymous(&gate.web, client, SignInMethod::Token).await;
            }
            unauthorized_problem().into_response()
        }
    }
}

fn client_address(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<ClientInfo>().map(|client| client.address)
}

fn lacks_second_factor(web: &WebContext, principal: &Principal) -> bool {
    principal.lacks_second_factor(&web.config().web.second_factor)
}

/// Returns true for the pages that an account may use before it has a second factor.
fn is_own_account(path: &str) -> bool {
    path == "/account" || path.starts_with("/account/") || path == "/confirm" || path == "/sign-out"
}

fn second_factor_problem() -> ApiProblem {
    let text = "the role of the account requires a second factor, and the account has none";
    let problem = ApiProblem::new(StatusCode::FORBIDDEN, "second_factor_required", text);
    problem.with_hint("set one up on the page `/account/second-factor`")
}

fn confirmation_problem() -> ApiProblem {
    let text = "the session was started or confirmed more than 15 minutes ago";
    let problem = ApiProblem::new(StatusCode::FORBIDDEN, "confirmation_required", text);
    problem.with_hint("confirm the password on the page `/confirm`, or use an API token")
}

/// Asks who the user is once more. A submitted form is kept and resumed after that.
async fn ask_for_confirmation(web: &WebContext, who: &Principal, request: Request) -> Response {
    let back = confirm::referring_path(request.headers());
    match split_request(web, request).await {
        Err(error) => error.into_response(),
        Ok((path, None)) => Redirect::to(&confirm::confirm_url(&path)).into_response(),
        Ok((path, Some(form))) => confirm::resume_after_confirmation(who, &path, &form, &back),
    }
}

/// Creates the problem of a request without a valid token or session.
pub(super) fn unauthorized_problem() -> ApiProblem {
    let text = "the token or session is missing, invalid or expired";
    let problem = ApiProblem::new(StatusCode::UNAUTHORIZED, "unauthorized", text);
    problem.with_hint("send `Authorization: Bearer KEY` with the key of an API token")
}

/// Parses the token of an `Authorization` header (RFC 6750, section 2.1).
fn parse_bearer_token(value: &HeaderValue) -> Option<&str> {
    let (scheme, secret) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

async fn redirect_to_sign_in(web: &WebContext, request: Request) -> Response {
    match split_request(web, request).await {
        Err(error) => error.into_response(),
        Ok((path, None)) => Redirect::to(&sign_in::sign_in_url(&path)).into_response(),
        Ok((path, Some(form))) => sign_in::resume_after_sign_in(web, &path, &form),
    }
}

/// Returns the path and query of a request, and the form of a `POST` request if it is small enough to be kept.
async fn split_request(web: &WebContext, request: Request) -> Result<(String, Option<String>), PageError> {
    let (mut parts, body) = request.into_parts();
    let uri = OriginalUri::from_request_parts(&mut parts, web).await.map(|uri| uri.0).unwrap_or_default();
    let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    if parts.method != Method::POST {
        return Ok((path, None));
    }
    let most = ResourceLimit::KeptFormBytes;
    match body_limit::read_body(body, most.default_size()).await {
        Ok(bytes) => Ok((path, Some(String::from_utf8_lossy(&bytes).into_owned()))),
        Err(BodyError::TooLarge) => {
            most.record_reached();
            let what =
                "sign in or confirm the password first, and send the form again: it is too large to be kept";
            Err(PageError::Bad { what: what.to_owned() })
        }
        Err(error) => Err(error.into()),
    }
}

/// Extracts the query string.
impl<S: Send + Sync> FromRequestParts<S> for UrlQuery {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        FormData::read(parts.uri.query().unwrap_or_default().as_bytes()).check().map(Self)
    }
}

/// Extracts a submitted form.
impl<S: Send + Sync> axum::extract::FromRequest<S> for FormData {
    type Rejection = PageError;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, PageError> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
        if kind.trim() != "application/x-www-form-urlencoded" {
            body_limit::discard_body(request.into_body()).await;
            return Err(PageError::NotAForm);
        }
        // Routes without an account are for small forms.
        let is_open = request.extensions().get::<Principal>().is_none();
        let most =
            if is_open { ResourceLimit::SignInFormBytes.default_size() } else { body_limit::MAX_BODY_BYTES };
        let bytes = body_limit::read_body(request.into_body(), most).await?;
        Self::read(&bytes).check()
    }
}
