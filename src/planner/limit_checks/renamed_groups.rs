//! Groups with courses that nearly all members leave for one other group: a unit that was renamed, whatever its size.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::change_set::ChangeSet;
use crate::impact::{CourseGrants, PlanImpact};
use crate::membership_plan::GroupIndex;
use crate::population::LearnerIndex;

/// Fewer people leave a group for the same one by chance.
const FEW_MEMBERS: usize = 5;

/// A group that nearly all members leave for another one, with the loss of a course.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RenamedGroup {
    pub(crate) from: GroupIndex,
    pub(crate) to: GroupIndex,
    /// The number of people who move.
    pub(crate) people: u64,
}

/// Finds the groups that at least nine of ten of their members by rule leave for one other group, and whose courses these
/// people lose. `size` returns the number of members of a group.
pub(crate) fn find_renamed_groups(
    change_set: &ChangeSet,
    effect: &PlanImpact,
    courses: &CourseGrants,
    size: impl Fn(GroupIndex) -> u64,
) -> Vec<RenamedGroup> {
    if effect.enrollments == 0 {
        return Vec::new();
    }
    let plan = &change_set.plan;
    let mut lost: FxHashMap<GroupIndex, FxHashSet<LearnerIndex>> = FxHashMap::default();
    for &(group, who) in &effect.memberships {
        let moves = change_set.population.learner(who).status.has_access();
        if moves && !courses.before[group as usize].is_empty() {
            lost.entry(group).or_default().insert(who);
        }
    }
    let by_rule = |group: GroupIndex| {
        let of_group = plan.before.iter().filter(|entry| entry.group == group && entry.rule != 0);
        of_group.map(|entry| entry.who).collect::<FxHashSet<_>>().len()
    };
    lost.retain(|&group, people| {
        let all = if change_set.complete {
            by_rule(group)
        } else {
            usize::try_from(size(group)).unwrap_or(usize::MAX)
        };
        people.len() >= FEW_MEMBERS && is_nearly_all(people.len(), all)
    });
    let mut renamed: Vec<RenamedGroup> = lost
        .into_iter()
        .filter_map(|(from, people)| find_target(change_set, courses, from, &people))
        .collect();
    renamed.sort_unstable_by_key(|group| group.from);
    renamed
}

/// Returns the other group that nearly all people join, if they lose a course.
fn find_target(
    change_set: &ChangeSet,
    courses: &CourseGrants,
    from: GroupIndex,
    people: &FxHashSet<LearnerIndex>,
) -> Option<RenamedGroup> {
    let plan = &change_set.plan;
    let joined = plan.add.iter().filter(|entry| entry.rule != 0 && people.contains(&entry.who));
    let mut joins: FxHashMap<GroupIndex, FxHashSet<LearnerIndex>> = FxHashMap::default();
    for entry in joined {
        joins.entry(entry.group).or_default().insert(entry.who);
    }
    let (to, moved) = joins.into_iter().max_by_key(|(group, who)| (who.len(), std::cmp::Reverse(*group)))?;
    if !is_nearly_all(moved.len(), people.len()) {
        return None;
    }
    let removed: FxHashSet<_> = plan.remove.iter().filter(|entry| moved.contains(&entry.who)).collect();
    let kept = plan.before.iter().filter(|entry| moved.contains(&entry.who) && !removed.contains(entry));
    let given = plan.add.iter().filter(|entry| moved.contains(&entry.who));
    let mut keeps: FxHashMap<LearnerIndex, FxHashSet<u32>> = FxHashMap::default();
    for entry in kept.chain(given) {
        keeps.entry(entry.who).or_default().extend(&courses.after[entry.group as usize]);
    }
    for (who, alone) in courses.alone.iter().filter(|(who, _)| moved.contains(who)) {
        keeps.entry(*who).or_default().extend(alone);
    }
    let of_group = &courses.before[from as usize];
    let loses = |who: &&LearnerIndex| {
        of_group.iter().any(|course| keeps.get(*who).is_none_or(|courses| !courses.contains(course)))
    };
    let people = moved.iter().filter(loses).count();
    is_nearly_all(people, moved.len()).then_some(RenamedGroup { from, to, people: moved.len() as u64 })
}

/// Returns true if `some` are at least nine of ten.
fn is_nearly_all(some: usize, all: usize) -> bool {
    some > 0 && some * 10 >= all * 9
}
