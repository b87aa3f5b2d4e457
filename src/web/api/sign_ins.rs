//! Endpoint of the record of sign-ins.

use axum::extract::State;
use axum::{Extension, Json};

use super::ApiResult;
use super::api_query::{ApiPage, ApiQuery};
use super::problem::ApiProblem;
use crate::WebContext;
use crate::list_cursor::ListCursor;
use crate::sign_in_events::SignInEvent;
use rollcall_core::accounts::Principal;
use rollcall_store::sign_in_events::{self, SignInEventFilter, SignInRecord};

pub(super) async fn list(
    State(web): State<WebContext>,
    query: ApiQuery,
    _: Extension<Principal>,
) -> ApiResult<ApiPage<SignInRecord>> {
    let query = query.allow_only(&["since", "event", "after", "limit"])?;
    let place = query.page_request()?;
    let event = query.text("event").unwrap_or_default();
    if !event.is_empty() && SignInEvent::parse(event).is_none() {
        let events = SignInEvent::ALL.map(SignInEvent::as_str).join("`, `");
        let problem = ApiProblem::invalid_field("event", format!("unknown event `{event}`"));
        return Err(problem.with_hint(format!("the events are `{events}`")));
    }
    let since = query.start_of_day("since", web.config().timezone)?;
    let before = place.after.as_ref().map_or(0, |after| after.id);
    let mut tx = web.store.begin_read().await?;
    let find = SignInEventFilter { event, since };
    let mut items = sign_in_events::list(&mut tx, find, before, place.row_limit()).await?;
    let next = place.split_next_page(&mut items, |one| ListCursor { text: String::new(), id: one.id });
    Ok(Json(ApiPage { items, next }))
}
