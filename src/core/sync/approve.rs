//! Approvals and rejections of held changes.
//!
//! An approval does not read the source. It plans from the people as they were last read, with the held records of the
//! latest complete reading, and makes exactly the changes that the approved run showed and that are still required.

use tracing::info;

use crate::enrollment::ChangeTransaction;
use crate::enrollment::change::{ChangeTime, CommittedChange};
use crate::sync::decision_changes::find_changes;
use crate::sync::decision_request::ApprovalRequest;
use crate::sync::execute::{CommitRun, CommitTarget, Execution, execute};
use crate::sync::lease::wait_for_lease;
use crate::sync::retire_connector::with_removed_connector;
use crate::sync::run_kind::RunKind;
use crate::sync::run_task::RunTask;
use crate::sync::{ApprovalError, File};
use rollcall_model::guard::HeldChangeState;
use rollcall_model::ids::RunId;
use rollcall_store::holds::{self, HeldChangeRecord as HeldChange};
use rollcall_store::runs::{NewRun, RunCounts, RunRecordKind};
use rollcall_store::{Store, connectors};

/// The result of an approval or a rejection.
#[derive(Debug)]
pub struct ApprovalResult {
    /// The number of the approval or rejection.
    pub run: RunId,
    /// The connector's name.
    pub connector: String,
    /// The counts of the run.
    pub counts: RunCounts,
    /// The changes that were made or rejected.
    pub done: Vec<HeldChange>,
    /// Changes that the run showed and that are no longer required.
    pub dropped: Vec<HeldChange>,
    /// Pending changes that the run did not show.
    pub waiting: Vec<HeldChange>,
}

/// Makes the changes that a run held, as far as the latest complete reading still requires them.
///
/// # Errors
/// If the run does not exist or has no pending changes, if another run of the connector does not end in time, or if the
/// database fails. Nothing is changed then.
pub async fn approve(
    store: &Store,
    file: File<'_>,
    run: RunId,
    asked: &ApprovalRequest,
) -> Result<ApprovalResult, ApprovalError> {
    let mut tx = store.begin_read().await?;
    let hold = find_changes(&mut tx, run).await?;
    tx.rollback().await?;
    let place = file.connectors.iter().position(|one| one.name.as_str() == hold.name);
    // A connector that was removed from the file is retired by the approval.
    let all = if place.is_none() { with_removed_connector(file, &hold.name) } else { Vec::new() };
    let (file, place) = match place {
        Some(place) => (file, place),
        None => (File { connectors: &all, ..file }, all.len() - 1),
    };
    let lease = wait_for_lease(store, &file.connectors[place].name, asked.patience, &asked.stop).await?;
    let task = RunTask::new(store, file, place, &asked.stop, Some(&lease));
    let about = NewRun {
        kind: RunRecordKind::Approval,
        connector: Some(hold.connector),
        actor: asked.actor.clone(),
        description: asked.what.clone(),
        file_digest: Some(file.digest.to_owned()),
        subject: Some(run),
    };
    let target = CommitTarget { lease: &lease, run: CommitRun::BeginsWithCommit(&about) };
    let decided = async {
        let done = execute(&task, Some(target), RunKind::Approval { decision: run }).await?;
        if !all.is_empty() {
            let mut tx = store.begin_write().await?;
            connectors::retire(&mut tx, hold.connector, task.when.now).await?;
            tx.commit().await?;
        }
        build_result(store, run, done).await
    };
    let decided = decided.await;
    lease.release().await;
    decided
}

/// Builds the result of a committed approval.
async fn build_result(store: &Store, run: RunId, done: Execution) -> Result<ApprovalResult, ApprovalError> {
    let (Some(number), Some((hold, keys))) = (done.number, done.approval) else {
        return Err(ApprovalError::NothingHeld { run, newer: None, was_held: false });
    };
    info!(run = %number, approves = %run, "approved held changes");
    let (done_changes, mut dropped): (Vec<_>, Vec<_>) =
        hold.open.into_iter().partition(|one| keys.contains(&one.change_key));
    dropped.extend(hold.dropped);
    let mut tx = store.begin_read().await?;
    let waiting = holds::waiting(&mut tx, hold.connector).await?;
    Ok(ApprovalResult {
        run: number,
        connector: hold.name,
        counts: done.counts,
        done: done_changes,
        dropped,
        waiting,
    })
}

/// Rejects the changes that a run held: they are not held again until the person's attributes or the rule change.
///
/// # Errors
/// If the run does not exist or has no pending changes, or the database fails. Nothing is changed then.
pub async fn reject(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    run: RunId,
) -> Result<ApprovalResult, ApprovalError> {
    let mut tx = store.begin_read().await?;
    let hold = find_changes(&mut tx, run).await?;
    tx.rollback().await?;
    let about = NewRun { subject: Some(run), ..about.clone() };
    let mut change = ChangeTransaction::begin(store, &about, when).await?;
    let number = change.run;
    if holds::reject(&mut change.tx, hold.connector, run, number).await? == 0 {
        return Err(ApprovalError::NothingHeld { run, newer: None, was_held: false });
    }
    let CommittedChange { run: number, counts } = change.commit().await?;
    let mut tx = store.begin_read().await?;
    let waiting = holds::waiting(&mut tx, hold.connector).await?;
    let done = hold.open.into_iter().filter(|one| one.state == HeldChangeState::Held).collect();
    Ok(ApprovalResult { run: number, connector: hold.name, counts, done, dropped: hold.dropped, waiting })
}
