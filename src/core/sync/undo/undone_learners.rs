//! Learners whose access or first day the run changed, and whom an undo restores.

use rustc_hash::{FxHashMap, FxHashSet};

use super::UndoBuilder;
use super::undone_change::undone_change;
use crate::sync::learner_row::{MergedLearner, learner_row};
use rollcall_model::attributes::Attribute;
use rollcall_model::guard::{ChangeKey, ChangeKind};
use rollcall_model::ids::{ConnectorId, LearnerId};
use rollcall_model::interner::Symbol;
use rollcall_model::names::fold;
use rollcall_model::status::LearnerStatus;
use rollcall_planner::email_assignment::EmailOutcome;
use rollcall_planner::fingerprint::{ABSENT, cells_print};
use rollcall_planner::population::from_json;
use rollcall_planner::{ConnectorProfile, SuspensionState, as_records, merge_records, status_on};
use rollcall_store::undo::{self as changes, ChangedLearner, ChangedRecord};
use rollcall_store::{Result, holds, learners, persons, verification};

/// A learner as before the run.
pub(super) struct RestoredLearner {
    pub(super) id: LearnerId,
    /// The status that the learner has again.
    pub(super) status: LearnerStatus,
    /// True if the status changes by the undo.
    pub(super) moves: bool,
    /// True if the learner gains access by the undo.
    returns: bool,
    /// All records of the learner.
    records: Vec<ChangedRecord>,
    /// The merged attributes of before, where the run changed a record.
    cells: Option<Box<[Symbol]>>,
}

/// The attributes of a record before the run; `None` if the source did not hold the person.
fn attributes_before(record: &ChangedRecord) -> Option<&str> {
    match (&record.before, record.present_before) {
        (Some(before), Some(true)) => Some(before),
        (_, Some(_)) => None,
        (_, None) if record.is_first => None,
        (_, None) => record.present.then_some(record.attributes.as_str()),
    }
}

/// Returns true if the run changed the record.
fn is_changed(record: &ChangedRecord) -> bool {
    record.present_before.is_some() || record.is_first
}

