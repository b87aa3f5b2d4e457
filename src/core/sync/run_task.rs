//! The connector of a run, with the configuration and the time that apply to it.

use chrono::Utc;
use tokio_util::sync::CancellationToken;

use crate::enrollment::change::ChangeTime;
use crate::sync::lease::LeaseGuard;
use crate::sync::load::{SnapshotScope, load_snapshot};
use crate::sync::run_interrupt::RunInterrupt;
use crate::sync::run_options::RunOptions;
use crate::sync::{File, SyncError};
use rollcall_connectors::ReadContext;
use rollcall_connectors::mapping::SeveralRecords;
use rollcall_model::names::ConnectorName;
use rollcall_model::people::PeopleTable;
use rollcall_planner::{ConnectorProfile, LimitPolicy, PlanContext, RecordMerge, RuleSet, Snapshot};
use rollcall_rules::rule::Interrupt;
use rollcall_store::{Store, Tx, runs};

/// The connector of a run, with the configuration that applies to it.
pub(super) struct RunTask<'a> {
    pub(super) store: &'a Store,
    pub(super) file: File<'a>,
    /// The position of the connector in the file.
    pub(super) connector: usize,
    pub(super) when: ChangeTime,
    /// Ends the evaluation of the rules.
    pub(super) interrupt: RunInterrupt,
    interrupt_function: Interrupt,
    profiles: Vec<ConnectorProfile>,
}

impl<'a> RunTask<'a> {
    /// Creates a task for a run that begins now. `stop` and the loss of the lease interrupt it.
    pub(super) fn new(
        store: &'a Store,
        file: File<'a>,
        connector: usize,
        stop: &CancellationToken,
        lease: Option<&LeaseGuard>,
    ) -> Self {
        let when = ChangeTime::at(Utc::now(), file.zone);
        let lost = lease.map_or_else(CancellationToken::new, |lease| lease.lost.clone());
        let interrupt = RunInterrupt::new(file.bounds, stop, &lost);
        let interrupt_function = interrupt.as_function();
        Self { store, file, connector, when, interrupt, interrupt_function, profiles: file.profiles() }
    }

    /// Fails if the run has to end.
    pub(super) fn check_interrupt(&self) -> Result<(), SyncError> {
        if self.interrupt.is_due() { Err(self.interrupt.error(self.name())) } else { Ok(()) }
    }

    /// The function that evaluations ask whether they have to end.
    pub(super) fn interrupt_function(&self) -> &Interrupt {
        &self.interrupt_function
    }

    /// The name of the connector.
    pub(super) fn name(&self) -> &'a ConnectorName {
        &self.file.connectors[self.connector].name
    }

    /// The part of the configuration that plans depend on.
    pub(super) fn rules(&self) -> RuleSet<'_> {
        self.file.rule_set(&self.profiles, self.connector)
    }

    /// Makes one person of the different records of one id, where the connector allows it.
    pub(super) fn merge_records(&self, people: &mut PeopleTable) {
        let merges = match self.file.connectors[self.connector].mapping.several {
            SeveralRecords::Merge => true,
            SeveralRecords::Refuse => false,
        };
        let (connectors, connector, today) = (&self.profiles, self.connector, self.when.today);
        RecordMerge { merges, connectors, connector, today }.apply(people);
    }

    /// The options of a reading that `stop` ends. A connector that reads the newest file of a folder is told which one it
    /// read last.
    pub(super) async fn read_context(
        &self,
        options: &RunOptions,
        stop: &CancellationToken,
    ) -> Result<ReadContext, SyncError> {
        let mut context = ReadContext { cancel: stop.clone(), ..options.reading.clone() };
        if self.file.connectors[self.connector].reads_newest_file() {
            let mut tx = self.store.begin_read().await?;
            context.last_file = runs::find_last_file(&mut tx, self.name().as_str()).await?;
            tx.rollback().await?;
        }
        Ok(context)
    }

    /// The input of a plan, besides the people.
    pub(super) fn plan_context<'p>(
        &'p self,
        snapshot: &'p Snapshot,
        policy: &'p LimitPolicy,
    ) -> PlanContext<'p> {
        PlanContext {
            snapshot,
            rules: self.rules(),
            policy,
            today: self.when.today,
            interrupt: Some(&self.interrupt_function),
        }
    }

    /// Loads the state of the database in a transaction of its own.
    pub(super) async fn load_snapshot(&self, scope: &SnapshotScope) -> Result<Snapshot, SyncError> {
        let mut tx = self.store.begin_read().await?;
        let snapshot = self.load_snapshot_in(&mut tx, scope).await?;
        tx.rollback().await?;
        Ok(snapshot)
    }

    /// Loads the state of the database in a transaction.
    pub(super) async fn load_snapshot_in(
        &self,
        tx: &mut Tx,
        scope: &SnapshotScope,
    ) -> Result<Snapshot, SyncError> {
        let names = self.file.connector_names();
        Ok(load_snapshot(tx, self.name(), &names, self.file.digest, self.when, scope).await?)
    }
}
