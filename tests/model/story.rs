//! One history, lived through by rollcall and by the model.

use std::collections::BTreeMap;

use rollcall::enrollment::assign;
use rollcall::groups;
use rollcall::model::due;
use rollcall::model::ids::{CourseId, RunId};
use rollcall::store::courses::Whom as StoreWhom;
use rollcall::sync::{Outcome, approve, undo};

use super::compare::differences;
use super::event::{Event, What};
use super::facts::{CONNECTORS, Due, Kind, Learner, Model, Record, Run, Status, Who, Whom};
use super::rules::{ASSIGNMENTS, File, RULES};
use super::runs::{End, Passage};
use crate::support::company::{Company, email};
use crate::support::company_files::COLUMNS;
use crate::support::database::Engine;
use crate::support::hand::about;

/// So many people there may be.
const PEOPLE: usize = 26;
/// So many of them work from the first day on.
const FIRST: usize = 24;
/// The columns of the second directory.
const SECOND: [&str; 4] = ["id", "email", "department", "location"];
/// The limits of these histories: removals, groups and readings; everything else is wide open.
const LIMITS: &str = "[safety]\nmax_removals_total = 1000000\nmax_blanked = '100%'\nmax_rekeyed = '100%'\n\
                      max_new_groups = 1000000\nmax_growth = '10000%'\n";

/// What may stand in each column that changes.
const VALUES: [(&str, &[&str]); 5] = [
    ("department", &["Sales", "Research", "Legal", "Legal|Sales", ""]),
    ("location", &["Berlin", "Paris", ""]),
    ("role", &["", "lead"]),
    ("status", &["active", "active", "leave", "left"]),
    ("start_date", &["", "2020-02-02", "2100-01-01"]),
];

type Row = BTreeMap<&'static str, &'static str>;

pub struct Story {
    company: Company,
    model: Model,
    file: File,
    rows: [BTreeMap<String, Row>; 2],
    names: usize,
    days: i64,
}

fn word(at: usize) -> String {
    format!("p{:02}", at % PEOPLE)
}

impl Story {
    /// A company of two dozen people, a quarter of them in a second directory, read once.
    pub fn begin(engine: Engine) -> Self {
        let mut company = Company::new(engine);
        company.head = LIMITS.to_owned();
        company.directory("it", &SECOND, "");
        let rows = [BTreeMap::new(), BTreeMap::new()];
        let mut story =
            Self { company, model: Model::default(), file: File::default(), rows, names: 0, days: 0 };
        for at in 0..FIRST {
            let department = ["Sales", "Research", "Sales", "Legal|Sales"][at % 4];
            let role = if at % 9 == 0 { "lead" } else { "" };
            let location = if at % 3 == 0 { "Berlin" } else { "Paris" };
            let row =
                [("department", department), ("location", location), ("role", role), ("status", "active")];
            story.rows[0].insert(word(at), row.into());
        }
        for at in 0..6 {
            story.rows[1].insert(word(at * 4), [("location", "Paris")].into());
        }
        story.company.add_learner("guest");
        let record = [("email", vec![email("guest")])].into();
        let (active_since, status) = (story.company.today(), Status::Active);
        let guest = Learner { status, active_since, run: 1, record, by_hand: true };
        story.model.learners.insert("hand:guest".to_owned(), guest);
        story.company.add_course("LEAD");
        story
    }

    /// Everything that happens, step by step, and a settled end.
    pub fn live(&mut self, events: &[Event]) -> Result<(), String> {
        let beginning = [What::Sync, What::Sync, What::Drain].iter().zip([0, 1, 0]);
        let beginning: Vec<Event> = beginning.map(|(what, a)| Event { what: *what, a, b: 1, c: 0 }).collect();
        for (at, event) in beginning.iter().chain(events).enumerate() {
            let happened = self.happens(*event).map_err(|why| format!("step {at}, {event:?}: {why}"))?;
            if happened {
                differences(&self.model, &self.company)
                    .map_err(|why| format!("step {at}, {event:?}:\n{why}"))?;
            }
        }
        self.settles().map_err(|why| format!("at the end: {why}"))
    }

