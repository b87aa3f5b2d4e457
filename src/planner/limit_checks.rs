//! Which removals and which additions of a plan must wait.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::PlanContext;
use crate::apply_limits::LimitPolicy;
use crate::baseline_counts::{members_then, sizes};
use crate::change_set::ChangeSet;
use crate::deferred_changes::decision_on_entry;
use crate::impact::CourseGrants;
use crate::impact::PlanImpact;
use crate::membership_plan::{GroupIndex, MembershipEntry, RuleIndex};
use crate::population::LearnerIndex;
use crate::record_checks::{find_decision, is_newcomer, present};
use crate::run_baseline::RunBaseline;
use crate::snapshot::AssignmentScope;
use rollcall_model::format::{count, thousands};
use rollcall_model::guard::HeldGroup;
use rollcall_model::guard::hold_baseline::limit_base;
use rollcall_model::guard::{
    AccessTotals, ChangeKey, ChangeKind, Disposition, HoldCause, LimitExceeded, Percent, SafetyLimits,
};
use rollcall_model::ids::{CourseId, GroupId, LearnerId, RuleId};
use rollcall_model::names::fold;

/// Which of a plan's removals wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HoldScope {
    /// None.
    Nothing,
    /// Those of some groups.
    Groups(FxHashSet<GroupIndex>),
    /// All of them.
    All(HoldCause),
}

/// The courses that groups and learners give before and after a plan.
pub(crate) fn course_grants(context: PlanContext<'_>, change_set: &ChangeSet) -> CourseGrants {
    let snapshot = context.snapshot;
    let mut numbers: FxHashMap<String, u32> = FxHashMap::default();
    let mut codes: FxHashMap<CourseId, u32> = FxHashMap::default();
    let mut number = |code: String| {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        *numbers.entry(code).or_insert(next)
    };
    let groups = change_set.plan.groups.len();
    let mut courses = CourseGrants {
        before: vec![Vec::new(); groups],
        after: vec![Vec::new(); groups],
        ..CourseGrants::default()
    };
    let group_at: FxHashMap<GroupId, GroupIndex> =
        (0..).zip(&change_set.plan.groups).filter_map(|(at, group)| Some((group.id?, at))).collect();
    let ended: FxHashSet<_> = change_set.catalogue.ended.iter().copied().collect();
    let alone = snapshot.assignments.iter().any(|one| matches!(one.scope, AssignmentScope::Learner(_)));
    let seats: FxHashMap<LearnerId, LearnerIndex> =
        if alone { learner_indices(change_set) } else { FxHashMap::default() };
    for one in &snapshot.assignments {
        let course = *codes.entry(one.course).or_insert_with(|| number(fold(&one.code)));
        match one.scope {
            AssignmentScope::Group(group) => {
                let Some(&at) = group_at.get(&group) else { continue };
                courses.before[at as usize].push(course);
                if !ended.contains(&one.id) {
                    courses.after[at as usize].push(course);
                }
            }
            AssignmentScope::Learner(learner) => {
                if let Some(&who) = seats.get(&learner) {
                    courses.alone.entry(who).or_default().push(course);
                }
            }
        }
    }
    for met in &change_set.catalogue.new {
        let course = number(met.course.clone());
        courses.after[met.group as usize].push(course);
    }
    courses.count = numbers.len();
    courses
}

fn learner_indices(change_set: &ChangeSet) -> FxHashMap<LearnerId, LearnerIndex> {
    (0..).zip(&change_set.population.learners).filter_map(|(who, learner)| Some((learner.id?, who))).collect()
}

