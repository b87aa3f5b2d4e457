//! What people decide and change by hand, done by rollcall and by the model.

use rollcall_core::groups;
use rollcall_core::sync::{ApprovalError, ApprovalRequest};
use rollcall_core::sync::{approve, undo};
use rollcall_model::due_policy;
use rollcall_model::ids::RunId;

use super::event::{EventKind, ModelEvent};
use super::reference_model::{
    CONNECTORS, LearnerKey, ModelAssignmentTarget, ModelDueDate, ModelRunKind, RunNumber,
};
use super::runner::HistoryRunner;
use crate::support::company::{Company, email};
use crate::support::manual_changes::manual_run;

impl HistoryRunner {
    /// An approval, a rejection or an undo; false where there is nothing of the kind.
    pub(super) fn decides(&mut self, what: EventKind, a: usize) -> Result<bool, String> {
        let runs: Vec<RunNumber> = match what {
            EventKind::Undo => self.model.runs.keys().rev().take(6).copied().collect(),
            _ => self.model.runs.keys().copied().filter(|run| self.model.shown(*run).is_some()).collect(),
        };
        let Some(of) = (!runs.is_empty()).then(|| runs[a % runs.len()]) else { return Ok(false) };
        self.write(None);
        let next = self.company.last_run() + 1;
        let today = self.company.today();
        match what {
            EventKind::Approve => {
                let done = self.company.approve_only(RunId(of));
                let did = self.model.approve(&self.file, today, of, next);
                match done {
                    Ok(decided) if did && decided.run.0 == next => Ok(true),
                    Err(ApprovalError::NothingHeld { .. } | ApprovalError::Rejected { .. }) if !did => {
                        Ok(false)
                    }
                    other => Err(format!("run {of}: {other:?}, the model says {did}")),
                }
            }
            EventKind::Reject => {
                let done = self.company.reject(RunId(of));
                let did = self.model.reject(of, next);
                match done {
                    Ok(decided) if did && decided.run.0 == next => Ok(true),
                    Err(ApprovalError::NothingHeld { .. } | ApprovalError::Rejected { .. }) if !did => {
                        Ok(false)
                    }
                    other => Err(format!("run {of}: {other:?}, the model says {did}")),
                }
            }
            _ => {
                let done = self.company.undo_only(of);
                let did = self.model.undo(&self.file, today, of, next);
                match done {
                    Ok(undone) if did && undone.run == next => Ok(true),
                    Err(undo::UndoError::Nothing { .. }) if !did => Ok(false),
                    Err(undo::UndoError::Suspension { .. } | undo::UndoError::Restoration { .. })
                        if self.model.runs[&of] == ModelRunKind::Suspension =>
                    {
                        Ok(false)
                    }
                    other => Err(format!("run {of}: {other:?}, the model says {did}")),
                }
            }
        }
    }

    /// How rollcall finds somebody, whoever holds the address.
    pub(super) fn text(&self, who: &LearnerKey) -> String {
        let person = self.model.persons.iter().find(|(_, person)| person.who == *who);
        person.map_or_else(
            || email(who.trim_start_matches("hand:")),
            |((connector, word), _)| format!("{}:{word}", CONNECTORS[*connector]),
        )
    }

