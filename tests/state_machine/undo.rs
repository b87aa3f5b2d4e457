//! What taking back a run or a change by hand does.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::reference_model::{
    EndedMembership, LearnerKey, MembershipKey, ModelAssignmentTarget, ModelChange, ModelDecision,
    ModelExclusion, ModelFingerprint, ModelHold, ModelLoss, ModelRunKind, ReferenceModel, RunNumber,
};
use super::rules::ModelConfig;

/// An undo under way.
pub(super) struct ModelUndo<'a> {
    pub(super) file: &'a ModelConfig,
    pub(super) today: NaiveDate,
    /// What is taken back.
    pub(super) of: RunNumber,
    /// The number of the undo.
    pub(super) run: RunNumber,
    pub(super) connector: Option<usize>,
    /// What is not to be done again.
    pub(super) standing: BTreeMap<ModelChange, ModelFingerprint>,
    pub(super) touched: bool,
    pub(super) did: bool,
}

impl ReferenceModel {
    /// Takes back what a run did; false when there is nothing to take back.
    pub(super) fn undo(
        &mut self,
        file: &ModelConfig,
        today: NaiveDate,
        of: RunNumber,
        run: RunNumber,
    ) -> bool {
        let kind = self.runs[&of];
        let connector = match kind {
            ModelRunKind::Of(connector) | ModelRunKind::Undo(connector) | ModelRunKind::Resync(connector) => {
                Some(connector)
            }
            ModelRunKind::Suspension => return false,
            ModelRunKind::UndoByHand
            | ModelRunKind::Rejection(_)
            | ModelRunKind::ByHand
            | ModelRunKind::Failed => None,
        };
        let (standing, touched, did) = (BTreeMap::new(), false, false);
        let undoing = ModelUndo { file, today, of, run, connector, standing, touched, did };
        let mut then = self.clone();
        let undoing = then.revert_run(undoing, kind);
        if undoing.did {
            *self = then;
        }
        undoing.did
    }

