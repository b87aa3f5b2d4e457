//! What was taken out of a plan because it must wait.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::guard::{Effect, HeldGroup, Kind, Limit, Named};
use crate::model::ids::AssignmentId;
use crate::model::plan::{Entry, GroupAt, Meeting, RuleAt};
use crate::model::population::Who;
use crate::sync::catalogue::Met;
use crate::sync::facts::decision;
use crate::sync::judged::{Scope, Waiting};
use crate::sync::prepare::{Ask, Prepared};
use crate::sync::prints::entry_print;
use crate::sync::undo::course_of;

/// Parts of a plan, each with the limit that it waits for.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) give: Vec<(Entry, Limit)>,
    pub(super) end: Vec<(Entry, Limit)>,
    pub(super) groups: Vec<(GroupAt, Limit)>,
    pub(super) meetings: Vec<(Meeting, Limit)>,
    pub(super) ended: Vec<(AssignmentId, Limit)>,
    /// Assignments of the file that somebody has decided on.
    pub(super) new: Vec<(Met, Limit)>,
    /// Assignments of the file that have met a group that waits itself.
    met: Vec<Met>,
}

impl Taken {
    pub(super) fn is_empty(&self) -> bool {
        self.give.is_empty()
            && self.end.is_empty()
            && self.groups.is_empty()
            && self.meetings.is_empty()
            && self.ended.is_empty()
            && self.new.is_empty()
    }

    /// Takes out what somebody has decided on, and additions that wait. Where a rule may not put somebody into one
    /// group yet, it does not take the same person out of another one either: that is a move.
    pub(super) fn waiting(ask: Ask<'_>, prepared: &mut Prepared, waiting: &Waiting) -> Self {
        let mut taken = Self::default();
        let limit_of =
            |entry: &Entry| decided(ask, prepared, Kind::Give, entry).or_else(|| waiting.limit(entry));
        let give: Vec<(Entry, Limit)> =
            prepared.plan.add.iter().filter_map(|entry| Some((*entry, limit_of(entry)?))).collect();
        let moves: FxHashMap<(RuleAt, Who), Limit> =
            give.iter().map(|(entry, limit)| ((entry.rule, entry.who), *limit)).collect();
        let limit_of = |entry: &Entry| {
            // Who leaves is a member of nothing, whatever was decided on one of the memberships.
            if prepared.population.learner(entry.who).goes() {
                return None;
            }
            decided(ask, prepared, Kind::End, entry).or_else(|| moves.get(&(entry.rule, entry.who)).copied())
        };
        taken.end =
            prepared.plan.remove.iter().filter_map(|entry| Some((*entry, limit_of(entry)?))).collect();
        taken.give = give;
        let ended = prepared.catalogue.ended.iter();
        taken.ended = ended.filter_map(|id| Some((*id, decided_assignment(ask, *id)?))).collect();
        taken.cut_entries(prepared);
        for (&at, &limit) in &waiting.groups {
            prepared.plan.groups[at as usize].held = true;
            taken.groups.push((at, limit));
        }
        taken.groups.sort_unstable_by_key(|(at, _)| *at);
        let waits = |meeting: &Meeting| {
            let of_group = waiting.groups.get(&meeting.group);
            of_group.or_else(|| waiting.meetings.get(&(meeting.rule, meeting.group))).copied()
        };
        let meetings = std::mem::take(&mut prepared.plan.meetings);
        for meeting in meetings {
            match waits(&meeting) {
                Some(limit) => taken.meetings.push((meeting, limit)),
                None => prepared.plan.meetings.push(meeting),
            }
        }
        for met in std::mem::take(&mut prepared.catalogue.new) {
            let limit = decision(ask, &met_key(prepared, &met), 0);
            match limit {
                Some(limit) => taken.new.push((met, limit)),
                None if prepared.plan.groups[met.group as usize].held => taken.met.push(met),
                None => prepared.catalogue.new.push(met),
            }
        }
        taken
    }

