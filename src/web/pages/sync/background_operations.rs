//! Long operations: approvals, undos, retirements. They run in the background and have a progress page.
//!
//! If an operation ends within a short wait, the response shows its result. Otherwise the progress page shows that it is
//! running, and later its result. Each operation is one transaction. If the service stopped during the operation, the page
//! determines from the run records whether the transaction was committed.

use axum::Extension;
use std::time::Duration;

use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::Utc;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::oneshot;
use tracing::warn;

use crate::WebContext;
use crate::error::PageError;
use crate::layout::{FieldError, Layout, MenuItem};
use crate::pages::{PageResult, render_page};
use rollcall_core::accounts::Principal;
use rollcall_core::sync::lease::holder_name;
use rollcall_model::ids::DraftId;
use rollcall_store::{Tx, form_drafts, nodes, runs};

/// Kind of the draft that stores an operation.
const DRAFT_KIND: &str = "deed";

/// Maximum wait for the result before the progress page is shown.
const RESPONSE_WAIT: Duration = Duration::from_secs(2);

/// Operation to run in the background.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct BackgroundOperation {
    /// Title of the progress page.
    pub title: String,
    /// Description in the audit log.
    pub what: String,
    /// Page on which the operation was requested.
    pub back: String,
}

/// Outcome of an operation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum OperationOutcome {
    #[serde(rename = "Came")]
    Completed(OperationResult),
    /// The page of this run shows the result.
    Run(i64),
    Refused {
        text: String,
        touched: Vec<String>,
    },
}

/// Result of a completed operation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct OperationResult {
    pub title: String,
    /// Run to which the operation applies.
    pub run: i64,
    /// Run created by the operation.
    pub number: i64,
    pub summary: String,
    pub lists: Vec<ResultList>,
    /// Run that shows the remaining pending changes.
    pub newer: Option<i64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ResultList {
    pub title: String,
    pub lines: Vec<String>,
    pub more: usize,
}

/// Stored operation.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct StoredOperation {
    order: BackgroundOperation,
    actor: String,
    /// Latest run when the operation started.
    after: i64,
    /// Service that runs the operation.
    holder: String,
    ended: Option<OperationOutcome>,
}

fn to_json(kept: &StoredOperation) -> String {
    json!(kept).to_string()
}

/// Starts an operation and waits briefly. Returns its outcome, or a redirect to its progress page.
pub(super) async fn start_operation<F>(
    web: &WebContext,
    who: &Principal,
    order: BackgroundOperation,
    work: impl FnOnce() -> F + Send + 'static,
) -> Result<Result<OperationOutcome, Response>, PageError>
where
    F: Future<Output = Result<OperationOutcome, PageError>>,
{
    let Some(account) = who.account() else {
        return Err(PageError::Bad { what: "this page requires a user account".to_owned() });
    };
    let mut tx = web.store.begin_write().await?;
    let after = runs::get_latest_id(&mut tx).await?;
    let kept = StoredOperation { order, actor: who.actor.clone(), after, holder: holder_name(), ended: None };
    let id = form_drafts::create(&mut tx, account, DRAFT_KIND, &to_json(&kept), Utc::now()).await?;
    tx.commit().await?;
    let (sender, mut receiver) = oneshot::channel();
    let guard = web.background.register_task(id);
    let behind = web.clone();
    web.background.spawn_blocking_task(move || async move {
        let ended = work().await;
        // The request has ended. The page of the operation shows the stored result.
        if let Err(ended) = sender.send(ended) {
            save_outcome(&behind, id, kept, ended).await;
        }
        drop(guard);
    });
    let waited = tokio::time::timeout(RESPONSE_WAIT, &mut receiver).await;
    receiver.close();
    let ended = match waited {
        Ok(ended) => {
            ended.map_err(|_| PageError::Broken { what: "an operation ended without a result".to_owned() })?
        }
        // The operation can end at the same moment.
        Err(_) => match receiver.try_recv() {
            Ok(ended) => ended,
            Err(_) => return Ok(Err(Redirect::to(&format!("/sync/deeds/{id}")).into_response())),
        },
    };
    let mut tx = web.store.begin_write().await?;
    form_drafts::delete(&mut tx, id).await?;
    tx.commit().await?;
    ended.map(Ok)
}