/// Enrollments that assignments of the file take with them from learners of other connectors.
pub(crate) fn count_lost_by_others(context: PlanContext<'_>, change_set: &ChangeSet) -> u64 {
    if change_set.catalogue.ended.is_empty() {
        return 0;
    }
    let ended: FxHashSet<_> = change_set.catalogue.ended.iter().copied().collect();
    let seated = learner_indices(change_set);
    let group_id = |at: GroupIndex| change_set.plan.groups[at as usize].id;
    let mut losers: FxHashMap<String, FxHashSet<GroupId>> = FxHashMap::default();
    let mut keepers: FxHashMap<String, FxHashSet<GroupId>> = FxHashMap::default();
    for one in &context.snapshot.assignments {
        if let AssignmentScope::Group(group) = one.scope {
            let side = if ended.contains(&one.id) { &mut losers } else { &mut keepers };
            side.entry(fold(&one.code)).or_default().insert(group);
        }
    }
    for met in &change_set.catalogue.new {
        keepers.entry(met.course.clone()).or_default().extend(group_id(met.group));
    }
    let members = |groups: &FxHashSet<GroupId>| -> FxHashSet<LearnerId> {
        let of = context.snapshot.members.iter().filter(|(group, _, _)| groups.contains(group));
        of.flat_map(|(_, _, learners)| learners).copied().collect()
    };
    let mut lost = 0;
    for (course, groups) in &losers {
        let keep = keepers.get(course).map(members).unwrap_or_default();
        let others = members(groups).into_iter().filter(|id| !seated.contains_key(id) && !keep.contains(id));
        lost += others.count() as u64;
    }
    lost
}

/// Judges what a plan takes away. `others` are enrollments that go from learners of other connectors.
pub(crate) fn check_removals(
    context: PlanContext<'_>,
    change_set: &ChangeSet,
    effect: &PlanImpact,
    others: u64,
    allow: bool,
) -> (HoldScope, Vec<LimitExceeded>) {
    let takes = !change_set.plan.remove.is_empty()
        || !effect.leaving.is_empty()
        || !change_set.absent.is_empty()
        || !change_set.catalogue.ended.is_empty();
    if !takes {
        return (HoldScope::Nothing, Vec::new());
    }
    let mut reasons = Vec::new();
    if !context.snapshot.other_files.is_empty() {
        let message = format!(
            "{} {} by another file: removals wait until all machines have the same one",
            context.snapshot.other_files.join(", "),
            if context.snapshot.other_files.len() == 1 { "goes" } else { "go" }
        );
        reasons.push(LimitExceeded { limit: HoldCause::FilesDiffer, message });
    }
    if !allow {
        reasons.extend(too_small(context, change_set));
        reasons.extend(too_many(context, effect, others));
    }
    if let Some(first) = reasons.first() {
        return (HoldScope::All(first.limit), reasons);
    }
    if allow {
        return (HoldScope::Nothing, reasons);
    }
    let groups = of_groups(context, change_set, effect, &mut reasons);
    (if groups.is_empty() { HoldScope::Nothing } else { HoldScope::Groups(groups) }, reasons)
}

/// Whether the reading holds too few of the people of the last good one. People whose leaving was decided on count as
/// held, so that a decision is not asked for twice; the message counts the people who were read.
fn too_small(context: PlanContext<'_>, change_set: &ChangeSet) -> Option<LimitExceeded> {
    if !change_set.complete || matches!(context.policy, LimitPolicy::Guard { retires: true, .. }) {
        return None;
    }
    let known = present(context);
    let came_again: FxHashSet<LearnerId> =
        change_set.changed_ids.iter().map(|(_, learner)| *learner).collect();
    let learner = |id: &String| context.snapshot.known.find(id).map(|person| person.learner);
    let gone = |ids: &[String]| {
        let gone = ids.iter().filter(|id| !is_newcomer(context, id));
        gone.filter(|id| learner(id).is_none_or(|one| !came_again.contains(&one))).count() as u64
    };
    let still = known.saturating_sub(gone(&change_set.absent));
    let read = still.saturating_sub(gone(&change_set.pinned_absent));
    let limits = &context.rules.limits;
    limits.is_too_small(still, known).then(|| LimitExceeded {
        limit: HoldCause::MinRead,
        message: format!(
            "the directory holds {} of the {} of the last good reading, the limit is {}",
            thousands(read),
            count(known, "person", "people"),
            limits.min_read
        ),
    })
}

