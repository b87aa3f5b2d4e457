//! The undo of a run.
//!
//! Memberships that the run gave end; memberships that it ended are restored with their join dates. Learners who left
//! or came have the status and the records of before, and so have assignments and due dates. What was changed after the run
//! stays as it is, and is listed.
//! The undone changes are stored, so that the next run does not make them again until they are approved, or the
//! person's attributes or the rule change.

mod undo_confirmation;
mod undo_counts;
mod undo_error;
mod undo_impact;
mod undone_assignments;
mod undone_change;
mod undone_learners;
mod undone_memberships;

pub use undo_confirmation::UndoConfirmation;
pub use undo_counts::UndoCounts;
pub use undo_error::UndoError;
pub use undo_impact::UndoImpact;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::enrollment::ChangeTransaction;
use crate::enrollment::change::ChangeTime;
use crate::sync::File;
use rollcall_model::ids::{ConnectorId, LearnerId, RunId};
use rollcall_model::interner::Interner;
use rollcall_model::run_record::{RunRecordKind, RunStatus};
use rollcall_store::runs::{self, NewRun};
use rollcall_store::suspensions::{self, SuspensionChange};
use rollcall_store::{
    Result, Store, Tx, connectors, groups, holds, jobs, reopened_completions, undo as changes,
};

/// An undo in progress.
struct UndoBuilder<'a> {
    file: File<'a>,
    change: ChangeTransaction,
    /// The run that is undone.
    run: RunId,
    /// True if that run is itself an undo.
    reverts_undo: bool,
    /// The connector of the run, if it has one.
    connector: Option<ConnectorId>,
    /// The positions of the connectors in the file.
    places: FxHashMap<ConnectorId, usize>,
    /// The changes that the next run must not make again.
    decisions: Vec<holds::NewHeldChange>,
    /// The learners whose suspension had ended before the run.
    released: FxHashSet<LearnerId>,
    /// The texts of records.
    values: Interner,
    undone: UndoCounts,
}

/// Undoes a run, an approval, another undo or a manual change.
///
/// # Errors
/// If the run does not exist, is running, suspended or restored a learner, or has no changes that can be undone, if the
/// undo takes more than the limits of `confirmation` allow, or the database fails. Nothing is changed then.
pub async fn undo_run(
    store: &Store,
    file: File<'_>,
    about: &NewRun,
    when: ChangeTime,
    run: RunId,
    confirmation: UndoConfirmation<'_>,
) -> std::result::Result<UndoCounts, UndoError> {
    let mut tx = store.begin_read().await?;
    let row = runs::get(&mut tx, run).await?.ok_or(UndoError::NoRun { run })?;
    if row.status == RunStatus::Running {
        return Err(UndoError::Running { run });
    }
    match suspensions::find_by_run(&mut tx, run).await? {
        Some(SuspensionChange { email, suspended: true }) => {
            return Err(UndoError::Suspension { run, email });
        }
        Some(SuspensionChange { email, suspended: false }) => {
            return Err(UndoError::Restoration { run, email });
        }
        None => {}
    }
    let all = connectors::list(&mut tx).await?;
    tx.rollback().await?;
    let position = |name: &str| file.connectors.iter().position(|one| one.name.as_str() == name);
    let places = all.iter().filter_map(|one| Some((ConnectorId(one.id), position(&one.name)?))).collect();
    let connector = all.iter().find(|one| Some(&one.name) == row.connector.as_ref());
    let connector = connector.map(|one| ConnectorId(one.id));
    let about = NewRun { connector, ..about.clone() };
    let change = ChangeTransaction::begin(store, &about, when).await?;
    let (decisions, released) = (Vec::new(), FxHashSet::default());
    let (values, undone) = (Interner::default(), UndoCounts::default());
    let reverts_undo = row.kind == RunRecordKind::Undo;
    let mut undo = UndoBuilder {
        file,
        change,
        run,
        reverts_undo,
        connector,
        places,
        decisions,
        released,
        values,
        undone,
    };
    undo.restore_groups().await?;
    let by_hand = matches!(row.kind, RunRecordKind::Hand | RunRecordKind::Undo);
    undo.revert_memberships(by_hand).await?;
    undo.revert_assignments().await?;
    undo.revert_due_dates().await?;
    undo.revert_manual_changes(by_hand).await?;
    undo.commit(confirmation).await
}

impl UndoBuilder<'_> {
    /// Stores the decisions and commits, unless nothing was undone or a confirmation is missing.
    async fn commit(self, confirmation: UndoConfirmation<'_>) -> std::result::Result<UndoCounts, UndoError> {
        let Self { run, reverts_undo, connector, mut change, decisions, mut undone, .. } = self;
        if undone.is_empty(change.counts()) {
            return Err(UndoError::Nothing { run, touched: undone.touched });
        }
        confirmation.check(&mut change.tx, run, change.run).await?;
        if reverts_undo {
            holds::forget_undone(&mut change.tx, run).await?;
        } else if let Some(connector) = connector {
            let number = change.run;
            holds::save_changes(&mut change.tx, connector, number, decisions, false).await?;
        }
        if undone.touched.is_empty() {
            runs::clear_limit_usage(&mut change.tx, run).await?;
        }
        let committed = change.commit().await?;
        undone.run = committed.run.0;
        undone.counts = committed.counts;
        undone.touched.sort();
        Ok(undone)
    }

    /// Restores the groups that the run deleted, unless another group has the name now.
    async fn restore_groups(&mut self) -> Result<()> {
        for (id, name, is_taken) in changes::list_deleted_groups(&mut self.change.tx, self.run).await? {
            if is_taken {
                self.undone.touched.push(format!("another group has the name {name} now"));
            } else {
                groups::restore(&mut self.change.tx, id, self.change.run).await?;
                self.undone.groups += 1;
            }
        }
        Ok(())
    }

    /// Reverts exclusions, completions and memberships that wait, and deletes the groups that the run created or restored
    /// and that are empty.
    async fn revert_manual_changes(&mut self, by_hand: bool) -> Result<()> {
        let ChangeTransaction { run: number, time: when, .. } = self.change;
        let tx: &mut Tx = &mut self.change.tx;
        self.undone.exclusions = changes::revert_exclusions(tx, self.run, number).await?;
        if by_hand {
            self.undone.waiting += changes::end_waiting_memberships(tx, self.run, number).await?;
        }
        let mut pairs = reopened_completions::reopen_noted(tx, self.run, number).await?;
        pairs.extend(reopened_completions::revert(tx, self.run).await?);
        jobs::enqueue_pairs(tx, &pairs, when.now, number).await?;
        self.undone.completions = pairs.len() as u64;
        let (deleted, used) = changes::delete_empty_groups(tx, self.run, number, when.now).await?;
        self.undone.groups += deleted;
        let touched = used.iter().map(|name| format!("the group {name} has members or courses now"));
        self.undone.touched.extend(touched);
        Ok(())
    }
}