    /// Takes out removals that are more than may go.
    pub(super) fn removals(&mut self, prepared: &mut Prepared, effect: &Effect, scope: &Scope) {
        let limit_of = |entry: &Entry| {
            let is_lost = effect.memberships.contains(&(entry.group, entry.who));
            match scope {
                Scope::All(limit) if is_lost => Some(*limit),
                Scope::Groups(groups) if is_lost && groups.contains(&entry.group) => {
                    Some(Limit::MaxGroupRemovals)
                }
                Scope::Nothing | Scope::All(_) | Scope::Groups(_) => None,
            }
        };
        let removals = prepared.plan.remove.iter();
        self.end.extend(removals.filter_map(|entry| Some((*entry, limit_of(entry)?))));
        if let Scope::All(limit) = scope {
            self.ended.extend(prepared.catalogue.ended.iter().map(|id| (*id, *limit)));
        }
        self.cut_entries(prepared);
    }

    fn cut_entries(&self, prepared: &mut Prepared) {
        let cut = |entries: &mut Vec<Entry>, taken: &[(Entry, Limit)]| {
            if !taken.is_empty() {
                let taken: FxHashSet<Entry> = taken.iter().map(|(entry, _)| *entry).collect();
                entries.retain(|entry| !taken.contains(entry));
            }
        };
        cut(&mut prepared.plan.add, &self.give);
        cut(&mut prepared.plan.remove, &self.end);
        prepared.catalogue.ended.retain(|id| self.ended.iter().all(|(taken, _)| taken != id));
    }

    /// Puts everything back.
    pub(super) fn put_back(self, prepared: &mut Prepared) {
        let plan = &mut prepared.plan;
        plan.add.extend(self.give.iter().map(|(entry, _)| *entry));
        plan.add.sort_unstable();
        plan.remove.extend(self.end.iter().map(|(entry, _)| *entry));
        plan.remove.sort_unstable();
        for (at, _) in self.groups {
            plan.groups[at as usize].held = false;
        }
        plan.meetings.extend(self.meetings.into_iter().map(|(meeting, _)| meeting));
        prepared.catalogue.new.extend(self.met);
        prepared.catalogue.new.extend(self.new.into_iter().map(|(met, _)| met));
        prepared.catalogue.ended.extend(self.ended.into_iter().map(|(id, _)| id));
        prepared.catalogue.ended.sort_unstable();
    }
}

/// What somebody has decided on one reason for a membership.
pub(super) fn decided(ask: Ask<'_>, prepared: &Prepared, kind: Kind, entry: &Entry) -> Option<Limit> {
    if ask.gathered.standing.is_empty() {
        return None;
    }
    let key = entry_key(prepared, kind, entry)?;
    decision(ask, &key, entry_print(ask, prepared, entry))
}

fn decided_assignment(ask: Ask<'_>, assignment: AssignmentId) -> Option<Limit> {
    let key = Named { assignment: Some(assignment), ..Named::default() }.key(Kind::Unassign);
    decision(ask, &key, 0)
}

/// The key of an assignment of the file that meets a group.
pub(super) fn met_key(prepared: &Prepared, met: &Met) -> String {
    let group = &prepared.plan.groups[met.group as usize];
    let group = group.id.map_or_else(|| HeldGroup::New(group.name.shown().to_owned()), HeldGroup::Known);
    let course = course_of(&met.course, &met.pattern);
    Named { external_id: Some(&course), group: Some(&group), ..Named::default() }.key(Kind::Assign)
}

/// The key of one reason for a membership; none where something of it has no number yet.
pub(super) fn entry_key(prepared: &Prepared, kind: Kind, entry: &Entry) -> Option<String> {
    let group = &prepared.plan.groups[entry.group as usize];
    let group = group.id.map_or_else(|| HeldGroup::New(group.name.shown().to_owned()), HeldGroup::Known);
    let named = Named {
        who: Some(prepared.population.learner(entry.who).id?),
        group: Some(&group),
        rule: Some(prepared.plan.rules[entry.rule as usize].id?),
        ..Named::default()
    };
    Some(named.key(kind))
}
