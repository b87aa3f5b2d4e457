//! Limits on additions: which additions of a plan wait for approval.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::PlanContext;
use crate::baseline_counts::{members_then, sizes};
use crate::change_set::ChangeSet;
use crate::deferred_changes::decision_on_entry;
use crate::fingerprint::{group_print, rule_print};
use crate::limit_violation::LimitViolation;
use crate::membership_plan::{GroupIndex, MembershipEntry, RuleIndex};
use crate::population::LearnerIndex;
use crate::record_checks::find_decision;
use crate::run_baseline::RunBaseline;
use rollcall_model::guard::{ChangeKey, ChangeKind, Disposition, HeldGroup, HoldCause};

/// The additions of a plan that wait.
#[derive(Debug, Default)]
pub(crate) struct HeldAdditions {
    /// Groups that are not created.
    pub(crate) groups: FxHashMap<GroupIndex, Disposition>,
    /// Rules that are not linked to a group yet.
    pub(crate) meetings: FxHashMap<(RuleIndex, GroupIndex), Disposition>,
    /// Edited rules that do not add members to a group.
    pub(crate) growing: FxHashSet<(RuleIndex, GroupIndex)>,
    /// The limits that were exceeded.
    pub(crate) reasons: Vec<LimitViolation>,
}

impl HeldAdditions {
    /// Returns the disposition of a membership that waits.
    pub(crate) fn disposition(&self, entry: &MembershipEntry) -> Option<Disposition> {
        let of_group = self.groups.get(&entry.group).copied();
        let of_meeting = self.meetings.get(&(entry.rule, entry.group)).copied();
        let grows = self
            .growing
            .contains(&(entry.rule, entry.group))
            .then_some(Disposition::Hold(HoldCause::MaxGrowth));
        of_group.or(of_meeting).or(grows)
    }
}

/// Checks the additions of a plan: new groups, rules that match manually created groups, and groups that grow because
/// the file was edited.
pub(crate) fn check_additions(context: PlanContext<'_>, change_set: &ChangeSet) -> HeldAdditions {
    let mut waiting = HeldAdditions::default();
    check_new_groups(context, change_set, &mut waiting);
    check_manual_groups(context, change_set, &mut waiting);
    check_growth(context, change_set, &mut waiting);
    waiting
}

fn check_new_groups(context: PlanContext<'_>, change_set: &ChangeSet, waiting: &mut HeldAdditions) {
    let plan = &change_set.plan;
    let made = || (0..).zip(&plan.groups).filter(|(_, group)| group.is_made());
    for (at, group) in made() {
        let new = HeldGroup::New(group.name.shown().to_owned());
        let key = ChangeKey { group: Some(&new), ..ChangeKey::default() }.key(ChangeKind::Group);
        if let Some(limit) = find_decision(context, &key, group_print(context, change_set, at)) {
            waiting.groups.insert(at, limit);
        }
    }
    let fresh: Vec<GroupIndex> =
        made().map(|(at, _)| at).filter(|at| !waiting.groups.contains_key(at)).collect();
    let limit = context.rules.limits.max_new_groups;
    if context.snapshot.has_good_run && fresh.len() as u64 > limit {
        waiting.reasons.push(LimitViolation::NewGroups { groups: fresh.len() as u64, limit });
        waiting.groups.extend(fresh.into_iter().map(|at| (at, Disposition::Hold(HoldCause::MaxNewGroups))));
    }
}

fn check_manual_groups(context: PlanContext<'_>, change_set: &ChangeSet, waiting: &mut HeldAdditions) {
    let plan = &change_set.plan;
    for meeting in &plan.meetings {
        let group = &plan.groups[meeting.group as usize];
        let Some(id) = group.id.filter(|_| group.by_hand) else { continue };
        let rule = &plan.rules[meeting.rule as usize];
        let known = HeldGroup::Known(id);
        let key =
            ChangeKey { group: Some(&known), rule: rule.id, ..ChangeKey::default() }.key(ChangeKind::Meet);
        let decided =
            rule.id.and_then(|_| find_decision(context, &key, rule_print(context, change_set, meeting.rule)));
        let disposition = decided.unwrap_or(Disposition::Hold(HoldCause::HandMadeGroup));
        let place = (meeting.rule, meeting.group);
        if waiting.meetings.insert(place, disposition).is_none() && disposition.is_waiting() {
            let (rule, group) = (rule.name.to_string(), group.name.shown().to_owned());
            waiting.reasons.push(LimitViolation::ManualGroup { rule, group });
        }
    }
}

fn check_growth(context: PlanContext<'_>, change_set: &ChangeSet, waiting: &mut HeldAdditions) {
    let plan = &change_set.plan;
    let edited = edited_rules(context, change_set);
    if !edited.contains(&true) {
        return;
    }
    let new_members = count_new_members(context, change_set, waiting);
    let sizes = sizes(context, change_set, new_members.iter().map(|(at, _)| *at));
    for (at, more) in new_members {
        let today = sizes.get(&at).copied().unwrap_or(0);
        let size = members_then(context, change_set, at, today);
        let by: FxHashSet<RuleIndex> = plan
            .add
            .iter()
            .filter(|entry| entry.group == at && edited[entry.rule as usize] && entry.rule != 0)
            .map(|entry| entry.rule)
            .collect();
        if by.is_empty() || more == 0 || !context.rules.limits.grows_too_much(size, today + more) {
            continue;
        }
        let group = plan.groups[at as usize].name.shown().to_owned();
        let (after, most) = (today + more, context.rules.limits.max_growth);
        waiting.reasons.push(LimitViolation::GroupGrows { group, before: size, after, most });
        waiting.growing.extend(by.into_iter().map(|rule| (rule, at)));
    }
}

/// Returns for each rule of the plan whether it was edited since the last good run; an edited mapping counts as an edit
/// of every rule. Empty if there was no good run.
fn edited_rules(context: PlanContext<'_>, change_set: &ChangeSet) -> Vec<bool> {
    let Some(then) = &context.snapshot.baseline else { return Vec::new() };
    let now = RunBaseline::of(context.rules, 0);
    let all = now.has_other_mapping(then);
    let rules = change_set.plan.rules.iter();
    rules.map(|rule| all || now.has_other_rule(then, rule.name.as_str())).collect()
}

/// Returns the number of new members of each existing group, in the order of the groups. Memberships that wait or that a
/// decision prevents do not count.
fn count_new_members(
    context: PlanContext<'_>,
    change_set: &ChangeSet,
    waiting: &HeldAdditions,
) -> Vec<(GroupIndex, u64)> {
    let plan = &change_set.plan;
    let is_given = |entry: &&MembershipEntry| {
        waiting.disposition(entry).is_none()
            && decision_on_entry(context, change_set, ChangeKind::Give, entry).is_none()
    };
    let mut fresh: FxHashMap<GroupIndex, FxHashSet<LearnerIndex>> = FxHashMap::default();
    for entry in plan.add.iter().filter(|entry| entry.rule != 0).filter(is_given) {
        if plan.groups[entry.group as usize].id.is_some() {
            fresh.entry(entry.group).or_default().insert(entry.who);
        }
    }
    if context.snapshot.hold_baseline.is_none() {
        fresh.retain(|_, members| context.rules.limits.grows_too_much(0, members.len() as u64));
    }
    for entry in &plan.before {
        if let Some(members) = fresh.get_mut(&entry.group) {
            members.remove(&entry.who);
        }
    }
    let mut counts: Vec<(GroupIndex, u64)> =
        fresh.into_iter().map(|(at, members)| (at, members.len() as u64)).collect();
    counts.sort_unstable();
    counts
}
