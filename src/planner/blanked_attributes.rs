//! Values that people lose in a reading: attributes that are blank, and addresses that several people share.

use rustc_hash::FxHashMap;

use crate::PlanContext;
use rollcall_model::attributes::Attribute;
use rollcall_model::names::fold;
use rollcall_model::people::{PeopleTable, RowIndex};

/// An attribute whose values too many people may lose.
pub(crate) struct BlankedAttribute {
    pub(crate) attribute: Attribute,
    pub(crate) loss: ValueLoss,
    /// The number of people of the last good reading who have a value.
    pub(crate) filled: u64,
    /// Changed records without a value.
    pub(crate) rows: Vec<RowIndex>,
}

/// How people lose the value of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueLoss {
    /// The record has no value.
    Blank,
    /// The records of several people have the same address, which only one of them can have.
    SharedAddress,
}

/// Returns the attributes without a value of the person's own in too many changed records. These include people who had
/// no other value before.
pub(crate) fn find_blanked_attributes(
    context: PlanContext<'_>,
    people: &PeopleTable,
    digests: &[i64],
) -> Vec<BlankedAttribute> {
    let changed = changed_records(context, people, digests);
    if !changed.contains(&Some(true)) {
        return Vec::new();
    }
    let mapped = context.rules.profile().mapped.iter().copied();
    let suspect = |attribute: Attribute| {
        let (mut filled, mut rows) = (0, Vec::new());
        for row in people.rows() {
            let Some(changed) = changed[row as usize] else { continue };
            if !people.cell(row, attribute).is_empty() {
                filled += 1;
            } else if changed {
                rows.push(row);
            }
        }
        let blank = rows.len() as u64;
        context.rules.limits.is_blanked(blank, filled + blank).then_some(BlankedAttribute {
            attribute,
            loss: ValueLoss::Blank,
            filled,
            rows,
        })
    };
    let blanked = mapped.filter(|attribute| *attribute != Attribute::ID).filter_map(suspect);
    blanked.chain(find_shared_addresses(context, people, &changed)).collect()
}

/// Returns the changed records of known people with an address that another one of them has, too, if they are not too
/// many: a shared mailbox, which is the address of none of them.
pub(crate) fn find_shared_mailboxes(
    context: PlanContext<'_>,
    people: &PeopleTable,
    digests: &[i64],
    changed: &[RowIndex],
) -> Vec<RowIndex> {
    let rows = find_sharing_rows(people, changed.iter().copied());
    if rows.is_empty() {
        return rows;
    }
    let known = count_addresses(people, &changed_records(context, people, digests));
    if context.rules.limits.is_blanked(rows.len() as u64, known) { Vec::new() } else { rows }
}

/// Returns for each row whether the record has changed, if the last good reading contained the person.
fn changed_records(context: PlanContext<'_>, people: &PeopleTable, digests: &[i64]) -> Vec<Option<bool>> {
    let changed = people.rows().map(|row| {
        let id = people.id(row);
        let known = context.snapshot.known.find(id);
        let known = known.filter(|person| person.present && !context.snapshot.is_newcomer(id));
        known.map(|person| person.digest != digests[row as usize])
    });
    changed.collect()
}

fn has_address(people: &PeopleTable, row: RowIndex) -> bool {
    !people.cell(row, Attribute::EMAIL).is_empty()
}

/// Counts the people of the last good reading with an address.
fn count_addresses(people: &PeopleTable, changed: &[Option<bool>]) -> u64 {
    people.rows().filter(|&row| changed[row as usize].is_some() && has_address(people, row)).count() as u64
}

/// Returns the changed records with an address that another changed record has, too, sorted.
fn find_sharing_rows(people: &PeopleTable, changed: impl Iterator<Item = RowIndex>) -> Vec<RowIndex> {
    let mut sharing: FxHashMap<String, Vec<RowIndex>> = FxHashMap::default();
    for row in changed.filter(|&row| has_address(people, row)) {
        sharing.entry(fold(people.first(row, Attribute::EMAIL))).or_default().push(row);
    }
    let mut rows: Vec<RowIndex> = sharing.into_values().filter(|rows| rows.len() > 1).flatten().collect();
    rows.sort_unstable();
    rows
}

/// Returns the changed records with an address that another changed record has, too, if they are too many. For people of
/// the last good reading `changed` is true if the record has changed.
fn find_shared_addresses(
    context: PlanContext<'_>,
    people: &PeopleTable,
    changed: &[Option<bool>],
) -> Option<BlankedAttribute> {
    let rows = find_sharing_rows(people, people.rows().filter(|&row| changed[row as usize] == Some(true)));
    if rows.is_empty() {
        return None;
    }
    let known = count_addresses(people, changed);
    let filled = known - rows.len() as u64;
    context.rules.limits.is_blanked(rows.len() as u64, known).then_some(BlankedAttribute {
        attribute: Attribute::EMAIL,
        loss: ValueLoss::SharedAddress,
        filled,
        rows,
    })
}
