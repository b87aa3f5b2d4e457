//! Which removals and which additions of a plan must wait.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::guard::HeldGroup;
use crate::model::guard::before::base;
use crate::model::guard::effect::Courses;
use crate::model::guard::{Effect, Had, Kind, Limit, Limits, Named, Percent, Reason};
use crate::model::ids::{CourseId, GroupId, LearnerId, RuleId};
use crate::model::names::fold;
use crate::model::plan::{Entry, GroupAt, RuleAt};
use crate::model::population::Who;
use crate::model::words::{count, thousands};
use crate::store::assignments::Whom;
use crate::sync::baseline::Baseline;
use crate::sync::facts::{decision, is_newcomer, present};
use crate::sync::guarded::Policy;
use crate::sync::measured::{members_then, sizes};
use crate::sync::prepare::{Ask, Prepared};
use crate::sync::taken::decided;

/// Which of a plan's removals wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// None.
    Nothing,
    /// Those of some groups.
    Groups(FxHashSet<GroupAt>),
    /// All of them.
    All(Limit),
}

/// The courses that groups and learners give before and after a plan.
pub(super) fn courses(ask: Ask<'_>, prepared: &Prepared) -> Courses {
    let gathered = ask.gathered;
    let mut numbers: FxHashMap<String, u32> = FxHashMap::default();
    let mut codes: FxHashMap<CourseId, u32> = FxHashMap::default();
    let mut number = |code: String| {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        *numbers.entry(code).or_insert(next)
    };
    let groups = prepared.plan.groups.len();
    let mut courses =
        Courses { before: vec![Vec::new(); groups], after: vec![Vec::new(); groups], ..Courses::default() };
    let group_at: FxHashMap<GroupId, GroupAt> =
        (0..).zip(&prepared.plan.groups).filter_map(|(at, group)| Some((group.id?, at))).collect();
    let ended: FxHashSet<_> = prepared.catalogue.ended.iter().copied().collect();
    let alone = gathered.assignments.iter().any(|one| matches!(one.whom, Whom::Learner(_)));
    let seats: FxHashMap<LearnerId, Who> = if alone { seats(prepared) } else { FxHashMap::default() };
    for one in &gathered.assignments {
        let course = *codes.entry(one.course).or_insert_with(|| number(fold(&one.code)));
        match one.whom {
            Whom::Group(group) => {
                let Some(&at) = group_at.get(&group) else { continue };
                courses.before[at as usize].push(course);
                if !ended.contains(&one.id) {
                    courses.after[at as usize].push(course);
                }
            }
            Whom::Learner(learner) => {
                if let Some(&who) = seats.get(&learner) {
                    courses.alone.entry(who).or_default().push(course);
                }
            }
        }
    }
    for met in &prepared.catalogue.new {
        let course = number(met.course.clone());
        courses.after[met.group as usize].push(course);
    }
    courses.count = numbers.len();
    courses
}

fn seats(prepared: &Prepared) -> FxHashMap<LearnerId, Who> {
    (0..).zip(&prepared.population.learners).filter_map(|(who, learner)| Some((learner.id?, who))).collect()
}

