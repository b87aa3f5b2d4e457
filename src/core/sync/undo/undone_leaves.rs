//! Learners who left in the run and whom an undo restores.

use rustc_hash::FxHashMap;

use super::UndoBuilder;
use super::undone_change::undone_change;
use rollcall_model::guard::{ChangeKey, ChangeKind};
use rollcall_model::ids::LearnerId;
use rollcall_model::interner::Interner;
use rollcall_model::status::LearnerStatus;
use rollcall_planner::fingerprint::{ABSENT, cells_print};
use rollcall_planner::population::from_json;
use rollcall_planner::{ConnectorRecord, SuspensionState, status_on};
use rollcall_store::undo::LeaverRow;
use rollcall_store::{Result, holds, persons};

impl UndoBuilder<'_> {
    /// Returns the learners who left in the run, each with the status that follows today from the record before the run.
    pub(super) fn find_returning_learners(
        &self,
        leavers: &[LeaverRow],
    ) -> FxHashMap<LearnerId, LearnerStatus> {
        let mut back = FxHashMap::default();
        let profiles = self.file.profiles();
        for one in leavers {
            let before = one.before.as_deref().unwrap_or(&one.attributes);
            let mut values = Interner::default();
            let cells = from_json(self.file.attributes, &mut values, before);
            let record = ConnectorRecord { place: self.place, cells: &cells };
            // A learner who left is not suspended.
            let suspension = SuspensionState::NotSuspended;
            let status = status_on(self.change.time.today, &profiles, &values, &[record], suspension).status;
            let was_in = one.before.is_some() && status.has_access();
            if was_in || one.lost_something {
                back.insert(one.learner_id, if status.has_access() { status } else { LearnerStatus::Active });
            }
        }
        back
    }

    /// Restores the records of returning learners, and stores what the source returned for them as pinned records.
    pub(super) async fn restore_records(
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
            let write = undone_change(number, named, ChangeKind::Leave, fingerprint);
            self.decisions.push(holds::NewHeldChange { external_id: Some(one.external_id.clone()), ..write });
        }
        Ok(())
    }
}