    /// A change by hand; false where it changes nothing.
    pub(super) fn by_hand(&mut self, ModelEvent { what, a, b, c }: ModelEvent) -> Result<bool, String> {
        let live = self.model.groups.iter().enumerate().filter(|(_, group)| group.deleted.is_none());
        let live: Vec<usize> = live.map(|(at, _)| at).collect();
        let (Some(&group), mut who) = (live.get(a % live.len().max(1)), self.pick_learner(b)) else {
            return Ok(false);
        };
        if what == EventKind::Remove && c % 4 > 0 {
            let members: Vec<LearnerKey> = self.model.members_of(group).into_iter().collect();
            who = members.get(b % members.len().max(1)).cloned().unwrap_or(who);
        }
        let name = self.model.groups[group].name.clone();
        let text = [self.text(&who)];
        let (company, model) = (&self.company, &mut self.model);
        let (store, when, today, about) =
            (&company.store, company.change_time(), company.today(), manual_run());
        let next = company.last_run() + 1;
        let fresh = format!("{} {}", if c % 2 == 0 { "Club" } else { "Leisure" }, self.names);
        let changed = match what {
            EventKind::Add => {
                let done = company.runtime.block_on(groups::add_members(store, &about, when, &name, &text));
                (done.map_err(|why| why.to_string())?.done.is_some(), model.add(group, &who, today, next))
            }
            EventKind::Remove => {
                let exclude = groups::NewExclusion::default();
                let done = company
                    .runtime
                    .block_on(groups::remove_members(store, &about, when, &name, &text, exclude));
                (done.map_err(|why| why.to_string())?.done.is_some(), model.remove(group, &who, today, next))
            }
            EventKind::Lift => {
                let out = model.exclusions.iter().filter(|((group, _), one)| {
                    one.lifted.is_none() && model.groups[*group].deleted.is_none()
                });
                let out: Vec<(usize, LearnerKey)> = out.map(|(pair, _)| pair.clone()).collect();
                let Some((group, who)) = out.get(a % out.len().max(1)) else { return Ok(false) };
                let (name, text) = (model.groups[*group].name.clone(), self.text(who));
                let done =
                    company.runtime.block_on(groups::lift_exclusion(store, &about, when, &name, &text));
                self.model.runs.insert(next, ModelRunKind::ByHand);
                (done.is_ok(), self.model.lift(*group, who, next))
            }
            EventKind::Create => {
                self.names += 1;
                let done = company.runtime.block_on(groups::create_group(store, &about, when, &fresh, &text));
                let group = model.make_group(&fresh, true, next);
                (done.is_ok(), model.add(group, &who, today, next))
            }
            EventKind::Rename => {
                self.names += 1;
                let done = company.runtime.block_on(groups::rename_group(store, &about, when, &name, &fresh));
                model.runs.insert(next, ModelRunKind::ByHand);
                model.groups[group].name = fresh;
                (done.is_ok(), true)
            }
            EventKind::Delete => {
                let done = company.runtime.block_on(groups::delete_group(
                    store,
                    &about,
                    when,
                    &name,
                    groups::DeletionConfirmation::Confirmed,
                ));
                model.delete(group, today, next);
                (done.is_ok(), true)
            }
            EventKind::Restore => {
                let deleted = model.groups.iter().filter(|group| group.deleted.is_some());
                let deleted: Vec<String> = deleted.map(|group| group.name.clone()).collect();
                let Some(name) = deleted.get(a % deleted.len().max(1)) else { return Ok(false) };
                let done = company.runtime.block_on(groups::restore_group(store, &about, when, name));
                let group = model.restorable(name, today);
                if let Some(group) = group {
                    model.restore(group, today, next);
                }
                (done.is_ok(), group.is_some())
            }
            EventKind::Assign => {
                let course = if c % 3 == 0 { "A" } else { "LEAD" };
                let day = today + chrono::TimeDelta::days([5, 20, 60][b % 3]);
                let due = [
                    ModelDueDate::Never,
                    ModelDueDate::On(day),
                    ModelDueDate::AfterJoining(25),
                    ModelDueDate::AfterStart(7),
                ][c % 4];
                let whom = if b % 3 == 0 {
                    ModelAssignmentTarget::Learner(who.clone())
                } else {
                    ModelAssignmentTarget::Group(group)
                };
                let done = company.assign_only(course, &name, &text[0], &whom, Some(due));
                (done, model.assign(course, whom, due, today, next))
            }
            EventKind::Unassign => {
                let by_hand =
                    model.assignments.iter().filter(|one| one.ended.is_none() && one.pattern.is_none());
                let by_hand: Vec<(&'static str, ModelAssignmentTarget)> =
                    by_hand.map(|one| (one.course, one.whom.clone())).collect();
                let Some((course, whom)) = by_hand.get(a % by_hand.len().max(1)) else { return Ok(false) };
                let (name, text) = match whom {
                    ModelAssignmentTarget::Group(group) => (model.groups[*group].name.clone(), String::new()),
                    ModelAssignmentTarget::Learner(who) => (String::new(), self.text(who)),
                };
                let done = company.assign_only(course, &name, &text, whom, None);
                (done, self.model.unassign(course, whom, next))
            }
            _ => {
                let pairs: Vec<(LearnerKey, &'static str)> = model.enrollments.keys().cloned().collect();
                let Some((who, course)) = pairs.get(a % pairs.len().max(1)) else { return Ok(false) };
                let text = self.text(who);
                let done = company
                    .runtime
                    .block_on(groups::complete_course(store, &about, when, &text, course, when.now));
                let noted = done.map_err(|why| why.to_string())? == groups::CompletionResult::Noted;
                (noted, self.model.complete(who, course, next))
            }
        };
        if changed.0 == changed.1 {
            Ok(changed.0)
        } else {
            Err(format!("{name}, {who}: rollcall and the model say {changed:?}"))
        }
    }

    pub(super) fn pick_learner(&self, b: usize) -> LearnerKey {
        let all: Vec<&LearnerKey> = self.model.learners.keys().collect();
        all[b % all.len()].clone()
    }
}

impl Company {
    /// Approves what a run held; workers come later.
    fn approve_only(&self, run: RunId) -> Result<approve::ApprovalResult, ApprovalError> {
        let config = self.config();
        let asked = ApprovalRequest {
            actor: "tester".to_owned(),
            what: format!("approve {run}"),
            patience: std::time::Duration::from_mins(1),
            stop: tokio_util::sync::CancellationToken::new(),
        };
        self.runtime.block_on(approve::approve(&self.store, config.for_sync(), run, &asked))
    }

    /// Takes back what a run did; workers come later.
    fn undo_only(&self, run: RunNumber) -> Result<undo::UndoCounts, undo::UndoError> {
        let config = self.config();
        let kind = rollcall_store::runs::RunRecordKind::Undo;
        let about = rollcall_store::runs::NewRun { kind, subject: Some(RunId(run)), ..manual_run() };
        let when = self.change_time();
        self.runtime.block_on(undo::undo_run(
            &self.store,
            config.for_sync(),
            &about,
            when,
            RunId(run),
            undo::UndoConfirmation::Confirmed,
        ))
    }

    /// Assigns a course, or ends that; workers come later.
    fn assign_only(
        &self,
        course: &str,
        group: &str,
        who: &str,
        whom: &ModelAssignmentTarget,
        due: Option<ModelDueDate>,
    ) -> bool {
        self.runtime.block_on(async {
            let target = match whom {
                ModelAssignmentTarget::Group(_) => groups::AssignmentTargetRef::Group(group.into()),
                ModelAssignmentTarget::Learner(_) => groups::AssignmentTargetRef::Learner(who),
            };
            let (about, when) = (manual_run(), self.change_time());
            let due = match due {
                None => {
                    let ended = groups::unassign_course(
                        &self.store,
                        &about,
                        when,
                        course,
                        target,
                        groups::DeletionConfirmation::Confirmed,
                    )
                    .await;
                    return matches!(ended.expect("unassigned"), groups::UnassignResult::Ended(_));
                }
                Some(ModelDueDate::Never) => due_policy::DuePolicy::Never,
                Some(ModelDueDate::On(day)) => due_policy::DuePolicy::On(day),
                Some(ModelDueDate::AfterJoining(days)) => due_policy::DuePolicy::AfterJoining(days),
                Some(ModelDueDate::AfterStart(days)) => due_policy::DuePolicy::AfterStart(days),
            };
            let asked = groups::AssignRequest { course, due, late_days: due_policy::DEFAULT_LATE_DAYS };
            let answer = groups::assign_course(&self.store, &about, when, asked, &[target]).await;
            answer.expect("assigned").done.is_some()
        })
    }
}
