//! What a run came to, for whoever asked for it.

use std::time::Duration;

use crate::sync::SyncError;
use crate::sync::execute::Execution;
use rollcall_model::ids::RunId;
use rollcall_model::names::ConnectorName;
use rollcall_model::run_warning::RunWarning;
use rollcall_planner::ChangeSet;
use rollcall_store::runs::RunCounts;

/// How a run ended.
#[derive(Debug)]
pub enum RunOutcome {
    /// Something was written.
    Applied,
    /// Something waits for approval; the rest was written.
    Held,
    /// There was nothing to do.
    Unchanged,
    /// A dry run: this would have been written.
    Planned,
    /// Nothing was written, and nobody was removed.
    Failed(SyncError),
}

/// What a run came to.
#[derive(Debug)]
pub struct RunReport {
    /// The number; none for a dry run, or where not even a number could be had.
    pub run: Option<RunId>,
    /// The connector.
    pub connector: ConnectorName,
    /// How it ended.
    pub outcome: RunOutcome,
    /// What it counted.
    pub counts: RunCounts,
    /// What it did, or would have done; none where it failed.
    pub change_set: Option<ChangeSet>,
    /// What it noticed and went on without.
    pub problems: Vec<RunWarning>,
    /// How long it took, without the draining.
    pub took: Duration,
}

impl RunOutcome {
    /// How a run ended that was committed.
    pub(super) fn of(change_set: &ChangeSet) -> Self {
        if change_set.held.is_waiting() {
            Self::Held
        } else if change_set.writes_nothing() {
            Self::Unchanged
        } else {
            Self::Applied
        }
    }
}

impl RunReport {
    /// The report of a run that did not fail; its duration is still to come.
    pub(super) fn of(connector: &ConnectorName, outcome: RunOutcome, done: Execution) -> Self {
        Self {
            run: done.number,
            connector: connector.clone(),
            outcome,
            counts: done.counts,
            problems: done.change_set.problems.clone(),
            change_set: Some(done.change_set),
            took: Duration::ZERO,
        }
    }

    /// Whether something waits for approval, or would wait.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.change_set.as_ref().is_some_and(|change_set| change_set.held.is_waiting())
    }
}
