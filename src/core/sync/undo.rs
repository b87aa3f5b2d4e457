//! Taking back what a run did.
//!
//! Memberships that the run gave end, those that it ended are given back with their days of joining, who left comes
//! back, assignments and due dates are as they were. What somebody or something has touched since stays, and is listed.
//! What is taken back is written down, so that the next run does not do it again: until somebody approves it, or the
//! person's attributes or the rule change.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::enrollment::ChangeTransaction;
use crate::enrollment::assign;
use crate::enrollment::change::ChangeTime;
use crate::sync::File;
use crate::sync::load::to_manual_person;
use rollcall_model::definition_source::DefinitionSource;
use rollcall_model::due_policy::DuePolicy;
use rollcall_model::guard::{ChangeKey, ChangeKind, HeldChangeState, HeldGroup, HoldCause};
use rollcall_model::ids::{AssignmentId, ConnectorId, GroupId, LearnerId, RuleId, RunId};
use rollcall_model::interner::Interner;
use rollcall_model::run_record::{RunRecordKind, RunStatus};
use rollcall_model::status::LearnerStatus;
use rollcall_planner::fingerprint::{ABSENT, assignment_key, cells_print, of_entry};
use rollcall_planner::population::from_json;
use rollcall_planner::{ConnectorRecord, manual_cells, status_on};
use rollcall_store::assignments::{self, DueDateUpdate};
use rollcall_store::memberships::MembershipReason;
use rollcall_store::runs::{self, NewRun, RunCounts};
use rollcall_store::undo::{self as done, EndedMembershipRow, LeaverRow};
use rollcall_store::{Result, Store, Tx, connectors, groups, holds, jobs, learners, persons};

/// Why nothing was taken back.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum UndoError {
    #[error(transparent)]
    Store(#[from] rollcall_store::StoreError),
    #[error("there is no run {run}")]
    NoRun { run: RunId },
    #[error("run {run} has not ended yet")]
    Running { run: RunId },
    #[error("run {run} did nothing that could be taken back")]
    Nothing { run: RunId, touched: Vec<String> },
}

/// What was taken back.
#[derive(Debug, Default)]
pub struct UndoCounts {
    /// The number of the undo.
    pub run: i64,
    /// Memberships given back and ended, and jobs.
    pub counts: RunCounts,
    /// Learners who are back.
    pub learners: u64,
    /// Assignments that are as before.
    pub assignments: u64,
    /// Groups that are there again, or gone again.
    pub groups: u64,
    /// Completions taken back.
    pub completions: u64,
    /// Exclusions lifted, or in force again.
    pub exclusions: u64,
    /// What was touched since and stays, a sentence each.
    pub touched: Vec<String>,
}

/// An undo under way.
struct UndoBuilder<'a> {
    file: File<'a>,
    change: ChangeTransaction,
    /// The run that is taken back.
    run: RunId,
    /// Its connector, where it is one of a connector.
    connector: Option<ConnectorId>,
    /// The position of the connector in the file; `usize::MAX` where the file does not name it.
    place: usize,
    /// What the next run must not do again.
    standing: Vec<holds::NewHeldChange>,
    undone: UndoCounts,
}

/// Takes back what a run, an approval, an undo or a change by hand did.
///
/// # Errors
/// When there is no such run, nothing of it can be taken back, or the database refuses; nothing is changed then.
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
    let connector =
        connectors::list(&mut tx).await?.into_iter().find(|one| Some(&one.name) == row.connector.as_ref());
    let named = |name: &str| file.connectors.iter().position(|one| one.name.as_str() == name);
    let place = connector.as_ref().and_then(|one| named(&one.name)).unwrap_or(usize::MAX);
    let connector = connector.map(|one| ConnectorId(one.id));
    tx.rollback().await?;
    let about = NewRun { connector, ..about.clone() };
    let change = ChangeTransaction::begin(store, &about, when).await?;
    let mut undoing = UndoBuilder {
        file,
        change,
        run,
        connector,
        place,
        standing: Vec::new(),
        undone: UndoCounts::default(),
    };
    undoing.groups().await?;
    undoing.memberships().await?;
    undoing.assignments().await?;
    undoing.dues().await?;
    undoing.by_hand(row.kind == RunRecordKind::Hand).await?;
    let UndoBuilder { mut change, standing, mut undone, .. } = undoing;
    let counts = change.counts();
    let nothing = counts.memberships_added + counts.memberships_removed == 0
        && undone.learners + undone.assignments + undone.groups + undone.completions + undone.exclusions == 0;
    if nothing {
        return Err(UndoError::Nothing { run, touched: undone.touched });
    }
    if row.kind == RunRecordKind::Undo {
        holds::forget_undone(&mut change.tx, run).await?;
    } else if let Some(connector) = connector {
        let number = change.run;
        holds::save_changes(&mut change.tx, connector, number, standing, false).await?;
    }
    if undone.touched.is_empty() {
        runs::clear_limit_usage(&mut change.tx, run).await?;
    }
    let done = change.commit().await?;
    undone.run = done.run.0;
    undone.counts = done.counts;
    undone.touched.sort();
    Ok(undone)
}