async fn save_outcome(
    web: &WebContext,
    id: DraftId,
    kept: StoredOperation,
    ended: Result<OperationOutcome, PageError>,
) {
    let ended = ended
        .unwrap_or_else(|trouble| OperationOutcome::Refused { text: trouble.text(), touched: Vec::new() });
    let kept = StoredOperation { ended: Some(ended), ..kept };
    let written = async {
        let mut tx = web.store.begin_write().await?;
        form_drafts::save_answers(&mut tx, id, &to_json(&kept), Utc::now()).await?;
        tx.commit().await
    };
    if let Err(error) = written.await {
        warn!(%error, "could not store the result of an operation, its page reads the run record instead");
    }
}

/// State of an operation.
enum OperationState {
    Running,
    Ended(OperationOutcome),
    /// Committed. The run shows the result.
    Done(i64),
    /// The service stopped before the commit.
    Lost,
}

async fn load_state(
    web: &WebContext,
    who: &Principal,
    id: i64,
) -> Result<(BackgroundOperation, OperationState), PageError> {
    let missing = || PageError::Missing { what: "the operation".to_owned() };
    let account = who.account().ok_or_else(missing)?;
    // Checked before the draft is read: an operation that ends in between has stored its result.
    let is_here = web.background.is_task_running(DraftId(id));
    let mut tx = web.store.begin_read().await?;
    let draft = form_drafts::find(&mut tx, DraftId(id), account, DRAFT_KIND).await?.ok_or_else(missing)?;
    let kept: StoredOperation = serde_json::from_str(&draft.answers).map_err(|_| missing())?;
    let now = match kept.ended {
        Some(ended) => OperationState::Ended(ended),
        None if is_here || runs_on_other_service(&mut tx, &kept.holder).await? => OperationState::Running,
        None => match runs::find_change(&mut tx, kept.after, &kept.actor, &kept.order.what).await? {
            Some(run) => OperationState::Done(run),
            None => OperationState::Lost,
        },
    };
    Ok((kept.order, now))
}

/// Returns whether another running service executes the operation.
async fn runs_on_other_service(tx: &mut Tx, service: &str) -> Result<bool, PageError> {
    Ok(service != holder_name() && nodes::is_holder_alive(tx, service).await?)
}

#[derive(Template)]
#[template(path = "sync/background_operation.html")]
struct OperationProgressPage {
    frame: Layout,
    id: i64,
    order: BackgroundOperation,
    is_doing: bool,
    done: Option<i64>,
    touched: Vec<String>,
}

#[derive(Template)]
#[template(path = "sync/operation_result.html")]
struct OperationResultPage {
    frame: Layout,
    came: OperationResult,
}

/// Shows the progress or the result of an operation.
pub(super) fn show_result(who: &Principal, came: OperationResult) -> PageResult {
    render_page(&OperationResultPage { frame: Layout::new(who, MenuItem::Sync, came.title.clone()), came })
}

pub(super) async fn show_operation(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let (order, now) = load_state(&web, &who, id).await?;
    let mut faults = Vec::new();
    let mut shown = (false, None, Vec::new());
    match now {
        OperationState::Ended(OperationOutcome::Completed(end)) => return show_result(&who, end),
        OperationState::Ended(OperationOutcome::Run(run)) => {
            return Ok(Redirect::to(&format!("/sync/runs/{run}")).into_response());
        }
        OperationState::Ended(OperationOutcome::Refused { text, touched }) => {
            faults.push(FieldError::new("", text));
            shown.2 = touched;
        }
        OperationState::Running => shown.0 = true,
        OperationState::Done(run) => shown.1 = Some(run),
        OperationState::Lost => {
            let text =
                "The service stopped before the operation ended. Nothing was changed. Repeat the operation.";
            faults.push(FieldError::new("", text));
        }
    }
    let (is_doing, done, touched) = shown;
    let frame = Layout::new(&who, MenuItem::Sync, order.title.clone()).faults(faults);
    render_page(&OperationProgressPage { frame, id, order, is_doing, done, touched })
}

/// Returns the progress for the page script.
pub(super) async fn operation_progress(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let (_, now) = load_state(&web, &who, id).await?;
    let left = i32::from(matches!(now, OperationState::Running));
    Ok(Json(json!({"left": left, "text": "This is being done"})).into_response())
}
