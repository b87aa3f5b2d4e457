//! End of one's own sessions.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};

use super::own_account::session_of;
use crate::WebContext;
use crate::client_addr::ClientInfo;
use crate::error::PageError;
use crate::form_data::FormData;
use crate::pages::PageResult;
use crate::sign_in_events::SignInEvent;
use rollcall_core::accounts::{self, Principal};

/// Ends one session.
pub(super) async fn end_session(
    State(web): State<WebContext>,
    client: ClientInfo,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    if !accounts::end_session(&web.store, session_of(&who)?, form.text("session")).await? {
        return Err(PageError::Missing { what: "the session".to_owned() });
    }
    SignInEvent::SignedOut.record_of_principal(&web, Some(client.address), &who).await;
    Ok(Redirect::to("/account#sessions").into_response())
}

/// Ends all sessions but the present one.
pub(super) async fn end_other_sessions(
    State(web): State<WebContext>,
    client: ClientInfo,
    Extension(who): Extension<Principal>,
) -> PageResult {
    if accounts::end_other_sessions(&web.store, session_of(&who)?).await? > 0 {
        SignInEvent::SignedOut.record_of_principal(&web, Some(client.address), &who).await;
    }
    Ok(Redirect::to("/account#sessions").into_response())
}
