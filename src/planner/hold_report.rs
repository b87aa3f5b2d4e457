//! The changes that a run holds: those that the reading requires and the plan does not make.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::PlanContext;
use crate::change_set::{ChangeSet, HeldRecord};
use crate::deferred_changes::DeferredChanges;
use crate::fingerprint::{
    ABSENT, as_read, assignment_key, cells_print, entry_print, group_print, rule_print,
};
use crate::limit_violation::LimitViolation;
use crate::membership_plan::{GroupIndex, MembershipEntry, MembershipPlan, PlannedGroup};
use crate::pinned_records::PinnedRecords;
use crate::population::{EvaluatedLearner, LearnerIndex, to_json};
use crate::run_baseline::RunBaseline;
use rollcall_model::guard::{
    ChangeKind, ChangeSubject, Disposition, HeldGroup, HoldCause, HoldReport, LimitExceeded, PlannedChange,
};
use rollcall_model::ids::LearnerId;
use rollcall_model::people::RowIndex;

/// The plan before limits.
#[derive(Debug)]
pub(crate) struct UnrestrictedPlan {
    /// Groups and memberships.
    pub(crate) plan: MembershipPlan,
    /// All learners of the plan; the rows of the reading come first, in their order.
    pub(crate) learners: Vec<EvaluatedLearner>,
    /// The number of enrollments that it removes.
    pub(crate) enrollments: u64,
}

/// Adds the held changes to a change set. `kept` is the number of enrollments that they would remove.
pub(crate) fn build_hold(
    context: PlanContext<'_>,
    change_set: &mut ChangeSet,
    wanted: Option<UnrestrictedPlan>,
    taken: DeferredChanges,
    pinned: &PinnedRecords,
    violations: &[LimitViolation],
    kept: u64,
) {
    let mut changes = of_taken(context, change_set, &taken);
    if let Some(wanted) = wanted {
        changes.extend(of_people(context, change_set, &wanted, pinned));
        changes.extend(not_planned(change_set, &wanted, &taken, pinned, context));
        change_set.held_records = records(context, change_set, pinned);
    }
    let waits = changes.iter().any(PlannedChange::is_waiting);
    let causes = if waits { causes(context, change_set, violations) } else { Vec::new() };
    let reasons = violations.iter().map(LimitExceeded::from).collect();
    change_set.held = HoldReport { causes, reasons, changes, enrollments: if waits { kept } else { 0 } };
}

/// Returns the differences from the last good run: the source, the file, an attribute.
fn causes(context: PlanContext<'_>, change_set: &ChangeSet, violations: &[LimitViolation]) -> Vec<String> {
    let people = change_set.population.people.len() as u64;
    let mut causes = Vec::new();
    if let Some(then) = &context.snapshot.baseline {
        let mut now = RunBaseline::of(context.rules, people);
        if !change_set.complete {
            now.people = then.people;
        }
        causes = now.changes(then, context.rules.profile().name.as_str());
    }
    causes.extend(violations.iter().filter_map(LimitViolation::source_change));
    causes
}

pub(crate) fn plain(kind: ChangeKind, disposition: Disposition) -> PlannedChange {
    PlannedChange {
        kind,
        who: None,
        external_id: None,
        group: None,
        rule: None,
        assignment: None,
        disposition,
        fingerprint: 0,
    }
}

pub(crate) fn group_of(group: &PlannedGroup) -> HeldGroup {
    group.id.map_or_else(|| HeldGroup::New(group.name.shown().to_owned()), HeldGroup::Known)
}

pub(crate) fn who_of(learner: &EvaluatedLearner) -> Option<ChangeSubject> {
    learner.id.map(ChangeSubject::Known).or(learner.row.map(ChangeSubject::New))
}

pub(crate) fn of_entry(
    plan: &MembershipPlan,
    learners: &[EvaluatedLearner],
    kind: ChangeKind,
    entry: &MembershipEntry,
    disposition: Disposition,
) -> PlannedChange {
    let by_hand = entry.rule == 0;
    PlannedChange {
        who: who_of(&learners[entry.who as usize]),
        group: Some(group_of(&plan.groups[entry.group as usize])),
        rule: (!by_hand).then(|| plan.rules[entry.rule as usize].name.clone()),
        ..plain(kind, disposition)
    }
}