    fn revert_run<'a>(&mut self, mut undoing: ModelUndo<'a>, kind: ModelRunKind) -> ModelUndo<'a> {
        self.restore_groups(&mut undoing);
        let is_by_hand = matches!(
            kind,
            ModelRunKind::ByHand
                | ModelRunKind::Resync(_)
                | ModelRunKind::Rejection(_)
                | ModelRunKind::Undo(_)
                | ModelRunKind::UndoByHand
        );
        self.restore_members(&mut undoing, is_by_hand);
        self.restore_assignments(&mut undoing);
        self.restore_manual_changes(&mut undoing, is_by_hand);
        let ModelUndo { of, run, connector, .. } = undoing;
        let is_undo = matches!(kind, ModelRunKind::Undo(_) | ModelRunKind::UndoByHand);
        self.runs.insert(run, connector.map_or(ModelRunKind::UndoByHand, ModelRunKind::Undo));
        if is_undo {
            for guarded in &mut self.guarded {
                guarded.holds.retain(|_, hold| hold.decision != ModelDecision::Undone(of));
            }
        } else if let Some(connector) = connector {
            let holds = &mut self.guarded[connector].holds;
            for (change, print) in std::mem::take(&mut undoing.standing) {
                let hold = ModelHold { decision: ModelDecision::Undone(run), print, first: run, last: run };
                holds.insert(change, hold);
            }
            self.forget_dropped(connector);
        }
        if !undoing.touched {
            for guarded in &mut self.guarded {
                guarded.charged.entry(of).and_modify(|charged| *charged = ModelLoss::default());
            }
        }
        undoing
    }

    /// Groups that were deleted are there again, unless another one is called so by now.
    fn restore_groups(&mut self, undoing: &mut ModelUndo<'_>) {
        for at in 0..self.groups.len() {
            if self.groups[at].deleted.is_none_or(|(run, _)| run != undoing.of) {
                continue;
            }
            if self.find_group(&self.groups[at].name).is_some() {
                undoing.touched = true;
            } else {
                (self.groups[at].deleted, self.groups[at].restored) = (None, Some(undoing.run));
                undoing.did = true;
            }
        }
    }

    /// Memberships that a run gave, and that stand, whichever undo gave them back and whenever they took effect.
    fn given_by(&self, of: RunNumber) -> BTreeSet<MembershipKey> {
        let is_its = |reason: &MembershipKey, mut run: RunNumber| loop {
            if run == of {
                return true;
            }
            let waited = self.resting.get(&(reason.group, reason.who.clone()));
            if reason.rule.is_empty() && waited.is_some_and(|one| one.ended == Some(run) && one.run == of) {
                return true;
            }
            let Some(ended_by) = self.undone.get(&run) else { return false };
            let before = self.ended.iter().find(|one| one.run == *ended_by && one.reason == *reason);
            let Some(before) = before else { return false };
            run = before.given.run;
        };
        let all = self.members.iter().filter(|(reason, given)| is_its(reason, given.run));
        all.map(|(reason, _)| reason.clone()).collect()
    }

    fn is_undone(&self, run: RunNumber, but: RunNumber) -> bool {
        let undos = self.undone.iter().filter(|(undo, of)| **of == run && **undo != but);
        undos.into_iter().any(|(undo, _)| !self.undone.values().any(|of| of == undo))
    }

    fn restore_members(&mut self, undoing: &mut ModelUndo<'_>, is_by_hand: bool) {
        let ModelUndo { of, run, today, .. } = *undoing;
        self.undone.insert(run, of);
        let back =
            if undoing.connector.is_some() { self.find_restored_learners(undoing) } else { BTreeMap::new() };
        let ended: Vec<EndedMembership> = self.ended.iter().filter(|one| one.run == of).cloned().collect();
        let status = |who: &LearnerKey| back.get(who).copied().unwrap_or(self.learners[who].status);
        let mut again: BTreeSet<MembershipKey> = BTreeSet::new();
        for EndedMembership { reason, given, .. } in &ended {
            let since = self.ended.iter().any(|one| {
                let is_its_undo = self.undone.get(&one.run) == Some(&one.given.run);
                one.reason == *reason && one.run > of && !is_its_undo
            });
            let is_gone = self.groups[reason.group].deleted.is_some() || !status(&reason.who).has_access();
            let is_undone = self.is_undone(given.run, of);
            if self.members.contains_key(reason) || since || is_undone || is_gone {
                undoing.touched = true;
            } else {
                again.insert(reason.clone());
            }
        }
        let mut waiting: Vec<(usize, LearnerKey)> = Vec::new();
        if is_by_hand {
            for ((group, who), _) in self.resting.iter().filter(|(_, one)| one.ended == Some(of)) {
                let reason = MembershipKey { group: *group, rule: "", who: who.clone() };
                let took_effect = self.members.contains_key(&reason)
                    || self
                        .ended
                        .iter()
                        .any(|one| one.reason == reason && (one.given.run == of || one.run == of));
                if took_effect || self.groups[*group].deleted.is_some() {
                } else if status(who).has_access() {
                    again.insert(reason);
                } else {
                    waiting.push((*group, who.clone()));
                }
            }
        }
        let mut take = self.given_by(of);
        take.retain(|reason| !self.is_released(of, &reason.who));
        undoing.touched |= self.ended.iter().any(|one| {
            one.given.run == of && one.run != of && !self.undone.values().any(|undone| *undone == one.run)
        });
        let print = |reason: &MembershipKey| -> ModelFingerprint {
            (Some(self.learners[&reason.who].record.clone()), undoing.file.rule_text(reason.rule))
        };
        let ends = again.iter().map(|reason| (ModelChange::End(reason.clone()), print(reason)));
        let gives = take.iter().map(|reason| (ModelChange::Give(reason.clone()), print(reason)));
        let standing: Vec<(ModelChange, ModelFingerprint)> = ends.chain(gives).collect();
        undoing.standing.extend(standing);
        undoing.did |= !again.is_empty() || !take.is_empty() || !back.is_empty() || !waiting.is_empty();
        for pair in waiting {
            self.resting.get_mut(&pair).expect("it waited").ended = None;
        }
        let moving =
            |who: &LearnerKey| back.get(who).is_some_and(|status| *status != self.learners[who].status);
        let moving: BTreeSet<LearnerKey> = back.keys().filter(|who| moving(who)).cloned().collect();
        for ((who, _), kept) in &mut self.kept {
            for one in kept {
                let with = |set: &BTreeSet<MembershipKey>| match one.group {
                    Some(group) => set.iter().any(|reason| reason.group == group && reason.who == *who),
                    None => moving.contains(who),
                };
                if one.run == of && one.ended.is_none() && with(&again) {
                    one.ended = Some(run);
                } else if one.ended == Some(of) && with(&take) {
                    one.ended = None;
                }
            }
        }
        for who in &moving {
            self.states_before.insert((run, who.clone()), self.learners[who].status);
        }
        self.restore_learners(undoing, &back);
        self.change_members(&again, &take, today, run);
        for MembershipKey { group, who, .. } in &again {
            let of_pair = ended.iter().filter(|one| one.reason.group == *group && one.reason.who == *who);
            let Some(joined) = of_pair.map(|one| one.given.joined).min() else { continue };
            for reason in self.reasons(*group, who) {
                let given = self.members.get_mut(&reason).expect("a reason");
                given.joined = given.joined.min(joined);
            }
        }
    }

    fn restore_assignments(&mut self, undoing: &mut ModelUndo<'_>) {
        let ModelUndo { of, run, .. } = *undoing;
        for at in 0..self.assignments.len() {
            let one = &self.assignments[at];
            let (made, ended) =
                (one.run == of || one.restored == Some(of), one.ended == Some(of) && one.run != of);
            let is_again = self.assignments.iter().enumerate().any(|(other, same)| {
                let alike = same.course == one.course && same.pattern == one.pattern && same.whom == one.whom;
                other != at && alike && same.ended.is_none()
            });
            let is_gone = matches!(one.whom, ModelAssignmentTarget::Group(group) if self.groups[group].deleted.is_some());
            let of_file = one.pattern.zip(match one.whom {
                ModelAssignmentTarget::Group(group) => Some(group),
                ModelAssignmentTarget::Learner(_) => None,
            });
            if made && one.ended.is_none() {
                if let Some((pattern, group)) = of_file {
                    undoing
                        .standing
                        .insert(ModelChange::Assign(group, one.course, pattern), ModelFingerprint::default());
                }
                self.assignments[at].ended = Some(run);
                undoing.did = true;
            } else if ended && !is_again && !is_gone {
                if of_file.is_some() {
                    undoing.standing.insert(ModelChange::Unassign(at), ModelFingerprint::default());
                }
                (self.assignments[at].ended, self.assignments[at].restored) = (None, Some(run));
                undoing.did = true;
            } else if made || ended {
                undoing.touched = true;
            }
        }
        for at in 0..self.assignments.len() {
            let one = &self.assignments[at];
            let Some((_, before)) = one.changed.iter().find(|(run, _)| *run == of).copied() else { continue };
            let is_last = one.changed.last().is_some_and(|(run, _)| *run == of);
            if one.ended.is_some() || !is_last || one.pattern.is_some() {
                undoing.touched = true;
                continue;
            }
            let one = &mut self.assignments[at];
            let now = std::mem::replace(&mut one.due, before);
            one.changed.push((run, now));
            let course = one.course;
            for ((_, _), kept) in self.kept.iter_mut().filter(|((_, of), _)| *of == course) {
                kept.iter_mut().filter(|one| one.ended == Some(of)).for_each(|one| one.ended = None);
            }
            undoing.did = true;
        }
    }

    fn restore_manual_changes(&mut self, undoing: &mut ModelUndo<'_>, is_by_hand: bool) {
        let ModelUndo { of, run, today, .. } = *undoing;
        for one in self.exclusions.values_mut().filter(|one| one.lifted == Some(of)) {
            (one.lifted, one.restored) = (None, Some(run));
            undoing.did = true;
        }
        let is_its = |one: &ModelExclusion| one.run == of || one.restored == Some(of);
        for one in self.exclusions.values_mut().filter(|one| is_its(one) && one.lifted.is_none()) {
            one.lifted = Some(run);
            undoing.did = true;
        }
        if is_by_hand {
            for one in self.resting.values_mut().filter(|one| one.run == of && one.ended.is_none()) {
                one.ended = Some(run);
                undoing.did = true;
            }
        }
        for one in self.enrollments.values_mut() {
            if one.completed == Some(of) {
                one.reopened = Some((run, of));
                one.completed = None;
                undoing.did = true;
            } else if let (None, Some((reopened, completed))) = (one.completed, one.reopened)
                && reopened == of
            {
                one.completed = Some(completed);
                undoing.did = true;
            }
        }
        for at in 0..self.groups.len() {
            let group = &self.groups[at];
            let is_its =
                (group.made == of && group.by_hand || group.restored == Some(of)) && group.deleted.is_none();
            let assigned = self
                .assignments
                .iter()
                .any(|one| one.ended.is_none() && one.whom == ModelAssignmentTarget::Group(at));
            if is_its && self.members_of(at).is_empty() && !assigned {
                self.groups[at].deleted = Some((run, today));
                undoing.did = true;
            } else {
                undoing.touched |= is_its;
            }
        }
    }
}
