//! All learners as they were last read, for previews and checks of rules.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::sync::File;
use crate::sync::load::to_manual_person;
use rollcall_model::ids::{ConnectorId, LearnerId};
use rollcall_model::interner::Symbol;
use rollcall_model::people::PeopleTable;
use rollcall_model::status::LearnerStatus;
use rollcall_planner::managers::{OrgPerson, StoredManagers};
use rollcall_planner::population::{EvaluatedLearner, PersonChange, Population, from_json};
use rollcall_planner::snapshot::ManualPerson;
use rollcall_planner::{ConnectorRecord, connector_bit, manual_cells, merge_records};
use rollcall_store::persons::{self, PersonRecord};
use rollcall_store::{Result, Tx, connectors, learners};

/// The records of all people, and the learners without one.
#[derive(Debug)]
pub(super) struct StoredPeople {
    records: Vec<PersonRecord>,
    states: FxHashMap<LearnerId, LearnerStatus>,
    by_hand: Vec<ManualPerson>,
    places: FxHashMap<ConnectorId, usize>,
}

/// Loads all people as they were last read.
pub(super) async fn load_people(tx: &mut Tx, file: File<'_>) -> Result<StoredPeople> {
    let places: FxHashMap<ConnectorId, usize> = connectors::list(tx)
        .await?
        .into_iter()
        .filter_map(|row| {
            let place = file.connectors.iter().position(|one| one.name.as_str() == row.name)?;
            Some((ConnectorId(row.id), place))
        })
        .collect();
    let mut records: Vec<PersonRecord> = Vec::new();
    persons::for_each_present_of_all(tx, |record| records.push(record)).await?;
    let states = learners::list_statuses(tx).await?.into_iter().collect();
    let by_hand = learners::list_manual(tx).await?.into_iter().map(to_manual_person).collect();
    Ok(StoredPeople { records, states, by_hand, places })
}

/// Builds the learners, with the merged attributes of the last good readings and the current status.
pub(super) fn build_population(people: StoredPeople, file: File<'_>, reads_managers: bool) -> Population {
    let StoredPeople { mut records, states, by_hand, places } = people;
    let place = |record: &PersonRecord| places.get(&record.connector_id).copied().unwrap_or(usize::MAX);
    records.sort_by_key(|record| (record.learner_id.0, place(record)));
    let mut population = Population::new(PeopleTable::new(file.attributes));
    let mut added: FxHashSet<LearnerId> = FxHashSet::default();
    let mut org: Vec<OrgPerson> = Vec::new();
    for of_one in records.chunk_by(|a, b| a.learner_id == b.learner_id) {
        let id = of_one[0].learner_id;
        let values = &mut population.people.values;
        let merged_cells: Vec<Box<[Symbol]>> =
            of_one.iter().map(|record| from_json(file.attributes, values, &record.attributes)).collect();
        let records: Vec<ConnectorRecord<'_>> = of_one
            .iter()
            .zip(&merged_cells)
            .map(|(record, cells)| ConnectorRecord { place: place(record), cells })
            .collect();
        let cells = merge_records(&records, file.attributes.len());
        let sources = records.iter().fold(0, |bits, record| bits | connector_bit(record.place));
        let status = states.get(&id).copied().unwrap_or(LearnerStatus::Left);
        let who = population.push(known(id, status, sources), Some(cells));
        added.insert(id);
        if reads_managers {
            let ids = of_one.iter().map(|record| (place(record), record.external_id.clone()));
            org.push(population.org_person(who, ids.collect()));
        }
    }
    for one in by_hand.iter().filter(|one| !added.contains(&one.learner)) {
        let cells = manual_cells(file.attributes, &mut population.people.values, one);
        let added = known(one.learner, LearnerStatus::Active, EvaluatedLearner::ADDED_BY_HAND);
        let who = population.push(added, Some(cells));
        if reads_managers {
            org.push(population.org_person(who, Vec::new()));
        }
    }
    if reads_managers {
        population.compute_managers(org, &StoredManagers::default(), true);
    }
    population
}

fn known(id: LearnerId, status: LearnerStatus, sources: u64) -> EvaluatedLearner {
    EvaluatedLearner {
        id: Some(id),
        row: None,
        change: PersonChange::Same,
        status_before: Some(status),
        status,
        sources,
        contested: false,
    }
}
