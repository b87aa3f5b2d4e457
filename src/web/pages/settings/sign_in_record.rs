//! Page of sign-ins, sign-outs and refusals.

use askama::Template;
use axum::Extension;
use axum::extract::State;

use crate::WebContext;
use crate::filters;
use crate::form_data::UrlQuery;
use crate::layout::{Layout, MenuItem};
use crate::list_cursor::{ListCursor, ListPageRequest, split_next_page};
use crate::pages::groups::format_local_time;
use crate::pages::{PageResult, render_page};
use crate::sign_in_events::SignInEvent;
use rollcall_core::accounts::Principal;
use rollcall_store::sign_in_events::{self, SignInEventFilter};

#[derive(Template)]
#[template(path = "settings/sign_in_record.html")]
struct SignInRecordPage<'a> {
    frame: Layout,
    tab: &'static str,
    events: [SignInEvent; SignInEvent::ALL.len()],
    event: &'a str,
    rows: Vec<SignInLine>,
    next: Option<String>,
    is_first: bool,
}

struct SignInLine {
    at: String,
    label: String,
    who: String,
    method: String,
    client: String,
    times: i64,
}

pub(super) async fn show(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let event = SignInEvent::parse(query.text("event")).map_or("", SignInEvent::as_str);
    let here = ListPageRequest::from_query(&query);
    let from = here.to_store_page();
    let mut tx = web.store.begin_read().await?;
    let find = SignInEventFilter { event, ..SignInEventFilter::default() };
    let mut rows = sign_in_events::list(&mut tx, find, from.id, from.limit).await?;
    let next = split_next_page(&mut rows, |one| ListCursor { text: String::new(), id: one.id });
    let zone = web.config().timezone;
    let rows = rows.into_iter().map(|one| SignInLine {
        at: format_local_time(one.last_at, zone),
        label: SignInEvent::parse(&one.event).map_or(one.event, SignInEvent::label),
        who: one.account.unwrap_or(one.who),
        method: one.method,
        client: one.client,
        times: one.times,
    });
    render_page(&SignInRecordPage {
        frame: Layout::new(&who, MenuItem::Settings, "Sign-ins"),
        tab: "sign-ins",
        events: SignInEvent::ALL,
        event,
        rows: rows.collect(),
        next,
        is_first: here.is_first(),
    })
}
