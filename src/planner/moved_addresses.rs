//! Addresses of known people that come to other known people: a column that was sorted apart from the others.

use crate::PlanContext;
use crate::change_set::ChangeSet;
use crate::limit_violation::LimitViolation;
use crate::lookups::Lookups;
use crate::pinned_records::PinnedRecords;
use crate::plan_warning::PlanWarning;
use crate::record_checks::present;
use rollcall_model::attributes::Attribute;
use rollcall_model::guard::{Disposition, HoldCause};
use rollcall_model::names::fold;
use rollcall_model::people::RowIndex;
use rollcall_model::run_warning::RunWarning;
use rollcall_model::status::LearnerStatus;

/// A changed record with the address of another person, whose own record has a different one now.
struct MovedAddress<'a> {
    row: RowIndex,
    /// The id of the person who had the address.
    former: &'a str,
}

/// Pins the records with addresses of other known people, if they exceed the limit; otherwise reports each.
pub(crate) fn check_moved_addresses(
    context: PlanContext<'_>,
    lookups: &Lookups,
    change_set: &mut ChangeSet,
    pinned: &mut PinnedRecords,
) -> Option<LimitViolation> {
    let moved = find_moved_addresses(context, lookups, change_set);
    let moved: Vec<MovedAddress<'_>> = moved.into_iter().filter(|one| !pinned.has_row(one.row)).collect();
    let (addresses, limit) = (moved.len() as u64, context.rules.limits.rekeyed_of(present(context)));
    if addresses > limit {
        for one in &moved {
            pinned.row(one.row, Disposition::Hold(HoldCause::MaxRekeyed));
        }
        return Some(LimitViolation::MovedAddresses { addresses, limit });
    }
    let people = &change_set.population.people;
    let warnings = moved.iter().map(|one| {
        let id = people.id(one.row);
        RunWarning::from(PlanWarning::AddressMoved { id, former: one.former })
    });
    let warnings: Vec<RunWarning> = warnings.collect();
    change_set.noticed.extend(warnings.iter().cloned());
    change_set.problems.extend(warnings);
    None
}

fn find_moved_addresses<'a>(
    context: PlanContext<'_>,
    lookups: &'a Lookups,
    change_set: &ChangeSet,
) -> Vec<MovedAddress<'a>> {
    let people = &change_set.population.people;
    let address_of = |row: RowIndex| fold(people.first(row, Attribute::EMAIL));
    let moved = people.rows().zip(&change_set.digests).filter_map(|(row, digest)| {
        let known = context.snapshot.known.find(people.id(row))?;
        if !known.present || known.digest == *digest {
            return None;
        }
        let address = address_of(row);
        let holders = lookups.holders.get(&address)?.iter();
        let mut others =
            holders.filter(|one| one.learner != known.learner && one.status != LearnerStatus::Left);
        others.find_map(|holder| {
            let present = holder.ids.iter().filter(|(_, present)| *present);
            let has_another = |id: &str| people.row(id).is_some_and(|other| address_of(other) != address);
            let former = present.map(|(id, _)| id.as_str()).find(|id| has_another(id))?;
            Some(MovedAddress { row, former })
        })
    });
    moved.collect()
}
