//! One run of any kind: load the state, plan, commit; plan again when something moved in between.
//!
//! Syncs, date rules, approvals, retirements and resyncs differ in where their people come from and in what may go
//! through. [`execute`] does everything else. A dry run is the same code stopped before the commit.

use chrono::Utc;
use rustc_hash::FxHashSet;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::enrollment::change::ChangeTime;
use crate::sync::approve::{ConnectorHold, find, refuse_other_files};
use crate::sync::commit::{CommitContext, CommitResult, commit, counts};
use crate::sync::lease::LeaseGuard;
use crate::sync::load::{SnapshotScope, load_lookups, load_snapshot};
use crate::sync::reading::{read, read_beside_snapshot};
use crate::sync::run::RunOptions;
use crate::sync::stored_people::{load_kept_people, load_learner, load_people};
use crate::sync::{File, SyncError};
use rollcall_model::ids::{ConnectorId, LearnerId, RunId};
use rollcall_model::names::ConnectorName;
use rollcall_model::people::PeopleTable;
use rollcall_planner::{
    ChangeSet, ConnectorProfile, LimitPolicy, PlanContext, RuleSet, Snapshot, SourceData, change_keys,
    lookup_keys, plan,
};
use rollcall_store::runs::{self, NewRun, RunCounts};
use rollcall_store::{Store, Tx};

/// How often a plan is made while others may change something, before they are made to wait for it.
const MAX_OPTIMISTIC_PLANS: u32 = 3;

/// The connector that a run is of, and the configuration that it goes by.
pub(super) struct RunTask<'a> {
    pub(super) store: &'a Store,
    pub(super) file: File<'a>,
    /// The position of the connector in the file.
    pub(super) connector: usize,
    pub(super) when: ChangeTime,
    profiles: Vec<ConnectorProfile>,
}

/// The kinds of run: where the people come from, and what may go through.
#[derive(Clone, Copy)]
pub(super) enum RunKind<'a> {
    /// A reading of the source.
    Sync { options: &'a RunOptions, stop: &'a CancellationToken },
    /// Date and tenure rules act on the people last read.
    DateRules { connector: ConnectorId },
    /// The held changes of a decision are let through.
    Approval { decision: RunId },
    /// A connector that the file no longer names lets go of its people.
    Retirement { allow_removals: bool },
    /// The rules decide again for one learner.
    Resync { learner: LearnerId, connector: ConnectorId },
}

/// The run that a plan is committed as.
#[derive(Clone, Copy)]
pub(super) struct CommitTarget<'a> {
    pub(super) lease: &'a LeaseGuard,
    pub(super) run: CommitRun<'a>,
}

/// A run that has begun, or one that begins with its commit.
#[derive(Clone, Copy)]
pub(super) enum CommitRun<'a> {
    Begun(RunId),
    BeginsWithCommit(&'a NewRun),
}

/// The result of a run.
pub(super) struct Execution {
    /// The number; none where nothing was committed.
    pub(super) number: Option<RunId>,
    pub(super) change_set: ChangeSet,
    pub(super) counts: RunCounts,
    /// What an approval is about, and the keys of what it did.
    pub(super) approval: Option<(ConnectorHold, FxHashSet<String>)>,
}

/// The people of a run, and what may go through.
struct RunInput {
    source: SourceData,
    policy: LimitPolicy,
    hold: Option<ConnectorHold>,
}

impl<'a> RunTask<'a> {
    /// A run that begins now.
    pub(super) fn new(store: &'a Store, file: File<'a>, connector: usize) -> Self {
        let when = ChangeTime::at(Utc::now(), file.zone);
        Self { store, file, connector, when, profiles: file.profiles() }
    }

    /// The name of the connector.
    pub(super) fn name(&self) -> &'a ConnectorName {
        &self.file.connectors[self.connector].name
    }

    pub(super) fn rules(&self) -> RuleSet<'_> {
        self.file.rule_set(&self.profiles, self.connector)
    }

    pub(super) async fn load_snapshot(&self, scope: &SnapshotScope) -> Result<Snapshot, SyncError> {
        let mut tx = self.store.begin_read().await?;
        let snapshot = self.load_snapshot_in(&mut tx, scope).await?;
        tx.rollback().await?;
        Ok(snapshot)
    }

    async fn load_snapshot_in(&self, tx: &mut Tx, scope: &SnapshotScope) -> Result<Snapshot, SyncError> {
        let names = self.file.connector_names();
        Ok(load_snapshot(tx, self.name(), &names, self.file.digest, self.when, scope).await?)
    }
}

