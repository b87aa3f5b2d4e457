//! What people decide and change by hand, done by rollcall and by the model.

use rollcall::groups;
use rollcall::model::due;
use rollcall::model::ids::RunId;
use rollcall::sync::{approve, undo};

use super::event::{Event, What};
use super::facts::{CONNECTORS, Due, Kind, Run, Who, Whom};
use super::story::Story;
use crate::support::company::{Company, email};
use crate::support::hand::about;

impl Story {
    /// An approval, a rejection or an undo; false where there is nothing of the kind.
    pub(super) fn decides(&mut self, what: What, a: usize) -> Result<bool, String> {
        let runs: Vec<Run> = match what {
            What::Undo => self.model.runs.keys().rev().take(6).copied().collect(),
            _ => self.model.runs.keys().copied().filter(|run| self.model.shown(*run).is_some()).collect(),
        };
        let Some(of) = (!runs.is_empty()).then(|| runs[a % runs.len()]) else { return Ok(false) };
        self.write(None);
        let next = self.company.last_run() + 1;
        let today = self.company.today();
        match what {
            What::Approve => {
                let done = self.company.approve_only(RunId(of));
                let did = self.model.approve(&self.file, today, of, next);
                match done {
                    Ok(decided) if did && decided.run.0 == next => Ok(true),
                    Err(approve::Error::NothingHeld { .. }) if !did => Ok(false),
                    other => Err(format!("run {of}: {other:?}, the model says {did}")),
                }
            }
            What::Reject => {
                let done = self.company.reject(RunId(of));
                let did = self.model.reject(of, next);
                match done {
                    Ok(decided) if did && decided.run.0 == next => Ok(true),
                    Err(approve::Error::NothingHeld { .. }) if !did => Ok(false),
                    other => Err(format!("run {of}: {other:?}, the model says {did}")),
                }
            }
            _ => {
                let done = self.company.undo_only(of);
                let did = self.model.undo(&self.file, today, of, next);
                match done {
                    Ok(undone) if did && undone.run == next => Ok(true),
                    Err(undo::Error::Nothing { .. }) if !did => Ok(false),
                    other => Err(format!("run {of}: {other:?}, the model says {did}")),
                }
            }
        }
    }

    /// How rollcall finds somebody, whoever holds the address.
    fn text(&self, who: &Who) -> String {
        let person = self.model.persons.iter().find(|(_, person)| person.who == *who);
        person.map_or_else(
            || email(who.trim_start_matches("hand:")),
            |((connector, word), _)| format!("{}:{word}", CONNECTORS[*connector]),
        )
    }

