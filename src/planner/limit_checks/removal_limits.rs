//! Limits on removals: which removals of a plan wait for approval.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::PlanContext;
use crate::apply_limits::LimitPolicy;
use crate::baseline_counts::{measure_older, members_then, sizes};
use crate::change_set::ChangeSet;
use crate::impact::PlanImpact;
use crate::limit_checks::course_grants;
use crate::limit_checks::renamed_groups::{RenamedGroup, find_renamed_groups};
use crate::limit_violation::{LimitViolation, RemovedItem};
use crate::membership_plan::{GroupIndex, RuleIndex};
use crate::record_checks::present;
use rollcall_model::guard::hold_baseline::limit_base;
use rollcall_model::guard::{AccessTotals, HoldCause, Percent, SafetyLimits};
use rollcall_model::ids::LearnerId;

/// The removals of a plan that wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HoldScope {
    /// No removals.
    Nothing,
    /// Removals from some groups.
    Groups(FxHashSet<GroupIndex>),
    /// All removals.
    All(HoldCause),
}

/// Checks the removals of a plan. `others` is the number of enrollments that learners of other connectors lose.
pub(crate) fn check_removals(
    context: PlanContext<'_>,
    change_set: &ChangeSet,
    effect: &PlanImpact,
    others: u64,
    allow: bool,
) -> (HoldScope, Vec<LimitViolation>) {
    let takes = !change_set.plan.remove.is_empty()
        || !effect.leaving.is_empty()
        || !change_set.absent.is_empty()
        || !change_set.catalogue.ended.is_empty();
    if !takes {
        return (HoldScope::Nothing, Vec::new());
    }
    let mut reasons = Vec::new();
    if !context.snapshot.other_files.is_empty() {
        reasons.push(LimitViolation::FilesDiffer { services: context.snapshot.other_files.clone() });
    }
    if !allow {
        reasons.extend(check_min_read(context, change_set));
        reasons.extend(check_total_removals(context, change_set, effect, others));
    }
    if let Some(first) = reasons.first() {
        return (HoldScope::All(first.limit()), reasons);
    }
    if allow {
        return (HoldScope::Nothing, reasons);
    }
    let mut groups = check_group_removals(context, change_set, effect, &mut reasons);
    check_renamed_groups(context, change_set, effect, &mut groups, &mut reasons);
    (if groups.is_empty() { HoldScope::Nothing } else { HoldScope::Groups(groups) }, reasons)
}

/// Checks that the reading contains enough of the people of the last good one. People on whose leaving a decision exists
/// count as present, so that no second decision is required; the message counts the people who were read.
fn check_min_read(context: PlanContext<'_>, change_set: &ChangeSet) -> Option<LimitViolation> {
    if !change_set.complete || matches!(context.policy, LimitPolicy::Guard { retires: true, .. }) {
        return None;
    }
    let known = present(context);
    let came_again: FxHashSet<LearnerId> =
        change_set.changed_ids.iter().map(|(_, learner)| *learner).collect();
    let learner = |id: &String| context.snapshot.known.find(id).map(|person| person.learner);
    let gone = |ids: &[String]| {
        let gone = ids.iter().filter(|id| !context.snapshot.is_newcomer(id));
        gone.filter(|id| learner(id).is_none_or(|one| !came_again.contains(&one))).count() as u64
    };
    let still = known.saturating_sub(gone(&change_set.absent));
    let read = still.saturating_sub(gone(&change_set.pinned_absent));
    let limits = &context.rules.limits;
    let least = limits.min_read;
    limits.is_too_small(still, known).then_some(LimitViolation::ReadingTooSmall { read, known, least })
}

