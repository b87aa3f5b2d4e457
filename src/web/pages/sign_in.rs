//! Sign-in and sign-out.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, Html, IntoResponse, Redirect, Response};
use chrono::Utc;
use tracing::warn;
use url::form_urlencoded;

use crate::WebContext;
use crate::client_addr::ClientInfo;
use crate::error::{PageError, format_sentence};
use crate::form_data::{FormData, UrlQuery};
use crate::layout::{FieldError, Layout};
use crate::oidc::{self, SignInProvider};
use crate::pages::{PageResult, render_page};
use crate::return_path::local_path;
use crate::session_cookie::{browser_cookies, find_session_principal, session_cookies, set_cookie};
use crate::sign_in_events::{SignInEvent, SignInMethod};
use rollcall_config::SignInSettings;
use rollcall_core::accounts::{self, ClientAddr, OidcIdentity, Principal, SignInClient};
use rollcall_store::runs::{NewRun, RunRecordKind};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    frame: Layout,
    email: &'a str,
    /// Path to redirect to after sign-in.
    to: &'a str,
    /// Form that was submitted with an expired session.
    kept: &'a str,
    /// Whether a sign-in provider is configured.
    has_provider: bool,
}

#[derive(Template)]
#[template(path = "resume_form.html")]
struct ResumeFormPage<'a> {
    frame: Layout,
    to: &'a str,
    fields: Vec<(String, String)>,
}

/// Returns the URL of the sign-in page with a path to return to.
pub(crate) fn sign_in_url(to: &str) -> String {
    let to: String = form_urlencoded::byte_serialize(to.as_bytes()).collect();
    format!("/sign-in?to={to}")
}

/// Renders the sign-in page and keeps the submitted form, to resume it after sign-in.
pub(crate) fn resume_after_sign_in(web: &WebContext, to: &str, kept: &str) -> Response {
    let text = "Your session expired. Sign in again; your input is saved.";
    let frame = Layout::anonymous("Sign in").faults(vec![FieldError::new("", text)]);
    let has_provider = web.config().web.sign_in.is_some();
    let shown = SignInPage { frame, email: "", to: local_path(to), kept, has_provider }.render();
    match shown {
        Ok(html) => (StatusCode::UNAUTHORIZED, Html(html)).into_response(),
        Err(error) => PageError::from(error).into_response(),
    }
}

pub(super) async fn show(State(web): State<WebContext>, UrlQuery(query): UrlQuery) -> PageResult {
    let has_provider = web.config().web.sign_in.is_some();
    let to = local_path(query.text("to"));
    render_page(&SignInPage { frame: Layout::anonymous("Sign in"), email: "", to, kept: "", has_provider })
}

/// Redirects the browser to the sign-in provider.
pub(super) async fn to_provider(State(web): State<WebContext>, UrlQuery(query): UrlQuery) -> PageResult {
    let config = web.config();
    let Some(sign_in) = &config.web.sign_in else { return Ok(Redirect::to("/sign-in").into_response()) };
    let begun = SignInProvider::discover(sign_in)
        .await
        .and_then(|provider| provider.start_sign_in(local_path(query.text("to"))));
    match begun {
        Ok((url, cookie)) => Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&url)).into_response()),
        Err(error) => provider_refusal_page(&web, &error),
    }
}

/// Completes the sign-in when the provider redirects back.
pub(super) async fn from_provider(
    State(web): State<WebContext>,
    client: ClientInfo,
    UrlQuery(query): UrlQuery,
    headers: HeaderMap,
) -> PageResult {
    let config = web.config();
    let Some(sign_in) = &config.web.sign_in else { return Ok(Redirect::to("/sign-in").into_response()) };
    if !query.text("error").is_empty() {
        let message = [query.text("error"), query.text("error_description")].join(" ").trim().to_owned();
        SignInEvent::ProviderRefused
            .record_anonymous(&web, Some(client.address), SignInMethod::Provider)
            .await;
        return provider_refusal_page(&web, &oidc::OidcError::Refused { message });
    }
    let ended = finish_sign_in(sign_in, &headers, &query).await;
    let (mut provided, to) = match ended {
        Ok(ended) => ended,
        Err(error) => {
            SignInEvent::ProviderRefused
                .record_anonymous(&web, Some(client.address), SignInMethod::Provider)
                .await;
            return provider_refusal_page(&web, &error);
        }
    };
    let principal = find_session_principal(&web, &headers).await?;
    provided.signed_in = principal.and_then(|principal| principal.account());
    let about = NewRun {
        kind: RunRecordKind::Hand,
        connector: None,
        actor: provided.email.clone(),
        description: format!("sign `{}` in through the provider", provided.email),
        file_digest: None,
        subject: None,
    };
    match accounts::find_or_create_oidc_account(&web.store, &about, web.change_time(), &provided).await {
        Ok(account) => {
            let browser = browser_cookies(&headers);
            let signed_in = accounts::start_session(&web.store, account, browser, Utc::now()).await?;
            SignInEvent::SignedIn
                .record_of_address(&web, Some(client.address), SignInMethod::Provider, &provided.email)
                .await;
            // Sets the session cookie and deletes the sign-in cookie.
            let ended = AppendHeaders([(header::SET_COOKIE, oidc::clear_cookie_header())]);
            Ok((session_cookies(&signed_in), ended, Redirect::to(local_path(&to))).into_response())
        }
        Err(accounts::AccountError::Store(error)) => Err(error.into()),
        Err(error) => {
            SignInEvent::ProviderRefused
                .record_of_address(&web, Some(client.address), SignInMethod::Provider, &provided.email)
                .await;
            provider_refusal_page(&web, &error)
        }
    }
}

