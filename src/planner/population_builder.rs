//! The learners of a plan: the people of the reading, those who are missing from it and those who were added manually,
//! each with status and attributes.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::PlanContext;
use crate::correlation::{KnownPerson, PersonMatch};
use crate::lookups::Lookups;
use crate::managers::{ChangedLine, OrgChart};
use crate::pinned_records::PinnedRecords;
use crate::plan_warning::PlanWarning;
use crate::population::{EvaluatedLearner, LearnerIndex, PersonChange, Population};
use crate::records::{
    ConnectorRecord, SuspensionState, as_records, collect_records, merge_records, status_on,
};
use crate::snapshot::{ManualPerson, SnapshotExtent, StoredRecord};
use crate::source_data::KnownAbsence;
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::ids::LearnerId;
use rollcall_model::interner::{Interner, Symbol};
use rollcall_model::names::fold;
use rollcall_model::people::RowIndex;
use rollcall_model::run_warning::RunWarning;
use rollcall_model::status::LearnerStatus;

/// Builds the population of a plan.
pub(crate) struct PopulationBuilder<'a> {
    pub(crate) context: PlanContext<'a>,
    pub(crate) population: Population,
    pub(crate) others: FxHashMap<LearnerId, Vec<&'a StoredRecord>>,
    pub(crate) by_learner: FxHashMap<LearnerId, LearnerIndex>,
    pub(crate) problems: Vec<RunWarning>,
}

