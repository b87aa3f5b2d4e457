//! Sign-in by password, and the code of a second factor.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use chrono::Utc;

use super::{SignInForm, go_on, render_sign_in};
use crate::WebContext;
use crate::client_addr::ClientInfo;
use crate::error::format_sentence;
use crate::form_data::{FormData, UrlQuery};
use crate::layout::{FieldError, Layout};
use crate::pages::PageResult;
use crate::plain_http::{PLAIN_HTTP, is_session_lost};
use crate::return_path::local_path;
use crate::session_cookie::{session_cookies, set_cookie, sign_in_client};
use crate::sign_in_events::{SignInEvent, SignInMethod};
use rollcall_core::accounts::{self, AccountError, PasswordSignIn};

#[derive(Template)]
#[template(path = "sign_in/code.html")]
struct CodePage<'a> {
    frame: Layout,
    to: &'a str,
    kept: &'a str,
}

pub(in crate::pages) async fn show(
    State(web): State<WebContext>,
    client: ClientInfo,
    UrlQuery(query): UrlQuery,
    headers: HeaderMap,
) -> PageResult {
    let form = SignInForm { to: local_path(query.text("to")), ..SignInForm::default() };
    let fault = is_session_lost(client, &headers).then(|| FieldError::new("", PLAIN_HTTP));
    render_sign_in(&web, StatusCode::OK, form, fault.into_iter().collect())
}

pub(in crate::pages) async fn sign_in(
    State(web): State<WebContext>,
    client: ClientInfo,
    headers: HeaderMap,
    form: FormData,
) -> PageResult {
    let (email, to, kept) = (form.text("email"), local_path(form.text("to")), form.text("kept"));
    let typed = SignInForm { email, to, kept };
    if !web.config().web.passwords {
        let fault = FieldError::new("", "Passwords are switched off. Sign in with the company's account.");
        return render_sign_in(&web, StatusCode::FORBIDDEN, typed, vec![fault]);
    }
    // A browser names the origin of every form; other clients may keep the cookie as they like.
    if headers.contains_key(header::ORIGIN) && is_session_lost(client, &headers) {
        return render_sign_in(&web, StatusCode::FORBIDDEN, typed, vec![FieldError::new("", PLAIN_HTTP)]);
    }
    let from = sign_in_client(client, &headers);
    match accounts::sign_in(&web.store, email, form.text("password"), from, Utc::now()).await {
        Ok(PasswordSignIn::SignedIn(session)) => {
            let event = SignInEvent::SignedIn;
            event.record_of_address(&web, Some(client.address), SignInMethod::Password, email).await;
            Ok((session_cookies(&session), go_on(to, kept)?).into_response())
        }
        Ok(PasswordSignIn::CodeRequired { cookie }) => {
            let shown = render_code(StatusCode::OK, to, kept, Vec::new())?;
            Ok(([set_cookie(Some(&cookie))], shown).into_response())
        }
        Err(error @ (AccountError::Store(_) | AccountError::Busy)) => Err(error.into()),
        Err(error) => {
            let (event, status) = refusal(&error, (SignInEvent::WrongCredentials, StatusCode::UNAUTHORIZED));
            event.record_of_address(&web, Some(client.address), SignInMethod::Password, email).await;
            // An address that is too long is not sent back.
            let email = if matches!(error, AccountError::AddressTooLong { .. }) { "" } else { email };
            let fault = FieldError::new("email", format_sentence(&error.to_string()));
            render_sign_in(&web, status, SignInForm { email, ..typed }, vec![fault])
        }
    }
}

/// Returns the event and the status of a refused attempt.
pub(super) fn refusal(
    error: &AccountError,
    otherwise: (SignInEvent, StatusCode),
) -> (SignInEvent, StatusCode) {
    match error {
        AccountError::TooManyAttempts { .. } => (SignInEvent::TooManyAttempts, StatusCode::TOO_MANY_REQUESTS),
        _ => otherwise,
    }
}

fn render_code(
    status: StatusCode,
    to: &str,
    kept: &str,
    faults: Vec<FieldError>,
) -> Result<Response, crate::error::PageError> {
    let frame = Layout::anonymous("Sign in").faults(faults);
    Ok((status, Html(CodePage { frame, to, kept }.render()?)).into_response())
}

/// Completes a sign-in by a code.
pub(in crate::pages) async fn submit_code(
    State(web): State<WebContext>,
    client: ClientInfo,
    headers: HeaderMap,
    form: FormData,
) -> PageResult {
    let (to, kept) = (local_path(form.text("to")), form.text("kept"));
    let (from, address) = (sign_in_client(client, &headers), Some(client.address));
    match accounts::submit_code(&web.store, form.text("code"), from, Utc::now()).await {
        Ok(done) => {
            let method = match done.recovery_codes_left {
                Some(_) => SignInMethod::RecoveryCode,
                None => SignInMethod::Code,
            };
            SignInEvent::SignedIn.record_of_address(&web, address, method, &done.email).await;
            Ok((session_cookies(&done.session), go_on(to, kept)?).into_response())
        }
        Err(AccountError::SignInExpired) => {
            let fault = FieldError::new("", "The sign-in took too long. Sign in again.");
            let typed = SignInForm { to, kept, ..SignInForm::default() };
            render_sign_in(&web, StatusCode::UNAUTHORIZED, typed, vec![fault])
        }
        Err(error @ (AccountError::WrongCode | AccountError::TooManyAttempts { .. })) => {
            let (event, status) = refusal(&error, (SignInEvent::WrongCode, StatusCode::UNAUTHORIZED));
            if let Some(email) = accounts::find_waiting_address(&web.store, from, Utc::now()).await? {
                event.record_of_address(&web, address, SignInMethod::Code, &email).await;
            }
            let fault = FieldError::new("code", format_sentence(&error.to_string()));
            render_code(status, to, kept, vec![fault])
        }
        Err(error) => Err(error.into()),
    }
}