impl UndoBuilder<'_> {
    /// Returns the learners whose access or first day the run changed, each with the status of before: the one that
    /// follows today from the records before the run, where they give the same access.
    pub(super) async fn find_restored_learners(&mut self) -> Result<Vec<RestoredLearner>> {
        if self.connector.is_none() {
            return Ok(Vec::new());
        }
        let mut changed = changes::list_changed_learners(&mut self.change.tx, self.run).await?;
        changed.retain(|learner| !self.released.contains(&learner.learner_id));
        let mut records: FxHashMap<LearnerId, Vec<ChangedRecord>> = FxHashMap::default();
        for record in changes::list_changed_records(&mut self.change.tx, self.run).await? {
            records.entry(record.learner_id).or_default().push(record);
        }
        let keeps_access = |learner: &ChangedLearner| {
            learner.joined_since && !learner.before.has_access() && learner.now.has_access()
        };
        let (kept, changed): (Vec<_>, Vec<_>) = changed.into_iter().partition(keeps_access);
        let kept = kept.into_iter().map(|learner| learner.learner_id.0).collect();
        let names = verification::list_learner_names(&mut self.change.tx, kept).await?;
        let touched =
            names.iter().map(|(_, who)| format!("{who} has joined a group since, and keeps access"));
        self.undone.touched.extend(touched);
        let profiles = self.file.profiles();
        let restored = changed.into_iter().map(|learner| {
            let records = records.remove(&learner.learner_id).unwrap_or_default();
            self.restored_learner(learner, records, &profiles)
        });
        Ok(restored.collect())
    }

    /// Finds the learners whose suspension had ended before the run. Only a new suspension takes their access, so that they
    /// keep what the run gave.
    pub(super) async fn find_released_learners(&mut self) -> Result<()> {
        let released = changes::list_released_learners(&mut self.change.tx, self.run).await?;
        let ids = released.iter().map(|learner| learner.0).collect();
        let names = verification::list_learner_names(&mut self.change.tx, ids).await?;
        let touched = names.iter().map(|(_, who)| {
            format!("{who} was suspended and restored before, and keeps access: suspend the learner instead")
        });
        self.undone.touched.extend(touched);
        self.released = released.into_iter().collect();
        Ok(())
    }

    fn restored_learner(
        &mut self,
        learner: ChangedLearner,
        records: Vec<ChangedRecord>,
        profiles: &[ConnectorProfile],
    ) -> RestoredLearner {
        let ChangedLearner { learner_id: id, before, now, .. } = learner;
        let (mut status, mut cells) = (before, None);
        if records.iter().any(is_changed) {
            let (attributes, values) = (self.file.attributes, &mut self.values);
            let place = |id: ConnectorId| self.places.get(&id).copied().unwrap_or(usize::MAX);
            let mut then: Vec<(usize, Box<[Symbol]>)> = records
                .iter()
                .filter_map(|one| {
                    let cells = from_json(attributes, values, attributes_before(one)?);
                    Some((place(one.connector_id), cells))
                })
                .collect();
            then.sort_by_key(|(place, _)| *place);
            let then = as_records(&then);
            let suspension = if before == LearnerStatus::Suspended {
                SuspensionState::Suspended
            } else {
                // A later suspension would have changed the learner since.
                SuspensionState::NotSuspended
            };
            let today = status_on(self.change.time.today, profiles, values, &then, suspension).status;
            if today.has_access() == before.has_access() {
                status = today;
            }
            cells = (!then.is_empty()).then(|| merge_records(&then, attributes.len()));
        }
        let returns = status.has_access() && !now.has_access();
        RestoredLearner { id, status, moves: status != now, returns, records, cells }
    }

    /// Restores the statuses and the attributes of learners.
    pub(super) async fn restore_learners(&mut self, restored: &[RestoredLearner]) -> Result<()> {
        if restored.is_empty() {
            return Ok(());
        }
        let number = self.change.run;
        let statuses = restored.iter().map(|one| (one.id, one.status));
        self.undone.learners = learners::set_statuses(&mut self.change.tx, statuses, number).await?;
        let loses_access = |one: &&RestoredLearner| one.moves && !one.status.has_access();
        self.undone.learners_out = restored.iter().filter(loses_access).count() as u64;
        let taken = self.list_taken_addresses(restored).await?;
        let mut rows: Vec<(&RestoredLearner, &[Symbol], EmailOutcome)> = Vec::new();
        let mut held: FxHashSet<String> = FxHashSet::default();
        for one in restored {
            let Some(cells) = &one.cells else { continue };
            let address = self.folded_address(cells);
            let outcome = if address.is_empty() {
                EmailOutcome::None
            } else if one.status != LearnerStatus::Left && (taken.contains(&address) || !held.insert(address))
            {
                EmailOutcome::Taken
            } else {
                EmailOutcome::Own
            };
            rows.push((one, cells, outcome));
        }
        let rows = rows.iter().map(|(one, cells, address)| {
            let learner = MergedLearner { id: one.id, fresh: false, cells, status: one.status, address };
            learner_row(&learner, self.file.attributes, &self.values)
        });
        let today = self.change.time.today;
        learners::write_rows(&mut self.change.tx, rows, today, number).await
    }

    fn folded_address(&self, cells: &[Symbol]) -> String {
        fold(self.values.first(cells[Attribute::EMAIL.index()]))
    }

    /// Returns the addresses of the learners that others hold by now.
    async fn list_taken_addresses(&mut self, restored: &[RestoredLearner]) -> Result<FxHashSet<String>> {
        let Some(connector) = self.connector else { return Ok(FxHashSet::default()) };
        let cells = restored.iter().filter_map(|one| one.cells.as_deref());
        let mut wanted: Vec<String> = cells.map(|cells| self.folded_address(cells)).collect();
        wanted.retain(|address| !address.is_empty());
        let own: FxHashSet<LearnerId> = restored.iter().map(|one| one.id).collect();
        let holders = learners::list_email_holders(&mut self.change.tx, wanted, connector).await?;
        let others =
            holders.into_iter().filter(|one| one.status != LearnerStatus::Left && !own.contains(&one.id));
        Ok(others.map(|one| one.email_folded).collect())
    }

    /// Restores the records of learners, and stores what the source returned for them as pinned records.
    pub(super) async fn restore_records(&mut self, restored: &[RestoredLearner]) -> Result<()> {
        let Some(connector) = self.connector else { return Ok(()) };
        if restored.is_empty() {
            return Ok(());
        }
        let number = self.change.run;
        let (mut rows, mut absent, mut as_read) = (Vec::new(), Vec::new(), Vec::new());
        for learner in restored {
            let own = || learner.records.iter().filter(|one| one.connector_id == connector);
            // A learner leaves once, whatever the number of records.
            let present = own().filter(|one| one.present).chain(own().filter(|one| !one.present));
            let mut decided: Vec<holds::NewHeldChange> = Vec::new();
            for decision in present.filter_map(|record| self.decide(connector, learner, record)) {
                if decided.iter().all(|one| one.key != decision.key) {
                    decided.push(decision);
                }
            }
            self.decisions.extend(decided);
            for record in own() {
                if !is_changed(record) {
                    continue;
                }
                as_read.push(holds::PinnedRecord {
                    external_id: record.external_id.clone(),
                    present: record.present,
                    attributes: record.attributes.clone(),
                });
                if let Some(before) = attributes_before(record) {
                    let cells = from_json(self.file.attributes, &mut self.values, before);
                    let digest = cells_print(self.file.attributes, &self.values, &cells);
                    rows.push(persons::PersonUpdate {
                        external_id: &record.external_id,
                        learner: learner.id,
                        digest,
                        attributes: before.to_owned(),
                    });
                } else {
                    absent.push(record.external_id.as_str());
                }
            }
        }
        persons::write_records(&mut self.change.tx, connector, rows, absent, number).await?;
        if self.reverts_undo {
            // The records are again as the source returned them.
            let ids = as_read.into_iter().map(|one| one.external_id).collect();
            return holds::delete_pinned_records(&mut self.change.tx, connector, ids).await;
        }
        holds::save_pinned_records(&mut self.change.tx, connector, number, &as_read, false).await
    }

    /// Returns the decision that keeps the next run from changing the learner because of a record as it was read.
    fn decide(
        &self,
        connector: ConnectorId,
        learner: &RestoredLearner,
        record: &ChangedRecord,
    ) -> Option<holds::NewHeldChange> {
        if !is_changed(record) && (!record.present || !learner.moves) {
            return None;
        }
        let number = self.change.run;
        let external_id = Some(record.external_id.clone());
        let of_learner = ChangeKey { who: Some(learner.id), ..ChangeKey::default() };
        let decision = if !record.present {
            undone_change(number, of_learner, ChangeKind::Leave, ABSENT)
        } else if learner.returns {
            undone_change(number, of_learner, ChangeKind::Leave, record.digest)
        } else {
            let of_record = ChangeKey {
                connector: connector.0,
                who: Some(learner.id),
                external_id: external_id.as_deref(),
                ..ChangeKey::default()
            };
            undone_change(number, of_record, ChangeKind::Record, record.digest)
        };
        Some(holds::NewHeldChange { external_id, ..decision })
    }
}
