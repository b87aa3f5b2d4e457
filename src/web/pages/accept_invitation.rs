//! Page to set a password with a link.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect};
use chrono::Utc;

use crate::WebContext;
use crate::client_addr::ClientInfo;
use crate::error::{PageError, format_sentence};
use crate::form_data::FormData;
use crate::layout::{FieldError, Layout};
use crate::pages::{PageResult, render_page};
use crate::session_cookie::{session_cookies, sign_in_client};
use crate::sign_in_events::{SignInEvent, SignInMethod};
use rollcall_core::accounts::{self, SessionProof};
use rollcall_model::session_method::SessionMethod;
use rollcall_store::runs::{NewRun, RunRecordKind};

#[derive(Template)]
#[template(path = "accept_invitation.html")]
struct SetPasswordPage {
    frame: Layout,
    /// E-mail address. For the first account the user enters it.
    is_first: bool,
    email: String,
}

fn check_passwords_accepted(web: &WebContext) -> Result<(), PageError> {
    if web.config().web.passwords {
        return Ok(());
    }
    Err(PageError::Bad { what: "passwords are switched off: sign in with the company's account".to_owned() })
}

pub(super) async fn show(State(web): State<WebContext>, Path(key): Path<String>) -> PageResult {
    check_passwords_accepted(&web)?;
    let email = accounts::check_invitation(&web.store, &key, Utc::now()).await?;
    let is_first = email.is_none();
    render_page(&SetPasswordPage {
        frame: Layout::anonymous("Welcome"),
        is_first,
        email: email.unwrap_or_default(),
    })
}

pub(super) async fn set_password(
    State(web): State<WebContext>,
    Path(key): Path<String>,
    client: ClientInfo,
    headers: HeaderMap,
    form: FormData,
) -> PageResult {
    check_passwords_accepted(&web)?;
    let invited = accounts::check_invitation(&web.store, &key, Utc::now()).await?;
    let is_first = invited.is_none();
    let email = invited.unwrap_or_else(|| form.text("email").trim().to_owned());
    let (secret, again) = (form.text("password"), form.text("again"));
    let about = NewRun {
        kind: RunRecordKind::Hand,
        connector: None,
        actor: email.clone(),
        description: format!("set the password of `{email}` by a link"),
        file_digest: None,
        subject: None,
    };
    let fault = if secret == again {
        match accounts::accept_invitation(&web.store, &about, web.change_time(), &key, &email, secret).await {
            Ok(account) => {
                // The link stands for the password alone.
                if accounts::has_second_factor(&web.store, account).await? {
                    return Ok(Redirect::to("/sign-in").into_response());
                }
                let (from, now) = (sign_in_client(client, &headers), Utc::now());
                let proof = SessionProof { method: SessionMethod::Link, proved_at: now };
                let signed_in = accounts::start_session(&web.store, account, from, proof, now).await?;
                SignInEvent::SignedIn
                    .record_of_address(&web, Some(client.address), SignInMethod::Link, &email)
                    .await;
                return Ok((session_cookies(&signed_in), Redirect::to("/")).into_response());
            }
            Err(error @ accounts::AccountError::BadAddress { .. }) => {
                FieldError::new("email", format_sentence(&error.to_string()))
            }
            Err(
                error @ (accounts::AccountError::BadPassword { .. }
                | accounts::AccountError::PasswordIsAddress
                | accounts::AccountError::CommonPassword),
            ) => FieldError::new("password", format_sentence(&error.to_string())),
            Err(error) => return Err(error.into()),
        }
    } else {
        FieldError::new("again", "The two passwords differ.")
    };
    let frame = Layout::anonymous("Welcome").faults(vec![fault]);
    let html = SetPasswordPage { frame, is_first, email }.render()?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(html)).into_response())
}
