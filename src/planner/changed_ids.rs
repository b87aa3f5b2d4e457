//! Known people under new ids: the limit on them, and the people without an address whose ids differ only in leading zeros.

use rustc_hash::FxHashMap;

use crate::PlanContext;
use crate::change_set::ChangeSet;
use crate::correlation::is_same_name;
use crate::limit_violation::{IdChange, LimitViolation};
use crate::lookups::{Lookups, name_of};
use crate::pinned_records::PinnedRecords;
use crate::population::full_name;
use crate::record_checks::{pin_changed_ids, present};
use crate::source_data::KnownAbsence;
use rollcall_model::attributes::Attribute;
use rollcall_model::guard::{Disposition, HoldCause};
use rollcall_model::ids::LearnerId;
use rollcall_model::names::fold;
use rollcall_model::people::{PeopleTable, RowIndex};

const HOLD: Disposition = Disposition::Hold(HoldCause::MaxRekeyed);

/// Pins the records of known people with new ids, if they exceed the limit. Then all new people without an address and all
/// absent people wait, too, because they may be the same people.
pub(crate) fn check_changed_ids(
    context: PlanContext<'_>,
    change_set: &ChangeSet,
    pinned: &mut PinnedRecords,
) -> Option<LimitViolation> {
    let limit = context.rules.limits.rekeyed_of(present(context));
    let fresh = change_set.changed_ids.iter().filter(|(row, _)| !pinned.has_row(*row));
    let fresh: Vec<(RowIndex, LearnerId)> = fresh.copied().collect();
    if fresh.len() as u64 <= limit {
        return None;
    }
    let (example, only_zeros) = describe_changes(context, change_set, &fresh);
    let addresses = fresh.len() as u64;
    pin_changed_ids(
        context,
        change_set,
        fresh.into_iter().map(|(row, learner)| (row, learner, HOLD)).collect(),
        pinned,
    );
    let population = &change_set.population;
    let new =
        population.learners.iter().filter(|learner| learner.id.is_none()).filter_map(|learner| learner.row);
    for row in new.filter(|&row| population.people.cell(row, Attribute::EMAIL).is_empty()) {
        pinned.row(row, HOLD);
    }
    for id in &change_set.absent {
        pinned.id(id, HOLD);
    }
    Some(LimitViolation::ChangedIds { addresses, limit, example, only_zeros })
}

/// Returns the first change of an id, and true if all ids differ from the former ones only in leading zeros.
fn describe_changes(
    context: PlanContext<'_>,
    change_set: &ChangeSet,
    fresh: &[(RowIndex, LearnerId)],
) -> (Option<IdChange>, bool) {
    let former =
        change_set.absent.iter().filter_map(|id| Some((context.snapshot.known.find(id)?.learner, id)));
    let former: FxHashMap<LearnerId, &String> = former.collect();
    let people = &change_set.population.people;
    let changes = fresh.iter().filter_map(|(row, learner)| {
        let new = people.id(*row).to_owned();
        former.get(learner).map(|id| IdChange { former: (*id).clone(), new })
    });
    let changes: Vec<IdChange> = changes.collect();
    let is_zeros = |change: &IdChange| {
        let digits = without_zeros(&change.former);
        digits.is_some() && digits == without_zeros(&change.new)
    };
    let only_zeros = !changes.is_empty() && changes.iter().all(is_zeros);
    (changes.into_iter().min_by(|one, other| one.former.cmp(&other.former)), only_zeros)
}

/// Returns the digits of an id after its leading zeros; none if it is not a number.
fn without_zeros(id: &str) -> Option<&str> {
    let is_number = !id.is_empty() && id.bytes().all(|sign| sign.is_ascii_digit());
    is_number.then(|| id.trim_start_matches('0'))
}

/// Returns the former id of each new id without an address that differs from the id of an absent person only in leading
/// zeros, if both have one name.
pub(crate) fn find_renumbered(
    context: PlanContext<'_>,
    lookups: &Lookups,
    people: &PeopleTable,
    absence: &KnownAbsence,
) -> FxHashMap<String, String> {
    let known = &context.snapshot.known;
    let is_absent = |id: &str| {
        let is_present = known.find(id).is_some_and(|person| person.present);
        is_present && people.row(id).is_none() && !people.is_set_aside(id) && absence.includes(id)
    };
    let mut absent: FxHashMap<&str, Option<(&String, String)>> = FxHashMap::default();
    for (id, record) in lookups.stored.iter().filter(|(id, _)| is_absent(id)) {
        let (Some(digits), Some(name)) = (without_zeros(id), name_of(record)) else { continue };
        // Two former ids with the same digits identify neither person.
        absent.entry(digits).and_modify(|other| *other = None).or_insert(Some((id, name)));
    }
    if absent.is_empty() {
        return FxHashMap::default();
    }
    let without_address = people.rows().filter(|&row| people.cell(row, Attribute::EMAIL).is_empty());
    let new = without_address.filter(|&row| known.find(people.id(row)).is_none());
    let renumbered = new.filter_map(|row| {
        let id = people.id(row);
        let (former, name) = absent.get(without_zeros(id)?)?.as_ref()?;
        let own = fold(&full_name(&people.values, people.cells(row)));
        (!own.is_empty() && is_same_name(&own, name)).then(|| (id.to_owned(), (*former).clone()))
    });
    renumbered.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_have_leading_zeros() {
        assert_eq!(
            ["00300", "300", "0", "", "A01", "3.0"].map(without_zeros),
            [Some("300"), Some("300"), Some(""), None, None, None]
        );
    }
}
