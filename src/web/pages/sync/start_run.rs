//! Starts a run of a connector.

use axum::Extension;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde_json::json;

use super::connector_overview;
use crate::WebContext;
use crate::error::{PageError, format_sentence};
use crate::layout::FieldError;
use crate::pages::PageResult;
use rollcall_connectors::{ReadContext, ReadProgress, retry};
use rollcall_core::accounts::Principal;
use rollcall_core::sync::lease::find_holder;
use rollcall_core::sync::{self, RunOptions, SyncError};
use rollcall_model::format::count;
use rollcall_model::ids::RunId;
use rollcall_model::names::ConnectorName;
use rollcall_model::run_record::RunStatus;
use rollcall_store::Tx;
use rollcall_store::runs::{self, Run};

/// Returns the index of a connector in the configuration.
pub(super) fn find_connector(web: &WebContext, name: &str) -> Result<usize, PageError> {
    let place = web.config().connectors.iter().position(|one| one.name.as_str() == name);
    place.ok_or_else(|| PageError::Missing { what: format!("the connector {name}") })
}

/// Builds the options of a run or dry run.
pub(super) fn build_run_options(
    web: &WebContext,
    who: &Principal,
    what: String,
    dry_run: bool,
    progress: ReadProgress,
) -> RunOptions {
    RunOptions {
        actor: who.actor.clone(),
        what,
        dry_run,
        only: None,
        allow_removals: false,
        patience: Duration::ZERO,
        reading: ReadContext {
            cancel: web.stop.clone(),
            progress,
            retry: retry::RetryPolicy::SERVICE,
            limits: web.config().limits.clone(),
            last_file: None,
        },
    }
}

/// Starts a run in the background.
pub(super) async fn start_run(
    State(web): State<WebContext>,
    Path(name): Path<String>,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let place = find_connector(&web, &name)?;
    let progress = ReadProgress::default();
    let asked = build_run_options(&web, &who, format!("run connector `{name}` now"), false, progress.clone());
    let config = web.config();
    let begun = match sync::start(&web.store, config.for_sync(), place, &asked).await {
        Ok(begun) => begun,
        Err(SyncError::Store(error)) => return Err(error.into()),
        Err(error) => {
            let text = format_sentence(&error.to_string());
            return connector_overview::render_connectors(
                &web,
                &who,
                vec![FieldError::new("connectors", text)],
            )
            .await;
        }
    };
    let number = begun.number();
    web.background.track_progress(number, progress);
    let (web, behind) = (web.clone(), web.background.clone());
    behind.spawn_blocking_task(move || async move {
        sync::go_on(&web.store, config.for_sync(), place, &asked, begun).await;
        web.background.remove_progress(number);
    });
    Ok(Redirect::to(&format!("/sync/runs/{number}")).into_response())
}

/// Describes the progress of a run that is in progress.
pub(super) async fn run_progress_text(
    web: &WebContext,
    tx: &mut Tx,
    run: &Run,
) -> Result<Option<String>, PageError> {
    let Some(connector) = run.connector.as_ref().filter(|_| run.status == RunStatus::Running) else {
        return Ok(None);
    };
    let Some(holder) = find_holder(tx, &ConnectorName::new(connector.clone())).await? else {
        return Ok(None);
    };
    let machine = holder.split(':').next().unwrap_or_default();
    Ok(Some(match web.background.people_read(RunId(run.run)) {
        Some(read) => format!("Running on {machine}: {} read so far", count(read, "person", "people")),
        None => format!("Running on {machine}"),
    }))
}

/// Returns the progress for the page script.
pub(super) async fn run_progress(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    _: Extension<Principal>,
) -> PageResult {
    let mut tx = web.store.begin_read().await?;
    let run = runs::get(&mut tx, RunId(id)).await?;
    let run = run.ok_or_else(|| PageError::Missing { what: "the run".to_owned() })?;
    let text = run_progress_text(&web, &mut tx, &run).await?;
    Ok(Json(json!({"left": i32::from(text.is_some()), "text": text.unwrap_or_default()})).into_response())
}
