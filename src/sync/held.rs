//! What a run holds: everything that the reading asks for and the plan does not do.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::guard::{Held, HeldChange, HeldGroup, HeldWho, Kind, Limit, Reason};
use crate::model::ids::LearnerId;
use crate::model::people::Row;
use crate::model::plan::{Entry, Group, GroupAt, Plan};
use crate::model::population::{Learner, Who, to_json};
use crate::store::holds::Record;
use crate::sync::baseline::Baseline;
use crate::sync::judged::{group_print, rule_print};
use crate::sync::prepare::{Ask, Prepared};
use crate::sync::prints::{ABSENT, as_read, cells_print, entry_print};
use crate::sync::taken::Taken;
use crate::sync::undo::course_of;
use crate::sync::withheld::Withheld;

/// What the reading asks for, before anything was left out.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Groups and memberships.
    pub(super) plan: Plan,
    /// Everybody of the plan; the rows of the reading come first, in their order.
    pub(super) learners: Vec<Learner>,
    /// Enrollments that it takes away.
    pub(super) enrollments: u64,
}

/// Notes what is held. `kept` are the enrollments that would go with it.
pub(super) fn hold(
    ask: Ask<'_>,
    prepared: &mut Prepared,
    wanted: Option<Wanted>,
    taken: Taken,
    withheld: &Withheld,
    reasons: Vec<Reason>,
    kept: u64,
) {
    let mut changes = of_taken(ask, prepared, &taken);
    if let Some(wanted) = wanted {
        changes.extend(of_people(ask, prepared, &wanted, withheld));
        changes.extend(not_planned(prepared, &wanted, &taken, withheld, ask));
        prepared.held_records = records(ask, prepared, withheld);
    }
    let waits = changes.iter().any(HeldChange::is_waiting);
    let causes = if waits { causes(ask, prepared, &reasons) } else { Vec::new() };
    prepared.held = Held { causes, reasons, changes, enrollments: if waits { kept } else { 0 } };
}

/// What changed since the last good run: the source, the file, an attribute.
fn causes(ask: Ask<'_>, prepared: &Prepared, reasons: &[Reason]) -> Vec<String> {
    let people = prepared.population.people.len() as u64;
    let mut causes = Vec::new();
    if let Some(then) = &ask.gathered.baseline {
        let mut now = Baseline::of(ask.file, ask.connector, people);
        if !prepared.complete {
            now.people = then.people;
        }
        causes = now.changes(then, ask.file.connectors[ask.connector].name.as_str());
    }
    let blank = reasons.iter().filter(|reason| reason.limit == Limit::MaxBlanked);
    causes.extend(blank.filter_map(|reason| reason.message.split(", the limit").next().map(str::to_owned)));
    causes
}

fn plain(kind: Kind, limit: Limit) -> HeldChange {
    HeldChange {
        kind,
        who: None,
        external_id: None,
        group: None,
        rule: None,
        assignment: None,
        limit,
        fingerprint: 0,
    }
}

fn group_of(group: &Group) -> HeldGroup {
    group.id.map_or_else(|| HeldGroup::New(group.name.shown().to_owned()), HeldGroup::Known)
}

fn who_of(learner: &Learner) -> Option<HeldWho> {
    learner.id.map(HeldWho::Known).or(learner.row.map(HeldWho::New))
}

fn of_entry(plan: &Plan, learners: &[Learner], kind: Kind, entry: &Entry, limit: Limit) -> HeldChange {
    let by_hand = entry.rule == 0;
    HeldChange {
        who: who_of(&learners[entry.who as usize]),
        group: Some(group_of(&plan.groups[entry.group as usize])),
        rule: (!by_hand).then(|| plan.rules[entry.rule as usize].name.clone()),
        ..plain(kind, limit)
    }
}

