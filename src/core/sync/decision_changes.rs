//! The changes that an approval or a rejection is about.

use crate::sync::ApprovalError;
use rollcall_model::ids::{ConnectorId, RunId};
use rollcall_model::run_record::RunStatus;
use rollcall_planner::Snapshot;
use rollcall_store::holds::{self, HeldChangeRecord as HeldChange};
use rollcall_store::{Tx, connectors, runs};

/// The changes of a decision, and their connector.
pub(super) struct ConnectorHold {
    pub(super) connector: ConnectorId,
    pub(super) name: String,
    /// The changes that an approval commits.
    pub(super) open: Vec<HeldChange>,
    pub(super) dropped: Vec<HeldChange>,
}

impl ConnectorHold {
    /// Returns the keys of the changes that an approval commits.
    pub(super) fn keys(&self) -> Vec<String> {
        self.open.iter().map(|change| change.change_key.clone()).collect()
    }
}

/// Finds the changes that an approval of `run` commits: those that the run holds, or that are rejected or undone because
/// of it.
pub(super) async fn find_changes(tx: &mut Tx, run: RunId) -> Result<ConnectorHold, ApprovalError> {
    let record = runs::get(tx, run).await?.ok_or(ApprovalError::NoRun { run })?;
    let (_, connector) = runs::get_guard_report(tx, run).await?;
    let all = connectors::list(tx).await?;
    let connector = all.iter().find(|one| Some(ConnectorId(one.id)) == connector);
    let Some(connector) = connector else {
        return Err(ApprovalError::NothingHeld { run, newer: None, was_held: false });
    };
    let id = ConnectorId(connector.id);
    let open = holds::named_by(tx, id, run).await?;
    if open.is_empty() {
        if let Some(rejection) = holds::find_rejection(tx, id, run).await? {
            return Err(ApprovalError::Rejected { run, rejection });
        }
        let newer = holds::find_newest_waiting(tx, id).await?;
        let was_held = record.status == RunStatus::Held && runs::list_related(tx, run).await?.is_empty();
        return Err(ApprovalError::NothingHeld { run, newer, was_held });
    }
    let dropped = holds::dropped(tx, id, run).await?;
    Ok(ConnectorHold { connector: id, name: connector.name.clone(), open, dropped })
}

/// Refuses an approval while another node uses a different configuration.
pub(super) fn refuse_other_files(snapshot: &Snapshot) -> Result<(), ApprovalError> {
    if snapshot.other_files.is_empty() {
        return Ok(());
    }
    Err(ApprovalError::FilesDiffer { services: snapshot.other_files.clone() })
}