/// Enrollments that assignments of the file take with them from learners of other connectors.
pub(super) fn taken_from_others(ask: Ask<'_>, prepared: &Prepared) -> u64 {
    if prepared.catalogue.ended.is_empty() {
        return 0;
    }
    let ended: FxHashSet<_> = prepared.catalogue.ended.iter().copied().collect();
    let seated = seats(prepared);
    let group_id = |at: GroupAt| prepared.plan.groups[at as usize].id;
    let mut losers: FxHashMap<String, FxHashSet<GroupId>> = FxHashMap::default();
    let mut keepers: FxHashMap<String, FxHashSet<GroupId>> = FxHashMap::default();
    for one in &ask.gathered.assignments {
        if let Whom::Group(group) = one.whom {
            let side = if ended.contains(&one.id) { &mut losers } else { &mut keepers };
            side.entry(fold(&one.code)).or_default().insert(group);
        }
    }
    for met in &prepared.catalogue.new {
        keepers.entry(met.course.clone()).or_default().extend(group_id(met.group));
    }
    let members = |groups: &FxHashSet<GroupId>| -> FxHashSet<LearnerId> {
        let of = ask.gathered.members.iter().filter(|(group, _, _)| groups.contains(group));
        of.flat_map(|(_, _, ids)| ids.split(' ')).filter_map(|id| id.parse().ok()).map(LearnerId).collect()
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
pub(super) fn removals(
    ask: Ask<'_>,
    prepared: &Prepared,
    effect: &Effect,
    others: u64,
    allow: bool,
) -> (Scope, Vec<Reason>) {
    let takes = !prepared.plan.remove.is_empty()
        || !effect.leaving.is_empty()
        || !prepared.absent.is_empty()
        || !prepared.catalogue.ended.is_empty();
    if !takes {
        return (Scope::Nothing, Vec::new());
    }
    let mut reasons = Vec::new();
    if !ask.gathered.other_files.is_empty() {
        let message = format!(
            "{} {} by another file: removals wait until all machines have the same one",
            ask.gathered.other_files.join(", "),
            if ask.gathered.other_files.len() == 1 { "goes" } else { "go" }
        );
        reasons.push(Reason { limit: Limit::FilesDiffer, message });
    }
    if !allow {
        reasons.extend(too_small(ask, prepared));
        reasons.extend(too_many(ask, effect, others));
    }
    if let Some(first) = reasons.first() {
        return (Scope::All(first.limit), reasons);
    }
    if allow {
        return (Scope::Nothing, reasons);
    }
    let groups = of_groups(ask, prepared, effect, &mut reasons);
    (if groups.is_empty() { Scope::Nothing } else { Scope::Groups(groups) }, reasons)
}

/// Whether the reading holds too few of the people of the last good one.
fn too_small(ask: Ask<'_>, prepared: &Prepared) -> Option<Reason> {
    if !prepared.complete || matches!(ask.policy, Policy::Guard { retires: true, .. }) {
        return None;
    }
    let known = present(ask);
    let came_again: FxHashSet<LearnerId> = prepared.rekeyed.iter().map(|(_, learner)| *learner).collect();
    let learner = |id: &&String| ask.gathered.known.find(id).map(|person| person.learner);
    let gone = prepared.absent.iter().filter(|id| !is_newcomer(ask, id));
    let gone = gone.filter(|id| learner(id).is_none_or(|one| !came_again.contains(&one)));
    let still = known.saturating_sub(gone.count() as u64);
    let limits = &ask.file.limits;
    limits.is_too_small(still, known).then(|| Reason {
        limit: Limit::MinRead,
        message: format!(
            "the directory holds {} of the {} of the last good reading, the limit is {}",
            thousands(still),
            count(known, "person", "people"),
            limits.min_read
        ),
    })
}

/// Whether more would go than may go over 24 hours, or at once.
fn too_many(ask: Ask<'_>, effect: &Effect, others: u64) -> Vec<Reason> {
    let limits = &ask.file.limits;
    let charged = ask.gathered.charged;
    let mut reasons = Vec::new();
    let people = count(effect.people.len() as u64 + others, "person", "people");
    let then = ask.gathered.before_hold.as_ref().map(|before| before.had);
    let since = ask.gathered.charged_since;
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
            reasons.push(Reason { limit: Limit::MaxRemovals, message });
        }
    };
    let Had { learners, memberships, enrollments } = effect.had;
    let of = base(memberships, charged.memberships, then.map(|had| had.memberships), since.memberships);
    weigh(effect.memberships.len() as u64, charged.memberships, of, "membership", "memberships");
    let of = base(learners, charged.learners, then.map(|had| had.learners), since.learners);
    weigh(effect.leaving.len() as u64, charged.learners, of, "learner", "learners");
    let of = base(enrollments, charged.enrollments, then.map(|had| had.enrollments), since.enrollments);
    weigh(effect.enrollments + others, charged.enrollments, of, "enrollment", "enrollments");
    if effect.people.len() as u64 + others > limits.max_removals_total {
        let message =
            format!("{people} would lose something, the limit is {}", thousands(limits.max_removals_total));
        reasons.push(Reason { limit: Limit::MaxRemovalsTotal, message });
    }
    reasons
}