fn of_taken(ask: Ask<'_>, prepared: &Prepared, taken: &Taken) -> Vec<HeldChange> {
    let (plan, learners) = (&prepared.plan, &prepared.population.learners);
    let entries = |kind: Kind, all: &[(Entry, Limit)]| -> Vec<HeldChange> {
        let change = |(entry, limit): &(Entry, Limit)| HeldChange {
            fingerprint: entry_print(ask, prepared, entry),
            ..of_entry(plan, learners, kind, entry, *limit)
        };
        all.iter().map(change).collect()
    };
    let mut changes = entries(Kind::Give, &taken.give);
    changes.extend(entries(Kind::End, &taken.end));
    for &(at, limit) in &taken.groups {
        let meetings = taken.meetings.iter().filter(|(meeting, _)| meeting.group == at);
        let fingerprint = meetings.fold(group_print(ask, prepared, at), |print, (meeting, _)| {
            print ^ rule_print(ask, prepared, meeting.rule)
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
                fingerprint: rule_print(ask, prepared, meeting.rule),
                ..plain(Kind::Meet, *limit)
            });
        }
    }
    for (met, limit) in &taken.new {
        changes.push(HeldChange {
            group: Some(group_of(&plan.groups[met.group as usize])),
            external_id: Some(course_of(&met.course, &met.pattern)),
            ..plain(Kind::Assign, *limit)
        });
    }
    for &(id, limit) in &taken.ended {
        changes.push(HeldChange { assignment: Some(id), ..plain(Kind::Unassign, limit) });
    }
    changes
}

