//! Stops a run in progress.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};

use crate::WebContext;
use crate::error::PageError;
use crate::pages::PageResult;
use rollcall_core::accounts::Principal;
use rollcall_core::sync::cancel_run::{self, CancelError};
use rollcall_model::ids::RunId;

/// Cancels a run and returns to its page, which shows how the run ended. A run that has ended stays as it is.
pub(super) async fn cancel_run(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
) -> PageResult {
    match cancel_run::cancel_run(&web.store, RunId(id), &who.actor).await {
        Ok(_) | Err(CancelError::Ended { .. }) => {}
        Err(CancelError::NoRun { .. }) => return Err(PageError::Missing { what: "the run".to_owned() }),
        Err(CancelError::Store(error)) => return Err(error.into()),
    }
    Ok(Redirect::to(&format!("/sync/runs/{id}")).into_response())
}