/// The groups of which too large a part would go.
fn of_groups(
    ask: Ask<'_>,
    prepared: &Prepared,
    effect: &Effect,
    reasons: &mut Vec<Reason>,
) -> FxHashSet<GroupAt> {
    let plan = &prepared.plan;
    let limits = &ask.file.limits;
    let own = |rule: RuleAt| {
        let name = &plan.rules[rule as usize].name;
        ask.file.rules.iter().find(|one| one.name == *name).and_then(|one| one.max_group_removals)
    };
    let mut shares: FxHashMap<GroupAt, Percent> = FxHashMap::default();
    for entry in &plan.remove {
        let share = own(entry.rule).unwrap_or(limits.max_group_removals);
        let least = shares.entry(entry.group).or_insert(share);
        if share < *least {
            *least = share;
        }
    }
    let mut lost: Vec<(GroupAt, u64)> = effect.by_group().into_iter().collect();
    lost.sort_unstable();
    let share_of = |group: &GroupAt| shares.get(group).copied().unwrap_or(limits.max_group_removals);
    lost.retain(|(group, lost)| *lost > share_of(group).of(20));
    let sizes = sizes(ask, prepared, lost.iter().map(|(group, _)| *group));
    let mut held = FxHashSet::default();
    for (group, lost) in lost {
        let (today, share) = (sizes.get(&group).copied().unwrap_or(0), share_of(&group));
        let then = members_then(ask, prepared, group, today);
        // A group that has grown out of being small since then is measured as it is.
        let size = if Limits::is_small_group(then) { today } else { then };
        if Limits::group_loses_too_many(share, lost, size) {
            let name = plan.groups[group as usize].name.shown();
            let message = format!(
                "`{name}` would lose {} of its {}, the limit is {share}",
                thousands(lost),
                count(size, "member", "members")
            );
            reasons.push(Reason { limit: Limit::MaxGroupRemovals, message });
            held.insert(group);
        }
    }
    held
}

/// What of a plan's additions waits.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Groups that are not made.
    pub(super) groups: FxHashMap<GroupAt, Limit>,
    /// Rules that do not feed a group yet.
    pub(super) meetings: FxHashMap<(RuleAt, GroupAt), Limit>,
    /// Reasons that are not given by rules that were edited.
    pub(super) growing: FxHashSet<(RuleAt, GroupAt)>,
    /// The limits that were reached.
    pub(super) reasons: Vec<Reason>,
}

impl Waiting {
    /// The limit for which a reason is not given.
    pub(super) fn limit(&self, entry: &Entry) -> Option<Limit> {
        let of_group = self.groups.get(&entry.group).copied();
        let of_meeting = self.meetings.get(&(entry.rule, entry.group)).copied();
        let grows = self.growing.contains(&(entry.rule, entry.group)).then_some(Limit::MaxGrowth);
        of_group.or(of_meeting).or(grows)
    }
}

/// Judges what a plan gives: new groups, groups made by hand that rules meet, groups that grow by an edit.
pub(super) fn additions(ask: Ask<'_>, prepared: &Prepared) -> Waiting {
    let mut waiting = Waiting::default();
    new_groups(ask, prepared, &mut waiting);
    met_by_hand(ask, prepared, &mut waiting);
    growth(ask, prepared, &mut waiting);
    waiting
}

fn new_groups(ask: Ask<'_>, prepared: &Prepared, waiting: &mut Waiting) {
    let plan = &prepared.plan;
    let made = || (0..).zip(&plan.groups).filter(|(_, group)| group.is_made());
    for (at, group) in made() {
        let new = HeldGroup::New(group.name.shown().to_owned());
        let key = Named { group: Some(&new), ..Named::default() }.key(Kind::Group);
        if let Some(limit) = decision(ask, &key, group_print(ask, prepared, at)) {
            waiting.groups.insert(at, limit);
        }
    }
    let fresh: Vec<GroupAt> =
        made().map(|(at, _)| at).filter(|at| !waiting.groups.contains_key(at)).collect();
    let limit = ask.file.limits.max_new_groups;
    if ask.gathered.has_good_run && fresh.len() as u64 > limit {
        let message = format!(
            "{} groups would be made, the limit is {}",
            thousands(fresh.len() as u64),
            thousands(limit)
        );
        waiting.reasons.push(Reason { limit: Limit::MaxNewGroups, message });
        waiting.groups.extend(fresh.into_iter().map(|at| (at, Limit::MaxNewGroups)));
    }
}

