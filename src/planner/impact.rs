//! The impact of a plan: the memberships, enrollments and learners that it removes.
//!
//! A membership is lost with its last reason, an enrollment with the last assignment that gives it. A learner who moves
//! between two groups with the same courses loses a membership and no enrollment.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::membership_plan::{GroupIndex, MembershipEntry, MembershipPlan};
use crate::population::{LearnerIndex, PersonChange, Population};
use rollcall_model::guard::AccessTotals;
use rollcall_model::status::LearnerStatus;

/// The courses that groups and single learners give, before and after the plan. Courses are numbered from 0.
#[derive(Debug, Clone, Default)]
pub struct CourseGrants {
    /// The number of courses.
    pub count: usize,
    /// The courses of each group of the plan today.
    pub before: Vec<Vec<u32>>,
    /// The courses of each group of the plan afterwards, without those whose assignment ends.
    pub after: Vec<Vec<u32>>,
    /// The courses assigned to single learners.
    pub alone: FxHashMap<LearnerIndex, Vec<u32>>,
}

/// The removals of a plan, and the totals before it.
#[derive(Debug, Clone, Default)]
pub struct PlanImpact {
    /// Memberships whose last reason ends.
    pub memberships: FxHashSet<(GroupIndex, LearnerIndex)>,
    /// Learners who lose all access.
    pub leaving: FxHashSet<LearnerIndex>,
    /// The number of enrollments that no assignment gives any longer.
    pub enrollments: u64,
    /// Learners who lose a membership or an enrollment.
    pub people: FxHashSet<LearnerIndex>,
    /// The totals of this connector's people today.
    pub had: AccessTotals,
}

impl PlanImpact {
    /// Computes the impact of a plan. The totals are 0 if it removes nothing.
    #[must_use]
    pub fn of(plan: &MembershipPlan, population: &Population, courses: &CourseGrants) -> Self {
        let leaves = population.indices().any(|who| population.learner(who).loses_access());
        if plan.remove.is_empty() && !leaves && courses.before == courses.after {
            return Self::default();
        }
        Self::measured(plan, population, courses)
    }

    /// Computes the impact of a plan, with the totals in any case.
    #[must_use]
    pub fn measured(plan: &MembershipPlan, population: &Population, courses: &CourseGrants) -> Self {
        Self::measured_of(plan, population, courses, |_| true)
    }

    /// Computes the impact of a plan; the totals are those of the people of this connector that `counts` selects.
    #[must_use]
    pub(crate) fn measured_of(
        plan: &MembershipPlan,
        population: &Population,
        courses: &CourseGrants,
        counts: impl Fn(LearnerIndex) -> bool,
    ) -> Self {
        let leaving = population.indices().filter(|&who| population.learner(who).loses_access());
        let mut effect = Self { leaving: leaving.collect(), ..Self::default() };
        let is_own = |who: LearnerIndex| population.learner(who).change != PersonChange::None && counts(who);
        effect.memberships = plan.lost_memberships();
        effect.had.memberships = pairs(&plan.before, is_own);
        let had_access = |who: &LearnerIndex| {
            population.learner(*who).status_before.is_some_and(LearnerStatus::has_access)
        };
        effect.had.learners =
            population.indices().filter(|&who| is_own(who)).filter(had_access).count() as u64;
        effect.people.extend(effect.memberships.iter().map(|(_, who)| *who));
        effect.people.extend(effect.leaving.iter().copied());
        effect.enrollments(plan, population, courses, is_own);
        effect
    }

    /// Counts enrollments, 64 courses at a time: one bit for each course of a learner.
    fn enrollments(
        &mut self,
        plan: &MembershipPlan,
        population: &Population,
        courses: &CourseGrants,
        is_own: impl Fn(LearnerIndex) -> bool,
    ) {
        for first in (0..courses.count).step_by(64) {
            let bits =
                |groups: &[Vec<u32>]| -> Vec<u64> { groups.iter().map(|all| mask(all, first)).collect() };
            let (of_before, of_after) = (bits(&courses.before), bits(&courses.after));
            let mut before = vec![0_u64; population.learners.len()];
            let mut after = before.clone();
            let mut removed = plan.remove.iter().peekable();
            for entry in &plan.before {
                before[entry.who as usize] |= of_before[entry.group as usize];
                if removed.next_if_eq(&entry).is_none() {
                    after[entry.who as usize] |= of_after[entry.group as usize];
                }
            }
            for entry in &plan.add {
                after[entry.who as usize] |= of_after[entry.group as usize];
            }
            for (&who, alone) in &courses.alone {
                let learner = population.learner(who);
                let bits = mask(alone, first);
                before[who as usize] |=
                    if learner.status_before.is_some_and(LearnerStatus::has_access) { bits } else { 0 };
                after[who as usize] |= if learner.status.has_access() { bits } else { 0 };
            }
            for who in population.indices() {
                let (had, keeps) = (before[who as usize], after[who as usize]);
                let lost = u64::from((had & !keeps).count_ones());
                self.enrollments += lost;
                if lost > 0 {
                    self.people.insert(who);
                }
                if is_own(who) {
                    self.had.enrollments += u64::from(had.count_ones());
                }
            }
        }
    }