/// Whether more would go than may go over 24 hours, or at once.
fn too_many(context: PlanContext<'_>, effect: &PlanImpact, others: u64) -> Vec<LimitExceeded> {
    let limits = &context.rules.limits;
    let charged = context.snapshot.charged;
    let mut reasons = Vec::new();
    let people = count(effect.people.len() as u64 + others, "person", "people");
    let then = context.snapshot.hold_baseline.as_ref().map(|before| before.had);
    let since = context.snapshot.charged_since;
    let mut weigh = |lost: u64, before: u64, base: u64, one: &str, many: &str| {
        let limit = limits.removals_of(base);
        if lost > 0 && lost + before > limit {
            let earlier = if before > 0 {
                format!(", and {} went in the last 24 hours", thousands(before))
            } else {
                String::new()
            };
            let what = count(lost, one, many);
            let whose = if one == "learner" { String::new() } else { format!(" of {people}") };
            let message = format!("{what}{whose} would go, the limit is {}{earlier}", thousands(limit));
            reasons.push(LimitExceeded { limit: HoldCause::MaxRemovals, message });
        }
    };
    let AccessTotals { learners, memberships, enrollments } = effect.had;
    let of = limit_base(memberships, charged.memberships, then.map(|had| had.memberships), since.memberships);
    weigh(effect.memberships.len() as u64, charged.memberships, of, "membership", "memberships");
    let of = limit_base(learners, charged.learners, then.map(|had| had.learners), since.learners);
    weigh(effect.leaving.len() as u64, charged.learners, of, "learner", "learners");
    let of = limit_base(enrollments, charged.enrollments, then.map(|had| had.enrollments), since.enrollments);
    weigh(effect.enrollments + others, charged.enrollments, of, "enrollment", "enrollments");
    if effect.people.len() as u64 + others > limits.max_removals_total {
        let message =
            format!("{people} would lose something, the limit is {}", thousands(limits.max_removals_total));
        reasons.push(LimitExceeded { limit: HoldCause::MaxRemovalsTotal, message });
    }
    reasons
}

/// The groups of which too large a part would go.
fn of_groups(
    context: PlanContext<'_>,
    change_set: &ChangeSet,
    effect: &PlanImpact,
    reasons: &mut Vec<LimitExceeded>,
) -> FxHashSet<GroupIndex> {
    let plan = &change_set.plan;
    let limits = &context.rules.limits;
    let own = |rule: RuleIndex| {
        let name = &plan.rules[rule as usize].name;
        context.rules.rules.iter().find(|one| one.name == *name).and_then(|one| one.max_group_removals)
    };
    let mut shares: FxHashMap<GroupIndex, Percent> = FxHashMap::default();
    for entry in &plan.remove {
        let share = own(entry.rule).unwrap_or(limits.max_group_removals);
        let least = shares.entry(entry.group).or_insert(share);
        if share < *least {
            *least = share;
        }
    }
    let mut lost: Vec<(GroupIndex, u64)> = effect.by_group().into_iter().collect();
    lost.sort_unstable();
    let share_of = |group: &GroupIndex| shares.get(group).copied().unwrap_or(limits.max_group_removals);
    lost.retain(|(group, lost)| *lost > share_of(group).of(20));
    let sizes = sizes(context, change_set, lost.iter().map(|(group, _)| *group));
    let mut held = FxHashSet::default();
    for (group, lost) in lost {
        let (today, share) = (sizes.get(&group).copied().unwrap_or(0), share_of(&group));
        let then = members_then(context, change_set, group, today);
        // A group that has grown out of being small since then is measured as it is.
        let size = if SafetyLimits::is_small_group(then) { today } else { then };
        if SafetyLimits::group_loses_too_many(share, lost, size) {
            let name = plan.groups[group as usize].name.shown();
            let message = format!(
                "`{name}` would lose {} of its {}, the limit is {share}",
                thousands(lost),
                count(size, "member", "members")
            );
            reasons.push(LimitExceeded { limit: HoldCause::MaxGroupRemovals, message });
            held.insert(group);
        }
    }
    held
}

/// What of a plan's additions waits.
#[derive(Debug, Default)]
pub(crate) struct HeldAdditions {
    /// Groups that are not made.
    pub(crate) groups: FxHashMap<GroupIndex, Disposition>,
    /// Rules that do not feed a group yet.
    pub(crate) meetings: FxHashMap<(RuleIndex, GroupIndex), Disposition>,
    /// Reasons that are not given by rules that were edited.
    pub(crate) growing: FxHashSet<(RuleIndex, GroupIndex)>,
    /// The limits that were reached.
    pub(crate) reasons: Vec<LimitExceeded>,
}

