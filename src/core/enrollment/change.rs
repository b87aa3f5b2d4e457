//! Changes of memberships. A change and its jobs are committed in one transaction.
//!
//! Each change, by a sync or manual, is a [`ChangeTransaction`]. It holds the lock of the head from beginning to end, so
//! that changes run one after the other, and has the id of its run. Memberships are written only with
//! [`ChangeTransaction::stage_memberships`] and [`ChangeTransaction::apply_memberships`].

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use rollcall_model::ids::{AssignmentId, LearnerId, RunId};
use rollcall_store::memberships::MembershipReason;
use rollcall_store::runs::{FinishedRun, NewRun, RunCounts, RunStatus};
use rollcall_store::{Result, Store, Tx, enrollments, groups, jobs, learners, memberships, runs};

/// The time of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeTime {
    /// The instant.
    pub now: DateTime<Utc>,
    /// The day in the file's time zone.
    pub today: NaiveDate,
}

impl ChangeTime {
    /// An instant, and the day that it falls on in a zone.
    #[must_use]
    pub fn at(now: DateTime<Utc>, zone: chrono_tz::Tz) -> Self {
        Self { now, today: now.with_timezone(&zone).date_naive() }
    }
}

/// A numbered change in progress. Dropping it rolls everything back.
#[derive(Debug)]
pub struct ChangeTransaction {
    /// The transaction, for whatever else belongs to the change.
    pub tx: Tx,
    /// The number.
    pub run: RunId,
    /// The time.
    pub time: ChangeTime,
    jobs: u64,
    added: u64,
    removed: u64,
}

impl ChangeTransaction {
    /// Begins a change by hand, under a number of its own.
    pub async fn begin(store: &Store, about: &NewRun, when: ChangeTime) -> Result<Self> {
        let mut tx = store.begin_write().await?;
        let run = runs::begin(&mut tx, about, when.now).await?;
        runs::lock_head(&mut tx).await?;
        Ok(Self { tx, run, time: when, jobs: 0, added: 0, removed: 0 })
    }

    /// Goes on with a run that has its number already, in a transaction that holds the head's lock.
    #[must_use]
    pub fn from_run(tx: Tx, run: RunId, time: ChangeTime) -> Self {
        Self { tx, run, time, jobs: 0, added: 0, removed: 0 }
    }

    /// Lays out what will change, and remembers the due dates that are given up; `comes_or_goes` are the learners whose
    /// state gives or takes access. Then write learners, then call [`ChangeTransaction::apply_memberships`].
    pub async fn stage_memberships(
        &mut self,
        add: impl IntoIterator<Item = MembershipReason>,
        remove: impl IntoIterator<Item = MembershipReason>,
        comes_or_goes: impl IntoIterator<Item = LearnerId>,
    ) -> Result<()> {
        memberships::stage_changes(&mut self.tx, add, remove).await?;
        learners::stage_changes(&mut self.tx, comes_or_goes, self.run).await?;
        enrollments::retain_due_dates(&mut self.tx, self.time.today, self.run).await?;
        Ok(())
    }

    /// [`ChangeTransaction::stage_memberships`] for an undo: no due date is given up by it, and those that `undone` gave
    /// up with what is restored are out of force.
    pub async fn stage_undone_memberships(
        &mut self,
        add: impl IntoIterator<Item = MembershipReason>,
        remove: impl IntoIterator<Item = MembershipReason>,
        comes_or_goes: impl IntoIterator<Item = LearnerId>,
        undone: RunId,
    ) -> Result<()> {
        memberships::stage_changes(&mut self.tx, add, remove).await?;
        learners::stage_changes(&mut self.tx, comes_or_goes, self.run).await?;
        enrollments::undo_retained_due_dates(&mut self.tx, undone, self.run).await
    }

    /// Gives and ends the memberships that were laid out, and enqueues the jobs that follow.
    pub async fn apply_memberships(&mut self) -> Result<()> {
        let Self { tx, run, time: when, .. } = self;
        let given = memberships::insert_staged(tx, when.today, *run).await?;
        let ended = memberships::end_staged(tx, *run).await?;
        self.added += given;
        self.removed += ended;
        memberships::update_member_counts(tx, *run, given + ended).await?;
        memberships::move_dormant(tx, *run).await?;
        self.jobs += jobs::enqueue_for_members(tx, when.now, *run).await?;
        self.jobs += jobs::enqueue_for_status(tx, when.now, *run).await?;
        self.jobs += jobs::enqueue_for_starts(tx, when.now, *run).await?;
        memberships::unstage_changes(tx).await?;
        learners::unstage_changes(tx).await
    }

    /// [`ChangeTransaction::stage_memberships`] and [`ChangeTransaction::apply_memberships`] where nothing else changes.
    pub async fn change_memberships(
        &mut self,
        add: impl IntoIterator<Item = MembershipReason>,
        remove: impl IntoIterator<Item = MembershipReason>,
    ) -> Result<()> {
        self.stage_memberships(add, remove, []).await?;
        self.apply_memberships().await
    }

    /// Enqueues jobs for all learners that these assignments reach, after they are created, changed or ended.
    pub async fn enqueue_assignments(&mut self, assignments: &[AssignmentId]) -> Result<()> {
        groups::mark_changed(&mut self.tx, assignments, self.run).await?;
        self.jobs +=
            jobs::enqueue_for_assignments(&mut self.tx, assignments, self.time.now, self.run).await?;
        Ok(())
    }

    /// Enqueues for exactly these learners and courses, to settle them again.
    pub async fn enqueue_pairs(&mut self, pairs: &[(i64, i64)]) -> Result<()> {
        self.jobs += jobs::enqueue_pairs(&mut self.tx, pairs, self.time.now, self.run).await?;
        Ok(())
    }

    /// Records the state before and after the change for the audit log.
    pub async fn record_before_after(&mut self, found: &Value, made: &Value) -> Result<()> {
        runs::record_change(&mut self.tx, self.run, found, made).await
    }

    /// Returns the counts of the change so far.
    #[must_use]
    pub fn counts(&self) -> RunCounts {
        RunCounts {
            memberships_added: self.added,
            memberships_removed: self.removed,
            jobs_enqueued: self.jobs,
            ..RunCounts::default()
        }
    }

    /// Commits a change by hand.
    pub async fn commit(mut self) -> Result<CommittedChange> {
        let counts = self.counts();
        let finished = FinishedRun { status: RunStatus::Applied, counts: &counts, file: None };
        runs::finish(&mut self.tx, self.run, finished, &[], Utc::now().max(self.time.now)).await?;
        self.tx.commit().await?;
        Ok(CommittedChange { run: self.run, counts })
    }
}

/// A change that is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommittedChange {
    /// The number.
    pub run: RunId,
    /// Counts of the change.
    pub counts: RunCounts,
}
