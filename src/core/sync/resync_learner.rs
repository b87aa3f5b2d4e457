//! Evaluates the rules again for one learner, from the people last read.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::sync::execute::{CommitRun, CommitTarget, execute};
use crate::sync::lease::wait_for_lease;
use crate::sync::run_kind::RunKind;
use crate::sync::run_task::RunTask;
use crate::sync::{File, SyncError};
use rollcall_model::ids::{ConnectorId, LearnerId, RunId};
use rollcall_store::runs::{NewRun, RunCounts, RunRecordKind};
use rollcall_store::{Store, connectors, learner_links};

/// The context in which the rules are evaluated again.
#[derive(Debug, Clone, Copy)]
pub struct ResyncContext<'a> {
    /// The database.
    pub store: &'a Store,
    /// The configuration with the rules.
    pub file: File<'a>,
    /// The maximum time to wait for another run of the learner's connector.
    pub patience: Duration,
    /// Cancels the wait.
    pub stop: &'a CancellationToken,
}

/// Evaluates the rules for one learner and makes the changes; returns `None` if no connector of the file holds the
/// learner.
///
/// # Errors
/// If another run of the connector does not end in time, or the database fails. Nothing is changed then.
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
    let task = RunTask::new(store, file, place, stop, Some(&lease));
    let about = NewRun { kind: RunRecordKind::Hand, connector: Some(connector), ..about.clone() };
    let target = CommitTarget { lease: &lease, run: CommitRun::BeginsWithCommit(&about) };
    let done = execute(&task, Some(target), RunKind::Resync { learner, connector }).await;
    lease.release().await;
    let done = done?;
    Ok(done.number.map(|number| (number, done.counts)))
}
