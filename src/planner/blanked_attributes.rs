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
    // For people of the last good reading: true if the record has changed.
    let changed: Vec<Option<bool>> = people
        .rows()
        .map(|row| {
            let id = people.id(row);
            let known = context
                .snapshot
                .known
                .find(id)
                .filter(|person| person.present && !context.snapshot.is_newcomer(id));
            known.map(|person| person.digest != digests[row as usize])
        })
        .collect();
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

/// Returns the changed records with an address that another changed record has, too, if they are too many. For people of
/// the last good reading `changed` is true if the record has changed.
fn find_shared_addresses(
    context: PlanContext<'_>,
    people: &PeopleTable,
    changed: &[Option<bool>],
) -> Option<BlankedAttribute> {
    let has_address = |row: &RowIndex| !people.cell(*row, Attribute::EMAIL).is_empty();
    let mut sharing: FxHashMap<String, Vec<RowIndex>> = FxHashMap::default();
    for row in people.rows().filter(|&row| changed[row as usize] == Some(true)).filter(has_address) {
        sharing.entry(fold(people.first(row, Attribute::EMAIL))).or_default().push(row);
    }
    let mut rows: Vec<RowIndex> = sharing.into_values().filter(|rows| rows.len() > 1).flatten().collect();
    if rows.len() < 2 {
        return None;
    }
    rows.sort_unstable();
    let known =
        people.rows().filter(|&row| changed[row as usize].is_some()).filter(has_address).count() as u64;
    let filled = known - rows.len() as u64;
    context.rules.limits.is_blanked(rows.len() as u64, known).then_some(BlankedAttribute {
        attribute: Attribute::EMAIL,
        loss: ValueLoss::SharedAddress,
        filled,
        rows,
    })
}
