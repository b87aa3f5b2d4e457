//! Attributes that a reading leaves blank for people who had a value.

use crate::PlanContext;
use rollcall_model::attributes::Attribute;
use rollcall_model::people::{PeopleTable, RowIndex};

/// An attribute that may be blank for too many people.
pub(crate) struct BlankedAttribute {
    pub(crate) attribute: Attribute,
    /// The number of people of the last good reading who have a value.
    pub(crate) filled: u64,
    /// Changed records without a value.
    pub(crate) rows: Vec<RowIndex>,
}

/// Returns the attributes without a value in too many changed records. These include people who had no value before.
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
            filled,
            rows,
        })
    };
    mapped.filter(|attribute| *attribute != Attribute::ID).filter_map(suspect).collect()
}
