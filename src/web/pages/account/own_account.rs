//! Overview of the user's own account.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use chrono::Utc;

use crate::WebContext;
use crate::error::PageError;
use crate::form_data::{FormData, UrlQuery};
use crate::layout::{FieldError, Layout, MenuItem};
use crate::pages::groups::format_local_time;
use crate::pages::{PageResult, load_notice, render_page_with_status};
use rollcall_core::accounts::{self, Principal, SessionOfPrincipal};

#[derive(Template)]
#[template(path = "account/own_account.html")]
struct OwnAccountPage<'a> {
    frame: Layout,
    email: &'a str,
    /// Whether the user signs in with a password.
    has_password: bool,
    has_second_factor: bool,
    sessions: Vec<SessionLine>,
}

struct SessionLine {
    digest: String,
    is_present: bool,
    method: &'static str,
    client: String,
    browser: String,
    started: String,
    seen: String,
}

/// Returns the session of the user. Pages are open to sessions alone.
pub(super) fn session_of(who: &Principal) -> Result<&SessionOfPrincipal, PageError> {
    who.session().ok_or_else(|| PageError::Broken { what: "the request has no session".to_owned() })
}

pub(super) async fn show(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    render_account(&web, &who, &query, Vec::new()).await
}

pub(super) async fn render_account(
    web: &WebContext,
    who: &Principal,
    query: &FormData,
    faults: Vec<FieldError>,
) -> PageResult {
    let session = session_of(who)?;
    let zone = web.config().timezone;
    let mut tx = web.store.begin_read().await?;
    let rows = accounts::list_sessions(&mut tx, session.account, Utc::now()).await?;
    let frame = Layout::new(who, MenuItem::Unlisted, "Your account")
        .notice(load_notice(&mut tx, query).await?)
        .faults(faults);
    let sessions = rows.into_iter().map(|row| SessionLine {
        is_present: row.digest == session.digest,
        digest: row.digest,
        method: row.method.as_str(),
        client: row.client,
        browser: row.browser,
        started: format_local_time(row.started_at, zone),
        seen: format_local_time(row.seen_at, zone),
    });
    let page = OwnAccountPage {
        email: &who.actor,
        has_password: !session.method.is_provider(),
        has_second_factor: session.has_second_factor,
        sessions: sessions.collect(),
        frame,
    };
    render_page_with_status(page.frame.status(), &page)
}
