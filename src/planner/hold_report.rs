//! What a run holds: everything that the reading asks for and the plan does not do.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::guard::{Disposition, Held, HeldChange, HeldGroup, HeldWho, Kind, Limit, Reason};
use crate::model::ids::LearnerId;
use crate::model::people::Row;
use crate::model::plan::{Entry, Group, GroupAt, Plan};
use crate::model::population::{Learner, Who, to_json};
use crate::planner::PlanContext;
use crate::planner::change_set::ChangeSet;
use crate::planner::change_set::HeldRecord;
use crate::planner::deferred_changes::DeferredChanges;
use crate::planner::fingerprint::assignment_key;
use crate::planner::fingerprint::{ABSENT, as_read, cells_print, entry_print};
use crate::planner::limit_checks::{group_print, rule_print};
use crate::planner::pinned_records::PinnedRecords;
use crate::planner::run_baseline::RunBaseline;

/// What the reading asks for, before anything was left out.
#[derive(Debug)]
pub(crate) struct UnrestrictedPlan {
    /// Groups and memberships.
    pub(crate) plan: Plan,
    /// Everybody of the plan; the rows of the reading come first, in their order.
    pub(crate) learners: Vec<Learner>,
    /// Enrollments that it takes away.
    pub(crate) enrollments: u64,
}

/// Notes what is held. `kept` are the enrollments that would go with it.
pub(crate) fn build_hold(
    context: PlanContext<'_>,
    change_set: &mut ChangeSet,
    wanted: Option<UnrestrictedPlan>,
    taken: DeferredChanges,
    pinned: &PinnedRecords,
    reasons: Vec<Reason>,
    kept: u64,
) {
    let mut changes = of_taken(context, change_set, &taken);
    if let Some(wanted) = wanted {
        changes.extend(of_people(context, change_set, &wanted, pinned));
        changes.extend(not_planned(change_set, &wanted, &taken, pinned, context));
        change_set.held_records = records(context, change_set, pinned);
    }
    let waits = changes.iter().any(HeldChange::is_waiting);
    let causes = if waits { causes(context, change_set, &reasons) } else { Vec::new() };
    change_set.held = Held { causes, reasons, changes, enrollments: if waits { kept } else { 0 } };
}

/// What changed since the last good run: the source, the file, an attribute.
fn causes(context: PlanContext<'_>, change_set: &ChangeSet, reasons: &[Reason]) -> Vec<String> {
    let people = change_set.population.people.len() as u64;
    let mut causes = Vec::new();
    if let Some(then) = &context.snapshot.baseline {
        let mut now = RunBaseline::of(context.rules, people);
        if !change_set.complete {
            now.people = then.people;
        }
        causes = now.changes(then, context.rules.profile().name.as_str());
    }
    let blank = reasons.iter().filter(|reason| reason.limit == Limit::MaxBlanked);
    causes.extend(blank.filter_map(|reason| reason.message.split(", the limit").next().map(str::to_owned)));
    causes
}