/// Identifies the person. The provider is asked only for a sign-in of this browser.
async fn finish_sign_in(
    sign_in: &SignInSettings,
    headers: &HeaderMap,
    query: &FormData,
) -> Result<(OidcIdentity, String), oidc::OidcError> {
    let waiting = oidc::find_sign_in(headers, query.text("state"))?;
    SignInProvider::discover(sign_in).await?.finish_sign_in(waiting, query.text("code")).await
}

/// Renders the sign-in page with the error of the provider.
fn provider_refusal_page(web: &WebContext, error: &(dyn std::error::Error + 'static)) -> PageResult {
    if let Some(oidc::OidcError::Provider { cause, step }) = error.downcast_ref() {
        warn!(cause, step, "sign-in through the provider failed");
    }
    let frame =
        Layout::anonymous("Sign in").faults(vec![FieldError::new("", format_sentence(&error.to_string()))]);
    let has_provider = web.config().web.sign_in.is_some();
    let html = SignInPage { frame, email: "", to: "/", kept: "", has_provider }.render()?;
    Ok((StatusCode::FORBIDDEN, Html(html)).into_response())
}

pub(super) async fn sign_in(
    State(web): State<WebContext>,
    client: ClientInfo,
    headers: HeaderMap,
    form: FormData,
) -> PageResult {
    let (email, to, kept) = (form.text("email"), local_path(form.text("to")), form.text("kept"));
    let now = Utc::now();
    let from = Some(client.address);
    let client = SignInClient { address: ClientAddr(client.address), browser: browser_cookies(&headers) };
    match accounts::sign_in(&web.store, email, form.text("password"), client, now).await {
        Ok(signed_in) => {
            SignInEvent::SignedIn.record_of_address(&web, from, SignInMethod::Password, email).await;
            let cookies = session_cookies(&signed_in);
            if kept.is_empty() {
                return Ok((cookies, Redirect::to(to)).into_response());
            }
            let fields = FormData::read(kept.as_bytes()).pairs().to_vec();
            let shown = ResumeFormPage { frame: Layout::anonymous("Signed in"), to, fields }.render()?;
            Ok((cookies, Html(shown)).into_response())
        }
        Err(error @ (accounts::AccountError::Store(_) | accounts::AccountError::Busy)) => Err(error.into()),
        Err(error) => {
            let event = match error {
                accounts::AccountError::TooManyAttempts { .. } => SignInEvent::TooManyAttempts,
                _ => SignInEvent::WrongCredentials,
            };
            event.record_of_address(&web, from, SignInMethod::Password, email).await;
            // An address that is too long is not sent back.
            let (status, email) = match error {
                accounts::AccountError::TooManyAttempts { .. } => (StatusCode::TOO_MANY_REQUESTS, email),
                accounts::AccountError::AddressTooLong { .. } => (StatusCode::UNAUTHORIZED, ""),
                _ => (StatusCode::UNAUTHORIZED, email),
            };
            let fault = FieldError::new("email", format_sentence(&error.to_string()));
            let frame = Layout::anonymous("Sign in").faults(vec![fault]);
            let has_provider = web.config().web.sign_in.is_some();
            let html = SignInPage { frame, email, to, kept, has_provider }.render()?;
            Ok((status, Html(html)).into_response())
        }
    }
}

pub(super) async fn sign_out(
    State(web): State<WebContext>,
    client: ClientInfo,
    Extension(who): Extension<Principal>,
) -> PageResult {
    accounts::sign_out(&web.store, &who).await?;
    SignInEvent::SignedOut.record_of_principal(&web, Some(client.address), &who).await;
    Ok(([set_cookie(None)], Redirect::to("/sign-in")).into_response())
}
