//! The courses that groups and learners give, to count the enrollments that a plan removes.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::PlanContext;
use crate::change_set::ChangeSet;
use crate::impact::CourseGrants;
use crate::membership_plan::GroupIndex;
use crate::population::LearnerIndex;
use crate::snapshot::AssignmentScope;
use rollcall_model::ids::{CourseId, GroupId, LearnerId};
use rollcall_model::names::fold;

/// Returns the courses that groups and single learners give before and after a plan.
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
    let learners: FxHashMap<LearnerId, LearnerIndex> =
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
                if let Some(&who) = learners.get(&learner) {
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

/// Counts the enrollments that learners of other connectors lose because assignments of the file end.
pub(crate) fn count_lost_by_others(context: PlanContext<'_>, change_set: &ChangeSet) -> u64 {
    if change_set.catalogue.ended.is_empty() {
        return 0;
    }
    let ended: FxHashSet<_> = change_set.catalogue.ended.iter().copied().collect();
    let of_plan = learner_indices(change_set);
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
        let others = members(groups).into_iter().filter(|id| !of_plan.contains_key(id) && !keep.contains(id));
        lost += others.count() as u64;
    }
    lost
}
