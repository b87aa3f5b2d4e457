//! Preview of a run: a dry run in the background. The result is stored for the user who requested it.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use axum::{Extension, Json};
use chrono::Utc;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tracing::warn;

use super::start_run::{build_run_options, find_connector};
use crate::WebContext;
use crate::error::{PageError, format_sentence};
use crate::layout::{Layout, MenuItem};
use crate::pages::{PageResult, render_page};
use rollcall_connectors::ReadProgress;
use rollcall_core::accounts::Principal;
use rollcall_core::sync::{self, RunOutcome, RunReport, format};
use rollcall_model::format::count;
use rollcall_model::ids::DraftId;
use rollcall_model::run_warning::RunWarning;
use rollcall_store::{Tx, form_drafts};

/// Kind of the draft that stores a preview.
const DRAFT_KIND: &str = "preview";

/// Maximum number of problems that a preview stores.
const MAX_WARNINGS: usize = 50;

/// Stored preview.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct RunPreview {
    connector: String,
    done: bool,
    /// Error, if the dry run failed.
    error: Option<String>,
    read: String,
    summary: String,
    lines: Vec<String>,
    held: Option<String>,
    because: Vec<String>,
    problems: Vec<RunWarning>,
    more_problems: usize,
}

#[derive(Template)]
#[template(path = "sync/run_preview.html")]
struct RunPreviewPage {
    frame: Layout,
    id: i64,
    preview: RunPreview,
}

pub(super) async fn start_preview(
    State(web): State<WebContext>,
    Path(name): Path<String>,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let place = find_connector(&web, &name)?;
    let Some(account) = who.account() else {
        return Err(PageError::Bad { what: "a preview requires a user account".to_owned() });
    };
    let preview = RunPreview { connector: name.clone(), ..RunPreview::default() };
    let mut tx = web.store.begin_write().await?;
    let id = form_drafts::create(&mut tx, account, DRAFT_KIND, &to_json(&preview), Utc::now()).await?;
    tx.commit().await?;
    let options =
        build_run_options(&web, &who, format!("preview connector `{name}`"), true, ReadProgress::default());
    let config = web.config();
    let behind = web.background.clone();
    behind.spawn_blocking_task(move || async move {
        let report = sync::run(&web.store, config.for_sync(), place, &options).await;
        let kept = async {
            let preview = build_preview(&web, preview, report).await?;
            let mut tx = web.store.begin_write().await?;
            form_drafts::save_answers(&mut tx, id, &to_json(&preview), Utc::now()).await?;
            tx.commit().await
        };
        if let Err(error) = kept.await {
            warn!(%error, "could not store a preview");
        }
    });
    Ok(Redirect::to(&format!("/sync/previews/{id}")).into_response())
}

fn to_json(preview: &RunPreview) -> String {
    json!(preview).to_string()
}

/// Converts the report of a dry run for the page.
async fn build_preview(
    web: &WebContext,
    preview: RunPreview,
    report: RunReport,
) -> rollcall_store::Result<RunPreview> {
    let done = RunPreview { done: true, ..preview };
    if let RunOutcome::Failed(error) = &report.outcome {
        return Ok(RunPreview { error: Some(format_sentence(&error.to_string())), ..done });
    }
    let Some(change_set) = &report.change_set else { return Ok(done) };
    let names = format::load_labels(&web.store, &report.connector, change_set).await?;
    let people = count(report.counts.people_read, "person", "people");
    let mut because = change_set.held.causes.clone();
    because.extend(change_set.held.reasons.iter().map(|reason| reason.message.clone()));
    let mut problems = report.problems.clone();
    problems.truncate(MAX_WARNINGS);
    Ok(RunPreview {
        read: format!("Read {people} in {:.1} s", report.took.as_secs_f64()),
        summary: format::summary(&report.counts),
        lines: format::lines(change_set, &names),
        held: report.is_held().then(|| format::held(&report.counts)),
        because: if report.is_held() { because } else { Vec::new() },
        more_problems: report.problems.len() - problems.len(),
        problems,
        ..done
    })
}

async fn find_preview(tx: &mut Tx, who: &Principal, id: i64) -> Result<RunPreview, PageError> {
    let missing = || PageError::Missing { what: "the preview".to_owned() };
    let account = who.account().ok_or_else(missing)?;
    let draft = form_drafts::find(tx, DraftId(id), account, DRAFT_KIND).await?.ok_or_else(missing)?;
    serde_json::from_str(&draft.answers).map_err(|_| missing())
}

pub(super) async fn show(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let mut tx = web.store.begin_read().await?;
    let preview = find_preview(&mut tx, &who, id).await?;
    let frame = Layout::new(&who, MenuItem::Sync, format!("Preview of {}", preview.connector));
    render_page(&RunPreviewPage { frame, id, preview })
}

pub(super) async fn preview_progress(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let mut tx = web.store.begin_read().await?;
    let preview = find_preview(&mut tx, &who, id).await?;
    Ok(Json(json!({"left": i32::from(!preview.done), "text": "Reading the directory"})).into_response())
}
