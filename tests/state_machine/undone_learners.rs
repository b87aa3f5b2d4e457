//! What taking back a run does to the learners whom it moved.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::reference_model::{LearnerKey, ModelChange, ModelRecord, ModelStatus, ReferenceModel, RunNumber};
use super::undo::ModelUndo;

impl ReferenceModel {
    /// Whether the end of a suspension took effect in a run: an undo of that run suspends nobody anew, and takes nothing.
    pub(super) fn is_released(&self, run: RunNumber, who: &LearnerKey) -> bool {
        self.states_before.get(&(run, who.clone())) == Some(&ModelStatus::Suspended)
            && self.learners[who].status != ModelStatus::Suspended
    }

    /// Whom a run of a connector moved, and no other run since, with the state of before: the one that the records before
    /// it give today, where that gives the same access.
    pub(super) fn find_restored_learners(
        &self,
        undoing: &mut ModelUndo<'_>,
    ) -> BTreeMap<LearnerKey, ModelStatus> {
        let mut restored = BTreeMap::new();
        for ((run, who), before) in &self.states_before {
            let learner = &self.learners[who];
            if *run != undoing.of || learner.run != undoing.of {
                continue;
            }
            if self.is_released(*run, who) {
                continue;
            }
            let joined_since =
                self.members.iter().any(|(one, given)| one.who == *who && given.run != undoing.of);
            if joined_since && !before.has_access() && learner.status.has_access() {
                undoing.touched = true;
                continue;
            }
            let own = || self.persons.iter().filter(|(_, person)| person.who == *who);
            let changed = own().any(|((connector, word), _)| {
                self.records_before.contains_key(&(undoing.of, *connector, word.clone()))
            });
            let mut status = *before;
            if changed {
                let records = own().filter_map(|((connector, word), person)| {
                    let now = person.present.then(|| person.record.clone());
                    let then = self.records_before.get(&(undoing.of, *connector, word.clone()));
                    then.cloned().unwrap_or(now)
                });
                let today = state(&records.collect::<Vec<_>>(), undoing.today);
                if *before != ModelStatus::Suspended && today.has_access() == before.has_access() {
                    status = today;
                }
            }
            restored.insert(who.clone(), status);
        }
        restored
    }

    /// Learners have the states and the records of before, and what was read of them is kept for later.
    pub(super) fn restore_learners(
        &mut self,
        undoing: &mut ModelUndo<'_>,
        back: &BTreeMap<LearnerKey, ModelStatus>,
    ) {
        let ModelUndo { of, run, .. } = *undoing;
        let Some(connector) = undoing.connector else { return };
        for (who, status) in back {
            let was = self.learners[who].status;
            let own = self.persons.iter().filter(|(_, person)| person.who == *who);
            let own: Vec<(usize, String)> = own.map(|(key, _)| key.clone()).collect();
            let mut is_changed = false;
            for key in own.iter().filter(|(of, _)| *of == connector) {
                let person = self.persons.get_mut(key).expect("a person");
                let as_read = person.present.then(|| person.record.clone());
                let then = self.records_before.get(&(of, connector, key.1.clone())).cloned();
                let leaves = status.has_access() && !was.has_access();
                if then.is_some() || (person.present && *status != was) {
                    let change = if as_read.is_none() || leaves {
                        ModelChange::Leave(who.clone())
                    } else {
                        ModelChange::Record(connector, key.1.clone())
                    };
                    undoing.standing.insert(change, (as_read.clone(), String::new()));
                }
                let Some(then) = then else { continue };
                is_changed = true;
                self.records_before.insert((run, connector, key.1.clone()), as_read.clone());
                match then {
                    Some(record) => {
                        if !person.present {
                            person.first_run = run;
                        }
                        (person.present, person.record) = (true, record);
                    }
                    None => person.present = false,
                }
                if self.undone.contains_key(&of) {
                    self.guarded[connector].kept_out.remove(&key.1);
                } else {
                    self.guarded[connector].kept_out.insert(key.1.clone(), as_read);
                }
            }
            let learner = self.learners.get_mut(who).expect("a learner");
            (learner.status, learner.run) = (*status, run);
            let present = own.iter().filter(|key| self.persons[*key].present);
            let records: Vec<&ModelRecord> = present.map(|key| &self.persons[key].record).collect();
            if is_changed && !records.is_empty() {
                let merged = merge(&records);
                if learner.record.get("start_date") != merged.get("start_date") {
                    self.states_before.entry((run, who.clone())).or_insert(*status);
                }
                learner.record = merged;
            }
        }
    }
}

/// For each attribute the first of the records that has it.
fn merge(records: &[&ModelRecord]) -> ModelRecord {
    let mut merged = ModelRecord::new();
    for (attribute, values) in records.iter().copied().flatten() {
        merged.entry(attribute).or_insert_with(|| values.clone());
    }
    merged
}

/// The state that records give, in the order of the file.
fn state(records: &[ModelRecord], today: NaiveDate) -> ModelStatus {
    if records.is_empty() {
        return ModelStatus::Left;
    }
    let record = merge(&records.iter().collect::<Vec<_>>());
    let first = |attribute: &str| record.get(attribute).map_or("", |values| values[0].as_str());
    match first("status") {
        "left" => ModelStatus::Left,
        _ if first("start_date").parse::<NaiveDate>().is_ok_and(|day| day > today) => ModelStatus::Upcoming,
        "leave" => ModelStatus::Leave,
        _ => ModelStatus::Active,
    }
}