impl HeldAdditions {
    /// The limit for which a reason is not given.
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

/// Judges what a plan gives: new groups, groups made by hand that rules meet, groups that grow by an edit.
pub(crate) fn check_additions(context: PlanContext<'_>, change_set: &ChangeSet) -> HeldAdditions {
    let mut waiting = HeldAdditions::default();
    new_groups(context, change_set, &mut waiting);
    met_by_hand(context, change_set, &mut waiting);
    growth(context, change_set, &mut waiting);
    waiting
}

fn new_groups(context: PlanContext<'_>, change_set: &ChangeSet, waiting: &mut HeldAdditions) {
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
        let message = format!(
            "{} groups would be made, the limit is {}",
            thousands(fresh.len() as u64),
            thousands(limit)
        );
        waiting.reasons.push(LimitExceeded { limit: HoldCause::MaxNewGroups, message });
        waiting.groups.extend(fresh.into_iter().map(|at| (at, Disposition::Hold(HoldCause::MaxNewGroups))));
    }
}

/// Of the rules that make a group.
pub(crate) fn group_print(context: PlanContext<'_>, change_set: &ChangeSet, group: GroupIndex) -> i64 {
    let meetings = change_set.plan.meetings.iter().filter(|meeting| meeting.group == group);
    meetings.fold(0, |print, meeting| print ^ rule_print(context, change_set, meeting.rule))
}

/// Of a rule; 0 for one that the file no longer has.
pub(crate) fn rule_print(context: PlanContext<'_>, change_set: &ChangeSet, rule: RuleIndex) -> i64 {
    let name = &change_set.plan.rules[rule as usize].name;
    context.rules.rules.iter().find(|one| one.name == *name).map_or(0, rollcall_rules::rule::Rule::digest)
}

fn met_by_hand(context: PlanContext<'_>, change_set: &ChangeSet, waiting: &mut HeldAdditions) {
    let plan = &change_set.plan;
    for meeting in &plan.meetings {
        let group = &plan.groups[meeting.group as usize];
        let Some(id) = group.id.filter(|_| group.by_hand) else { continue };
        let rule = &plan.rules[meeting.rule as usize];
        let known = HeldGroup::Known(id);
        let key =
            ChangeKey { group: Some(&known), rule: rule.id, ..ChangeKey::default() }.key(ChangeKind::Meet);
        let decided = rule.id.and_then(|_: RuleId| {
            find_decision(context, &key, rule_print(context, change_set, meeting.rule))
        });
        let disposition = decided.unwrap_or(Disposition::Hold(HoldCause::HandMadeGroup));
        let place = (meeting.rule, meeting.group);
        if waiting.meetings.insert(place, disposition).is_none() && disposition.is_waiting() {
            let (rule, group) = (&rule.name, group.name.shown());
            let message = format!("the rule `{rule}` meets the group `{group}`, which was made by hand");
            waiting.reasons.push(LimitExceeded { limit: HoldCause::HandMadeGroup, message });
        }
    }
}

fn growth(context: PlanContext<'_>, change_set: &ChangeSet, waiting: &mut HeldAdditions) {
    let Some(then) = &context.snapshot.baseline else { return };
    let now = RunBaseline::of(context.rules, 0);
    let all = now.has_other_mapping(then);
    let plan = &change_set.plan;
    let edited: Vec<bool> =
        plan.rules.iter().map(|rule| all || now.has_other_rule(then, rule.name.as_str())).collect();
    if !edited.contains(&true) {
        return;
    }
    // What somebody has decided on is not given, and so makes nothing grow.
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
    let sizes = sizes(context, change_set, fresh.keys().copied());
    let mut grown: Vec<(GroupIndex, u64)> =
        fresh.iter().map(|(at, members)| (*at, members.len() as u64)).collect();
    grown.sort_unstable();
    for (at, more) in grown {
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
        let name = plan.groups[at as usize].name.shown();
        let message = format!(
            "`{name}` would grow from {} to {} members because the file was edited, the limit is {}",
            thousands(size),
            thousands(today + more),
            context.rules.limits.max_growth
        );
        waiting.reasons.push(LimitExceeded { limit: HoldCause::MaxGrowth, message });
        waiting.growing.extend(by.into_iter().map(|rule| (rule, at)));
    }
}
