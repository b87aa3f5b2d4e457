//! The retirement of a connector that was removed from the file: it no longer holds its people.
//!
//! A retirement is a run with an empty reading. The limits on removals apply to it: changes that exceed them are held
//! until they are approved.

use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::sync::decision_request::ApprovalRequest;
use crate::sync::execute::{CommitRun, CommitTarget, execute};
use crate::sync::lease::wait_for_lease;
use crate::sync::report::{RunOutcome, RunReport};
use crate::sync::run_kind::RunKind;
use crate::sync::run_task::RunTask;
use crate::sync::{File, SyncError};
use rollcall_connectors::{AttributeMapping, Connector, SourceSettings, csv};
use rollcall_model::ids::ConnectorId;
use rollcall_model::names::ConnectorName;
use rollcall_store::runs::{NewRun, RunRecordKind};
use rollcall_store::{Store, connectors};

/// The reason why a retirement was refused.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum RetireError {
    #[error(transparent)]
    Sync(#[from] SyncError),
    #[error("connector `{name}` is still defined in the file")]
    InFile { name: String },
    #[error("connector `{name}` does not exist")]
    Unknown { name: String, nearest: Option<String> },
}

impl From<rollcall_store::StoreError> for RetireError {
    fn from(error: rollcall_store::StoreError) -> Self {
        Self::Sync(error.into())
    }
}

/// Returns the connectors of the file, followed by one that was removed from the file.
pub(super) fn with_removed_connector(file: File<'_>, name: &str) -> Vec<Connector> {
    let mut all = file.connectors.to_vec();
    all.push(Connector {
        name: ConnectorName::new(name),
        schedule: None,
        prehire_days: 0,
        match_attribute: None,
        mapping: AttributeMapping::default(),
        // The source is not read: a plan for this connector uses stored data only.
        source: SourceSettings::Csv(csv::CsvSettings::default()),
    });
    all
}

async fn find_removed_connector(
    store: &Store,
    file: File<'_>,
    name: &str,
) -> Result<ConnectorId, RetireError> {
    if file.connectors.iter().any(|one| one.name.as_str() == name) {
        return Err(RetireError::InFile { name: name.to_owned() });
    }
    let mut tx = store.begin_read().await?;
    let rows = connectors::list(&mut tx).await?;
    tx.rollback().await?;
    let Some(id) = rows.iter().find(|row| row.name == name).map(|row| ConnectorId(row.id)) else {
        let nearest = rollcall_model::names::nearest(name, rows.iter().map(|row| row.name.as_str()));
        return Err(RetireError::Unknown { name: name.to_owned(), nearest: nearest.map(str::to_owned) });
    };
    Ok(id)
}

/// Plans a retirement under the limits, without changing anything.
///
/// # Errors
/// If the file contains the connector, the connector is unknown, or the database fails.
pub async fn plan_retirement(store: &Store, file: File<'_>, name: &str) -> Result<RunReport, RetireError> {
    find_removed_connector(store, file, name).await?;
    let all = with_removed_connector(file, name);
    let (file, place) = (File { connectors: &all, ..file }, all.len() - 1);
    let task = RunTask::new(store, file, place, &CancellationToken::new(), None);
    let planned = execute(&task, None, RunKind::Retirement { allow_removals: false }).await?;
    Ok(RunReport::of(task.name(), RunOutcome::Planned, planned))
}

/// Retires a connector: the connector no longer holds its people, as far as the limits allow.
///
/// # Errors
/// If the file contains the connector, the connector is unknown, another run of it does not end in time, or the database
/// fails. Nothing is changed then.
pub async fn retire(
    store: &Store,
    file: File<'_>,
    name: &str,
    asked: &ApprovalRequest,
    allow_removals: bool,
) -> Result<RunReport, RetireError> {
    let id = find_removed_connector(store, file, name).await?;
    let all = with_removed_connector(file, name);
    let (file, place) = (File { connectors: &all, ..file }, all.len() - 1);
    let connector = all[place].name.clone();
    let lease = wait_for_lease(store, &connector, asked.patience, &asked.stop).await?;
    let task = RunTask::new(store, file, place, &asked.stop, Some(&lease));
    let about = NewRun {
        kind: RunRecordKind::Hand,
        connector: Some(id),
        actor: asked.actor.clone(),
        description: asked.what.clone(),
        file_digest: Some(file.digest.to_owned()),
        subject: None,
    };
    let target = CommitTarget { lease: &lease, run: CommitRun::BeginsWithCommit(&about) };
    let retired = async {
        let done = execute(&task, Some(target), RunKind::Retirement { allow_removals }).await?;
        let mut tx = store.begin_write().await?;
        connectors::retire(&mut tx, id, task.when.now).await?;
        tx.commit().await?;
        info!(run = done.number.map_or(0, |run| run.0), connector = name, "retired a connector");
        let outcome = if done.change_set.held.is_waiting() { RunOutcome::Held } else { RunOutcome::Applied };
        Ok(RunReport::of(task.name(), outcome, done))
    };
    let retired = retired.await;
    lease.release().await;
    retired
}
