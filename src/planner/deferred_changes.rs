//! Changes that were removed from a plan because they must wait.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::PlanContext;
use crate::catalogue_plan::MatchedAssignment;
use crate::change_set::ChangeSet;
use crate::dependent_changes::DependentChanges;
use crate::fingerprint::assignment_key;
use crate::fingerprint::entry_print;
use crate::impact::PlanImpact;
use crate::limit_checks::{HeldAdditions, HoldScope};
use crate::membership_plan::{GroupIndex, MembershipEntry, RuleGroupLink, RuleIndex};
use crate::population::LearnerIndex;
use crate::record_checks::find_decision;
use rollcall_model::guard::{ChangeKey, ChangeKind, Disposition, HeldGroup, HoldCause};
use rollcall_model::ids::AssignmentId;

/// Deferred parts of a plan, each with its disposition.
#[derive(Debug, Default)]
pub(crate) struct DeferredChanges {
    pub(crate) give: Vec<(MembershipEntry, Disposition)>,
    pub(crate) end: Vec<(MembershipEntry, Disposition)>,
    pub(crate) groups: Vec<(GroupIndex, Disposition)>,
    pub(crate) meetings: Vec<(RuleGroupLink, Disposition)>,
    pub(crate) ended: Vec<(AssignmentId, Disposition)>,
    /// Assignments of the file that an earlier decision prevents.
    pub(crate) new: Vec<(MatchedAssignment, Disposition)>,
    /// Assignments of the file for a group that waits itself.
    met: Vec<MatchedAssignment>,
    /// Changes that depend on `give` and `end`; they are not held.
    pub(crate) dependents: DependentChanges,
}

impl DeferredChanges {
    pub(crate) fn is_empty(&self) -> bool {
        self.give.is_empty()
            && self.end.is_empty()
            && self.groups.is_empty()
            && self.meetings.is_empty()
            && self.ended.is_empty()
            && self.new.is_empty()
    }

    /// Defers changes that an earlier decision prevents, and additions that wait. If an addition of a rule waits, the
    /// removals of the same rule and learner wait too: together they are a move.
    pub(crate) fn waiting(
        context: PlanContext<'_>,
        change_set: &mut ChangeSet,
        waiting: &HeldAdditions,
    ) -> Self {
        let mut taken = Self::default();
        let limit_of = |entry: &MembershipEntry| {
            decision_on_entry(context, change_set, ChangeKind::Give, entry)
                .or_else(|| waiting.disposition(entry))
        };
        let give: Vec<(MembershipEntry, Disposition)> =
            change_set.plan.add.iter().filter_map(|entry| Some((*entry, limit_of(entry)?))).collect();
        let moves: FxHashMap<(RuleIndex, LearnerIndex), Disposition> =
            give.iter().map(|(entry, limit)| ((entry.rule, entry.who), *limit)).collect();
        let limit_of = |entry: &MembershipEntry| {
            // A learner who leaves has no memberships, even if a decision on one of them exists.
            if change_set.population.learner(entry.who).loses_access() {
                return None;
            }
            decision_on_entry(context, change_set, ChangeKind::End, entry)
                .or_else(|| moves.get(&(entry.rule, entry.who)).copied())
        };
        taken.end =
            change_set.plan.remove.iter().filter_map(|entry| Some((*entry, limit_of(entry)?))).collect();
        taken.give = give;
        let ended = change_set.catalogue.ended.iter();
        taken.ended = ended.filter_map(|id| Some((*id, decision_on_assignment(context, *id)?))).collect();
        taken.cut_entries(change_set);
        taken.cut_dependents(context, change_set);
        for (&at, &limit) in &waiting.groups {
            change_set.plan.groups[at as usize].held = true;
            taken.groups.push((at, limit));
        }
        taken.groups.sort_unstable_by_key(|(at, _)| *at);
        let waits = |meeting: &RuleGroupLink| {
            let of_group = waiting.groups.get(&meeting.group);
            of_group.or_else(|| waiting.meetings.get(&(meeting.rule, meeting.group))).copied()
        };
        let meetings = std::mem::take(&mut change_set.plan.meetings);
        for meeting in meetings {
            match waits(&meeting) {
                Some(limit) => taken.meetings.push((meeting, limit)),
                None => change_set.plan.meetings.push(meeting),
            }
        }
        for met in std::mem::take(&mut change_set.catalogue.new) {
            let limit = find_decision(context, &met_key(change_set, &met), 0);
            match limit {
                Some(limit) => taken.new.push((met, limit)),
                None if change_set.plan.groups[met.group as usize].held => taken.met.push(met),
                None => change_set.catalogue.new.push(met),
            }
        }
        taken
    }

