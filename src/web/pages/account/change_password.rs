//! Change of one's own password.

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect};

use super::own_account::{render_account, session_of};
use crate::WebContext;
use crate::client_addr::ClientInfo;
use crate::error::format_sentence;
use crate::form_data::FormData;
use crate::layout::FieldError;
use crate::pages::PageResult;
use crate::session_cookie::sign_in_client;
use crate::sign_in_events::{SignInEvent, SignInMethod};
use rollcall_core::accounts::{self, AccountError, PasswordChange, Principal};

pub(super) async fn submit_password(
    State(web): State<WebContext>,
    client: ClientInfo,
    headers: HeaderMap,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    let (session, none) = (session_of(&who)?, FormData::default());
    let (present, new, again) = (form.text("present"), form.text("password"), form.text("again"));
    if new != again {
        let fault = FieldError::new("again", "The two passwords differ.");
        return render_account(&web, &who, &none, vec![fault]).await;
    }
    let about = web.new_manual_run(&who, format!("change the password of `{}`", who.actor));
    let from = sign_in_client(client, &headers);
    let given = PasswordChange { present, new, code: form.text("code") };
    let changed = accounts::change_own_password(&web.store, &about, web.change_time(), session, from, given);
    match changed.await {
        Ok(done) => Ok(Redirect::to(&format!("/account?run={}", done.run)).into_response()),
        Err(error @ (AccountError::Store(_) | AccountError::Busy)) => Err(error.into()),
        Err(error) => {
            let (event, field) = match error {
                AccountError::WrongPassword => (Some(SignInEvent::WrongCredentials), "present"),
                AccountError::WrongCode => (Some(SignInEvent::WrongCode), "code"),
                AccountError::TooManyAttempts { .. } => (Some(SignInEvent::TooManyAttempts), "present"),
                _ => (None, "password"),
            };
            if let Some(event) = event {
                let (address, method) = (Some(client.address), SignInMethod::Password);
                event.record_of_address(&web, address, method, &who.actor).await;
            }
            let fault = FieldError::new(field, format_sentence(&error.to_string()));
            render_account(&web, &who, &none, vec![fault]).await
        }
    }
}
