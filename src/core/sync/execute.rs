//! One run of any kind: load the state, plan, commit; plan again if another change was committed in between.
//!
//! [`execute`] is the same for syncs, date rules, approvals, retirements and resyncs. [`RunKind`] contains the
//! differences. A dry run is the same code without the commit.

use rustc_hash::FxHashSet;
use tracing::info;

use crate::sync::SyncError;
use crate::sync::commit::{CommitContext, CommitResult, commit, counts};
use crate::sync::decision_changes::ConnectorHold;
use crate::sync::lease::LeaseGuard;
use crate::sync::limit_totals::load_totals;
use crate::sync::load::{SnapshotScope, load_lookups};
use crate::sync::person_search::find_person;
use crate::sync::reading::read_beside_snapshot;
use crate::sync::run_kind::{RunInput, RunKind};
use crate::sync::run_task::RunTask;
use crate::sync::stored_people::load_learner;
use rollcall_model::ids::{ConnectorId, LearnerId, RunId};
use rollcall_model::source_file::SourceFile;
use rollcall_planner::{
    ChangeSet, LimitPolicy, PlanInterrupted, Snapshot, SourceData, change_keys, lookup_keys, plan,
};
use rollcall_store::Tx;
use rollcall_store::runs::{self, NewRun, RunCounts};

/// The number of plans that are made without a lock. After these the run takes the lock of the plan version first, so
/// that frequent changes cannot delay it without end.
const MAX_OPTIMISTIC_PLANS: u32 = 3;

/// The run that a plan is committed as.
#[derive(Clone, Copy)]
pub(super) struct CommitTarget<'a> {
    pub(super) lease: &'a LeaseGuard,
    pub(super) run: CommitRun<'a>,
}

/// A run that has begun, or one that begins in the transaction of the commit.
#[derive(Clone, Copy)]
pub(super) enum CommitRun<'a> {
    Begun(RunId),
    BeginsWithCommit(&'a NewRun),
}

/// The result of a run.
pub(super) struct Execution {
    /// The number of the run; `None` if nothing was committed.
    pub(super) number: Option<RunId>,
    pub(super) change_set: ChangeSet,
    pub(super) counts: RunCounts,
    /// The file that was read as a whole, if the source is one.
    pub(super) source_file: Option<SourceFile>,
    /// The changes that an approval is about, and the keys of those that it made.
    pub(super) approval: Option<(ConnectorHold, FxHashSet<String>)>,
}

/// The data that a run is planned from.
struct RunState {
    scope: SnapshotScope,
    snapshot: Snapshot,
    /// The people; `None` if they are loaded for each plan.
    reading: Option<SourceData>,
    /// The file that was read as a whole, if the source is one.
    source_file: Option<SourceFile>,
}

/// A plan that is not committed yet.
struct PlannedRun {
    change_set: ChangeSet,
    policy: LimitPolicy,
    hold: Option<ConnectorHold>,
    /// The transaction that holds the lock of the plan version, if the plan was made under it.
    locked: Option<Tx>,
}

/// Plans a run and commits it; without a target it is a dry run.
///
/// # Errors
/// If the source cannot be read, the lease is lost or the database fails. Nothing is changed then.
pub(super) async fn execute(
    task: &RunTask<'_>,
    target: Option<CommitTarget<'_>>,
    kind: RunKind<'_>,
) -> Result<Execution, SyncError> {
    let mut state = RunState::load(task, kind).await?;
    for round in 1.. {
        let mut planned = state.plan(task, kind, round > MAX_OPTIMISTIC_PLANS).await?;
        let Some(target) = target.filter(|_| !kind.is_idle(&planned.change_set)) else {
            let counts = counts(&planned.change_set);
            let (change_set, source_file) = (planned.change_set, state.source_file);
            return Ok(Execution { number: None, change_set, counts, source_file, approval: None });
        };
        let (number, result) = planned.commit(task, target, &state).await?;
        match result {
            CommitResult::Done(counts) => {
                return Ok(planned.into_execution(task, state, number, counts));
            }
            CommitResult::LeaseLost => break,
            CommitResult::Moved => {
                target.lease.set_committing(false);
                info!(run = %number, connector = %task.name(), "another change was committed, planning again");
                state.reading = kind.keeps_reading().then(|| planned.change_set.into_source());
                state.snapshot = task.load_snapshot(&state.scope).await?;
            }
        }
    }
    Err(SyncError::LeaseLost { connector: task.name().clone() })
}