fn plain(kind: Kind, disposition: Disposition) -> HeldChange {
    HeldChange {
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

fn group_of(group: &Group) -> HeldGroup {
    group.id.map_or_else(|| HeldGroup::New(group.name.shown().to_owned()), HeldGroup::Known)
}

fn who_of(learner: &Learner) -> Option<HeldWho> {
    learner.id.map(HeldWho::Known).or(learner.row.map(HeldWho::New))
}

fn of_entry(
    plan: &Plan,
    learners: &[Learner],
    kind: Kind,
    entry: &Entry,
    disposition: Disposition,
) -> HeldChange {
    let by_hand = entry.rule == 0;
    HeldChange {
        who: who_of(&learners[entry.who as usize]),
        group: Some(group_of(&plan.groups[entry.group as usize])),
        rule: (!by_hand).then(|| plan.rules[entry.rule as usize].name.clone()),
        ..plain(kind, disposition)
    }
}

fn of_taken(context: PlanContext<'_>, change_set: &ChangeSet, taken: &DeferredChanges) -> Vec<HeldChange> {
    let (plan, learners) = (&change_set.plan, &change_set.population.learners);
    let entries = |kind: Kind, all: &[(Entry, Disposition)]| -> Vec<HeldChange> {
        let change = |(entry, limit): &(Entry, Disposition)| HeldChange {
            fingerprint: entry_print(context, change_set, entry),
            ..of_entry(plan, learners, kind, entry, *limit)
        };
        all.iter().map(change).collect()
    };
    let mut changes = entries(Kind::Give, &taken.give);
    changes.extend(entries(Kind::End, &taken.end));
    for &(at, limit) in &taken.groups {
        let meetings = taken.meetings.iter().filter(|(meeting, _)| meeting.group == at);
        let fingerprint = meetings.fold(group_print(context, change_set, at), |print, (meeting, _)| {
            print ^ rule_print(context, change_set, meeting.rule)
        });
        let group = Some(group_of(&plan.groups[at as usize]));
        changes.push(HeldChange { group, fingerprint, ..plain(Kind::Group, limit) });
    }
    for (meeting, limit) in &taken.meetings {
        let group = &plan.groups[meeting.group as usize];
        if group.id.is_some() {
            changes.push(HeldChange {
                group: Some(group_of(group)),
                rule: Some(plan.rules[meeting.rule as usize].name.clone()),
                fingerprint: rule_print(context, change_set, meeting.rule),
                ..plain(Kind::Meet, *limit)
            });
        }
    }
    for (met, limit) in &taken.new {
        changes.push(HeldChange {
            group: Some(group_of(&plan.groups[met.group as usize])),
            external_id: Some(assignment_key(&met.course, &met.pattern)),
            ..plain(Kind::Assign, *limit)
        });
    }
    for &(id, limit) in &taken.ended {
        changes.push(HeldChange { assignment: Some(id), ..plain(Kind::Unassign, limit) });
    }
    changes
}

/// Changes of whole people: who leaves, whose record changes, who comes under a new id.
fn of_people(
    context: PlanContext<'_>,
    change_set: &ChangeSet,
    wanted: &UnrestrictedPlan,
    pinned: &PinnedRecords,
) -> Vec<HeldChange> {
    let people = &change_set.population.people;
    let values = &people.values;
    let print = |row: Row| cells_print(context.rules.attributes, values, &as_read(change_set, row));
    let changed_ids: FxHashMap<Row, LearnerId> = change_set.changed_ids.iter().copied().collect();
    let known_learners: FxHashSet<LearnerId> = changed_ids.values().copied().collect();
    let mut leaving: FxHashSet<LearnerId> = FxHashSet::default();
    let mut changes = Vec::new();
    let mut of_row = |row: Row, disposition: Disposition| {
        let learner = &wanted.learners[row as usize];
        let change = HeldChange {
            who: who_of(learner),
            external_id: Some(people.id(row).to_owned()),
            fingerprint: print(row),
            ..plain(Kind::Record, disposition)
        };
        if changed_ids.contains_key(&row) {
            changes.push(HeldChange { kind: Kind::Rekey, ..change });
        } else if learner.goes() {
            leaving.extend(learner.id);
            changes.push(HeldChange { kind: Kind::Leave, ..change });
        } else {
            changes.push(change);
        }
    };
    pinned.rows().for_each(|(row, limit)| of_row(row, limit));
    for row in pinned.rows_with_values() {
        if !pinned.has_row(row) {
            of_row(row, Disposition::Hold(Limit::MaxBlanked));
        }
    }
    for (id, limit) in pinned.ids() {
        let Some(person) = context.snapshot.known.find(id) else { continue };
        if !known_learners.contains(&person.learner) && leaving.insert(person.learner) {
            changes.push(HeldChange {
                who: Some(HeldWho::Known(person.learner)),
                external_id: Some(id.to_owned()),
                fingerprint: ABSENT,
                ..plain(Kind::Leave, limit)
            });
        }
    }
    changes
}

/// What the reading asks for and is neither planned nor taken out of the plan; and out of the plan goes what only older
/// values context for.
fn not_planned(
    change_set: &mut ChangeSet,
    wanted: &UnrestrictedPlan,
    taken: &DeferredChanges,
    pinned: &PinnedRecords,
    context: PlanContext<'_>,
) -> Vec<HeldChange> {
    let places = PlanIndexMap::new(change_set, wanted);
    let limits = limits_of_people(change_set, wanted, pinned, context);
    let mut changes = Vec::new();
    let sides = [
        (Kind::Give, &wanted.plan.add, &mut change_set.plan.add, &taken.give),
        (Kind::End, &wanted.plan.remove, &mut change_set.plan.remove, &taken.end),
    ];
    for (kind, asked, planned, taken) in sides {
        let all: FxHashSet<Entry> = asked.iter().copied().collect();
        planned.retain(|entry| places.of(entry).is_some_and(|entry| all.contains(&entry)));
        let done: FxHashSet<Entry> = planned
            .iter()
            .chain(taken.iter().map(|(entry, _)| entry))
            .filter_map(|entry| places.of(entry))
            .collect();
        for entry in asked.iter().filter(|entry| !done.contains(entry)) {
            let limit = limits.get(&entry.who).copied().unwrap_or(Disposition::Hold(Limit::Together));
            changes.push(of_entry(&wanted.plan, &wanted.learners, kind, entry, limit));
        }
    }
    // Groups that only older values context for are not made; those that only the reading asks for wait.
    let asked: FxHashSet<&str> = wanted.plan.groups.iter().map(|group| group.name.folded()).collect();
    let planned: FxHashSet<String> =
        change_set.plan.groups.iter().map(|group| group.name.folded().to_owned()).collect();
    for group in change_set.plan.groups.iter_mut().filter(|group| group.is_made()) {
        group.held = !asked.contains(group.name.folded());
    }
    let unmade: FxHashSet<GroupAt> =
        (0..).zip(&change_set.plan.groups).filter(|(_, group)| group.held).map(|(at, _)| at).collect();
    change_set.plan.meetings.retain(|meeting| !unmade.contains(&meeting.group));
    change_set.catalogue.new.retain(|met| !unmade.contains(&met.group));
    for group in wanted.plan.groups.iter().filter(|group| !planned.contains(group.name.folded())) {
        changes.push(HeldChange {
            group: Some(group_of(group)),
            ..plain(Kind::Group, Disposition::Hold(Limit::Together))
        });
    }
    changes
}

/// The limit for which each learner of the first plan stays as last read.
fn limits_of_people(
    change_set: &ChangeSet,
    wanted: &UnrestrictedPlan,
    pinned: &PinnedRecords,
    context: PlanContext<'_>,
) -> FxHashMap<Who, Disposition> {
    let mut limits: FxHashMap<Who, Disposition> = pinned.rows().collect();
    for row in pinned.rows_with_values() {
        limits.entry(row).or_insert(Disposition::Hold(Limit::MaxBlanked));
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

/// Where the learners and groups of the last plan stand in the first one.
struct PlanIndexMap {
    learners: Vec<Option<Who>>,
    groups: Vec<Option<GroupAt>>,
}

impl PlanIndexMap {
    fn new(change_set: &ChangeSet, wanted: &UnrestrictedPlan) -> Self {
        let of_id: FxHashMap<LearnerId, Who> =
            (0..).zip(&wanted.learners).filter_map(|(who, learner)| Some((learner.id?, who))).collect();
        let place =
            |learner: &Learner| learner.row.or_else(|| learner.id.and_then(|id| of_id.get(&id).copied()));
        let named: FxHashMap<&str, GroupAt> =
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
    fn of(&self, entry: &Entry) -> Option<Entry> {
        let (group, who) = (self.groups[entry.group as usize]?, self.learners[entry.who as usize]?);
        Some(Entry { group, rule: entry.rule, who })
    }
}

/// What the reading says of people who stay as they were.
fn records(context: PlanContext<'_>, change_set: &ChangeSet, pinned: &PinnedRecords) -> Vec<HeldRecord> {
    let people = &change_set.population.people;
    let mut rows: Vec<Row> = pinned.rows().map(|(row, _)| row).collect();
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
