//! Checks of records whose changes must wait: an attribute that is blank for too many people, known addresses with new
//! ids, and changes that were rejected or undone. These people stay as they were last read, so that nothing follows from
//! their new records.

use rustc_hash::FxHashMap;

use crate::PlanContext;
use crate::blanked_attributes::{BlankedAttribute, ValueLoss, find_blanked_attributes};
use crate::change_set::ChangeSet;
use crate::fingerprint::{ABSENT, record_key};
use crate::limit_violation::LimitViolation;
use crate::lookups::{Lookups, address_of, intern_stored};
use crate::pinned_records::PinnedRecords;
use crate::plan_warning::PlanWarning;
use crate::population::{LearnerIndex, PersonChange};
use rollcall_model::guard::{ChangeKey, ChangeKind, Disposition};
use rollcall_model::ids::LearnerId;
use rollcall_model::names::fold;
use rollcall_model::people::RowIndex;
use rollcall_model::run_warning::RunWarning;

/// Pins the records whose changes an earlier decision prevents, as long as the records are the same.
pub(crate) fn apply_decisions(context: PlanContext<'_>, change_set: &ChangeSet, pinned: &mut PinnedRecords) {
    if context.snapshot.decisions.is_empty() {
        return;
    }
    let population = &change_set.population;
    let decided_leave = |who: LearnerIndex| {
        let learner = population.learner(who);
        let key = ChangeKey { who: learner.id, ..ChangeKey::default() }.key(ChangeKind::Leave);
        find_decision(context, &key, record_print(change_set, learner.row))
    };
    let going = population.indices().filter(|&who| is_going(change_set, who));
    let going = going.filter_map(|who| Some((who, decided_leave(who)?))).collect();
    pin_learners(context, change_set, &going, pinned);
    let of_record = |row: RowIndex, kind| {
        find_decision(
            context,
            &record_key(context, change_set, row, kind),
            record_print(change_set, Some(row)),
        )
    };
    let coming = population.learners.iter().filter(|learner| learner.gains_access());
    let rows = change_set.records.iter().map(|(row, _)| *row).chain(coming.filter_map(|learner| learner.row));
    for row in rows {
        if let Some(limit) = of_record(row, ChangeKind::Record) {
            pinned.row(row, limit);
        }
    }
    let rekeyed = change_set.changed_ids.iter();
    let rekeyed =
        rekeyed.filter_map(|&(row, learner)| Some((row, learner, of_record(row, ChangeKind::Rekey)?)));
    pin_changed_ids(context, change_set, rekeyed.collect(), pinned);
}

/// Returns the decision on the change with this key, if the fingerprint is still the same.
pub(crate) fn find_decision(context: PlanContext<'_>, key: &str, fingerprint: i64) -> Option<Disposition> {
    let decisions = context.snapshot.decisions.get(key)?;
    decisions.iter().find(|one| one.fingerprint == fingerprint).map(|one| one.disposition)
}

/// The fingerprint of a record of the reading.
pub(crate) fn record_print(change_set: &ChangeSet, row: Option<RowIndex>) -> i64 {
    row.map_or(ABSENT, |row| change_set.digests[row as usize])
}

/// Returns true if the learner loses all access, or this connector no longer holds the person.
pub(crate) fn is_going(change_set: &ChangeSet, who: LearnerIndex) -> bool {
    let learner = change_set.population.learner(who);
    learner.loses_access() || learner.change == PersonChange::Absent
}

/// Pins the learners of `going`, with one pass over the absent people.
pub(crate) fn pin_learners(
    context: PlanContext<'_>,
    change_set: &ChangeSet,
    going: &FxHashMap<LearnerIndex, Disposition>,
    pinned: &mut PinnedRecords,
) {
    let population = &change_set.population;
    let mut of_learner: FxHashMap<LearnerId, Disposition> = FxHashMap::default();
    for (&who, &limit) in going {
        let learner = population.learner(who);
        if let Some(row) = learner.row {
            pinned.row(row, limit);
        }
        if let Some(id) = learner.id {
            of_learner.insert(id, limit);
        }
    }
    pin_ids(context, change_set, &of_learner, pinned);
}

/// Pins the records of people with new ids, and the absence of their old ids.
pub(crate) fn pin_changed_ids(
    context: PlanContext<'_>,
    change_set: &ChangeSet,
    rows: Vec<(RowIndex, LearnerId, Disposition)>,
    pinned: &mut PinnedRecords,
) {
    let mut of_learner: FxHashMap<LearnerId, Disposition> = FxHashMap::default();
    for (row, learner, limit) in rows {
        pinned.row(row, limit);
        of_learner.insert(learner, limit);
    }
    pin_ids(context, change_set, &of_learner, pinned);
}

fn pin_ids(
    context: PlanContext<'_>,
    change_set: &ChangeSet,
    of_learner: &FxHashMap<LearnerId, Disposition>,
    pinned: &mut PinnedRecords,
) {
    for id in &change_set.absent {
        let learner = context.snapshot.known.find(id).map(|person| person.learner);
        if let Some(limit) = learner.and_then(|learner| of_learner.get(&learner)) {
            pinned.id(id, *limit);
        }
    }
}

/// Returns the number of people in the last good reading, without those who came after changes were held.
pub(crate) fn present(context: PlanContext<'_>) -> u64 {
    context
        .snapshot
        .known
        .iter()
        .filter(|(id, person)| person.present && !context.snapshot.is_newcomer(id))
        .count() as u64
}

/// Keeps the older values of an attribute that more people lose than the limit allows. An attribute that nothing uses is
/// reported.
pub(crate) fn check_blanked_attributes(
    context: PlanContext<'_>,
    lookups: &Lookups,
    change_set: &mut ChangeSet,
    pinned: &mut PinnedRecords,
) -> Vec<LimitViolation> {
    if context.snapshot.connector.is_none() {
        return Vec::new();
    }
    let blanked = find_blanked_attributes(context, &change_set.population.people, &change_set.digests);
    if blanked.is_empty() {
        return Vec::new();
    }
    let mut reasons = Vec::new();
    for BlankedAttribute { attribute, loss, filled, rows } in blanked {
        let name = context.rules.attributes.name(attribute);
        let people = &change_set.population.people;
        let lost = |row: RowIndex| {
            let record = lookups.stored.get(people.id(row))?;
            let keeps = loss == ValueLoss::SharedAddress
                && address_of(record).is_none_or(|address| address == fold(people.first(row, attribute)));
            record.get(name).filter(|_| !keeps)
        };
        let rows = rows.into_iter().filter(|row| !pinned.has_row(*row));
        let gone: Vec<(RowIndex, &serde_json::Value)> =
            rows.filter_map(|row| Some((row, lost(row)?))).collect();
        let (blank, had) = (gone.len() as u64, filled + gone.len() as u64);
        if !context.rules.limits.is_blanked(blank, had) {
            continue;
        }
        if !context.rules.uses(attribute) {
            let warning: RunWarning = PlanWarning::AttributeBlank { attribute: name, blank, had }.into();
            change_set.noticed.push(warning.clone());
            change_set.problems.push(warning);
            continue;
        }
        for (row, json) in gone {
            let older = intern_stored(&mut change_set.population.people.values, json);
            pinned.value(row, attribute, older);
        }
        let (attribute, most) = (name.to_owned(), context.rules.limits.max_blanked);
        reasons.push(match loss {
            ValueLoss::Blank => LimitViolation::BlankedAttribute { attribute, blank, had, most },
            ValueLoss::SharedAddress => LimitViolation::SharedAddresses { shared: blank, had, most },
        });
    }
    reasons
}
