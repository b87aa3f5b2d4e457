//! Cancels a run in progress, on whatever machine it is.
//!
//! The lease of the run's connector is marked as cancelled. The process that runs it cannot renew the lease after that: it
//! stops at its next renewal, within seconds, and a commit is refused. A commit that is in progress completes.

use chrono::Utc;

use crate::sync::lease;
use rollcall_model::ids::{ConnectorId, RunId};
use rollcall_model::names::ConnectorName;
use rollcall_model::run_record::RunStatus;
use rollcall_store::{Store, StoreError, runs};

/// Why a run was not cancelled.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The run does not exist.
    #[error("there is no run {run}")]
    NoRun {
        /// The number.
        run: RunId,
    },
    /// The run is not in progress.
    #[error("run {run} has ended already: its status is `{}`", status.as_str())]
    Ended {
        /// The number.
        run: RunId,
        /// How it ended.
        status: RunStatus,
    },
}

/// What cancelling a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelResult {
    /// The process that runs it was told to stop.
    Told {
        /// Host and process.
        holder: String,
    },
    /// No process runs it: its record was closed.
    Closed,
}

/// Cancels a run.
///
/// # Errors
/// If the run does not exist or has ended, or the database fails.
pub async fn cancel_run(store: &Store, run: RunId, actor: &str) -> Result<CancelResult, CancelError> {
    let mut tx = store.begin_write().await?;
    let Some(found) = runs::get(&mut tx, run).await? else { return Err(CancelError::NoRun { run }) };
    let Some((connector, name)) = runs::find_running_connector(&mut tx, run).await? else {
        return Err(CancelError::Ended { run, status: found.status });
    };
    let holder = lease::cancel_in(&mut tx, &ConnectorName::new(name), actor).await?;
    if holder.is_none() {
        runs::close_abandoned(&mut tx, ConnectorId(connector), Utc::now()).await?;
    }
    tx.commit().await?;
    Ok(holder.map_or(CancelResult::Closed, |holder| CancelResult::Told { holder }))
}