fn of_taken(context: PlanContext<'_>, change_set: &ChangeSet, taken: &DeferredChanges) -> Vec<PlannedChange> {
    let (plan, learners) = (&change_set.plan, &change_set.population.learners);
    let entries = |kind: ChangeKind, all: &[(MembershipEntry, Disposition)]| -> Vec<PlannedChange> {
        let change = |(entry, limit): &(MembershipEntry, Disposition)| PlannedChange {
            fingerprint: entry_print(context, change_set, entry),
            ..of_entry(plan, learners, kind, entry, *limit)
        };
        all.iter().map(change).collect()
    };
    let mut changes = entries(ChangeKind::Give, &taken.give);
    changes.extend(entries(ChangeKind::End, &taken.end));
    for &(at, limit) in &taken.groups {
        let meetings = taken.meetings.iter().filter(|(meeting, _)| meeting.group == at);
        let fingerprint = meetings.fold(group_print(context, change_set, at), |print, (meeting, _)| {
            print ^ rule_print(context, change_set, meeting.rule)
        });
        let group = Some(group_of(&plan.groups[at as usize]));
        changes.push(PlannedChange { group, fingerprint, ..plain(ChangeKind::Group, limit) });
    }
    for (meeting, limit) in &taken.meetings {
        let group = &plan.groups[meeting.group as usize];
        if group.id.is_some() {
            changes.push(PlannedChange {
                group: Some(group_of(group)),
                rule: Some(plan.rules[meeting.rule as usize].name.clone()),
                fingerprint: rule_print(context, change_set, meeting.rule),
                ..plain(ChangeKind::Meet, *limit)
            });
        }
    }
    for (met, limit) in &taken.new {
        changes.push(PlannedChange {
            group: Some(group_of(&plan.groups[met.group as usize])),
            external_id: Some(assignment_key(&met.course, &met.pattern)),
            ..plain(ChangeKind::Assign, *limit)
        });
    }
    for &(id, limit) in &taken.ended {
        changes.push(PlannedChange { assignment: Some(id), ..plain(ChangeKind::Unassign, limit) });
    }
    changes
}

/// Adds the held changes of people: those who leave, changed records, and known learners with a new id.
fn of_people(
    context: PlanContext<'_>,
    change_set: &ChangeSet,
    wanted: &UnrestrictedPlan,
    pinned: &PinnedRecords,
) -> Vec<PlannedChange> {
    let people = &change_set.population.people;
    let values = &people.values;
    let print = |row: RowIndex| cells_print(context.rules.attributes, values, &as_read(change_set, row));
    let changed_ids: FxHashMap<RowIndex, LearnerId> = change_set.changed_ids.iter().copied().collect();
    let known_learners: FxHashSet<LearnerId> = changed_ids.values().copied().collect();
    let mut leaving: FxHashSet<LearnerId> = FxHashSet::default();
    let mut changes = Vec::new();
    let mut of_row = |row: RowIndex, disposition: Disposition| {
        let learner = &wanted.learners[row as usize];
        let change = PlannedChange {
            who: who_of(learner),
            external_id: Some(people.id(row).to_owned()),
            fingerprint: print(row),
            ..plain(ChangeKind::Record, disposition)
        };
        if changed_ids.contains_key(&row) {
            changes.push(PlannedChange { kind: ChangeKind::Rekey, ..change });
        } else if learner.loses_access() {
            leaving.extend(learner.id);
            changes.push(PlannedChange { kind: ChangeKind::Leave, ..change });
        } else {
            changes.push(change);
        }
    };
    pinned.rows().for_each(|(row, limit)| of_row(row, limit));
    for row in pinned.rows_with_values() {
        if !pinned.has_row(row) {
            of_row(row, Disposition::Hold(HoldCause::MaxBlanked));
        }
    }
    for (id, limit) in pinned.ids() {
        let Some(person) = context.snapshot.known.find(id) else { continue };
        if !known_learners.contains(&person.learner) && leaving.insert(person.learner) {
            changes.push(PlannedChange {
                who: Some(ChangeSubject::Known(person.learner)),
                external_id: Some(id.to_owned()),
                fingerprint: ABSENT,
                ..plain(ChangeKind::Leave, limit)
            });
        }
    }
    changes
}