/// Changes of whole people: who leaves, whose record changes, who comes under a new id.
fn of_people(ask: Ask<'_>, prepared: &Prepared, wanted: &Wanted, withheld: &Withheld) -> Vec<HeldChange> {
    let people = &prepared.population.people;
    let values = &people.values;
    let print = |row: Row| cells_print(ask.file.attributes, values, &as_read(prepared, row));
    let rekeyed: FxHashMap<Row, LearnerId> = prepared.rekeyed.iter().copied().collect();
    let rekeyed_learners: FxHashSet<LearnerId> = rekeyed.values().copied().collect();
    let mut leaving: FxHashSet<LearnerId> = FxHashSet::default();
    let mut changes = Vec::new();
    let mut of_row = |row: Row, limit: Limit| {
        let learner = &wanted.learners[row as usize];
        let change = HeldChange {
            who: who_of(learner),
            external_id: Some(people.id(row).to_owned()),
            fingerprint: print(row),
            ..plain(Kind::Record, limit)
        };
        if rekeyed.contains_key(&row) {
            changes.push(HeldChange { kind: Kind::Rekey, ..change });
        } else if learner.goes() {
            leaving.extend(learner.id);
            changes.push(HeldChange { kind: Kind::Leave, ..change });
        } else {
            changes.push(change);
        }
    };
    withheld.rows().for_each(|(row, limit)| of_row(row, limit));
    for row in withheld.rows_with_values() {
        if !withheld.has_row(row) {
            of_row(row, Limit::MaxBlanked);
        }
    }
    for (id, limit) in withheld.ids() {
        let Some(person) = ask.gathered.known.find(id) else { continue };
        if !rekeyed_learners.contains(&person.learner) && leaving.insert(person.learner) {
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
/// values ask for.
fn not_planned(
    prepared: &mut Prepared,
    wanted: &Wanted,
    taken: &Taken,
    withheld: &Withheld,
    ask: Ask<'_>,
) -> Vec<HeldChange> {
    let places = Places::new(prepared, wanted);
    let limits = limits_of_people(prepared, wanted, withheld, ask);
    let mut changes = Vec::new();
    let sides = [
        (Kind::Give, &wanted.plan.add, &mut prepared.plan.add, &taken.give),
        (Kind::End, &wanted.plan.remove, &mut prepared.plan.remove, &taken.end),
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
            let limit = limits.get(&entry.who).copied().unwrap_or(Limit::Together);
            changes.push(of_entry(&wanted.plan, &wanted.learners, kind, entry, limit));
        }
    }
    // Groups that only older values ask for are not made; those that only the reading asks for wait.
    let asked: FxHashSet<&str> = wanted.plan.groups.iter().map(|group| group.name.folded()).collect();
    let planned: FxHashSet<String> =
        prepared.plan.groups.iter().map(|group| group.name.folded().to_owned()).collect();
    for group in prepared.plan.groups.iter_mut().filter(|group| group.is_made()) {
        group.held = !asked.contains(group.name.folded());
    }
    let unmade: FxHashSet<GroupAt> =
        (0..).zip(&prepared.plan.groups).filter(|(_, group)| group.held).map(|(at, _)| at).collect();
    prepared.plan.meetings.retain(|meeting| !unmade.contains(&meeting.group));
    prepared.catalogue.new.retain(|met| !unmade.contains(&met.group));
    for group in wanted.plan.groups.iter().filter(|group| !planned.contains(group.name.folded())) {
        changes.push(HeldChange { group: Some(group_of(group)), ..plain(Kind::Group, Limit::Together) });
    }
    changes
}

/// The limit for which each learner of the first plan stays as last read.
fn limits_of_people(
    prepared: &Prepared,
    wanted: &Wanted,
    withheld: &Withheld,
    ask: Ask<'_>,
) -> FxHashMap<Who, Limit> {
    let mut limits: FxHashMap<Who, Limit> = withheld.rows().collect();
    for row in withheld.rows_with_values() {
        limits.entry(row).or_insert(Limit::MaxBlanked);
    }
    let of_learner: FxHashMap<LearnerId, Limit> = withheld
        .ids()
        .filter_map(|(id, limit)| Some((ask.gathered.known.find(id)?.learner, limit)))
        .collect();
    if !of_learner.is_empty() {
        for (who, learner) in (0..).zip(&wanted.learners) {
            if let Some(limit) = learner.id.and_then(|id| of_learner.get(&id)) {
                limits.entry(who).or_insert(*limit);
            }
        }
    }
    debug_assert!(prepared.population.people.len() <= wanted.learners.len(), "rows come first");
    limits
}

/// Where the learners and groups of the last plan stand in the first one.
struct Places {
    learners: Vec<Option<Who>>,
    groups: Vec<Option<GroupAt>>,
}

impl Places {
    fn new(prepared: &Prepared, wanted: &Wanted) -> Self {
        let of_id: FxHashMap<LearnerId, Who> =
            (0..).zip(&wanted.learners).filter_map(|(who, learner)| Some((learner.id?, who))).collect();
        let place =
            |learner: &Learner| learner.row.or_else(|| learner.id.and_then(|id| of_id.get(&id).copied()));
        let named: FxHashMap<&str, GroupAt> =
            (0..).zip(&wanted.plan.groups).map(|(at, group)| (group.name.folded(), at)).collect();
        Self {
            learners: prepared.population.learners.iter().map(place).collect(),
            groups: prepared
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
fn records(ask: Ask<'_>, prepared: &Prepared, withheld: &Withheld) -> Vec<Record> {
    let people = &prepared.population.people;
    let mut rows: Vec<Row> = withheld.rows().map(|(row, _)| row).collect();
    rows.extend(withheld.rows_with_values());
    rows.sort_unstable();
    rows.dedup();
    let mut records: Vec<Record> = rows
        .into_iter()
        .map(|row| Record {
            external_id: people.id(row).to_owned(),
            present: true,
            attributes: to_json(ask.file.attributes, &people.values, &as_read(prepared, row)),
        })
        .collect();
    records.extend(withheld.ids().map(|(id, _)| Record {
        external_id: id.to_owned(),
        present: false,
        attributes: "{}".to_owned(),
    }));
    records.sort_unstable_by(|one, other| one.external_id.cmp(&other.external_id));
    records
}
