//! Confirmation of who the user is, before a powerful change.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::Utc;

use super::password::refusal;
use super::{go_on, url_with_return_path};
use crate::WebContext;
use crate::client_addr::ClientInfo;
use crate::error::{PageError, format_sentence};
use crate::form_data::{FormData, UrlQuery};
use crate::layout::{FieldError, Layout, MenuItem};
use crate::pages::{PageResult, render_page_with_status};
use crate::return_path::local_path;
use crate::session_cookie::sign_in_client;
use crate::sign_in_events::{SignInEvent, SignInMethod};
use rollcall_core::accounts::{self, AccountError, Principal};

/// Input of the page.
#[derive(Debug, Clone, Copy)]
struct ConfirmForm<'a> {
    /// Path to go on with.
    to: &'a str,
    /// Form that waits for the confirmation.
    kept: &'a str,
    /// Path of the page that the user comes from.
    back: &'a str,
}

#[derive(Template)]
#[template(path = "sign_in/confirm.html")]
struct ConfirmPage<'a> {
    frame: Layout,
    email: &'a str,
    form: ConfirmForm<'a>,
    /// Whether the user signs in through the provider.
    is_provider: bool,
    has_second_factor: bool,
}

/// Returns the URL of the page, with a path to return to.
pub(crate) fn confirm_url(to: &str) -> String {
    url_with_return_path("/confirm", to)
}

/// Returns the path of the page that sent a request; the home page if it is unknown.
pub(crate) fn referring_path(headers: &HeaderMap) -> String {
    let text = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    let url = text.and_then(|text| url::Url::parse(text).ok());
    url.map_or_else(
        || "/".to_owned(),
        |url| url[url::Position::BeforePath..url::Position::AfterQuery].to_owned(),
    )
}

/// Renders the page and keeps the submitted form, to resume it after the confirmation.
pub(crate) fn resume_after_confirmation(who: &Principal, to: &str, kept: &str, back: &str) -> Response {
    let form = ConfirmForm { to: local_path(to), kept, back: local_path(back) };
    let shown = render(who, StatusCode::UNAUTHORIZED, form, Vec::new());
    shown.unwrap_or_else(PageError::into_response)
}

fn render(who: &Principal, status: StatusCode, form: ConfirmForm<'_>, faults: Vec<FieldError>) -> PageResult {
    let session = who.session();
    let page = ConfirmPage {
        frame: Layout::new(who, MenuItem::Unlisted, "Confirm who you are").faults(faults),
        email: &who.actor,
        form,
        is_provider: session.is_some_and(|session| session.method.is_provider()),
        has_second_factor: session.is_some_and(|session| session.has_second_factor),
    };
    render_page_with_status(status, &page)
}

pub(in crate::pages) async fn show(
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let to = local_path(query.text("to"));
    render(&who, StatusCode::OK, ConfirmForm { to, kept: "", back: to }, Vec::new())
}

/// Verifies the password, and goes on with the page or the form.
pub(in crate::pages) async fn submit(
    State(web): State<WebContext>,
    client: ClientInfo,
    headers: HeaderMap,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    let (to, kept, back) = (local_path(form.text("to")), form.text("kept"), local_path(form.text("back")));
    let Some(session) = who.session() else { return Ok(Redirect::to("/sign-in").into_response()) };
    let from = sign_in_client(client, &headers);
    let given = (form.text("password"), form.text("code"));
    match accounts::confirm_sign_in(&web.store, session, &who.actor, given, from, Utc::now()).await {
        Ok(()) => {
            SignInEvent::Confirmed.record_of_principal(&web, Some(client.address), &who).await;
            go_on(to, kept)
        }
        Err(error @ (AccountError::Store(_) | AccountError::Busy)) => Err(error.into()),
        Err(error) => {
            let (otherwise, field, text) = match error {
                AccountError::WrongCode => (SignInEvent::WrongCode, "code", error.to_string()),
                AccountError::WrongCredentials => {
                    (SignInEvent::WrongCredentials, "password", "the password is wrong".to_owned())
                }
                _ => (SignInEvent::WrongCredentials, "password", error.to_string()),
            };
            let (event, status) = refusal(&error, (otherwise, StatusCode::UNPROCESSABLE_ENTITY));
            let (address, method) = (Some(client.address), SignInMethod::Password);
            event.record_of_address(&web, address, method, &who.actor).await;
            let typed = ConfirmForm { to, kept, back };
            render(&who, status, typed, vec![FieldError::new(field, format_sentence(&text))])
        }
    }
}