/// Adds the memberships that the reading requires and that are neither planned nor deferred, and removes those from the
/// plan that only follow from older values.
fn not_planned(
    change_set: &mut ChangeSet,
    wanted: &UnrestrictedPlan,
    taken: &DeferredChanges,
    pinned: &PinnedRecords,
    context: PlanContext<'_>,
) -> Vec<PlannedChange> {
    let places = PlanIndexMap::new(change_set, wanted);
    let limits = limits_of_people(change_set, wanted, pinned, context);
    let mut changes = Vec::new();
    let sides = [
        (ChangeKind::Give, &wanted.plan.add, &mut change_set.plan.add, &taken.give, &taken.dependents.give),
        (
            ChangeKind::End,
            &wanted.plan.remove,
            &mut change_set.plan.remove,
            &taken.end,
            &taken.dependents.end,
        ),
    ];
    for (kind, asked, planned, taken, dependents) in sides {
        let all: FxHashSet<MembershipEntry> = asked.iter().copied().collect();
        planned.retain(|entry| places.of(entry).is_some_and(|entry| all.contains(&entry)));
        let done: FxHashSet<MembershipEntry> = planned
            .iter()
            .chain(taken.iter().map(|(entry, _)| entry))
            .chain(dependents)
            .filter_map(|entry| places.of(entry))
            .collect();
        for entry in asked.iter().filter(|entry| !done.contains(entry)) {
            let limit = limits.get(&entry.who).copied().unwrap_or(Disposition::Hold(HoldCause::Together));
            changes.push(of_entry(&wanted.plan, &wanted.learners, kind, entry, limit));
        }
    }
    // Groups that only follow from older values are not created; those that only the reading requires wait.
    let asked: FxHashSet<&str> = wanted.plan.groups.iter().map(|group| group.name.folded()).collect();
    let planned: FxHashSet<String> =
        change_set.plan.groups.iter().map(|group| group.name.folded().to_owned()).collect();
    for group in change_set.plan.groups.iter_mut().filter(|group| group.is_made()) {
        group.held = !asked.contains(group.name.folded());
    }
    let unmade: FxHashSet<GroupIndex> =
        (0..).zip(&change_set.plan.groups).filter(|(_, group)| group.held).map(|(at, _)| at).collect();
    change_set.plan.meetings.retain(|meeting| !unmade.contains(&meeting.group));
    change_set.catalogue.new.retain(|met| !unmade.contains(&met.group));
    for group in wanted.plan.groups.iter().filter(|group| !planned.contains(group.name.folded())) {
        changes.push(PlannedChange {
            group: Some(group_of(group)),
            ..plain(ChangeKind::Group, Disposition::Hold(HoldCause::Together))
        });
    }
    changes
}

/// Returns the disposition of each learner of the first plan who stays as last read.
fn limits_of_people(
    change_set: &ChangeSet,
    wanted: &UnrestrictedPlan,
    pinned: &PinnedRecords,
    context: PlanContext<'_>,
) -> FxHashMap<LearnerIndex, Disposition> {
    let mut limits: FxHashMap<LearnerIndex, Disposition> = pinned.rows().collect();
    for row in pinned.rows_with_values() {
        limits.entry(row).or_insert(Disposition::Hold(HoldCause::MaxBlanked));
    }
    let of_learner: FxHashMap<LearnerId, Disposition> = pinned
        .ids()
        .filter_map(|(id, limit)| Some((context.snapshot.known.find(id)?.learner, limit)))
        .collect();
    if !of_learner.is_empty() {
        for (who, learner) in (0..).zip(&wanted.learners) {
            if let Some(limit) = learner.id.and_then(|id| of_learner.get(&id)) {
                limits.entry(who).or_insert(*limit);
            }
        }
    }
    debug_assert!(change_set.population.people.len() <= wanted.learners.len(), "rows come first");
    limits
}

/// The positions of the learners and groups of the last plan in the first one.
struct PlanIndexMap {
    learners: Vec<Option<LearnerIndex>>,
    groups: Vec<Option<GroupIndex>>,
}

impl PlanIndexMap {
    fn new(change_set: &ChangeSet, wanted: &UnrestrictedPlan) -> Self {
        let of_id: FxHashMap<LearnerId, LearnerIndex> =
            (0..).zip(&wanted.learners).filter_map(|(who, learner)| Some((learner.id?, who))).collect();
        let place = |learner: &EvaluatedLearner| {
            learner.row.or_else(|| learner.id.and_then(|id| of_id.get(&id).copied()))
        };
        let named: FxHashMap<&str, GroupIndex> =
            (0..).zip(&wanted.plan.groups).map(|(at, group)| (group.name.folded(), at)).collect();
        Self {
            learners: change_set.population.learners.iter().map(place).collect(),
            groups: change_set
                .plan
                .groups
                .iter()
                .map(|group| named.get(group.name.folded()).copied())
                .collect(),
        }
    }

    /// The rules of both plans are the same, in the same order.
    fn of(&self, entry: &MembershipEntry) -> Option<MembershipEntry> {
        let (group, who) = (self.groups[entry.group as usize]?, self.learners[entry.who as usize]?);
        Some(MembershipEntry { group, rule: entry.rule, who })
    }
}

/// Returns the records of the reading for people whose stored records are not changed.
fn records(context: PlanContext<'_>, change_set: &ChangeSet, pinned: &PinnedRecords) -> Vec<HeldRecord> {
    let people = &change_set.population.people;
    let mut rows: Vec<RowIndex> = pinned.rows().map(|(row, _)| row).collect();
    rows.extend(pinned.rows_with_values());
    rows.sort_unstable();
    rows.dedup();
    let mut records: Vec<HeldRecord> = rows
        .into_iter()
        .map(|row| HeldRecord {
            external_id: people.id(row).to_owned(),
            present: true,
            attributes: to_json(context.rules.attributes, &people.values, &as_read(change_set, row)),
        })
        .collect();
    records.extend(pinned.ids().map(|(id, _)| HeldRecord {
        external_id: id.to_owned(),
        present: false,
        attributes: "{}".to_owned(),
    }));
    records.sort_unstable_by(|one, other| one.external_id.cmp(&other.external_id));
    records
}
