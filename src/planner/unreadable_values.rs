//! Values of a reading that could not be read.

use crate::PlanContext;
use crate::lookups::{Lookups, intern_stored};
use crate::source_data::{SourceData, update_digests};
use rollcall_model::attributes::Attribute;
use rollcall_model::people::RowIndex;

/// Puts the value that was last read in the place of each value that could not be read, so that it means no change.
pub(crate) fn keep_last_read(context: PlanContext<'_>, lookups: &Lookups, source: &mut SourceData) {
    let unreadable: Vec<(RowIndex, Attribute)> = source.people.unreadable().collect();
    for &(row, attribute) in &unreadable {
        let name = context.rules.attributes.name(attribute);
        let stored = lookups.stored.get(source.people.id(row)).and_then(|record| record.get(name));
        if let Some(json) = stored {
            let last_read = intern_stored(&mut source.people.values, json);
            source.people.replace(row, attribute, last_read);
        }
    }
    // They were computed when the plan's keys were, or will be when it is built.
    if !source.digests.is_empty() {
        let rows = unreadable.iter().map(|(row, _)| *row);
        update_digests(context.rules.attributes, &source.people, rows, &mut source.digests);
    }
}