    /// Defers removals that exceed the limits.
    pub(crate) fn removals(
        &mut self,
        context: PlanContext<'_>,
        change_set: &mut ChangeSet,
        effect: &PlanImpact,
        scope: &HoldScope,
    ) {
        let limit_of = |entry: &MembershipEntry| {
            let is_lost = effect.memberships.contains(&(entry.group, entry.who));
            match scope {
                HoldScope::All(limit) if is_lost => Some(Disposition::Hold(*limit)),
                HoldScope::Groups(groups) if is_lost && groups.contains(&entry.group) => {
                    Some(Disposition::Hold(HoldCause::MaxGroupRemovals))
                }
                HoldScope::Nothing | HoldScope::All(_) | HoldScope::Groups(_) => None,
            }
        };
        let removals = change_set.plan.remove.iter();
        self.end.extend(removals.filter_map(|entry| Some((*entry, limit_of(entry)?))));
        if let HoldScope::All(limit) = scope {
            self.ended.extend(change_set.catalogue.ended.iter().map(|id| (*id, Disposition::Hold(*limit))));
        }
        self.cut_entries(change_set);
        self.cut_dependents(context, change_set);
    }

    /// Removes the changes from the plan that depend on deferred ones.
    fn cut_dependents(&mut self, context: PlanContext<'_>, change_set: &mut ChangeSet) {
        let entries = |all: &[(MembershipEntry, Disposition)]| all.iter().map(|(entry, _)| *entry).collect();
        let (give, end) = (entries(&self.give), entries(&self.end));
        self.dependents.remove_from(context, change_set, give, end);
    }

    fn cut_entries(&self, change_set: &mut ChangeSet) {
        let cut = |entries: &mut Vec<MembershipEntry>, taken: &[(MembershipEntry, Disposition)]| {
            if !taken.is_empty() {
                let taken: FxHashSet<MembershipEntry> = taken.iter().map(|(entry, _)| *entry).collect();
                entries.retain(|entry| !taken.contains(entry));
            }
        };
        cut(&mut change_set.plan.add, &self.give);
        cut(&mut change_set.plan.remove, &self.end);
        change_set.catalogue.ended.retain(|id| self.ended.iter().all(|(taken, _)| taken != id));
    }

    /// Restores all deferred changes.
    pub(crate) fn restore_into(self, change_set: &mut ChangeSet) {
        let plan = &mut change_set.plan;
        plan.add.extend(self.give.iter().map(|(entry, _)| *entry));
        plan.add.extend(self.dependents.give);
        plan.add.sort_unstable();
        plan.remove.extend(self.end.iter().map(|(entry, _)| *entry));
        plan.remove.extend(self.dependents.end);
        plan.remove.sort_unstable();
        for (at, _) in self.groups {
            plan.groups[at as usize].held = false;
        }
        plan.meetings.extend(self.meetings.into_iter().map(|(meeting, _)| meeting));
        change_set.catalogue.new.extend(self.met);
        change_set.catalogue.new.extend(self.new.into_iter().map(|(met, _)| met));
        change_set.catalogue.ended.extend(self.ended.into_iter().map(|(id, _)| id));
        change_set.catalogue.ended.sort_unstable();
    }
}

/// Returns the decision on one reason for a membership.
pub(crate) fn decision_on_entry(
    context: PlanContext<'_>,
    change_set: &ChangeSet,
    kind: ChangeKind,
    entry: &MembershipEntry,
) -> Option<Disposition> {
    if context.snapshot.decisions.is_empty() {
        return None;
    }
    let key = entry_key(change_set, kind, entry)?;
    find_decision(context, &key, entry_print(context, change_set, entry))
}

fn decision_on_assignment(context: PlanContext<'_>, assignment: AssignmentId) -> Option<Disposition> {
    let key = ChangeKey { assignment: Some(assignment), ..ChangeKey::default() }.key(ChangeKind::Unassign);
    find_decision(context, &key, 0)
}

/// The key of an assignment of the file that matches a group.
pub(crate) fn met_key(change_set: &ChangeSet, met: &MatchedAssignment) -> String {
    let group = &change_set.plan.groups[met.group as usize];
    let group = group.id.map_or_else(|| HeldGroup::New(group.name.shown().to_owned()), HeldGroup::Known);
    let course = assignment_key(&met.course, &met.pattern);
    ChangeKey { external_id: Some(&course), group: Some(&group), ..ChangeKey::default() }
        .key(ChangeKind::Assign)
}

/// The key of one reason for a membership; `None` if the learner or the rule has no number yet.
pub(crate) fn entry_key(change_set: &ChangeSet, kind: ChangeKind, entry: &MembershipEntry) -> Option<String> {
    let group = &change_set.plan.groups[entry.group as usize];
    let group = group.id.map_or_else(|| HeldGroup::New(group.name.shown().to_owned()), HeldGroup::Known);
    let named = ChangeKey {
        who: Some(change_set.population.learner(entry.who).id?),
        group: Some(&group),
        rule: Some(change_set.plan.rules[entry.rule as usize].id?),
        ..ChangeKey::default()
    };
    Some(named.key(kind))
}
