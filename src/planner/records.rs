//! One learner from the records of several connectors: the merged attributes and the status on a day.
//!
//! Syncs, explanations, previews and undos call the same functions, so that an explanation cannot differ from the
//! decision.

use chrono::NaiveDate;

use crate::PlanContext;
use crate::population::{date, from_json};
use crate::rule_set::ConnectorProfile;
use crate::snapshot::StoredRecord;
use rollcall_model::attributes::Attribute;
use rollcall_model::interner::{Interner, Symbol};
use rollcall_model::people::{PeopleTable, RowIndex};
use rollcall_model::status::{EmploymentStatus, LearnerStatus};

/// A record of one connector that holds the person.
#[derive(Debug, Clone, Copy)]
pub struct ConnectorRecord<'a> {
    /// The position of the connector in the file; `usize::MAX` if it was removed from the file.
    pub place: usize,
    /// The values of the record.
    pub cells: &'a [Symbol],
}

/// Collects the values of a learner's records, each with the position of its connector, in the order of the file: the row of the
/// reading, if there is one, and the stored records of other connectors that hold the person.
pub(crate) fn collect_records(
    context: PlanContext<'_>,
    people: &mut PeopleTable,
    row: Option<RowIndex>,
    others: &[&StoredRecord],
) -> Vec<(usize, Box<[Symbol]>)> {
    let PlanContext { rules, snapshot, .. } = context;
    let mut records: Vec<(usize, Box<[Symbol]>)> = Vec::with_capacity(others.len() + 1);
    for record in others.iter().filter(|record| record.present) {
        let place = snapshot.places.get(&record.connector).copied().unwrap_or(usize::MAX);
        records.push((place, from_json(rules.attributes, &mut people.values, &record.attributes)));
    }
    records.extend(row.map(|row| (rules.connector, people.cells(row).into())));
    records.sort_by_key(|(place, _)| *place);
    records
}

/// Converts collected records, each with the position of its connector, into the argument of the other functions.
#[must_use]
pub fn as_records(collected: &[(usize, Box<[Symbol]>)]) -> Vec<ConnectorRecord<'_>> {
    collected.iter().map(|(place, cells)| ConnectorRecord { place: *place, cells }).collect()
}

/// Returns the position of the record whose value of an attribute is used: the first record with a value. `records` are
/// in the order of the file.
#[must_use]
pub fn winning_record(records: &[ConnectorRecord<'_>], attribute: usize) -> Option<usize> {
    records.iter().position(|record| !record.cells[attribute].is_empty())
}

/// Merges the values of `width` attributes: for each attribute, the value of the first record that has one.
#[must_use]
pub fn merge_records(records: &[ConnectorRecord<'_>], width: usize) -> Box<[Symbol]> {
    let value = |attribute| {
        winning_record(records, attribute).map_or(Symbol::EMPTY, |at| records[at].cells[attribute])
    };
    (0..width).map(value).collect()
}

/// A status, with the positions of the records that it follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusOnDay {
    /// The status.
    pub status: LearnerStatus,
    /// The record of the connector that maps `status`, and its value.
    pub employment: Option<(usize, EmploymentStatus)>,
    /// The record with the first day, and the day.
    pub start: Option<(usize, NaiveDate)>,
    /// The record with the last day, and the day.
    pub end: Option<(usize, NaiveDate)>,
    /// The number of days before the first day from which on the learner has access.
    pub prehire_days: u32,
}

/// Whether a learner was suspended by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuspensionState {
    /// The records decide.
    NotSuspended,
    /// The learner has no access, whatever the records say.
    Suspended,
}

/// Computes the status on a day. `records` are those of the connectors that hold the person, in the order of the file. A
/// suspension by hand overrules all of them.
#[must_use]
pub fn status_on(
    day: NaiveDate,
    connectors: &[ConnectorProfile],
    values: &Interner,
    records: &[ConnectorRecord<'_>],
    suspension: SuspensionState,
) -> StatusOnDay {
    let without_records =
        |status| StatusOnDay { status, employment: None, start: None, end: None, prehire_days: 0 };
    match suspension {
        SuspensionState::Suspended => return without_records(LearnerStatus::Suspended),
        SuspensionState::NotSuspended if records.is_empty() => return without_records(LearnerStatus::Left),
        SuspensionState::NotSuspended => {}
    }
    let profile = |at: usize| connectors.get(records[at].place);
    let maps_status = |record: &ConnectorRecord<'_>| {
        connectors.get(record.place).is_some_and(|connector| connector.maps(Attribute::STATUS))
    };
    let employment = records.iter().position(maps_status).map(|at| {
        let text = values.first(records[at].cells[Attribute::STATUS.index()]);
        (at, EmploymentStatus::read(text))
    });
    let first_date = |attribute: Attribute| {
        records.iter().enumerate().find_map(|(at, record)| Some((at, date(values, record.cells, attribute)?)))
    };
    let (start, end) = (first_date(Attribute::START_DATE), first_date(Attribute::END_DATE));
    let prehire_days = start.and_then(|(at, _)| profile(at)).map_or(0, |connector| connector.prehire_days);
    let says = employment.map_or(EmploymentStatus::Active, |(_, says)| says);
    let days = [start, end].map(|one| one.map(|(_, day)| day));
    let status = LearnerStatus::on(day, says, days[0], days[1], prehire_days);
    StatusOnDay { status, employment, start, end, prehire_days }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For each attribute the first connector of the file that has a value is used.
    #[test]
    fn first_record_with_a_value_wins() {
        let mut values = Interner::default();
        let (a, b) = (values.intern("a"), values.intern("b"));
        let (first, second) = ([a, Symbol::EMPTY], [b, b]);
        let records =
            [ConnectorRecord { place: 0, cells: &first }, ConnectorRecord { place: 1, cells: &second }];
        assert_eq!(*merge_records(&records, 2), [a, b]);
    }
}
