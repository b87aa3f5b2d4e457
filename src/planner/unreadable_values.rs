//! Values of a reading that could not be read, or that cannot be true: the values last read stay.

use chrono::{Days, NaiveDate};
use rustc_hash::FxHashSet;

use crate::PlanContext;
use crate::blanked_attributes::find_shared_mailboxes;
use crate::lookups::{Lookups, intern_stored};
use crate::plan_warning::PlanWarning;
use crate::population::date;
use crate::source_data::{SourceData, update_digests};
use rollcall_model::attributes::Attribute;
use rollcall_model::interner::Symbol;
use rollcall_model::people::{PeopleTable, RowIndex};
use rollcall_model::run_warning::RunWarning;

/// A first day of a person with access that is this many days ahead is a typing error: no contract is made so early.
const DISTANT_DAYS: Days = Days::new(5 * 365);

/// Marks the first days that moved into the distant future, of people who have access, as unreadable. `changed` are the
/// changed records of people of the last good reading.
pub(crate) fn note_distant_starts(context: PlanContext<'_>, source: &mut SourceData, changed: &[RowIndex]) {
    let Some(latest) = context.today.checked_add_days(DISTANT_DAYS) else { return };
    for &row in changed {
        let people = &source.people;
        let has_access =
            context.snapshot.known.find(people.id(row)).is_some_and(|person| person.status.has_access());
        let start = date(&people.values, people.cells(row), Attribute::START_DATE);
        let Some(start) = start.filter(|start| has_access && *start > latest) else { continue };
        let warning = PlanWarning::DistantStart { id: people.id(row), start };
        source.warnings.push(RunWarning::from(warning));
        source.people.note_unreadable(source.people.cell(row, Attribute::ID), Attribute::START_DATE);
    }
}

/// Marks the new addresses that several known people share as unreadable, unless they are so many that they are held.
pub(crate) fn note_shared_mailboxes(context: PlanContext<'_>, source: &mut SourceData, changed: &[RowIndex]) {
    for row in find_shared_mailboxes(context, &source.people, &source.digests, changed) {
        let (id, address) = (source.people.id(row), source.people.first(row, Attribute::EMAIL));
        source.warnings.push(RunWarning::from(PlanWarning::SharedMailbox { id, address }));
        source.people.note_unreadable(source.people.cell(row, Attribute::ID), Attribute::EMAIL);
    }
}

/// Finds the people whose end is before their start and whose end last read is over and before that start: they are
/// employed again, and the end is of the former employment.
fn find_returned(
    context: PlanContext<'_>,
    lookups: &Lookups,
    people: &PeopleTable,
    unreadable: &[(RowIndex, Attribute)],
) -> FxHashSet<RowIndex> {
    let end_name = context.rules.attributes.name(Attribute::END_DATE);
    let without_end = unreadable.iter().filter(|(_, attribute)| *attribute == Attribute::END_DATE);
    let has_returned = |row: &RowIndex| {
        let start = date(&people.values, people.cells(*row), Attribute::START_DATE);
        let last_end = lookups.stored.get(people.id(*row)).and_then(|record| record.get(end_name));
        let last_end = last_end.and_then(|json| json.as_str()?.parse::<NaiveDate>().ok());
        start.zip(last_end).is_some_and(|(start, end)| end < start && end < context.today)
    };
    without_end.map(|(row, _)| *row).filter(has_returned).collect()
}

/// Puts the value that was last read in the place of each value that could not be read, so that it means no change. A
/// person who is not known keeps what the connector made of the value. A record that was made of several ones stays as
/// last read if a status could not be read, because it is not known which of them count.
pub(crate) fn keep_last_read(context: PlanContext<'_>, lookups: &Lookups, source: &mut SourceData) {
    let attributes = context.rules.attributes;
    let unreadable: Vec<(RowIndex, Attribute)> = source.people.unreadable().collect();
    let returned = find_returned(context, lookups, &source.people, &unreadable);
    for &(row, attribute) in &unreadable {
        let Some(record) = lookups.stored.get(source.people.id(row)) else { continue };
        if returned.contains(&row) && matches!(attribute, Attribute::START_DATE | Attribute::END_DATE) {
            continue;
        }
        let is_whole = attribute == Attribute::STATUS && source.people.is_merged(row);
        let kept = attributes.iter().filter(|one| *one == attribute || is_whole && *one != Attribute::ID);
        for attribute in kept {
            let values = &mut source.people.values;
            let last_read = record.get(attributes.name(attribute));
            let last_read = last_read.map_or(Symbol::EMPTY, |json| intern_stored(values, json));
            source.people.replace(row, attribute, last_read);
        }
    }
    // They were computed when the plan's keys were, or will be when it is built.
    if !source.digests.is_empty() {
        let rows = unreadable.iter().map(|(row, _)| *row);
        update_digests(attributes, &source.people, rows, &mut source.digests);
    }
}
