//! Working out anew what the rules make of one learner, from the people last read.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::sync::execute::{CommitRun, CommitTarget, execute};
use crate::sync::run::wait_for_lease;
use crate::sync::run_kind::RunKind;
use crate::sync::run_task::RunTask;
use crate::sync::{File, SyncError};
use rollcall_model::ids::{ConnectorId, LearnerId, RunId};
use rollcall_store::runs::{NewRun, RunCounts, RunRecordKind};
use rollcall_store::{Store, connectors, learner_links};

/// What it takes to let the rules decide anew.
#[derive(Debug, Clone, Copy)]
pub struct ResyncContext<'a> {
    /// Where to.
    pub store: &'a Store,
    /// The file with the rules.
    pub file: File<'a>,
    /// How long to wait for a run of the learner's connector that is under way.
    pub patience: Duration,
    /// Ends the wait.
    pub stop: &'a CancellationToken,
}

/// Does for one learner what the rules say, and answers what that came to; nothing where no connector of the file
/// holds the learner.
///
/// # Errors
/// When the connector is being run for too long, or the database refuses; nothing is changed then.
pub async fn resync_learner(
    ResyncContext { store, file, patience, stop }: ResyncContext<'_>,
    learner: LearnerId,
    about: &NewRun,
) -> Result<Option<(RunId, RunCounts)>, SyncError> {
    let mut tx = store.begin_read().await?;
    let held_by = learner_links::list_connectors(&mut tx, learner).await?;
    let place = file.connectors.iter().position(|one| held_by.iter().any(|name| one.name.as_str() == name));
    let Some(place) = place else { return Ok(None) };
    let name = &file.connectors[place].name;
    let row = connectors::list(&mut tx).await?.into_iter().find(|row| row.name == name.as_str());
    let Some(connector) = row.map(|row| ConnectorId(row.id)) else { return Ok(None) };
    tx.rollback().await?;
    let lease = wait_for_lease(store, name, patience, stop).await?;
    let task = RunTask::new(store, file, place);
    let about = NewRun { kind: RunRecordKind::Hand, connector: Some(connector), ..about.clone() };
    let target = CommitTarget { lease: &lease, run: CommitRun::BeginsWithCommit(&about) };
    let done = execute(&task, Some(target), RunKind::Resync { learner, connector }).await;
    lease.release().await;
    let done = done?;
    Ok(done.number.map(|number| (number, done.counts)))
}
