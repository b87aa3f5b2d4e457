//! Sign-in and sign-out.

pub(crate) mod confirm;
pub(super) mod password;
pub(super) mod provider;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use url::form_urlencoded;

use crate::WebContext;
use crate::client_addr::ClientInfo;
use crate::error::PageError;
use crate::form_data::FormData;
use crate::layout::{FieldError, Layout};
use crate::pages::{PageResult, render_page_with_status};
use crate::return_path::local_path;
use crate::session_cookie::set_cookie;
use crate::sign_in_events::SignInEvent;
use rollcall_core::accounts::{self, Principal};

/// Header by which a browser forgets what pages have stored (W3C, Clear Site Data).
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// Input of the sign-in page.
#[derive(Debug, Clone, Copy)]
struct SignInForm<'a> {
    email: &'a str,
    /// Path to redirect to after sign-in.
    to: &'a str,
    /// Form that was submitted with an expired session.
    kept: &'a str,
}

impl Default for SignInForm<'_> {
    fn default() -> Self {
        Self { email: "", to: "/", kept: "" }
    }
}

#[derive(Template)]
#[template(path = "sign_in/password.html")]
struct SignInPage<'a> {
    frame: Layout,
    form: SignInForm<'a>,
    /// Whether passwords are accepted.
    passwords: bool,
    /// Whether a sign-in provider is configured.
    has_provider: bool,
}

#[derive(Template)]
#[template(path = "sign_in/resume_form.html")]
struct ResumeFormPage<'a> {
    frame: Layout,
    to: &'a str,
    fields: Vec<(String, String)>,
}

/// Returns the URL of the sign-in page with a path to return to.
pub(crate) fn sign_in_url(to: &str) -> String {
    url_with_return_path("/sign-in", to)
}

fn url_with_return_path(page: &str, to: &str) -> String {
    let to: String = form_urlencoded::byte_serialize(to.as_bytes()).collect();
    format!("{page}?to={to}")
}

/// Renders the sign-in page.
fn render_sign_in(
    web: &WebContext,
    status: StatusCode,
    form: SignInForm<'_>,
    faults: Vec<FieldError>,
) -> PageResult {
    let settings = &web.config().web;
    let frame = Layout::anonymous("Sign in").faults(faults);
    let (passwords, has_provider) = (settings.passwords, settings.sign_in.is_some());
    render_page_with_status(status, &SignInPage { frame, form, passwords, has_provider })
}

/// Renders the sign-in page and keeps the submitted form, to resume it after sign-in.
pub(crate) fn resume_after_sign_in(web: &WebContext, to: &str, kept: &str) -> Response {
    let text = "Your session expired. Sign in again; your input is saved.";
    let form = SignInForm { to: local_path(to), kept, ..SignInForm::default() };
    let shown = render_sign_in(web, StatusCode::UNAUTHORIZED, form, vec![FieldError::new("", text)]);
    shown.unwrap_or_else(PageError::into_response)
}

/// Goes on after a sign-in: to a page, or with the form that was kept.
fn go_on(to: &str, kept: &str) -> PageResult {
    if kept.is_empty() {
        return Ok(Redirect::to(to).into_response());
    }
    let fields = FormData::read(kept.as_bytes()).pairs().to_vec();
    let shown = ResumeFormPage { frame: Layout::anonymous("Signed in"), to, fields }.render()?;
    Ok(Html(shown).into_response())
}

pub(super) async fn sign_out(
    State(web): State<WebContext>,
    client: ClientInfo,
    Extension(who): Extension<Principal>,
) -> PageResult {
    accounts::sign_out(&web.store, &who).await?;
    SignInEvent::SignedOut.record_of_principal(&web, Some(client.address), &who).await;
    let forget = [(CLEAR_SITE_DATA, "\"storage\"")];
    Ok(([set_cookie(None)], forget, Redirect::to("/sign-in")).into_response())
}