    /// After everything has been read, nothing is left to be done, and the proof holds.
    fn settles(&mut self) -> Result<(), String> {
        for connector in [0, 1, 0, 1] {
            self.sync(connector, false)?;
        }
        self.drain();
        differences(&self.model, &self.company)?;
        let contents = |story: &Self| {
            let mut contents = story.company.contents();
            contents.retain(|table, _| !table.starts_with("held_"));
            contents
        };
        let before = contents(self);
        for connector in [0, 1] {
            let end = self.sync(connector, false)?;
            if end == Some(End::Applied) {
                return Err(format!("{} still finds something to do", CONNECTORS[connector]));
            }
        }
        if contents(self) != before {
            return Err("a run that does nothing has changed something".to_owned());
        }
        let verdict = self.company.verdict();
        if verdict.differences.is_empty() && verdict.pending == 0 {
            Ok(())
        } else {
            Err(format!("{verdict:?}"))
        }
    }

    fn drain(&mut self) {
        self.company.drain();
        self.model.drain();
    }

    /// What a directory says, as the model reads it.
    fn people(&self, connector: usize) -> BTreeMap<String, Record> {
        let columns: &[&str] = if connector == 0 { &COLUMNS } else { &SECOND };
        let record = |row: &Row| -> Record {
            let cells = row.iter().filter(|(name, value)| columns.contains(name) && !value.is_empty());
            cells
                .map(|(name, value)| {
                    let mut values: Vec<String> = value.split('|').map(str::to_owned).collect();
                    values.sort();
                    (*name, values)
                })
                .collect()
        };
        self.rows[connector].iter().map(|(word, row)| (word.clone(), record(row))).collect()
    }

    fn write(&mut self, broken: Option<usize>) {
        self.company.text = self.file.text();
        for (connector, name) in CONNECTORS.iter().enumerate() {
            let rows = self.rows[connector].iter();
            let rows: Vec<(String, Vec<(&str, &str)>)> =
                rows.map(|(word, row)| (word.clone(), row.iter().map(|(k, v)| (*k, *v)).collect())).collect();
            self.company.fire_all(name);
            for (word, values) in rows {
                self.company.hire_at(name, &word, &values);
            }
            let cut = (broken == Some(connector)).then_some(b"id,email\np01".as_slice());
            self.company.instead(name, cut);
        }
    }

    /// A run; none for one that failed.
    fn sync(&mut self, connector: usize, broken: bool) -> Result<Option<End>, String> {
        self.write(broken.then_some(connector));
        let report = self.company.run(CONNECTORS[connector], false);
        let run = report.run.ok_or_else(|| format!("no run: {:?}", report.outcome))?.0;
        let passage = Passage { file: &self.file, connector, today: self.company.today(), run };
        let found = match report.outcome {
            Outcome::Held => End::Held,
            Outcome::Unchanged => End::Unchanged,
            Outcome::Applied => End::Applied,
            Outcome::Failed(_) if broken => {
                self.model.failed(passage);
                return Ok(None);
            }
            Outcome::Failed(_) | Outcome::Planned => return Err(format!("{:?}", report.outcome)),
        };
        let people = self.people(connector);
        let expected = self.model.sync(passage, people);
        // Whether an address is free again is no business of the model.
        let same = found == expected || (found, expected) == (End::Applied, End::Unchanged);
        if same {
            Ok(Some(found))
        } else {
            Err(format!("the run came to {found:?}, the model says {expected:?}"))
        }
    }

    /// One event; false where it makes no sense now.
    fn happens(&mut self, event: Event) -> Result<bool, String> {
        let Event { what, a, b, c } = event;
        let many = if c % 5 == 0 { c / 5 % 9 + 1 } else { 1 };
        let directory = usize::from(b % 4 == 0);
        match what {
            What::Hire => {
                let row = Row::from([
                    ("department", VALUES[0].1[c % 4]),
                    ("location", VALUES[1].1[b % 3]),
                    ("status", "active"),
                ]);
                self.rows[directory].entry(word(a)).or_insert(row);
            }
            What::Leave => {
                for at in a..a + many {
                    self.rows[directory].remove(&word(at));
                }
            }
            What::Change => {
                let (column, values) = VALUES[b % VALUES.len()];
                let directory = usize::from(b % 7 == 0);
                for at in a..a + many {
                    if let Some(row) = self.rows[directory].get_mut(&word(at)) {
                        row.insert(column, values[c % values.len()]);
                    }
                }
            }
            What::Rule => self.file.rules[a % RULES.len()] = b % RULES[a % RULES.len()].len(),
            What::FileAssignment => {
                self.file.assignments[a % ASSIGNMENTS.len()] = b % ASSIGNMENTS[a % ASSIGNMENTS.len()].len();
            }
            What::Sync => {
                self.sync(a % 2, b % 8 == 0)?;
            }
            What::Drain => self.drain(),
            What::Pass => return Ok(self.pass([2, 9, 25, 40][a % 4])),
            What::Approve | What::Reject | What::Undo => return self.decides(what, a),
            What::Add
            | What::Remove
            | What::Lift
            | What::Create
            | What::Rename
            | What::Delete
            | What::Restore
            | What::Assign
            | What::Unassign
            | What::Complete => return self.by_hand(event),
        }
        Ok(matches!(what, What::Sync | What::Drain))
    }