/// Of the rules that make a group.
pub(super) fn group_print(ask: Ask<'_>, prepared: &Prepared, group: GroupAt) -> i64 {
    let meetings = prepared.plan.meetings.iter().filter(|meeting| meeting.group == group);
    meetings.fold(0, |print, meeting| print ^ rule_print(ask, prepared, meeting.rule))
}

/// Of a rule; 0 for one that the file no longer has.
pub(super) fn rule_print(ask: Ask<'_>, prepared: &Prepared, rule: RuleAt) -> i64 {
    let name = &prepared.plan.rules[rule as usize].name;
    ask.file.rules.iter().find(|one| one.name == *name).map_or(0, crate::model::rule::Rule::digest)
}

fn met_by_hand(ask: Ask<'_>, prepared: &Prepared, waiting: &mut Waiting) {
    let plan = &prepared.plan;
    for meeting in &plan.meetings {
        let group = &plan.groups[meeting.group as usize];
        let Some(id) = group.id.filter(|_| group.by_hand) else { continue };
        let rule = &plan.rules[meeting.rule as usize];
        let known = HeldGroup::Known(id);
        let key = Named { group: Some(&known), rule: rule.id, ..Named::default() }.key(Kind::Meet);
        let decided =
            rule.id.and_then(|_: RuleId| decision(ask, &key, rule_print(ask, prepared, meeting.rule)));
        let limit = decided.unwrap_or(Limit::HandMadeGroup);
        let place = (meeting.rule, meeting.group);
        if waiting.meetings.insert(place, limit).is_none() && limit == Limit::HandMadeGroup {
            let (rule, group) = (&rule.name, group.name.shown());
            let message = format!("the rule `{rule}` meets the group `{group}`, which was made by hand");
            waiting.reasons.push(Reason { limit, message });
        }
    }
}

fn growth(ask: Ask<'_>, prepared: &Prepared, waiting: &mut Waiting) {
    let Some(then) = &ask.gathered.baseline else { return };
    let now = Baseline::of(ask.file, ask.connector, 0);
    let all = now.has_other_mapping(then);
    let plan = &prepared.plan;
    let edited: Vec<bool> =
        plan.rules.iter().map(|rule| all || now.has_other_rule(then, rule.name.as_str())).collect();
    if !edited.contains(&true) {
        return;
    }
    // What somebody has decided on is not given, and so makes nothing grow.
    let is_given = |entry: &&Entry| {
        waiting.limit(entry).is_none() && decided(ask, prepared, Kind::Give, entry).is_none()
    };
    let mut fresh: FxHashMap<GroupAt, FxHashSet<Who>> = FxHashMap::default();
    for entry in plan.add.iter().filter(|entry| entry.rule != 0).filter(is_given) {
        if plan.groups[entry.group as usize].id.is_some() {
            fresh.entry(entry.group).or_default().insert(entry.who);
        }
    }
    if ask.gathered.before_hold.is_none() {
        fresh.retain(|_, members| ask.file.limits.grows_too_much(0, members.len() as u64));
    }
    for entry in &plan.before {
        if let Some(members) = fresh.get_mut(&entry.group) {
            members.remove(&entry.who);
        }
    }
    let sizes = sizes(ask, prepared, fresh.keys().copied());
    let mut grown: Vec<(GroupAt, u64)> =
        fresh.iter().map(|(at, members)| (*at, members.len() as u64)).collect();
    grown.sort_unstable();
    for (at, more) in grown {
        let today = sizes.get(&at).copied().unwrap_or(0);
        let size = members_then(ask, prepared, at, today);
        let by: FxHashSet<RuleAt> = plan
            .add
            .iter()
            .filter(|entry| entry.group == at && edited[entry.rule as usize] && entry.rule != 0)
            .map(|entry| entry.rule)
            .collect();
        if by.is_empty() || more == 0 || !ask.file.limits.grows_too_much(size, today + more) {
            continue;
        }
        let name = plan.groups[at as usize].name.shown();
        let message = format!(
            "`{name}` would grow from {} to {} members because the file was edited, the limit is {}",
            thousands(size),
            thousands(today + more),
            ask.file.limits.max_growth
        );
        waiting.reasons.push(Reason { limit: Limit::MaxGrowth, message });
        waiting.growing.extend(by.into_iter().map(|rule| (rule, at)));
    }
}
