//! Sign-in through the provider.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use chrono::Utc;
use tracing::warn;

use super::{SignInForm, render_sign_in};
use crate::WebContext;
use crate::client_addr::ClientInfo;
use crate::error::{PageError, format_sentence};
use crate::form_data::UrlQuery;
use crate::layout::FieldError;
use crate::oidc::{self, OidcSignIn, OidcState, SignInFreshness, SignInProvider};
use crate::pages::PageResult;
use crate::plain_http::{PLAIN_HTTP, is_session_lost};
use crate::return_path::local_path;
use crate::session_cookie::{find_session_principal, session_cookies, sign_in_client};
use crate::sign_in_events::{SignInEvent, SignInMethod};
use rollcall_config::SignInSettings;
use rollcall_core::accounts::{self, AccountError, SessionProof};
use rollcall_model::session_method::SessionMethod;
use rollcall_store::runs::{NewRun, RunRecordKind};

/// Characters of a message of the provider that are shown.
const PROVIDER_MESSAGE_CHARS: usize = 200;

/// Redirects the browser to the sign-in provider.
pub(in crate::pages) async fn to_provider(
    State(web): State<WebContext>,
    client: ClientInfo,
    UrlQuery(query): UrlQuery,
    headers: HeaderMap,
) -> PageResult {
    let config = web.config();
    let Some(sign_in) = &config.web.sign_in else { return Ok(Redirect::to("/sign-in").into_response()) };
    if is_session_lost(client, &headers) {
        let fault = FieldError::new("", PLAIN_HTTP);
        return render_sign_in(&web, StatusCode::FORBIDDEN, SignInForm::default(), vec![fault]);
    }
    let freshness = if query.text("anew").is_empty() { SignInFreshness::Any } else { SignInFreshness::Anew };
    let begun = SignInProvider::discover(sign_in)
        .await
        .and_then(|provider| provider.start_sign_in(local_path(query.text("to")), freshness));
    match begun {
        Ok((url, cookie)) => Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&url)).into_response()),
        Err(error) => provider_refusal_page(&web, &error),
    }
}

/// Counts a way back from the provider. Returns the page of the refusal if it comes too early.
async fn count_visit(
    web: &WebContext,
    client: ClientInfo,
    headers: &HeaderMap,
) -> Result<Option<Response>, PageError> {
    match accounts::count_provider_visit(&web.store, sign_in_client(client, headers), Utc::now()).await {
        Ok(()) => Ok(None),
        Err(AccountError::Store(error)) => Err(error.into()),
        Err(error) => {
            let event = SignInEvent::TooManyAttempts;
            event.record_anonymous(web, Some(client.address), SignInMethod::Provider).await;
            refusal_page(web, StatusCode::TOO_MANY_REQUESTS, &error).map(Some)
        }
    }
}

/// Completes the sign-in when the provider redirects back.
pub(in crate::pages) async fn from_provider(
    State(web): State<WebContext>,
    client: ClientInfo,
    UrlQuery(query): UrlQuery,
    headers: HeaderMap,
) -> PageResult {
    let config = web.config();
    let Some(sign_in) = &config.web.sign_in else { return Ok(Redirect::to("/sign-in").into_response()) };
    // A request of a foreign page, which does not know the state, counts for nobody.
    let waiting = match oidc::find_sign_in(&headers, query.text("state")) {
        Ok(waiting) => waiting,
        Err(error) => return refuse_sign_in(&web, client, &error).await,
    };
    if let Some(refused) = count_visit(&web, client, &headers).await? {
        return Ok(refused);
    }
    if !query.text("error").is_empty() {
        let message = [query.text("error"), query.text("error_description")].join(" ");
        let message = message.trim().chars().take(PROVIDER_MESSAGE_CHARS).collect();
        return refuse_sign_in(&web, client, &oidc::OidcError::Refused { message }).await;
    }
    let OidcSignIn { identity: mut provided, to, proved_at } =
        match finish_sign_in(sign_in, waiting, query.text("code")).await {
            Ok(ended) => ended,
            Err(error) => return refuse_sign_in(&web, client, &error).await,
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
            let client_of_session = sign_in_client(client, &headers);
            let proof = SessionProof { method: SessionMethod::Provider, proved_at };
            let signed_in =
                accounts::start_session(&web.store, account, client_of_session, proof, Utc::now()).await?;
            SignInEvent::SignedIn
                .record_of_address(&web, Some(client.address), SignInMethod::Provider, &provided.email)
                .await;
            // Sets the session cookie and deletes the sign-in cookie.
            let ended = AppendHeaders([(header::SET_COOKIE, oidc::clear_cookie_header())]);
            Ok((session_cookies(&signed_in), ended, Redirect::to(local_path(&to))).into_response())
        }
        Err(AccountError::Store(error)) => Err(error.into()),
        Err(error) => {
            SignInEvent::ProviderRefused
                .record_of_address(&web, Some(client.address), SignInMethod::Provider, &provided.email)
                .await;
            provider_refusal_page(&web, &error)
        }
    }
}

/// Identifies the person of a sign-in of this browser.
async fn finish_sign_in(
    sign_in: &SignInSettings,
    waiting: OidcState,
    code: &str,
) -> Result<OidcSignIn, oidc::OidcError> {
    SignInProvider::discover(sign_in).await?.finish_sign_in(waiting, code).await
}

/// Records a refusal of an unknown person, and renders its page.
async fn refuse_sign_in(web: &WebContext, client: ClientInfo, error: &oidc::OidcError) -> PageResult {
    SignInEvent::ProviderRefused.record_anonymous(web, Some(client.address), SignInMethod::Provider).await;
    provider_refusal_page(web, error)
}

/// Renders the sign-in page with the error of the provider.
fn provider_refusal_page(web: &WebContext, error: &(dyn std::error::Error + 'static)) -> PageResult {
    if let Some(oidc::OidcError::Provider { cause, step }) = error.downcast_ref() {
        warn!(cause, step, "sign-in through the provider failed");
    }
    refusal_page(web, StatusCode::FORBIDDEN, error)
}

fn refusal_page(
    web: &WebContext,
    status: StatusCode,
    error: &(dyn std::error::Error + 'static),
) -> PageResult {
    let fault = FieldError::new("", format_sentence(&error.to_string()));
    render_sign_in(web, status, SignInForm::default(), vec![fault])
}
