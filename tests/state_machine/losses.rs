//! How much people have, and how much of it a plan takes.

use std::collections::BTreeSet;

use super::plan::{ModelPlan, ModelPlanner};
use super::reference_model::{LearnerKey, ModelAssignmentTarget, ModelLoss};

impl ModelPlanner<'_> {
    /// Memberships whose last reason ends, and how much is lost in all.
    pub(super) fn lost(&self, plan: &ModelPlan) -> (BTreeSet<(usize, LearnerKey)>, ModelLoss) {
        let stays = |group: usize, who: &LearnerKey| {
            let mut reasons = self.model.reasons(group, who).into_iter();
            reasons.any(|reason| !plan.remove.contains(&reason))
                || plan.add.iter().any(|reason| reason.group == group && reason.who == *who)
        };
        let pairs = plan.remove.iter().map(|reason| (reason.group, reason.who.clone()));
        let lost: BTreeSet<(usize, LearnerKey)> = pairs.filter(|(group, who)| !stays(*group, who)).collect();
        let mut enrollments = 0;
        for (who, seat) in &plan.learners {
            let groups = self.model.groups_of(who);
            let had = self.courses(who, &groups, seat.had_access(), None);
            let mut then: BTreeSet<usize> =
                groups.into_iter().filter(|group| !lost.contains(&(*group, who.clone()))).collect();
            then.extend(plan.add.iter().filter(|reason| reason.who == *who).map(|reason| reason.group));
            let keeps = self.courses(who, &then, seat.status.has_access(), Some(plan));
            enrollments += had.difference(&keeps).count();
        }
        for (who, _) in self.model.learners.iter().filter(|(who, _)| !plan.learners.contains_key(*who)) {
            let groups = self.model.groups_of(who);
            let keeps = self.courses(who, &groups, true, Some(plan));
            enrollments += self.courses(who, &groups, true, None).difference(&keeps).count();
        }
        let learners = plan.learners.values().filter(|seat| seat.goes()).count();
        let amount = ModelLoss { memberships: lost.len(), learners, enrollments };
        (lost, amount)
    }

    /// The courses that somebody in some groups has, today or after a plan.
    pub(super) fn courses(
        &self,
        who: &LearnerKey,
        groups: &BTreeSet<usize>,
        access: bool,
        plan: Option<&ModelPlan>,
    ) -> BTreeSet<&'static str> {
        let holds = |whom: &ModelAssignmentTarget| match whom {
            ModelAssignmentTarget::Group(group) => groups.contains(group),
            ModelAssignmentTarget::Learner(one) => access && one == who,
        };
        let all = self.model.assignments.iter().enumerate().filter(|(_, one)| one.ended.is_none());
        let all = all.filter(|(at, _)| plan.is_none_or(|plan| !plan.catalogue.ended.contains(at)));
        let mut courses: BTreeSet<&'static str> =
            all.filter(|(_, one)| holds(&one.whom)).map(|(_, one)| one.course).collect();
        let new = plan.into_iter().flat_map(|plan| &plan.catalogue.new);
        courses.extend(new.filter(|(group, ..)| groups.contains(group)).map(|(_, course, ..)| *course));
        courses
    }

    /// What this connector's people have today.
    pub(super) fn had(&self, plan: &ModelPlan) -> ModelLoss {
        self.had_of(plan, |_| true)
    }

    /// What limits are measured against: what those have who did not come in the last 24 hours, if one has access.
    pub(super) fn had_before_day(&self, plan: &ModelPlan) -> ModelLoss {
        let day = self.model.guarded[self.connector].day;
        let persons = self.model.persons.iter().filter(|((connector, _), _)| *connector == self.connector);
        let older: BTreeSet<&LearnerKey> = persons
            .filter(|(_, person)| person.present && person.first_run < day)
            .map(|(_, person)| &person.who)
            .collect();
        let had = self.had_of(plan, |who| older.contains(who));
        if had.learners > 0 { had } else { self.had(plan) }
    }

    fn had_of(&self, plan: &ModelPlan, counts: impl Fn(&LearnerKey) -> bool) -> ModelLoss {
        let mut had = ModelLoss::default();
        for (who, seat) in plan.learners.iter().filter(|(who, seat)| seat.is_own() && counts(who)) {
            let groups = self.model.groups_of(who);
            had.memberships += groups.len();
            had.learners += usize::from(seat.had_access());
            had.enrollments += self.courses(who, &groups, seat.had_access(), None).len();
        }
        had
    }
}
