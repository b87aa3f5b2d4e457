//! What a reading says of people that must wait: an attribute that went blank for too many, known addresses under new
//! ids, and what somebody has rejected or taken back. Those people stay as they were last read, so that nothing that
//! follows from it happens.

use rustc_hash::FxHashMap;

use crate::PlanContext;
use crate::change_set::ChangeSet;
use crate::fingerprint::{ABSENT, record_key};
use crate::lookups::Lookups;
use crate::pinned_records::PinnedRecords;
use crate::population::{LearnerIndex, PersonChange};
use rollcall_model::attributes::Attribute;
use rollcall_model::format::thousands;
use rollcall_model::guard::{ChangeKey, ChangeKind, Disposition, HoldCause, LimitExceeded};
use rollcall_model::ids::LearnerId;
use rollcall_model::people::{PeopleTable, RowIndex};

/// Leaves out what somebody has decided on, as long as the person's record says the same.
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
    for &(row, _) in &change_set.records {
        if let Some(limit) = of_record(row, ChangeKind::Record) {
            pinned.row(row, limit);
        }
    }
    let rekeyed = change_set.changed_ids.iter();
    let rekeyed =
        rekeyed.filter_map(|&(row, learner)| Some((row, learner, of_record(row, ChangeKind::Rekey)?)));
    pin_changed_ids(context, change_set, rekeyed.collect(), pinned);
}

/// What somebody has decided on a change of this key, if it is still about the same.
pub(crate) fn find_decision(context: PlanContext<'_>, key: &str, fingerprint: i64) -> Option<Disposition> {
    let decisions = context.snapshot.decisions.get(key)?;
    decisions.iter().find(|one| one.fingerprint == fingerprint).map(|one| one.disposition)
}

/// Of a record as the reading has it.
pub(crate) fn record_print(change_set: &ChangeSet, row: Option<RowIndex>) -> i64 {
    row.map_or(ABSENT, |row| change_set.digests[row as usize])
}

/// Whether somebody loses all access, or is no longer held by this connector.
pub(crate) fn is_going(change_set: &ChangeSet, who: LearnerIndex) -> bool {
    let learner = change_set.population.learner(who);
    learner.loses_access() || learner.change == PersonChange::Absent
}

/// Leaves out everybody of `going`, at the cost of one look at those who are absent.
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

/// Leaves out known addresses under new ids, when there are more than may be.
pub(crate) fn check_changed_ids(
    context: PlanContext<'_>,
    change_set: &ChangeSet,
    pinned: &mut PinnedRecords,
) -> Option<LimitExceeded> {
    let known = present(context);
    let limit = context.rules.limits.rekeyed_of(known);
    let fresh = change_set.changed_ids.iter().filter(|(row, _)| !pinned.has_row(*row));
    let fresh: Vec<(RowIndex, LearnerId)> = fresh.copied().collect();
    if fresh.len() as u64 <= limit {
        return None;
    }
    let rows = fresh
        .iter()
        .map(|&(row, learner)| (row, learner, Disposition::Hold(HoldCause::MaxRekeyed)))
        .collect();
    pin_changed_ids(context, change_set, rows, pinned);
    let message = format!(
        "{} known addresses come under new ids, the limit is {}: an approval links them to the learners they have been",
        thousands(fresh.len() as u64),
        thousands(limit)
    );
    Some(LimitExceeded { limit: HoldCause::MaxRekeyed, message })
}

/// Leaves out people under new ids, and that their old ids have gone.
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

/// How many people the last good reading held; who came since something waits is not counted.
pub(crate) fn present(context: PlanContext<'_>) -> u64 {
    context.snapshot.known.iter().filter(|(id, person)| person.present && !is_newcomer(context, id)).count()
        as u64
}

/// Whether somebody came since something waits.
pub(crate) fn is_newcomer(context: PlanContext<'_>, id: &str) -> bool {
    !context.snapshot.newcomers.is_empty() && context.snapshot.newcomers.contains(id)
}

/// Keeps older values where an attribute went blank for more people than may be.
pub(crate) fn check_blanked_attributes(
    context: PlanContext<'_>,
    lookups: &Lookups,
    change_set: &mut ChangeSet,
    pinned: &mut PinnedRecords,
) -> Vec<LimitExceeded> {
    if context.snapshot.connector.is_none() {
        return Vec::new();
    }
    let blanked = find_blanked_attributes(context, &change_set.population.people, &change_set.digests);
    if blanked.is_empty() {
        return Vec::new();
    }
    let mut reasons = Vec::new();
    for BlankedAttribute { attribute, filled, rows } in blanked {
        let name = context.rules.attributes.name(attribute);
        let people = &change_set.population.people;
        let stored = |row: RowIndex| lookups.stored.get(people.id(row))?.get(name);
        let rows = rows.into_iter().filter(|row| !pinned.has_row(*row));
        let gone: Vec<(RowIndex, &serde_json::Value)> =
            rows.filter_map(|row| Some((row, stored(row)?))).collect();
        let (blank, had) = (gone.len() as u64, filled + gone.len() as u64);
        if !context.rules.limits.is_blanked(blank, had) {
            continue;
        }
        for (row, json) in gone {
            let older = older(&mut change_set.population.people.values, json);
            pinned.value(row, attribute, older);
        }
        reasons.push(LimitExceeded {
            limit: HoldCause::MaxBlanked,
            message: blank_message(context, name, blank, had),
        });
    }
    reasons
}

fn blank_message(context: PlanContext<'_>, name: &str, blank: u64, had: u64) -> String {
    let share = blank * 100 / had.max(1);
    format!(
        "`{name}` is blank for {} of the {} people who had it ({share} %), the limit is {}: they keep what they had",
        thousands(blank),
        thousands(had),
        context.rules.limits.max_blanked
    )
}

fn older(
    values: &mut rollcall_model::interner::Interner,
    json: &serde_json::Value,
) -> rollcall_model::interner::Symbol {
    match json {
        serde_json::Value::Array(list) => {
            let mut texts = list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect();
            values.intern_all(&mut texts)
        }
        other => values.intern(other.as_str().unwrap_or_default()),
    }
}

/// An attribute that may have gone blank for too many people.
pub(crate) struct BlankedAttribute {
    attribute: Attribute,
    /// People of the last good reading who have a value of it.
    filled: u64,
    /// Changed records without one.
    pub(crate) rows: Vec<RowIndex>,
}

/// Attributes of which too many changed records have no value. Who had none before is still among them.
pub(crate) fn find_blanked_attributes(
    context: PlanContext<'_>,
    people: &PeopleTable,
    digests: &[i64],
) -> Vec<BlankedAttribute> {
    // Of the people of the last good reading: whether the record is another one.
    let changed: Vec<Option<bool>> = people
        .rows()
        .map(|row| {
            let id = people.id(row);
            let known =
                context.snapshot.known.find(id).filter(|person| person.present && !is_newcomer(context, id));
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