impl PopulationBuilder<'_> {
    pub(crate) fn add_rows(
        &mut self,
        matches: &[PersonMatch],
        digests: &[i64],
        pinned: &PinnedRecords,
        lookups: &Lookups,
    ) -> Vec<(RowIndex, LearnerIndex)> {
        let mut records = Vec::new();
        for (row, found) in (0..).zip(matches).filter(|(row, _)| !pinned.has_row(*row)) {
            let (id, was, fate) = match *found {
                PersonMatch::Known(person) if !person.present => {
                    (Some(person.learner), Some(person.status), PersonChange::New)
                }
                PersonMatch::Known(person) if person.digest != digests[row as usize] => {
                    (Some(person.learner), Some(person.status), PersonChange::Changed)
                }
                PersonMatch::Known(person) => (Some(person.learner), Some(person.status), PersonChange::Same),
                PersonMatch::Joined { learner, was } => (Some(learner), Some(was), PersonChange::New),
                PersonMatch::New { .. } => (None, None, PersonChange::New),
            };
            if let PersonMatch::New { instead_of: Some(learner) } = found {
                let people = &self.population.people;
                let (id, address) = (people.id(row), fold(people.first(row, Attribute::EMAIL)));
                let mut holders = lookups.holders.get(&address).into_iter().flatten();
                let holder = holders.find(|holder| holder.learner == *learner);
                let former = holder.and_then(|holder| holder.ids.first()).map(|(id, _)| id.as_str());
                self.problems.push(PlanWarning::AddressHandedOn { id, former }.into());
            }
            let contested = matches!(found, PersonMatch::Known(person) if person.contested);
            let who = self.add_learner(id, Some(row), fate, was, contested);
            if fate != PersonChange::Same {
                records.push((row, who));
            }
        }
        records
    }

    /// Adds the people who are missing from the reading; returns their ids, sorted, and the ids of those whose absence is
    /// pinned.
    pub(crate) fn add_absentees(
        &mut self,
        absence: &KnownAbsence,
        protected: &FxHashSet<LearnerId>,
        pinned: &PinnedRecords,
    ) -> (Vec<String>, Vec<String>) {
        if absence.is_empty() {
            return Default::default();
        }
        let people = &self.population.people;
        let gone = self.context.snapshot.known.iter().filter(|(id, person)| {
            person.present
                && people.row(id).is_none()
                && !people.is_set_aside(id)
                && !protected.contains(&person.learner)
                && absence.includes(id)
        });
        let mut gone: Vec<(&str, KnownPerson)> = gone.map(|(id, person)| (id, *person)).collect();
        gone.sort_unstable_by_key(|(id, _)| *id);
        let (kept, gone): (Vec<_>, Vec<_>) = gone.into_iter().partition(|(id, _)| pinned.has_id(id));
        for (_, person) in &gone {
            // A learner with a new id in the same reading has been added already.
            if !self.by_learner.contains_key(&person.learner) {
                self.add_learner(
                    Some(person.learner),
                    None,
                    PersonChange::Absent,
                    Some(person.status),
                    person.contested,
                );
            }
        }
        let ids = |all: Vec<(&str, KnownPerson)>| all.into_iter().map(|(id, _)| id.to_owned()).collect();
        (ids(gone), ids(kept))
    }

    pub(crate) fn add_manual_learners(&mut self) {
        for one in &self.context.snapshot.manual {
            if self.by_learner.contains_key(&one.learner) {
                continue;
            }
            let attributes = self.context.rules.attributes;
            let cells = manual_cells(attributes, &mut self.population.people.values, one);
            let status = match self.context.snapshot.suspension_of(Some(one.learner)) {
                SuspensionState::Suspended => LearnerStatus::Suspended,
                SuspensionState::NotSuspended => LearnerStatus::Active,
            };
            let learner = EvaluatedLearner {
                id: Some(one.learner),
                row: None,
                change: PersonChange::None,
                status_before: Some(status),
                status,
                sources: EvaluatedLearner::ADDED_BY_HAND,
                contested: false,
            };
            let who = self.population.push(learner, Some(cells));
            self.by_learner.insert(one.learner, who);
        }
    }

    /// Computes the attributes that follow from managers; returns the lines that changed.
    pub(crate) fn compute_managers(&mut self) -> Vec<ChangedLine> {
        let PlanContext { rules, snapshot, .. } = self.context;
        let mut people = Vec::with_capacity(self.population.learners.len());
        for who in self.population.indices() {
            let learner = self.population.learner(who);
            let own = learner.row.map(|row| (rules.connector, self.population.people.id(row).to_owned()));
            let mut ids: Vec<(usize, String)> = own.into_iter().collect();
            let others = learner.id.and_then(|id| self.others.get(&id)).map_or(&[][..], Vec::as_slice);
            for record in others.iter().filter(|record| record.present) {
                let place = snapshot.places.get(&record.connector).copied().unwrap_or(usize::MAX);
                ids.extend(id_in(&record.attributes).map(|id| (place, id)));
            }
            ids.sort_unstable_by_key(|(place, _)| *place);
            people.push(self.population.org_person(who, ids));
        }
        let complete = snapshot.extent == SnapshotExtent::All;
        let mut chart = OrgChart::new(people, &snapshot.managers, complete);
        if complete && self.lacks_people() {
            chart = chart.without_some_people();
        }
        self.population.resolve_managers(&chart)
    }

    /// Returns true if a known person is not in the plan: the record waits or was set aside, or the person is protected.
    fn lacks_people(&self) -> bool {
        let known = self.context.snapshot.known.iter();
        known.into_iter().any(|(_, person)| person.present && !self.by_learner.contains_key(&person.learner))
    }

    /// Adds one learner, with the status and the attributes that follow from the records of all connectors.
    fn add_learner(
        &mut self,
        id: Option<LearnerId>,
        row: Option<RowIndex>,
        fate: PersonChange,
        was: Option<LearnerStatus>,
        contested: bool,
    ) -> LearnerIndex {
        let records = id.and_then(|id| self.others.get(&id)).map_or(&[][..], Vec::as_slice);
        let PlanContext { rules, today, snapshot, .. } = self.context;
        let suspension = snapshot.suspension_of(id);
        let (status, sources, merged) = if let (Some(row), []) = (row, records) {
            let people = &self.population.people;
            let record = ConnectorRecord { place: rules.connector, cells: people.cells(row) };
            let status = status_on(today, rules.connectors, &people.values, &[record], suspension).status;
            (status, connector_bit(rules.connector), None)
        } else {
            let collected = collect_records(self.context, &mut self.population.people, row, records);
            let records = as_records(&collected);
            let values = &self.population.people.values;
            let status = status_on(today, rules.connectors, values, &records, suspension).status;
            let merged = (!records.is_empty()).then(|| merge_records(&records, rules.attributes.len()));
            let sources = records.iter().fold(0, |mask, record| mask | connector_bit(record.place));
            (status, sources, merged)
        };
        let who = self.population.push(
            EvaluatedLearner { id, row, change: fate, status_before: was, status, sources, contested },
            merged,
        );
        if let Some(id) = id {
            self.by_learner.insert(id, who);
        }
        who
    }
}

/// Returns the id in a record's attributes, a JSON object.
fn id_in(attributes: &str) -> Option<String> {
    let json: serde_json::Value = serde_json::from_str(attributes).ok()?;
    json.get("id")?.as_str().map(str::to_owned)
}

/// Returns the attributes of a learner who was added manually: an address and a name.
#[must_use]
pub fn manual_cells(attributes: &AttributeSet, values: &mut Interner, one: &ManualPerson) -> Box<[Symbol]> {
    let mut cells = vec![Symbol::EMPTY; attributes.len()].into_boxed_slice();
    cells[Attribute::EMAIL.index()] = values.intern(one.email.as_deref().unwrap_or(""));
    cells[Attribute::NAME.index()] = values.intern(&one.name);
    cells
}

/// Returns the bit of a connector in [`EvaluatedLearner::sources`]. Connectors that were removed from the file share one.
#[must_use]
pub fn connector_bit(place: usize) -> u64 {
    if place < 62 { 1 << place } else { EvaluatedLearner::STRUCK }
}
