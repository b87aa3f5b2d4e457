//! Known people to whom records that were set aside may belong. They are not absent, because the source still holds them
//! under an id that cannot be used.

use rustc_hash::FxHashSet;

use crate::correlation::KnownPeople;
use crate::lookups::{Lookups, name_of};
use crate::population::full_name;
use rollcall_model::attributes::Attribute;
use rollcall_model::ids::LearnerId;
use rollcall_model::interner::Symbol;
use rollcall_model::names::fold;
use rollcall_model::people::PeopleTable;

/// The maximum number of absent people whose names are compared. The limits hold the leaving of more people.
pub(crate) const MAX_NAMED_ABSENTEES: usize = 5_000;

/// The folded addresses of the records that were set aside.
pub(crate) fn set_aside_addresses(people: &PeopleTable) -> impl Iterator<Item = String> {
    let addresses = people.set_aside_records().map(|cells| address(people, cells));
    addresses.filter(|address| !address.is_empty())
}

/// The folded names of the records that were set aside and have no address.
pub(crate) fn set_aside_names(people: &PeopleTable) -> FxHashSet<String> {
    let names = people.set_aside_records().filter(|cells| address(people, cells).is_empty());
    names.map(|cells| fold(&full_name(&people.values, cells))).filter(|name| !name.is_empty()).collect()
}

fn address(people: &PeopleTable, cells: &[Symbol]) -> String {
    fold(people.values.first(cells[Attribute::EMAIL.index()]))
}

/// Returns the learners who have the address of a record that was set aside, or the name of one without an address.
pub(crate) fn find_set_aside(
    people: &PeopleTable,
    known: &KnownPeople,
    lookups: &Lookups,
) -> FxHashSet<LearnerId> {
    let holders = set_aside_addresses(people).filter_map(|address| lookups.holders.get(&address));
    let mut found: FxHashSet<LearnerId> = holders.flatten().map(|holder| holder.learner).collect();
    let names = set_aside_names(people);
    if names.is_empty() {
        return found;
    }
    let absent = lookups.stored.iter().filter(|(id, _)| people.row(id).is_none());
    let named = absent.filter(|(_, record)| name_of(record).is_some_and(|name| names.contains(&name)));
    found.extend(named.filter_map(|(id, _)| known.find(id)).map(|person| person.learner));
    found
}
