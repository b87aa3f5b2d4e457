//! The report of a run.

use std::time::Duration;

use crate::sync::SyncError;
use crate::sync::execute::Execution;
use rollcall_model::ids::RunId;
use rollcall_model::names::ConnectorName;
use rollcall_model::run_warning::{RunWarning, RunWarningKind};
use rollcall_model::source_file::SourceFile;
use rollcall_planner::ChangeSet;
use rollcall_store::runs::RunCounts;

/// The outcome of a run.
#[derive(Debug)]
pub enum RunOutcome {
    /// Changes were made.
    Applied,
    /// Changes wait for approval; the others were made.
    Held,
    /// There were no changes.
    Unchanged,
    /// The run was a dry run.
    Planned,
    /// The run failed; nothing was changed.
    Failed(SyncError),
}

/// The report of a run.
#[derive(Debug)]
pub struct RunReport {
    /// The number; `None` for a dry run, or if the run could not be recorded.
    pub run: Option<RunId>,
    /// The connector.
    pub connector: ConnectorName,
    /// The outcome.
    pub outcome: RunOutcome,
    /// The counts.
    pub counts: RunCounts,
    /// The file that was read, if the source is one.
    pub source_file: Option<SourceFile>,
    /// The changes that it made, or would make; `None` if it failed.
    pub change_set: Option<ChangeSet>,
    /// The warnings.
    pub problems: Vec<RunWarning>,
    /// The duration, without the processing of jobs.
    pub took: Duration,
}

impl RunOutcome {
    /// Returns the outcome of a committed run.
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
    /// Creates the report of a run that did not fail; its duration is set later.
    pub(super) fn of(connector: &ConnectorName, outcome: RunOutcome, done: Execution) -> Self {
        Self {
            run: done.number,
            connector: connector.clone(),
            outcome,
            counts: done.counts,
            source_file: done.source_file,
            problems: done.change_set.problems.clone(),
            change_set: Some(done.change_set),
            took: Duration::ZERO,
        }
    }

    /// Returns true if the run was for one person, and the person was not found.
    #[must_use]
    pub fn lacks_person(&self) -> bool {
        self.problems.iter().any(|problem| problem.kind == RunWarningKind::PersonNotFound)
    }

    /// Returns true if changes wait for approval, or would wait.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.change_set.as_ref().is_some_and(|change_set| change_set.held.is_waiting())
    }
}