    fn pass(&mut self, days: i64) -> bool {
        self.days += 1;
        if self.days > 3 {
            return false;
        }
        self.company.everything_was(days);
        self.model.pass(days);
        true
    }

    fn decides(&mut self, what: What, a: usize) -> Result<bool, String> {
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
                    Err(approve::Error::NothingHeld { .. }) if !did => Ok(true),
                    other => Err(format!("run {of}: {other:?}, the model says {did}")),
                }
            }
            What::Reject => {
                let done = self.company.reject(RunId(of));
                let did = self.model.reject(of, next);
                match done {
                    Ok(decided) if did && decided.run.0 == next => Ok(true),
                    Err(approve::Error::NothingHeld { .. }) if !did => Ok(true),
                    other => Err(format!("run {of}: {other:?}, the model says {did}")),
                }
            }
            _ => {
                let done = self.company.undo_only(of);
                let did = self.model.undo(&self.file, today, of, next);
                match done {
                    Ok(undone) if did && undone.run == next => Ok(true),
                    Err(undo::Error::Nothing { .. }) if !did => Ok(true),
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

    fn by_hand(&mut self, Event { what, a, b, c }: Event) -> Result<bool, String> {
        let live = self.model.groups.iter().enumerate().filter(|(_, group)| group.deleted.is_none());
        let live: Vec<usize> = live.map(|(at, _)| at).collect();
        let (Some(&group), who) = (live.get(a % live.len().max(1)), self.somebody(b)) else {
            return Ok(false);
        };
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
                let exclude = groups::Exclude::default();
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
                let done = company.runtime.block_on(groups::delete(store, &about, when, &name));
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
            What::Assign | What::Unassign => {
                let course = if c % 3 == 0 { "A" } else { "LEAD" };
                let day = today + chrono::TimeDelta::days([5, 20, 60][b % 3]);
                let due = [Due::Never, Due::On(day), Due::AfterJoining(25), Due::AfterStart(7)][c % 4];
                let whom = if b % 3 == 0 { Whom::Alone(who.clone()) } else { Whom::Group(group) };
                let done = company.assign_only(
                    course,
                    &name,
                    &text[0],
                    &whom,
                    (what == What::Assign).then_some(due),
                );
                let did = match what {
                    What::Assign => model.assign(course, whom, due, today, next),
                    _ => model.unassign(course, &whom, next),
                };
                (done, did)
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
            Ok(true)
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
            let mut tx = self.store.read().await.expect("the database answers");
            let course = CourseId(groups::find_course(&mut tx, course).await.expect("a course").id);
            let whom = match whom {
                Whom::Group(_) => StoreWhom::Group(groups::find(&mut tx, group).await.expect("a group").id),
                Whom::Alone(_) => {
                    StoreWhom::Learner(groups::find_learner(&mut tx, who).await.expect("a learner").id)
                }
            };
            drop(tx);
            let (about, when) = (about(), self.when());
            let due = match due {
                None => {
                    let ended = assign::unassign(&self.store, &about, when, course, whom).await;
                    return matches!(ended.expect("unassigned"), assign::Unassigned::Ended(_));
                }
                Some(Due::Never) => due::Due::Never,
                Some(Due::On(day)) => due::Due::On(day),
                Some(Due::AfterJoining(days)) => due::Due::AfterJoining(days),
                Some(Due::AfterStart(days)) => due::Due::AfterStart(days),
            };
            let done = assign::assign(&self.store, &about, when, course, whom, due, due::LATE_DAYS).await;
            !matches!(done.expect("assigned"), assign::Assigned::Same)
        })
    }
}