/// Checks the limits on removals in 24 hours and in one run.
fn check_total_removals(
    context: PlanContext<'_>,
    change_set: &ChangeSet,
    effect: &PlanImpact,
    others: u64,
) -> Vec<LimitViolation> {
    let limits = &context.rules.limits;
    let charged = context.snapshot.charged;
    let mut reasons = Vec::new();
    let people = effect.people.len() as u64 + others;
    let then = context.snapshot.hold_baseline.as_ref().map(|before| before.had);
    let since = context.snapshot.charged_since;
    let mut weigh = |what: RemovedItem, lost: u64, earlier: u64, base: u64| {
        let limit = limits.removals_of(base);
        if lost > 0 && lost + earlier > limit {
            reasons.push(LimitViolation::Removals { what, lost, people, limit, earlier });
        }
    };
    // A set of people is measured against all people of the connector who were there 24 hours ago.
    let had = context.snapshot.totals.or_else(|| measure_older(context, change_set));
    let AccessTotals { learners, memberships, enrollments } = had.unwrap_or(effect.had);
    let of = limit_base(memberships, charged.memberships, then.map(|had| had.memberships), since.memberships);
    weigh(RemovedItem::Memberships, effect.memberships.len() as u64, charged.memberships, of);
    let of = limit_base(learners, charged.learners, then.map(|had| had.learners), since.learners);
    weigh(RemovedItem::Learners, effect.leaving.len() as u64, charged.learners, of);
    let of = limit_base(enrollments, charged.enrollments, then.map(|had| had.enrollments), since.enrollments);
    weigh(RemovedItem::Enrollments, effect.enrollments + others, charged.enrollments, of);
    let (limit, earlier) = (limits.max_removals_total, context.snapshot.charged_people);
    if people > 0 && people + earlier > limit {
        reasons.push(LimitViolation::PeopleAffected { people, limit, earlier });
    }
    reasons
}

/// Returns the groups that would lose too many of their members.
fn check_group_removals(
    context: PlanContext<'_>,
    change_set: &ChangeSet,
    effect: &PlanImpact,
    reasons: &mut Vec<LimitViolation>,
) -> FxHashSet<GroupIndex> {
    let plan = &change_set.plan;
    let limits = &context.rules.limits;
    let shares = removal_shares(context, change_set);
    let mut lost: Vec<(GroupIndex, u64)> = effect.by_group().into_iter().collect();
    lost.sort_unstable();
    let share_of = |group: &GroupIndex| shares.get(group).copied().unwrap_or(limits.max_group_removals);
    lost.retain(|(group, lost)| *lost > share_of(group).of(20));
    let sizes = sizes(context, change_set, lost.iter().map(|(group, _)| *group));
    let mut held = FxHashSet::default();
    for (group, lost) in lost {
        let (today, share) = (sizes.get(&group).copied().unwrap_or(0), share_of(&group));
        let then = members_then(context, change_set, group, today);
        // A group that was small then is measured by its size today.
        let size = if SafetyLimits::is_small_group(then) { today } else { then };
        if SafetyLimits::group_loses_too_many(share, lost, size) {
            let name = plan.groups[group as usize].name.shown().to_owned();
            reasons.push(LimitViolation::GroupShrinks { group: name, lost, size, most: share });
            held.insert(group);
        }
    }
    held
}

/// Returns the share of members that each group with removals may lose: the least of its rules.
fn removal_shares(context: PlanContext<'_>, change_set: &ChangeSet) -> FxHashMap<GroupIndex, Percent> {
    let plan = &change_set.plan;
    let own = |rule: RuleIndex| {
        let name = &plan.rules[rule as usize].name;
        context.rules.rules.iter().find(|one| one.name == *name).and_then(|one| one.max_group_removals)
    };
    let mut shares: FxHashMap<GroupIndex, Percent> = FxHashMap::default();
    for entry in &plan.remove {
        let share = own(entry.rule).unwrap_or(context.rules.limits.max_group_removals);
        let least = shares.entry(entry.group).or_insert(share);
        if share < *least {
            *least = share;
        }
    }
    shares
}

/// Adds the groups that seem to have been renamed, unless their limit allows the loss of all members.
fn check_renamed_groups(
    context: PlanContext<'_>,
    change_set: &ChangeSet,
    effect: &PlanImpact,
    held: &mut FxHashSet<GroupIndex>,
    reasons: &mut Vec<LimitViolation>,
) {
    if effect.enrollments == 0 || effect.memberships.is_empty() {
        return;
    }
    let courses = course_grants(context, change_set);
    let sizes = sizes(context, change_set, effect.by_group().into_keys());
    let size = |group: GroupIndex| sizes.get(&group).copied().unwrap_or(0);
    let shares = removal_shares(context, change_set);
    let allows_all = |group: &GroupIndex| {
        let share = shares.get(group).copied().unwrap_or(context.rules.limits.max_group_removals);
        share >= Percent::new(100)
    };
    let name = |group: GroupIndex| change_set.plan.groups[group as usize].name.shown().to_owned();
    for RenamedGroup { from, to, people } in find_renamed_groups(change_set, effect, &courses, size) {
        if !allows_all(&from) && held.insert(from) {
            reasons.push(LimitViolation::GroupRenamed { from: name(from), to: name(to), people });
        }
    }
}
