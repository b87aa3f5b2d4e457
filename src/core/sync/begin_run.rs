//! The beginning of a run: its lease and its row.

use chrono::Utc;

use crate::sync::lease::LeaseGuard;
use crate::sync::run_options::RunOptions;
use crate::sync::{File, SyncError};
use rollcall_connectors::Connector;
use rollcall_model::ids::{ConnectorId, RunId};
use rollcall_store::runs::{NewRun, RunRecordKind};
use rollcall_store::{Store, Tx, connectors, runs};

/// A run that has begun, with its lease.
#[derive(Debug)]
pub struct StartedRun {
    pub(super) lease: LeaseGuard,
    pub(super) connector: ConnectorId,
    pub(super) number: RunId,
}

impl StartedRun {
    /// Its number.
    #[must_use]
    pub fn number(&self) -> RunId {
        self.number
    }
}

/// Begins a run in a transaction of its own. The caller holds the lease.
pub(super) async fn begin(
    store: &Store,
    file: File<'_>,
    settings: &Connector,
    asked: &RunOptions,
) -> Result<(ConnectorId, RunId), SyncError> {
    let mut tx = store.begin_write().await?;
    let begun = begin_in(&mut tx, file, settings, asked).await?;
    tx.commit().await?;
    Ok(begun)
}

/// Begins a run in the transaction that holds or acquires the lease: it has begun from the commit on.
pub(super) async fn begin_in(
    tx: &mut Tx,
    file: File<'_>,
    settings: &Connector,
    asked: &RunOptions,
) -> rollcall_store::Result<(ConnectorId, RunId)> {
    let now = Utc::now();
    let schedule = settings.schedule.as_ref().map(rollcall_model::schedule::CronSchedule::text);
    let row =
        connectors::ensure_connector(tx, settings.name.as_str(), settings.kind(), schedule, now).await?;
    let id = ConnectorId(row.id);
    runs::close_abandoned(tx, id, now).await?;
    let about = NewRun {
        kind: RunRecordKind::Sync,
        connector: Some(id),
        actor: asked.actor.clone(),
        description: asked.what.clone(),
        file_digest: Some(file.digest.to_owned()),
        subject: None,
    };
    let number = runs::begin(tx, &about, now).await?;
    Ok((id, number))
}