    /// A change by hand; false where it changes nothing.
    pub(super) fn by_hand(&mut self, Event { what, a, b, c }: Event) -> Result<bool, String> {
        let live = self.model.groups.iter().enumerate().filter(|(_, group)| group.deleted.is_none());
        let live: Vec<usize> = live.map(|(at, _)| at).collect();
        let (Some(&group), mut who) = (live.get(a % live.len().max(1)), self.somebody(b)) else {
            return Ok(false);
        };
        if what == What::Remove && c % 4 > 0 {
            let members: Vec<Who> = self.model.members_of(group).into_iter().collect();
            who = members.get(b % members.len().max(1)).cloned().unwrap_or(who);
        }
        let name = self.model.groups[group].name.clone();
        let text = [self.text(&who)];
        let (company, model) = (&self.company, &mut self.model);
        let (store, when, today, about) = (&company.store, company.when(), company.today(), about());
        let next = company.last_run() + 1;
        let fresh = format!("{} {}", if c % 2 == 0 { "Club" } else { "Leisure" }, self.names);
        let changed = match what {
            What::Add => {
                let done = company.runtime.block_on(groups::add(store, &about, when, &name, &text));
                (done.map_err(|why| why.to_string())?.done.is_some(), model.add(group, &who, today, next))
            }
            What::Remove => {
                let exclude = groups::Keep::default();
                let done =
                    company.runtime.block_on(groups::remove(store, &about, when, &name, &text, exclude));
                (done.map_err(|why| why.to_string())?.done.is_some(), model.remove(group, &who, today, next))
            }
            What::Lift => {
                let out = model.exclusions.iter().filter(|((group, _), one)| {
                    one.lifted.is_none() && model.groups[*group].deleted.is_none()
                });
                let out: Vec<(usize, Who)> = out.map(|(pair, _)| pair.clone()).collect();
                let Some((group, who)) = out.get(a % out.len().max(1)) else { return Ok(false) };
                let (name, text) = (model.groups[*group].name.clone(), self.text(who));
                let done = company.runtime.block_on(groups::lift(store, &about, when, &name, &text));
                self.model.runs.insert(next, Kind::ByHand);
                (done.is_ok(), self.model.lift(*group, who, next))
            }
            What::Create => {
                self.names += 1;
                let done = company.runtime.block_on(groups::create(store, &about, when, &fresh, &text));
                let group = model.make_group(&fresh, true, next);
                (done.is_ok(), model.add(group, &who, today, next))
            }
            What::Rename => {
                self.names += 1;
                let done = company.runtime.block_on(groups::rename(store, &about, when, &name, &fresh));
                model.runs.insert(next, Kind::ByHand);
                model.groups[group].name = fresh;
                (done.is_ok(), true)
            }
            What::Delete => {
                let done = company.runtime.block_on(groups::delete(
                    store,
                    &about,
                    when,
                    &name,
                    groups::Meant::Surely,
                ));
                model.delete(group, today, next);
                (done.is_ok(), true)
            }
            What::Restore => {
                let deleted = model.groups.iter().filter(|group| group.deleted.is_some());
                let deleted: Vec<String> = deleted.map(|group| group.name.clone()).collect();
                let Some(name) = deleted.get(a % deleted.len().max(1)) else { return Ok(false) };
                let done = company.runtime.block_on(groups::restore(store, &about, when, name));
                let group = model.restorable(name, today);
                if let Some(group) = group {
                    model.restore(group, today, next);
                }
                (done.is_ok(), group.is_some())
            }
            What::Assign => {
                let course = if c % 3 == 0 { "A" } else { "LEAD" };
                let day = today + chrono::TimeDelta::days([5, 20, 60][b % 3]);
                let due = [Due::Never, Due::On(day), Due::AfterJoining(25), Due::AfterStart(7)][c % 4];
                let whom = if b % 3 == 0 { Whom::Alone(who.clone()) } else { Whom::Group(group) };
                let done = company.assign_only(course, &name, &text[0], &whom, Some(due));
                (done, model.assign(course, whom, due, today, next))
            }
            What::Unassign => {
                let by_hand =
                    model.assignments.iter().filter(|one| one.ended.is_none() && one.pattern.is_none());
                let by_hand: Vec<(&'static str, Whom)> =
                    by_hand.map(|one| (one.course, one.whom.clone())).collect();
                let Some((course, whom)) = by_hand.get(a % by_hand.len().max(1)) else { return Ok(false) };
                let (name, text) = match whom {
                    Whom::Group(group) => (model.groups[*group].name.clone(), String::new()),
                    Whom::Alone(who) => (String::new(), self.text(who)),
                };
                let done = company.assign_only(course, &name, &text, whom, None);
                (done, self.model.unassign(course, whom, next))
            }
            _ => {
                let pairs: Vec<(Who, &'static str)> = model.enrollments.keys().cloned().collect();
                let Some((who, course)) = pairs.get(a % pairs.len().max(1)) else { return Ok(false) };
                let text = self.text(who);
                let done =
                    company.runtime.block_on(groups::complete(store, &about, when, &text, course, when.now));
                let noted = done.map_err(|why| why.to_string())? == groups::Completion::Noted;
                (noted, self.model.complete(who, course, next))
            }
        };
        if changed.0 == changed.1 {
            Ok(changed.0)
        } else {
            Err(format!("{name}, {who}: rollcall and the model say {changed:?}"))
        }
    }

    fn somebody(&self, b: usize) -> Who {
        let all: Vec<&Who> = self.model.learners.keys().collect();
        all[b % all.len()].clone()
    }
}

impl Company {
    /// Approves what a run held; workers come later.
    fn approve_only(&self, run: RunId) -> Result<approve::Decided, approve::Error> {
        let config = self.config();
        let asked = approve::Asked {
            actor: "tester".to_owned(),
            what: format!("approve {run}"),
            patience: std::time::Duration::from_secs(60),
            stop: tokio_util::sync::CancellationToken::new(),
        };
        self.runtime.block_on(approve::approve(&self.store, config.for_sync(), run, &asked))
    }

    /// Takes back what a run did; workers come later.
    fn undo_only(&self, run: Run) -> Result<undo::Undone, undo::Error> {
        let config = self.config();
        let kind = rollcall::store::runs::Kind::Undo;
        let about = rollcall::store::runs::About { kind, subject: Some(RunId(run)), ..about() };
        let when = self.when();
        self.runtime.block_on(undo::undo(&self.store, config.for_sync(), &about, when, RunId(run)))
    }

    /// Assigns a course, or ends that; workers come later.
    fn assign_only(&self, course: &str, group: &str, who: &str, whom: &Whom, due: Option<Due>) -> bool {
        self.runtime.block_on(async {
            let target = match whom {
                Whom::Group(_) => groups::Target::Group(group.into()),
                Whom::Alone(_) => groups::Target::Learner(who),
            };
            let (about, when) = (about(), self.when());
            let due = match due {
                None => {
                    let ended = groups::unassign(&self.store, &about, when, course, target).await;
                    return matches!(ended.expect("unassigned"), groups::Unassigned::Ended(_));
                }
                Some(Due::Never) => due::Due::Never,
                Some(Due::On(day)) => due::Due::On(day),
                Some(Due::AfterJoining(days)) => due::Due::AfterJoining(days),
                Some(Due::AfterStart(days)) => due::Due::AfterStart(days),
            };
            let asked = groups::Asked { course, due, late_days: due::LATE_DAYS };
            let answer = groups::assign(&self.store, &about, when, asked, &[target]).await;
            answer.expect("assigned").done.is_some()
        })
    }
}
