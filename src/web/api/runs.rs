//! Endpoints of runs, decisions and the audit log.

use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;

use super::ApiResult;
use super::api_query::{ApiPage, ApiQuery, PathId};
use super::problem::ApiProblem;
use crate::actions;
use crate::list_cursor::ListCursor;
use crate::{WebContext, run_blocking};
use rollcall_core::accounts::Principal;
use rollcall_core::sync::cancel_run::{CancelResult, cancel_run};
use rollcall_core::sync::undo::UndoConfirmation;
use rollcall_core::sync::{approve as deciding, undo as undoing};
use rollcall_model::ids::RunId;
use rollcall_store::listing::audit_log::{self, AuditLogEntry, AuditLogFilter};
use rollcall_store::runs::{self as table, Run, RunRecordKind};
use rollcall_views as views;

pub(super) async fn list(
    State(web): State<WebContext>,
    query: ApiQuery,
    _: Extension<Principal>,
) -> ApiResult<ApiPage<Run>> {
    let query = query.allow_only(&["waiting", "after", "limit"])?;
    let (waiting, place) = (query.flag("waiting")?, query.page_request()?);
    let before = place.after.as_ref().map_or(i64::MAX, |after| after.id);
    let mut tx = web.store.begin_read().await?;
    let mut items = if waiting {
        table::list_waiting(&mut tx, before, place.row_limit()).await?
    } else {
        table::list_before(&mut tx, before, place.row_limit()).await?
    };
    let next = place.split_next_page(&mut items, |run| ListCursor { text: String::new(), id: run.run });
    Ok(Json(ApiPage { items, next }))
}

pub(super) async fn audit(
    State(web): State<WebContext>,
    query: ApiQuery,
    _: Extension<Principal>,
) -> ApiResult<ApiPage<AuditLogEntry>> {
    let query = query.allow_only(&["since", "kind", "actor", "after", "limit"])?;
    let place = query.page_request()?;
    let kind = query.text("kind").unwrap_or_default();
    if !kind.is_empty() && RunRecordKind::ALL.iter().all(|one| one.as_str() != kind) {
        let kinds = RunRecordKind::ALL.map(RunRecordKind::as_str).join("`, `");
        let problem = ApiProblem::invalid_field("kind", format!("unknown kind of change `{kind}`"));
        return Err(problem.with_hint(format!("the kinds are `{kinds}`")));
    }
    let since = query.start_of_day("since", web.config().timezone)?;
    let actor = query.text("actor").unwrap_or_default();
    let before = place.after.as_ref().map_or(0, |after| after.id);
    let mut tx = web.store.begin_read().await?;
    let find = AuditLogFilter { kind, actor, since, ..AuditLogFilter::default() };
    let mut items = audit_log::list(&mut tx, find, before, place.row_limit()).await?;
    let next = place.split_next_page(&mut items, |one| ListCursor { text: String::new(), id: one.run.run });
    Ok(Json(ApiPage { items, next }))
}

pub(super) async fn show(
    State(web): State<WebContext>,
    PathId(run): PathId,
    _: Extension<Principal>,
) -> ApiResult<views::RunDetails> {
    let mut tx = web.store.begin_read().await?;
    let shown = views::load_run_details(&mut tx, RunId(run)).await?;
    shown.map(Json).ok_or_else(|| ApiProblem::not_found("no such run"))
}

pub(super) async fn approve(
    State(web): State<WebContext>,
    PathId(run): PathId,
    Extension(who): Extension<Principal>,
) -> ApiResult<views::DecisionResult> {
    let request = actions::build_approval_request(&web, &who, format!("approve run {run}"));
    let decided = run_blocking(move || async move {
        let config = web.config();
        deciding::approve(&web.store, config.for_sync(), RunId(run), &request).await
    });
    Ok(Json(views::DecisionResult::approved(RunId(run), &decided.await??)))
}

pub(super) async fn reject(
    State(web): State<WebContext>,
    PathId(run): PathId,
    Extension(who): Extension<Principal>,
) -> ApiResult<views::DecisionResult> {
    let mut about = web.new_manual_run(&who, format!("reject run {run}"));
    about.subject = Some(RunId(run));
    let decided = deciding::reject(&web.store, &about, web.change_time(), RunId(run)).await?;
    Ok(Json(views::DecisionResult::rejected(RunId(run), &decided)))
}

/// What cancelling a run did.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct CancelledRun {
    /// The run.
    run: i64,
    /// Host and process that were told to stop; null if no process ran it and its record was closed.
    holder: Option<String>,
}

pub(super) async fn cancel(
    State(web): State<WebContext>,
    PathId(run): PathId,
    Extension(who): Extension<Principal>,
) -> ApiResult<CancelledRun> {
    let holder = match cancel_run(&web.store, RunId(run), &who.actor).await? {
        CancelResult::Told { holder } => Some(holder),
        CancelResult::Closed => None,
    };
    Ok(Json(CancelledRun { run, holder }))
}

pub(super) async fn undo(
    State(web): State<WebContext>,
    PathId(run): PathId,
    query: ApiQuery,
    Extension(who): Extension<Principal>,
) -> ApiResult<views::UndoResultView> {
    actions::check_may_undo(&web, &who, run).await?;
    let query = query.allow_only(&["confirm"])?;
    let confirm = query.text("confirm").map(|text| text.trim().to_owned());
    let about = actions::new_undo_run(&web, &who, run);
    let undone = run_blocking(move || async move {
        let config = web.config();
        let confirmation = UndoConfirmation::ByNumber(confirm.as_deref(), &config.safety);
        let (file, when) = (config.for_sync(), web.change_time());
        undoing::undo_run(&web.store, file, &about, when, RunId(run), confirmation).await
    });
    Ok(Json(views::UndoResultView::new(RunId(run), &undone.await??)))
}
