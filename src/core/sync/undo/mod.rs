//! The undo of a run.
//!
//! Memberships that the run gave end; memberships that it ended are restored with their join dates. Learners who left
//! are restored, and so are assignments and due dates. What was changed after the run stays as it is, and is listed.
//! The undone changes are stored, so that the next run does not make them again until they are approved, or the
//! person's attributes or the rule change.

mod undone_assignments;
mod undone_change;
mod undone_leaves;
mod undone_memberships;

use crate::enrollment::ChangeTransaction;
use crate::enrollment::change::ChangeTime;
use crate::sync::File;
use rollcall_model::ids::{ConnectorId, RunId};
use rollcall_model::run_record::{RunRecordKind, RunStatus};
use rollcall_store::runs::{self, NewRun, Run, RunCounts};
use rollcall_store::suspensions::{self, SuspensionChange};
use rollcall_store::{
    Result, Store, Tx, connectors, groups, holds, jobs, reopened_completions, undo as changes,
};

/// The reason why an undo was refused.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum UndoError {
    #[error(transparent)]
    Store(#[from] rollcall_store::StoreError),
    #[error("run {run} does not exist")]
    NoRun { run: RunId },
    #[error("run {run} has not ended yet")]
    Running { run: RunId },
    #[error("run {run} suspended `{email}`, which only a restoration takes back")]
    Suspension { run: RunId, email: String },
    #[error("run {run} restored `{email}`, which only a suspension takes back")]
    Restoration { run: RunId, email: String },
    #[error("run {run} made no changes that can be undone")]
    Nothing { run: RunId, touched: Vec<String> },
}

/// The counts of an undo.
#[derive(Debug, Default)]
pub struct UndoCounts {
    /// The number of the undo.
    pub run: i64,
    /// Memberships restored and ended, and jobs.
    pub counts: RunCounts,
    /// Learners who were restored.
    pub learners: u64,
    /// Assignments that are as before the run.
    pub assignments: u64,
    /// Groups that were restored or deleted.
    pub groups: u64,
    /// Completions that were reverted.
    pub completions: u64,
    /// Exclusions that were lifted or restored.
    pub exclusions: u64,
    /// What was changed after the run and stays as it is, one sentence each.
    pub touched: Vec<String>,
}

impl UndoCounts {
    fn is_empty(&self, counts: RunCounts) -> bool {
        counts.memberships_added + counts.memberships_removed == 0
            && self.learners + self.assignments + self.groups + self.completions + self.exclusions == 0
    }
}

/// An undo in progress.
struct UndoBuilder<'a> {
    file: File<'a>,
    change: ChangeTransaction,
    /// The run that is undone.
    run: RunId,
    /// The connector of the run, if it has one.
    connector: Option<ConnectorId>,
    /// The position of the connector in the file; `usize::MAX` if the file does not contain it.
    place: usize,
    /// The changes that the next run must not make again.
    decisions: Vec<holds::NewHeldChange>,
    undone: UndoCounts,
}

/// Undoes a run, an approval, another undo or a manual change.
///
/// # Errors
/// If the run does not exist, is running, suspended or restored a learner, or has no changes that can be undone, or the
/// database fails. Nothing is changed then.
pub async fn undo_run(
    store: &Store,
    file: File<'_>,
    about: &NewRun,
    when: ChangeTime,
    run: RunId,
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
    let connector = all.into_iter().find(|one| Some(&one.name) == row.connector.as_ref());
    let position = |name: &str| file.connectors.iter().position(|one| one.name.as_str() == name);
    let place = connector.as_ref().and_then(|one| position(&one.name)).unwrap_or(usize::MAX);
    let connector = connector.map(|one| ConnectorId(one.id));
    let about = NewRun { connector, ..about.clone() };
    let change = ChangeTransaction::begin(store, &about, when).await?;
    let (decisions, undone) = (Vec::new(), UndoCounts::default());
    let mut undo = UndoBuilder { file, change, run, connector, place, decisions, undone };
    undo.restore_groups().await?;
    undo.revert_memberships().await?;
    undo.revert_assignments().await?;
    undo.revert_due_dates().await?;
    undo.revert_manual_changes(row.kind == RunRecordKind::Hand).await?;
    undo.commit(&row).await
}

impl UndoBuilder<'_> {
    /// Stores the decisions and commits, unless nothing was undone.
    async fn commit(self, row: &Run) -> std::result::Result<UndoCounts, UndoError> {
        let Self { run, connector, mut change, decisions, mut undone, .. } = self;
        if undone.is_empty(change.counts()) {
            return Err(UndoError::Nothing { run, touched: undone.touched });
        }
        if row.kind == RunRecordKind::Undo {
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
                groups::restore(&mut self.change.tx, id).await?;
                self.undone.groups += 1;
            }
        }
        Ok(())
    }

    /// Reverts exclusions and completions, and deletes the groups that the run created and that are empty.
    async fn revert_manual_changes(&mut self, by_hand: bool) -> Result<()> {
        let ChangeTransaction { run: number, time: when, .. } = self.change;
        let tx: &mut Tx = &mut self.change.tx;
        self.undone.exclusions = changes::revert_exclusions(tx, self.run, number, by_hand).await?;
        let mut pairs = changes::revert_completions(tx, self.run).await?;
        pairs.extend(reopened_completions::revert(tx, self.run).await?);
        jobs::enqueue_pairs(tx, &pairs, when.now, number).await?;
        self.undone.completions = pairs.len() as u64;
        self.undone.groups += changes::delete_empty_groups(tx, self.run, number, when.now).await?;
        Ok(())
    }
}
