//! What hands do: each change by hand, and whether it is one.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::reference_model::{
    LearnerKey, MembershipKey, ModelAssignmentTarget, ModelDueDate, ModelRunKind, ReferenceModel, RunNumber,
};

/// How long a deleted group can be restored.
const RESTORABLE: i64 = 30;

impl ReferenceModel {
    fn members_by_hand(
        &mut self,
        add: &BTreeSet<MembershipKey>,
        remove: &BTreeSet<MembershipKey>,
        today: NaiveDate,
        run: RunNumber,
    ) {
        self.keep_dues(add, remove, &[], today, run);
        self.change_members(add, remove, today, run);
    }

    /// Adds somebody to a group; false when that changes nothing.
    pub(super) fn add(&mut self, group: usize, who: &LearnerKey, today: NaiveDate, run: RunNumber) -> bool {
        let reason = MembershipKey { group, rule: "", who: who.clone() };
        if self.members.contains_key(&reason) {
            return false;
        }
        self.runs.insert(run, ModelRunKind::ByHand);
        self.lift(group, who, run);
        if self.learners[who].status.has_access() {
            self.members_by_hand(&[reason].into(), &BTreeSet::new(), today, run);
        } else {
            self.waits(group, who, run);
        }
        true
    }

    /// Removes somebody from a group; false when that changes nothing.
    pub(super) fn remove(
        &mut self,
        group: usize,
        who: &LearnerKey,
        today: NaiveDate,
        run: RunNumber,
    ) -> bool {
        let reasons: BTreeSet<MembershipKey> = self.reasons(group, who).into_iter().collect();
        let rested = self.end_waiting(group, who, run);
        if reasons.is_empty() && !rested {
            return false;
        }
        self.runs.insert(run, ModelRunKind::ByHand);
        if reasons.iter().any(|reason| !reason.rule.is_empty()) {
            self.exclude(group, who, run);
        }
        self.members_by_hand(&BTreeSet::new(), &reasons, today, run);
        true
    }

    /// Deletes a group.
    pub(super) fn delete(&mut self, group: usize, today: NaiveDate, run: RunNumber) {
        self.runs.insert(run, ModelRunKind::ByHand);
        self.assignments_of(group).into_iter().for_each(|at| self.assignments[at].ended = Some(run));
        let members = self.members.keys().filter(|reason| reason.group == group).cloned().collect();
        self.members_by_hand(&BTreeSet::new(), &members, today, run);
        self.groups[group].deleted = Some((run, today));
    }

    fn assignments_of(&self, group: usize) -> Vec<usize> {
        let all = self.assignments.iter().enumerate();
        let all =
            all.filter(|(_, one)| one.ended.is_none() && one.whom == ModelAssignmentTarget::Group(group));
        all.map(|(at, _)| at).collect()
    }

    /// The group that `restore` would bring back.
    pub(super) fn restorable(&self, name: &str, today: NaiveDate) -> Option<usize> {
        if self.find_group(name).is_some() {
            return None;
        }
        let deleted = self.groups.iter().enumerate().filter(|(_, group)| group.name == name);
        let (at, group) = deleted.max_by_key(|(_, group)| group.deleted)?;
        let (_, day) = group.deleted?;
        ((today - day).num_days() < RESTORABLE).then_some(at)
    }

    /// Restores a group with its members, their days of joining, and its assignments. Who has left meanwhile is there
    /// again on coming back.
    pub(super) fn restore(&mut self, group: usize, today: NaiveDate, run: RunNumber) {
        let (deletion, _) = self.groups[group].deleted.take().expect("a deleted group");
        self.runs.insert(run, ModelRunKind::ByHand);
        let ended: Vec<_> = self
            .ended
            .iter()
            .filter(|one| one.run == deletion && one.reason.group == group)
            .cloned()
            .collect();
        for one in ended {
            let who = &one.reason.who;
            if self.learners[who].status.has_access() {
                self.change_members(&[one.reason.clone()].into(), &BTreeSet::new(), today, run);
                let given = self.members.get_mut(&one.reason).expect("just given");
                given.joined = one.given.joined;
            } else if one.reason.rule.is_empty() {
                self.waits(group, who, run);
            }
        }
        self.groups[group].restored = Some(run);
        for one in &mut self.assignments {
            if one.whom == ModelAssignmentTarget::Group(group) && one.ended == Some(deletion) {
                (one.ended, one.restored) = (None, Some(run));
            }
        }
    }

    /// Assigns a course, or changes when it is due; false when it is so already.
    pub(super) fn assign(
        &mut self,
        course: &'static str,
        whom: ModelAssignmentTarget,
        due: ModelDueDate,
        today: NaiveDate,
        run: RunNumber,
    ) -> bool {
        let there = self.by_hand(course, &whom);
        match there {
            Some(at) if self.assignments[at].due == due => return false,
            Some(at) => self.change_due(at, due, run),
            None => self.assign_anew(course, whom, due, None, today, run),
        }
        self.runs.insert(run, ModelRunKind::ByHand);
        true
    }

    /// Ends an assignment by hand; false when there is none.
    pub(super) fn unassign(
        &mut self,
        course: &'static str,
        whom: &ModelAssignmentTarget,
        run: RunNumber,
    ) -> bool {
        let Some(at) = self.by_hand(course, whom) else { return false };
        self.assignments[at].ended = Some(run);
        self.runs.insert(run, ModelRunKind::ByHand);
        true
    }

    fn by_hand(&self, course: &str, whom: &ModelAssignmentTarget) -> Option<usize> {
        self.assignments.iter().position(|one| {
            one.ended.is_none() && one.pattern.is_none() && one.course == course && one.whom == *whom
        })
    }

    /// Notes that a course is done; false when it was before, or there never was an enrollment.
    pub(super) fn complete(&mut self, who: &LearnerKey, course: &'static str, run: RunNumber) -> bool {
        let one = self.enrollments.get_mut(&(who.clone(), course)).filter(|one| one.completed.is_none());
        let Some(one) = one else { return false };
        one.completed = Some(run);
        self.runs.insert(run, ModelRunKind::ByHand);
        true
    }
}