/// Plans a run and commits it; without a target it is a dry run.
///
/// # Errors
/// When the source cannot be read, the lease is lost or the database does not answer; nothing is changed then.
pub(super) async fn execute(
    task: &RunTask<'_>,
    target: Option<CommitTarget<'_>>,
    kind: RunKind<'_>,
) -> Result<Execution, SyncError> {
    let mut scope = SnapshotScope::Everybody;
    let (mut snapshot, mut reading) = match kind {
        RunKind::Sync { options, stop } if options.only.is_none() => {
            let (snapshot, source) = read_beside_snapshot(task, options, stop).await?;
            (snapshot, Some(source))
        }
        RunKind::Sync { options, stop } => {
            let source = read(task, options, stop).await?;
            scope = SnapshotScope::of(&source.people);
            (task.load_snapshot(&scope).await?, Some(source))
        }
        RunKind::Resync { learner, connector } => {
            let source = load_one(task, connector, learner).await?;
            scope = SnapshotScope::of(&source.people);
            (task.load_snapshot(&scope).await?, Some(source))
        }
        RunKind::DateRules { .. } | RunKind::Approval { .. } | RunKind::Retirement { .. } => {
            (task.load_snapshot(&scope).await?, None)
        }
    };
    for round in 1.. {
        let undisturbed = round > MAX_OPTIMISTIC_PLANS;
        let mut tx =
            if undisturbed { task.store.begin_write().await? } else { task.store.begin_read().await? };
        if undisturbed {
            // The commit finds the head as it was loaded, and moves it by one.
            runs::lock_head(&mut tx).await?;
            snapshot = task.load_snapshot_in(&mut tx, &scope).await?;
        }
        let mut input = kind.input(task, &mut tx, &snapshot, reading.take()).await?;
        let (rules, today) = (task.rules(), task.when.today);
        let context = PlanContext { snapshot: &snapshot, rules, policy: &input.policy, today };
        let keys = lookup_keys(context, &mut input.source);
        let lookups = load_lookups(&mut tx, rules, &mut snapshot, keys).await?;
        let context = PlanContext { snapshot: &snapshot, rules, policy: &input.policy, today };
        let locked = if undisturbed {
            Some(tx)
        } else {
            tx.rollback().await?;
            None
        };
        let change_set = plan(context, &lookups, input.source);
        drop(lookups);
        let Some(target) = target.filter(|_| !kind.is_idle(&change_set)) else {
            let counts = counts(&change_set);
            return Ok(Execution { number: None, change_set, counts, approval: None });
        };
        let mut tx = match locked {
            Some(tx) => tx,
            None => task.store.begin_write().await?,
        };
        let number = match target.run {
            CommitRun::Begun(number) => number,
            CommitRun::BeginsWithCommit(about) => runs::begin(&mut tx, about, task.when.now).await?,
        };
        target.lease.set_committing(true);
        let approved = input.hold.as_ref().map(ConnectorHold::keys);
        let job =
            CommitContext { lease: target.lease.lease(), run: number, when: task.when, context, approved };
        match commit(tx, job, &change_set).await? {
            CommitResult::Done(counts) => {
                let approval = input.hold.map(|hold| (hold, change_keys(context, &change_set)));
                return Ok(Execution { number: Some(number), change_set, counts, approval });
            }
            CommitResult::LeaseLost => break,
            CommitResult::Moved => {
                target.lease.set_committing(false);
                info!(run = %number, connector = %task.name(), "memberships moved in between, planning again");
                reading = kind.keeps_reading().then(|| change_set.into_source());
                snapshot = task.load_snapshot(&scope).await?;
            }
        }
    }
    Err(SyncError::LeaseLost { connector: task.name().clone() })
}

/// One learner as a connector last read the person.
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

impl RunKind<'_> {
    /// Whether the people are planned again as they were read before.
    fn keeps_reading(self) -> bool {
        match self {
            Self::Sync { .. } | Self::Resync { .. } => true,
            Self::DateRules { .. } | Self::Approval { .. } | Self::Retirement { .. } => false,
        }
    }

    async fn input(
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
                let nobody = SourceData::full(PeopleTable::new(attributes), Vec::new());
                stored(nobody, guard(allow_removals, true))
            }
            Self::Approval { decision } => {
                refuse_other_files(snapshot)?;
                let hold = find(tx, decision).await?;
                let people = load_kept_people(tx, attributes, hold.connector).await?;
                let policy = LimitPolicy::Approved(hold.keys().into_iter().collect());
                RunInput { source: SourceData::full(people, Vec::new()), policy, hold: Some(hold) }
            }
        })
    }

    /// Whether a run of this kind leaves no trace because there is nothing to do.
    fn is_idle(self, change_set: &ChangeSet) -> bool {
        let plan = &change_set.plan;
        let changes = !plan.add.is_empty() || !plan.remove.is_empty() || !change_set.learners.is_empty();
        matches!(self, Self::DateRules { .. }) && !changes && !change_set.held.is_waiting()
    }
}
