//! People with unknown ids who are known learners.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::PlanContext;
use crate::changed_ids::find_renumbered;
use crate::correlation::{KnownPerson, MatchContext, PersonMatch, match_people};
use crate::lookups::{Lookups, first_text};
use crate::records::{ConnectorRecord, SuspensionState, status_on};
use crate::snapshot::{Snapshot, StoredRecord};
use crate::source_data::KnownAbsence;
use rollcall_model::ids::{ConnectorId, LearnerId};
use rollcall_model::people::{PeopleTable, RowIndex};
use rollcall_model::status::LearnerStatus;

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

/// Finds the learner of each row of a reading.
pub(crate) fn find_learners(
    context: PlanContext<'_>,
    lookups: &Lookups,
    people: &PeopleTable,
    absence: &KnownAbsence,
    rehired: &FxHashMap<String, String>,
) -> Vec<PersonMatch> {
    let renumbered = find_renumbered(context, lookups, people, absence);
    let suspended = find_suspended(context, lookups, people, absence);
    let context = MatchContext {
        renumbered: &renumbered,
        suspended: &suspended,
        known: &context.snapshot.known,
        holders: &lookups.holders,
        match_attribute: context.rules.profile().match_attribute,
        absence,
        has_left: &|row| has_left(context, people, row),
        rehired,
    };
    match_people(people, &context)
}

/// Returns the suspended people who are no longer in the source, by the value of the connector's `match`.
fn find_suspended(
    context: PlanContext<'_>,
    lookups: &Lookups,
    people: &PeopleTable,
    absence: &KnownAbsence,
) -> FxHashMap<String, KnownPerson> {
    let Some(attribute) = context.rules.profile().match_attribute else { return FxHashMap::default() };
    let name = context.rules.attributes.name(attribute);
    let absent = list_suspended_absentees(context.snapshot, people)
        .filter(|(id, person)| !person.present || absence.includes(id));
    let by_match = absent.filter_map(|(id, person)| {
        let value = first_text(lookups.stored.get(id)?.get(name)?)?;
        Some((value.to_owned(), *person))
    });
    by_match.collect()
}

/// Iterates over the suspended people whom a reading does not contain, with their ids.
pub(crate) fn list_suspended_absentees<'a>(
    snapshot: &'a Snapshot,
    people: &'a PeopleTable,
) -> impl Iterator<Item = (&'a str, &'a KnownPerson)> {
    let known = (!snapshot.suspended.is_empty()).then(|| snapshot.known.iter()).into_iter().flatten();
    known
        .filter(|(_, person)| snapshot.suspended.contains(&person.learner))
        .filter(|(id, _)| people.row(id).is_none() && !people.is_set_aside(id))
}

/// Returns true if the record of a row says that the person left.
fn has_left(context: PlanContext<'_>, people: &PeopleTable, row: RowIndex) -> bool {
    let record = ConnectorRecord { place: context.rules.connector, cells: people.cells(row) };
    let not_suspended = SuspensionState::NotSuspended;
    let status =
        status_on(context.today, context.rules.connectors, &people.values, &[record], not_suspended).status;
    status == LearnerStatus::Left
}

/// Keeps one row for each learner: one that says that the person did not leave, before one that the last good reading
/// contained. Returns the rows of former records, sorted: those of known ids that say that the person left, while the
/// learner has another row. A row of any other known id becomes a new learner.
pub(crate) fn one_row_a_learner(
    context: PlanContext<'_>,
    people: &PeopleTable,
    matches: &mut [PersonMatch],
) -> Vec<(RowIndex, LearnerId)> {
    let mut rows: FxHashMap<LearnerId, RowIndex> = FxHashMap::default();
    let mut former = Vec::new();
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
        let rank = |row: RowIndex| {
            let place = match matches[row as usize] {
                PersonMatch::Known(person) if person.present => 0,
                PersonMatch::Known(_) => 1,
                PersonMatch::Joined { .. } | PersonMatch::New { .. } => 2,
            };
            (has_left(context, people, row), place, people.id(row))
        };
        let loser = if rank(row) < rank(other) { other } else { row };
        rows.insert(learner, if loser == row { other } else { row });
        let is_known = matches!(matches[loser as usize], PersonMatch::Known(_));
        if is_known && has_left(context, people, loser) {
            former.push((loser, learner));
        }
        matches[loser as usize] = PersonMatch::New { instead_of: None };
    }
    former.sort_unstable();
    former
}

/// Returns the new id and the former id of each person who returned with a new id.
pub(crate) fn find_rehired(
    people: &PeopleTable,
    matches: &[PersonMatch],
    former: &[(RowIndex, LearnerId)],
) -> Vec<(String, String)> {
    let of_learner: FxHashMap<LearnerId, RowIndex> =
        former.iter().map(|(row, learner)| (*learner, *row)).collect();
    let joined = people.rows().zip(matches).filter_map(|(row, found)| match found {
        PersonMatch::Joined { learner, .. } => Some((row, *of_learner.get(learner)?)),
        PersonMatch::Known(_) | PersonMatch::New { .. } => None,
    });
    joined.map(|(row, old)| (people.id(row).to_owned(), people.id(old).to_owned())).collect()
}

/// Returns the learners with a new id whose id of the last good reading is missing.
pub(crate) fn changed_ids(
    people: &PeopleTable,
    matches: &[PersonMatch],
    snapshot: &Snapshot,
    absence: &KnownAbsence,
    rehired: &FxHashMap<String, String>,
) -> Vec<(RowIndex, LearnerId)> {
    let joined = (0..).zip(matches).filter_map(|(row, found)| match found {
        // The connector's `match` proves that the person is the same.
        PersonMatch::Joined { .. } if rehired.contains_key(people.id(row)) => None,
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
