//! What taking back a run or a change by hand does.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::reference_model::{
    EndedMembership, LearnerKey, MembershipKey, ModelAssignmentTarget, ModelChange, ModelDecision,
    ModelFingerprint, ModelHold, ModelLoss, ModelRecord, ModelRunKind, ModelStatus, ReferenceModel,
    RunNumber,
};
use super::rules::ModelConfig;

/// An undo under way.
struct ModelUndo<'a> {
    file: &'a ModelConfig,
    today: NaiveDate,
    /// What is taken back.
    of: RunNumber,
    /// The number of the undo.
    run: RunNumber,
    connector: Option<usize>,
    /// What is not to be done again.
    standing: BTreeMap<ModelChange, ModelFingerprint>,
    touched: bool,
    did: bool,
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
            ModelRunKind::Of(connector) | ModelRunKind::Undo(connector) => Some(connector),
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
        self.restore_members(&mut undoing);
        self.restore_assignments(&mut undoing);
        self.restore_manual_changes(
            &mut undoing,
            matches!(kind, ModelRunKind::ByHand | ModelRunKind::Rejection(_)),
        );
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
                self.groups[at].deleted = None;
                undoing.did = true;
            }
        }
    }

    /// Who left in a run of a connector, with the state that the record before it gives.
    fn find_returning_learners(
        &self,
        undoing: &ModelUndo<'_>,
        connector: usize,
    ) -> BTreeMap<LearnerKey, (String, ModelStatus)> {
        let mut back = BTreeMap::new();
        for ((_, word), person) in self.persons.iter().filter(|((of, _), _)| *of == connector) {
            let learner = &self.learners[&person.who];
            if learner.run != undoing.of || learner.status != ModelStatus::Left {
                continue;
            }
            let before = self.records_before.get(&(undoing.of, connector, word.clone()));
            let status = state(before.unwrap_or(&person.record), undoing.today);
            let lost = self.ended.iter().any(|one| one.run == undoing.of && one.reason.who == person.who);
            if before.is_some() && status.has_access() || lost {
                let status = if status.has_access() { status } else { ModelStatus::Active };
                back.insert(person.who.clone(), (word.clone(), status));
            }
        }
        back
    }

    fn restore_members(&mut self, undoing: &mut ModelUndo<'_>) {
        let ModelUndo { of, run, today, .. } = *undoing;
        let back = undoing
            .connector
            .map(|connector| self.find_returning_learners(undoing, connector))
            .unwrap_or_default();
        let ended: Vec<EndedMembership> = self.ended.iter().filter(|one| one.run == of).cloned().collect();
        let mut again: BTreeSet<MembershipKey> = BTreeSet::new();
        for EndedMembership { reason, .. } in &ended {
            let since = self.ended.iter().any(|one| one.reason == *reason && one.run > of);
            let has_access = self.learners[&reason.who].status.has_access() || back.contains_key(&reason.who);
            let is_gone = self.groups[reason.group].deleted.is_some() || !has_access;
            if self.members.contains_key(reason) || since || is_gone {
                undoing.touched = true;
            } else {
                again.insert(reason.clone());
            }
        }
        let given = self.members.iter().filter(|(_, given)| given.run == of);
        let take: BTreeSet<MembershipKey> = given.map(|(reason, _)| reason.clone()).collect();
        undoing.touched |= self.ended.iter().any(|one| one.given.run == of && one.run != of);
        let print = |reason: &MembershipKey| -> ModelFingerprint {
            (Some(self.learners[&reason.who].record.clone()), undoing.file.rule_text(reason.rule))
        };
        let ends = again.iter().map(|reason| (ModelChange::End(reason.clone()), print(reason)));
        let gives = take.iter().map(|reason| (ModelChange::Give(reason.clone()), print(reason)));
        let standing: Vec<(ModelChange, ModelFingerprint)> = ends.chain(gives).collect();
        undoing.standing.extend(standing);
        undoing.did |= !again.is_empty() || !take.is_empty() || !back.is_empty();
        self.keep_dues(&again, &take, &[], today);
        for (who, (_, status)) in &back {
            let learner = self.learners.get_mut(who).expect("a learner");
            (learner.status, learner.run) = (*status, run);
        }
        self.change_members(&again, &take, today, run);
        for MembershipKey { group, who, .. } in &again {
            let of_pair = ended.iter().filter(|one| one.reason.group == *group && one.reason.who == *who);
            let joined = of_pair.map(|one| one.given.joined).min().expect("it was ended");
            for reason in self.reasons(*group, who) {
                let given = self.members.get_mut(&reason).expect("a reason");
                given.joined = given.joined.min(joined);
            }
        }
        let Some(connector) = undoing.connector else { return };
        for (who, (word, _)) in back {
            let key = (connector, word.clone());
            let person = self.persons.get_mut(&key).expect("a person");
            let as_read = person.present.then(|| person.record.clone());
            if person.present {
                self.records_before.insert((run, connector, word.clone()), person.record.clone());
            } else {
                person.first_run = run;
            }
            if let Some(before) = self.records_before.get(&(undoing.of, connector, word.clone())) {
                person.record = before.clone();
            }
            person.present = true;
            self.guarded[connector].kept_out.insert(word, as_read.clone());
            undoing.standing.insert(ModelChange::Leave(who), (as_read, String::new()));
        }
    }

    fn restore_assignments(&mut self, undoing: &mut ModelUndo<'_>) {
        let ModelUndo { of, run, .. } = *undoing;
        for at in 0..self.assignments.len() {
            let one = &self.assignments[at];
            let (made, ended) = (one.run == of, one.ended == Some(of) && one.run != of);
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
                self.assignments[at].ended = None;
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
            undoing.did = true;
        }
    }

    fn restore_manual_changes(&mut self, undoing: &mut ModelUndo<'_>, is_by_hand: bool) {
        let ModelUndo { of, run, today, .. } = *undoing;
        for one in self.exclusions.values_mut().filter(|one| one.run == of && one.lifted.is_none()) {
            one.lifted = Some(run);
            undoing.did = true;
        }
        for one in self.exclusions.values_mut().filter(|one| one.lifted == Some(of)) {
            (one.lifted, one.run) = (None, run);
            undoing.did = true;
        }
        if is_by_hand {
            self.resting.retain(|_, rests| *rests != of);
        }
        for one in self.enrollments.values_mut().filter(|one| one.completed == Some(of)) {
            one.completed = None;
            undoing.did = true;
        }
        for at in 0..self.groups.len() {
            let group = &self.groups[at];
            let is_its = group.made == of && group.by_hand && group.deleted.is_none();
            let assigned = self
                .assignments
                .iter()
                .any(|one| one.ended.is_none() && one.whom == ModelAssignmentTarget::Group(at));
            if is_its && self.members_of(at).is_empty() && !assigned {
                self.groups[at].deleted = Some((run, today));
                undoing.did = true;
            }
        }
    }
}

/// The state that one record alone gives.
fn state(record: &ModelRecord, today: NaiveDate) -> ModelStatus {
    let first = |attribute: &str| record.get(attribute).map_or("", |values| values[0].as_str());
    match first("status") {
        "left" => ModelStatus::Left,
        _ if first("start_date").parse::<NaiveDate>().is_ok_and(|day| day > today) => ModelStatus::Upcoming,
        "leave" => ModelStatus::Leave,
        _ => ModelStatus::Active,
    }
}