    /// The number of members that each group loses.
    #[must_use]
    pub fn by_group(&self) -> FxHashMap<GroupIndex, u64> {
        let mut lost = FxHashMap::default();
        for (group, _) in &self.memberships {
            *lost.entry(*group).or_default() += 1;
        }
        lost
    }
}

fn mask(courses: &[u32], first: usize) -> u64 {
    let places = courses.iter().filter_map(|&course| (course as usize).checked_sub(first));
    places.filter(|place| *place < 64).fold(0, |bits, place| bits | 1 << place)
}

/// Counts the distinct memberships of some learners; `entries` are sorted by group.
fn pairs(entries: &[MembershipEntry], counts: impl Fn(LearnerIndex) -> bool) -> u64 {
    let mut total = 0;
    let mut members: Vec<LearnerIndex> = Vec::new();
    for of_group in entries.chunk_by(|one, other| one.group == other.group) {
        members.clear();
        members.extend(of_group.iter().map(|entry| entry.who).filter(|&who| counts(who)));
        members.sort_unstable();
        members.dedup();
        total += members.len() as u64;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::EvaluatedLearner;
    use rollcall_model::attributes::AttributeSet;
    use rollcall_model::ids::LearnerId;
    use rollcall_model::people::PeopleTable;

    fn population(states: &[(LearnerStatus, LearnerStatus)]) -> Population {
        let mut population = Population::new(PeopleTable::new(&AttributeSet::default()));
        for (number, (was, status)) in (1..).zip(states) {
            let learner = EvaluatedLearner {
                id: Some(LearnerId(number)),
                row: None,
                change: PersonChange::Same,
                status_before: Some(*was),
                status: *status,
                sources: 1,
                contested: false,
            };
            population.push(learner, None);
        }
        population
    }

    fn entry(group: u32, rule: u32, who: u32) -> MembershipEntry {
        MembershipEntry { group, rule, who }
    }

    fn courses(before: &[&[u32]], after: &[&[u32]]) -> CourseGrants {
        let own = |groups: &[&[u32]]| groups.iter().map(|all| all.to_vec()).collect();
        CourseGrants { count: 100, before: own(before), after: own(after), ..CourseGrants::default() }
    }

    #[test]
    fn a_membership_is_lost_with_its_last_reason_and_an_enrollment_with_its_last_group() {
        use LearnerStatus::Active;
        let people = population(&[(Active, Active), (Active, Active), (Active, Active)]);
        let plan = MembershipPlan {
            before: vec![entry(0, 1, 0), entry(0, 1, 1), entry(0, 2, 1), entry(1, 1, 2)],
            remove: vec![entry(0, 1, 0), entry(0, 1, 1), entry(1, 1, 2)],
            add: vec![entry(1, 1, 0)],
            ..MembershipPlan::default()
        };
        let same: &[&[u32]] = &[&[3, 70], &[70]];
        let effect = PlanImpact::of(&plan, &people, &courses(same, same));
        assert_eq!(
            effect.memberships,
            FxHashSet::from_iter([(0, 0), (1, 2)]),
            "the second learner has a reason left"
        );
        assert_eq!(
            (effect.enrollments, effect.had.enrollments),
            (2, 5),
            "course 70 moves with the first learner"
        );
        assert_eq!((effect.had.memberships, effect.had.learners, effect.people.len()), (3, 3, 2));
        let nothing_instead = MembershipPlan { add: Vec::new(), ..plan };
        assert_eq!(PlanImpact::of(&nothing_instead, &people, &courses(same, same)).enrollments, 3);
    }

    #[test]
    fn an_assignment_that_ends_takes_enrollments_though_no_membership_goes() {
        let people = population(&[
            (LearnerStatus::Active, LearnerStatus::Active),
            (LearnerStatus::Active, LearnerStatus::Left),
        ]);
        let plan = MembershipPlan { before: vec![entry(0, 1, 0)], ..MembershipPlan::default() };
        let mut given = courses(&[&[1, 2]], &[&[2]]);
        given.alone.insert(1, vec![5]);
        let effect = PlanImpact::of(&plan, &people, &given);
        assert_eq!((effect.memberships.len(), effect.leaving.len(), effect.enrollments), (0, 1, 2));
    }
}