impl RunState {
    /// Loads the state of the database, and reads the source if the run does.
    async fn load(task: &RunTask<'_>, kind: RunKind<'_>) -> Result<Self, SyncError> {
        let source = match kind {
            RunKind::Sync { options, stop } => match &options.only {
                Some(person) => find_person(task, person, options, stop).await?,
                None => {
                    let (snapshot, source) = read_beside_snapshot(task, options, stop).await?;
                    let (reading, source_file) = (Some(source.data), source.file);
                    return Ok(Self { scope: SnapshotScope::All, snapshot, reading, source_file });
                }
            },
            RunKind::Resync { learner, connector } => load_one(task, connector, learner).await?,
            RunKind::DateRules { .. } | RunKind::Approval { .. } | RunKind::Retirement { .. } => {
                let scope = SnapshotScope::All;
                let snapshot = task.load_snapshot(&scope).await?;
                return Ok(Self { snapshot, scope, reading: None, source_file: None });
            }
        };
        let scope = SnapshotScope::of(&source);
        let snapshot = task.load_snapshot(&scope).await?;
        Ok(Self { snapshot, scope, reading: Some(source), source_file: None })
    }

    /// Plans the run. With `locks` it takes the lock of the plan version first, and the commit succeeds at once.
    async fn plan(
        &mut self,
        task: &RunTask<'_>,
        kind: RunKind<'_>,
        locks: bool,
    ) -> Result<PlannedRun, SyncError> {
        let mut tx = if locks { task.store.begin_write().await? } else { task.store.begin_read().await? };
        if locks {
            // The commit finds the version of this snapshot, and increases it by one.
            runs::lock_head(&mut tx).await?;
            self.snapshot = task.load_snapshot_in(&mut tx, &self.scope).await?;
        }
        let reading = self.reading.take();
        let RunInput { mut source, policy, hold } =
            kind.load_input(task, &mut tx, &self.snapshot, reading).await?;
        let keys = lookup_keys(task.plan_context(&self.snapshot, &policy), &mut source);
        let lookups = load_lookups(&mut tx, task.rules(), &mut self.snapshot, keys).await?;
        match policy {
            LimitPolicy::Guard { allow_removals: false, .. } => {
                load_totals(&mut tx, &task.file.limits, task.when, &mut self.snapshot).await?;
            }
            LimitPolicy::Guard { allow_removals: true, .. } | LimitPolicy::Approved(_) => {}
        }
        let locked = if locks {
            Some(tx)
        } else {
            tx.rollback().await?;
            None
        };
        let change_set = plan(task.plan_context(&self.snapshot, &policy), &lookups, source)
            .map_err(|PlanInterrupted| task.interrupt.error(task.name()))?;
        Ok(PlannedRun { change_set, policy, hold, locked })
    }
}

impl PlannedRun {
    /// Commits the plan; returns the number of the run.
    async fn commit(
        &mut self,
        task: &RunTask<'_>,
        target: CommitTarget<'_>,
        state: &RunState,
    ) -> Result<(RunId, CommitResult), SyncError> {
        let mut tx = match self.locked.take() {
            Some(tx) => tx,
            None => task.store.begin_write().await?,
        };
        let number = match target.run {
            CommitRun::Begun(number) => number,
            CommitRun::BeginsWithCommit(about) => runs::begin(&mut tx, about, task.when.now).await?,
        };
        target.lease.set_committing(true);
        let job = CommitContext {
            lease: target.lease.lease(),
            run: number,
            when: task.when,
            context: task.plan_context(&state.snapshot, &self.policy),
            approved: self.hold.as_ref().map(ConnectorHold::keys),
            source_file: state.source_file.as_ref(),
        };
        Ok((number, commit(tx, job, &self.change_set).await?))
    }

    fn into_execution(
        self,
        task: &RunTask<'_>,
        state: RunState,
        number: RunId,
        counts: RunCounts,
    ) -> Execution {
        let Self { change_set, policy, hold, .. } = self;
        let context = task.plan_context(&state.snapshot, &policy);
        let approval = hold.map(|hold| (hold, change_keys(context, &change_set)));
        Execution { number: Some(number), change_set, counts, source_file: state.source_file, approval }
    }
}

/// Loads one learner as a connector last read the person.
async fn load_one(
    task: &RunTask<'_>,
    connector: ConnectorId,
    learner: LearnerId,
) -> Result<SourceData, SyncError> {
    let mut tx = task.store.begin_read().await?;
    let people = load_learner(&mut tx, task.file.attributes, connector, learner).await?;
    tx.rollback().await?;
    Ok(SourceData::people(people))
}