impl UndoBuilder<'_> {
    /// Groups that were deleted are there again.
    async fn groups(&mut self) -> Result<()> {
        for (id, name, is_taken) in done::list_deleted_groups(&mut self.change.tx, self.run).await? {
            if is_taken {
                self.undone.touched.push(format!("another group is called {name} by now"));
            } else {
                groups::restore(&mut self.change.tx, id).await?;
                self.undone.groups += 1;
            }
        }
        Ok(())
    }

    async fn memberships(&mut self) -> Result<()> {
        let leavers = match self.connector {
            Some(connector) => done::list_leavers(&mut self.change.tx, self.run, connector).await?,
            None => Vec::new(),
        };
        let back = self.who_comes_back(&leavers);
        let given = done::list_given(&mut self.change.tx, self.run).await?;
        let ended = done::list_ended(&mut self.change.tx, self.run).await?;
        let mut touched: Vec<(LearnerId, GroupId, &'static str)> = Vec::new();
        let mut again = Vec::new();
        for one in &ended {
            match in_the_way(one, &back) {
                Some(why) => touched.push((one.learner_id, one.group_id, why)),
                None => again.push(MembershipReason {
                    group: one.group_id,
                    rule: one.rule_id,
                    learner: one.learner_id,
                }),
            }
        }
        let take: Vec<MembershipReason> = given
            .iter()
            .map(|one| MembershipReason { group: one.group_id, rule: one.rule_id, learner: one.learner_id })
            .collect();
        self.note_memberships(&again, &take).await?;
        // Before this undo ends any of them itself.
        let gone = done::describe_given_and_ended(&mut self.change.tx, self.run).await?;
        self.undone.touched.extend(gone);
        let change = &mut self.change;
        change.stage_memberships(again.iter().copied(), take.iter().copied(), back.keys().copied()).await?;
        let states: Vec<(LearnerId, &'static str)> =
            back.iter().map(|(id, status)| (*id, status.as_str())).collect();
        let number = change.run;
        self.undone.learners = done::restore_learners(&mut change.tx, &states, number).await?;
        change.apply_memberships().await?;
        done::restore_join_dates(&mut change.tx, self.run, number).await?;
        self.records(&leavers, &back).await?;
        self.undone.touched.extend(done::describe_memberships(&mut self.change.tx, &touched).await?);
        Ok(())
    }

    /// The learners who left in the run, each with the state that the record before the run gives today.
    fn who_comes_back(&self, leavers: &[LeaverRow]) -> FxHashMap<LearnerId, LearnerStatus> {
        let mut back = FxHashMap::default();
        let profiles = self.file.profiles();
        for one in leavers {
            let before = one.before.as_deref().unwrap_or(&one.attributes);
            let mut values = Interner::default();
            let cells = from_json(self.file.attributes, &mut values, before);
            let record = ConnectorRecord { place: self.place, cells: &cells };
            let status = status_on(self.change.time.today, &profiles, &values, &[record]).status;
            let was_in = one.before.is_some() && status.has_access();
            if was_in || one.lost_something {
                back.insert(one.learner_id, if status.has_access() { status } else { LearnerStatus::Active });
            }
        }
        back
    }

    /// The records of those who come back are as before the run; what the source says of them is kept beside.
    async fn records(
        &mut self,
        leavers: &[LeaverRow],
        back: &FxHashMap<LearnerId, LearnerStatus>,
    ) -> Result<()> {
        let Some(connector) = self.connector else { return Ok(()) };
        let leavers: Vec<&LeaverRow> =
            leavers.iter().filter(|one| back.contains_key(&one.learner_id)).collect();
        if leavers.is_empty() {
            return Ok(());
        }
        let as_read = leavers.iter().map(|one| holds::PinnedRecord {
            external_id: one.external_id.clone(),
            present: one.present,
            attributes: one.attributes.clone(),
        });
        let as_read: Vec<holds::PinnedRecord> = as_read.collect();
        let rows: Vec<persons::PersonUpdate<'_>> = leavers
            .iter()
            .map(|one| {
                let attributes = one.before.clone().unwrap_or_else(|| one.attributes.clone());
                let mut values = Interner::default();
                let cells = from_json(self.file.attributes, &mut values, &attributes);
                let digest = cells_print(self.file.attributes, &values, &cells);
                persons::PersonUpdate {
                    external_id: &one.external_id,
                    learner: one.learner_id,
                    digest,
                    attributes,
                }
            })
            .collect();
        let number = self.change.run;
        persons::write_records(&mut self.change.tx, connector, rows, [], number).await?;
        holds::save_pinned_records(&mut self.change.tx, connector, number, &as_read, false).await?;
        for one in &leavers {
            let named = ChangeKey { who: Some(one.learner_id), ..ChangeKey::default() };
            let fingerprint = if one.present { one.digest } else { ABSENT };
            let write = taken_back(number, named, ChangeKind::Leave, fingerprint);
            self.standing.push(holds::NewHeldChange { external_id: Some(one.external_id.clone()), ..write });
        }
        Ok(())
    }

    /// Writes down which reasons are given back and ended, with fingerprints of the learners as they are now.
    async fn note_memberships(
        &mut self,
        again: &[MembershipReason],
        take: &[MembershipReason],
    ) -> Result<()> {
        if self.connector.is_none() {
            return Ok(());
        }
        let rules: FxHashMap<RuleId, i64> = done::list_rule_names(&mut self.change.tx)
            .await?
            .into_iter()
            .filter_map(|(id, name)| {
                let rule = self.file.rules.iter().find(|rule| rule.name.as_str() == name)?;
                Some((id, rule.digest()))
            })
            .collect();
        let ids: FxHashSet<i64> = again.iter().chain(take).map(|reason| reason.learner.0).collect();
        let stored = learners::list_attributes(&mut self.change.tx, ids.into_iter().collect()).await?;
        let attributes = self.file.attributes;
        let mut prints: FxHashMap<LearnerId, i64> = stored
            .into_iter()
            .map(|(id, json)| {
                let mut values = Interner::default();
                let cells = from_json(attributes, &mut values, &json);
                (id, cells_print(attributes, &values, &cells))
            })
            .collect();
        // Who was added by hand has no attributes but a name and an address.
        for one in learners::list_manual(&mut self.change.tx).await? {
            let mut values = Interner::default();
            let one = to_manual_person(one);
            let cells = manual_cells(attributes, &mut values, &one);
            prints.insert(one.learner, cells_print(attributes, &values, &cells));
        }
        let undo = self.change.run;
        for (kind, reasons) in [(ChangeKind::End, again), (ChangeKind::Give, take)] {
            for reason in reasons {
                let group = HeldGroup::Known(reason.group);
                let named = ChangeKey {
                    who: Some(reason.learner),
                    group: Some(&group),
                    rule: Some(reason.rule),
                    ..ChangeKey::default()
                };
                let print = prints.get(&reason.learner).copied().unwrap_or(ABSENT);
                let fingerprint = of_entry(print, rules.get(&reason.rule).copied().unwrap_or(0));
                let write = taken_back(undo, named, kind, fingerprint);
                self.standing.push(write);
            }
        }
        Ok(())
    }

    async fn assignments(&mut self) -> Result<()> {
        let all = done::list_assignments(&mut self.change.tx, self.run).await?;
        let made: Vec<AssignmentId> = all.iter().filter(|one| one.made).map(|one| one.id).collect();
        let ended: Vec<AssignmentId> =
            all.iter().filter(|one| one.ended && !one.blocked).map(|one| one.id).collect();
        let blocked = all.iter().filter(|one| one.ended && one.blocked);
        self.undone.touched.extend(blocked.map(|one| {
            format!(
                "course {} for {}: the group is gone, or the course is assigned again",
                one.code, one.whom
            )
        }));
        let gone = all.iter().filter(|one| !one.made && !one.ended);
        self.undone.touched.extend(
            gone.map(|one| format!("course {} for {}: the assignment has ended since", one.code, one.whom)),
        );
        assign::end_assignments(&mut self.change, &made).await?;
        done::reactivate_assignments(&mut self.change.tx, &ended).await?;
        self.change.enqueue_assignments(&ended).await?;
        self.undone.assignments += (made.len() + ended.len()) as u64;
        let undo = self.change.run;
        for one in all
            .iter()
            .filter(|one| one.source == DefinitionSource::File && (one.made || one.ended && !one.blocked))
        {
            let group = one.group_id.map(|id| HeldGroup::Known(GroupId(id)));
            let write = if one.ended {
                let named = ChangeKey { assignment: Some(one.id), ..ChangeKey::default() };
                taken_back(undo, named, ChangeKind::Unassign, 0)
            } else {
                let course = assignment_key(&one.code, &one.pattern);
                let named =
                    ChangeKey { external_id: Some(&course), group: group.as_ref(), ..ChangeKey::default() };
                taken_back(undo, named, ChangeKind::Assign, 0)
            };
            self.standing.push(write);
        }
        Ok(())
    }

    async fn dues(&mut self) -> Result<()> {
        let mut back = Vec::new();
        for one in done::list_due_dates(&mut self.change.tx, self.run).await? {
            let days = one.due_days.map(i32::unsigned_abs);
            let due = DuePolicy::from_parts(&one.due_kind, one.due_on, days).unwrap_or(DuePolicy::Never);
            if one.touched {
                self.undone.touched.push(format!("course {}: the due date was changed again", one.code));
            } else if one.source == DefinitionSource::File {
                self.undone.touched.push(format!("course {}: the due date comes from the file", one.code));
            } else {
                let late_days = one.late_days.unsigned_abs();
                back.push(DueDateUpdate { assignment: one.assignment_id, due, late_days });
            }
        }
        assignments::update_due_dates(&mut self.change.tx, &back, self.change.run).await?;
        let changed: Vec<AssignmentId> = back.iter().map(|one| one.assignment).collect();
        self.change.enqueue_assignments(&changed).await?;
        self.undone.assignments += back.len() as u64;
        Ok(())
    }

    /// Exclusions, completions, and groups that a person made.
    async fn by_hand(&mut self, by_hand: bool) -> Result<()> {
        let ChangeTransaction { run: number, time: when, .. } = self.change;
        let tx: &mut Tx = &mut self.change.tx;
        self.undone.exclusions = done::revert_exclusions(tx, self.run, number, by_hand).await?;
        let pairs = done::revert_completions(tx, self.run).await?;
        jobs::enqueue_pairs(tx, &pairs, when.now, number).await?;
        self.undone.completions = pairs.len() as u64;
        self.undone.groups += done::delete_empty_groups(tx, self.run, number, when.now).await?;
        Ok(())
    }
}

/// A change that was taken back, as it is written down.
fn taken_back(undo: RunId, named: ChangeKey<'_>, kind: ChangeKind, fingerprint: i64) -> holds::NewHeldChange {
    let (group, group_name) = match named.group {
        Some(HeldGroup::Known(id)) => (Some(*id), None),
        Some(HeldGroup::New(name)) => (None, Some(name.clone())),
        None => (None, None),
    };
    holds::NewHeldChange {
        key: named.key(kind),
        kind,
        learner: named.who,
        external_id: named.external_id.map(str::to_owned),
        group,
        group_name,
        rule: named.rule,
        assignment: named.assignment,
        state: HeldChangeState::Undone,
        reason: HoldCause::Undone.as_str(),
        fingerprint,
        decision: Some(undo),
    }
}

/// What stands in the way of giving a membership back.
fn in_the_way(one: &EndedMembershipRow, back: &FxHashMap<LearnerId, LearnerStatus>) -> Option<&'static str> {
    let has_access = one.status.has_access() || back.contains_key(&one.learner_id);
    if one.is_there {
        Some("is a member again")
    } else if one.ended_again {
        Some("became a member again and left again")
    } else if one.group_deleted {
        Some("the group has been deleted")
    } else if !has_access {
        Some("has left since")
    } else {
        None
    }
}
