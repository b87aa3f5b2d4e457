//! The kinds of runs: where the people of each come from, and which changes are allowed.

use tokio_util::sync::CancellationToken;

use crate::sync::SyncError;
use crate::sync::decision_changes::{ConnectorHold, find_changes, refuse_other_files};
use crate::sync::run_options::RunOptions;
use crate::sync::run_task::RunTask;
use crate::sync::stored_people::{load_kept_people, load_people};
use rollcall_model::ids::{ConnectorId, LearnerId, RunId};
use rollcall_model::people::PeopleTable;
use rollcall_planner::{ChangeSet, LimitPolicy, Snapshot, SourceData};
use rollcall_store::Tx;

/// The kinds of runs. They differ in where the people come from and in which changes are allowed.
#[derive(Clone, Copy)]
pub(super) enum RunKind<'a> {
    /// The source is read.
    Sync { options: &'a RunOptions, stop: &'a CancellationToken },
    /// Date and tenure rules are applied to the people last read.
    DateRules { connector: ConnectorId },
    /// The changes of a decision are approved.
    Approval { decision: RunId },
    /// A connector that was removed from the file no longer holds its people.
    Retirement { allow_removals: bool },
    /// The rules are evaluated again for one learner.
    Resync { learner: LearnerId, connector: ConnectorId },
}

/// The people of a run, and the changes that are allowed.
pub(super) struct RunInput {
    pub(super) source: SourceData,
    pub(super) policy: LimitPolicy,
    /// The changes that an approval is about.
    pub(super) hold: Option<ConnectorHold>,
}

impl RunKind<'_> {
    /// Returns true if a second plan uses the same people; otherwise they are loaded again.
    pub(super) fn keeps_reading(self) -> bool {
        match self {
            Self::Sync { .. } | Self::Resync { .. } => true,
            Self::DateRules { .. } | Self::Approval { .. } | Self::Retirement { .. } => false,
        }
    }

    /// Loads the people, unless they are in `reading`, and decides which changes are allowed.
    pub(super) async fn load_input(
        self,
        task: &RunTask<'_>,
        tx: &mut Tx,
        snapshot: &Snapshot,
        reading: Option<SourceData>,
    ) -> Result<RunInput, SyncError> {
        let attributes = task.file.attributes;
        let guard = |allow_removals, retires| LimitPolicy::Guard { allow_removals, retires };
        let stored = |source, policy| RunInput { source, policy, hold: None };
        let none = || SourceData::people(PeopleTable::new(attributes));
        Ok(match self {
            Self::Sync { options, .. } => {
                stored(reading.unwrap_or_else(none), guard(options.allow_removals, false))
            }
            Self::DateRules { connector } => {
                let people = load_people(tx, attributes, connector).await?;
                stored(SourceData::people(people), guard(false, false))
            }
            Self::Resync { .. } => stored(reading.unwrap_or_else(none), guard(true, false)),
            Self::Retirement { allow_removals } => {
                let no_people = SourceData::full(PeopleTable::new(attributes), Vec::new());
                stored(no_people, guard(allow_removals, true))
            }
            Self::Approval { decision } => {
                refuse_other_files(snapshot)?;
                let hold = find_changes(tx, decision).await?;
                let people = load_kept_people(tx, attributes, hold.connector).await?;
                let policy = LimitPolicy::Approved(hold.keys().into_iter().collect());
                RunInput { source: SourceData::full(people, Vec::new()), policy, hold: Some(hold) }
            }
        })
    }

    /// Returns true if a run of this kind is not recorded because it changes nothing.
    pub(super) fn is_idle(self, change_set: &ChangeSet) -> bool {
        let plan = &change_set.plan;
        let changes = !plan.add.is_empty() || !plan.remove.is_empty() || !change_set.learners.is_empty();
        matches!(self, Self::DateRules { .. }) && !changes && !change_set.held.is_waiting()
    }
}
