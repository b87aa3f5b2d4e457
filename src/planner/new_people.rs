//! People with unknown ids who are known learners.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::correlation::{KnownPerson, PersonMatch};
use crate::lookups::Lookups;
use crate::snapshot::{Snapshot, StoredRecord};
use crate::source_data::KnownAbsence;
use rollcall_model::ids::{ConnectorId, LearnerId};
use rollcall_model::names::fold;
use rollcall_model::people::{PeopleTable, RowIndex};

impl Lookups {
    /// Adds the records that other connectors have of learners who are new at this connector.
    pub(crate) fn add_joined<'a>(
        &'a self,
        matches: &[PersonMatch],
        connector: ConnectorId,
        others: &mut FxHashMap<LearnerId, Vec<&'a StoredRecord>>,
    ) {
        for found in matches {
            let PersonMatch::Joined { learner, .. } = found else { continue };
            if others.contains_key(learner) {
                continue;
            }
            let records = self.records.get(learner).into_iter().flatten();
            let records: Vec<&StoredRecord> =
                records.filter(|record| record.connector != connector).collect();
            if !records.is_empty() {
                others.insert(*learner, records);
            }
        }
    }
}

/// Returns the learners of records without an id: they are not absent.
pub(crate) fn protected(people: &PeopleTable, lookups: &Lookups) -> FxHashSet<LearnerId> {
    let holders = people.addresses_without_id().filter_map(|address| lookups.holders.get(&fold(address)));
    holders.flatten().map(|holder| holder.learner).collect()
}

/// Keeps one row for each learner. If an old id returns while its replacement exists, the row that the last good reading
/// contained stays.
pub(crate) fn one_row_a_learner(people: &PeopleTable, matches: &mut [PersonMatch]) {
    let mut rows: FxHashMap<LearnerId, RowIndex> = FxHashMap::default();
    for row in people.rows() {
        let (PersonMatch::Known(KnownPerson { learner, .. }) | PersonMatch::Joined { learner, .. }) =
            matches[row as usize]
        else {
            continue;
        };
        let Some(&other) = rows.get(&learner) else {
            rows.insert(learner, row);
            continue;
        };
        let rank = |row: RowIndex| match matches[row as usize] {
            PersonMatch::Known(person) if person.present => (0, people.id(row)),
            PersonMatch::Known(_) => (1, people.id(row)),
            PersonMatch::Joined { .. } | PersonMatch::New { .. } => (2, people.id(row)),
        };
        let loser = if rank(row) < rank(other) { other } else { row };
        rows.insert(learner, if loser == row { other } else { row });
        matches[loser as usize] = PersonMatch::New { instead_of: None };
    }
}

/// Returns the learners with a new id whose id of the last good reading is missing.
pub(crate) fn changed_ids(
    people: &PeopleTable,
    matches: &[PersonMatch],
    snapshot: &Snapshot,
    absence: &KnownAbsence,
) -> Vec<(RowIndex, LearnerId)> {
    let joined = (0..).zip(matches).filter_map(|(row, found)| match found {
        PersonMatch::Joined { learner, .. } => Some((row, *learner)),
        PersonMatch::Known(_) | PersonMatch::New { .. } => None,
    });
    let joined: Vec<(RowIndex, LearnerId)> = joined.collect();
    if joined.is_empty() || absence.is_empty() {
        return Vec::new();
    }
    let vanished: FxHashSet<LearnerId> = snapshot
        .known
        .iter()
        .filter(|(id, person)| {
            person.present && people.row(id).is_none() && !people.is_set_aside(id) && absence.includes(id)
        })
        .map(|(_, person)| person.learner)
        .collect();
    joined.into_iter().filter(|(_, learner)| vanished.contains(learner)).collect()
}
