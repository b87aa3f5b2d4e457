//! From a reading to what it asks for.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::facts::{Due, Model, Person, Reason, Record, Status, Who, Whom};
use super::rules::File;

/// What a connector answered: everybody, or only whom the database knows already.
#[derive(Debug, Clone)]
pub struct Reading {
    pub people: BTreeMap<String, Record>,
    pub complete: bool,
}

/// People who stay as they were last read.
#[derive(Debug, Clone, Default)]
pub struct LeftOut {
    pub words: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    New,
    Changed,
    Same,
    Absent,
    /// Added by hand: nobody's.
    None,
}

/// Somebody whom a plan is about.
#[derive(Debug, Clone)]
pub struct Seat {
    pub word: Option<String>,
    pub fate: Fate,
    pub was: Option<Status>,
    pub status: Status,
    pub record: Option<Record>,
    sources: BTreeSet<usize>,
}

impl Seat {
    pub fn had_access(&self) -> bool {
        self.was.is_some_and(Status::has_access)
    }

    /// Loses every access.
    pub fn goes(&self) -> bool {
        self.had_access() && !self.status.has_access()
    }

    /// Leaves, or is no longer held by this connector.
    pub fn is_going(&self) -> bool {
        self.goes() || self.fate == Fate::Absent
    }

    /// One of this connector's people.
    pub fn is_own(&self) -> bool {
        self.fate != Fate::None
    }
}

/// A rule that meets a group for a value.
pub type Meeting = ((&'static str, String), (usize, String));

/// What a reading asks for. Groups beyond those of the model are to be made, in the order of `fresh`.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    pub seats: BTreeMap<Who, Seat>,
    pub absent: Vec<String>,
    pub add: BTreeSet<Reason>,
    pub remove: BTreeSet<Reason>,
    pub meetings: Vec<Meeting>,
    /// Groups that it speaks of and that are not there yet.
    pub wanted: BTreeSet<usize>,
    pub catalogue: Catalogue,
}

/// What the file's assignments ask for.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    pub new: BTreeSet<(usize, &'static str, &'static str, Due)>,
    pub changed: Vec<(usize, Due)>,
    pub ended: BTreeSet<usize>,
}

/// Where a plan is made: names of new groups are the same for every plan of one run.
pub struct Planner<'a> {
    pub model: &'a Model,
    pub file: &'a File,
    pub connector: usize,
    pub today: NaiveDate,
    pub fresh: Vec<String>,
}

impl Planner<'_> {
    /// The name of a group, new or not.
    pub fn name(&self, group: usize) -> &str {
        let known = self.model.groups.len();
        if group < known { &self.model.groups[group].name } else { &self.fresh[group - known] }
    }

    pub fn plan(&mut self, reading: &Reading, out: &LeftOut) -> Plan {
        let mut plan = Plan::default();
        for (word, record) in reading.people.iter().filter(|(word, _)| !out.words.contains(*word)) {
            let (who, fate, was) = self.identify(word, record);
            let seat = self.seat(&who, Some((word, record)), fate, was);
            plan.seats.insert(who, seat);
        }
        if reading.complete {
            let persons = self.model.persons.iter();
            let own =
                persons.filter(|((connector, _), person)| *connector == self.connector && person.present);
            for ((_, word), person) in own {
                if !reading.people.contains_key(word) && !out.words.contains(word) {
                    plan.absent.push(word.clone());
                    let was = Some(self.model.learners[&person.who].status);
                    let seat = self.seat(&person.who, None, Fate::Absent, was);
                    plan.seats.insert(person.who.clone(), seat);
                }
            }
        }
        for (who, learner) in self.model.learners.iter().filter(|(_, learner)| learner.by_hand) {
            let (word, was) = (None, Some(learner.status));
            let record = Some(learner.record.clone());
            let seat =
                Seat { word, fate: Fate::None, was, status: learner.status, record, sources: [9].into() };
            plan.seats.insert(who.clone(), seat);
        }
        let should = self.should(&mut plan);
        let is: BTreeSet<Reason> = self
            .model
            .members
            .keys()
            .filter(|reason| plan.seats.contains_key(&reason.who))
            .cloned()
            .collect();
        plan.add = should.difference(&is).cloned().collect();
        plan.remove = is.difference(&should).cloned().collect();
        plan.catalogue = self.catalogue(&plan);
        plan
    }

    /// Whose record it is: somebody known, somebody whose address it is and who is not gone, or somebody new.
    fn identify(&self, word: &str, record: &Record) -> (Who, Fate, Option<Status>) {
        let model = self.model;
        let status = |who: &Who| Some(model.learners[who].status);
        if let Some(person) = model.persons.get(&(self.connector, word.to_owned())) {
            let fate = match person {
                Person { present: false, .. } => Fate::New,
                Person { record: before, .. } if before != record => Fate::Changed,
                Person { .. } => Fate::Same,
            };
            return (person.who.clone(), fate, status(&person.who));
        }
        let other = model.persons.get(&(1 - self.connector, word.to_owned()));
        match other.filter(|person| model.learners[&person.who].status != Status::Left) {
            Some(person) => (person.who.clone(), Fate::New, status(&person.who)),
            None => (format!("{}:{word}", super::facts::CONNECTORS[self.connector]), Fate::New, None),
        }
    }

    fn seat(&self, who: &Who, own: Option<(&String, &Record)>, fate: Fate, was: Option<Status>) -> Seat {
        let mut said: BTreeMap<usize, &Record> = BTreeMap::new();
        for ((connector, _), person) in &self.model.persons {
            if person.who == *who && *connector != self.connector && person.present {
                said.insert(*connector, &person.record);
            }
        }
        if let Some((_, record)) = own {
            said.insert(self.connector, record);
        }
        let mut merged = Record::new();
        for record in said.values() {
            for (attribute, values) in *record {
                merged.entry(attribute).or_insert_with(|| values.clone());
            }
        }
        Seat {
            word: own.map(|(word, _)| word.clone()),
            fate,
            was,
            status: self.status(&said),
            record: (!said.is_empty()).then_some(merged),
            sources: said.keys().copied().collect(),
        }
    }

    /// The first connector maps states and dates, the second one neither.
    fn status(&self, said: &BTreeMap<usize, &Record>) -> Status {
        let Some(record) = said.get(&0) else {
            return if said.is_empty() { Status::Left } else { Status::Active };
        };
        let first = |attribute: &str| record.get(attribute).map_or("", |values| values[0].as_str());
        let start = first("start_date").parse::<NaiveDate>();
        match first("status") {
            "left" => Status::Left,
            _ if start.is_ok_and(|day| day > self.today) => Status::Upcoming,
            "leave" => Status::Leave,
            _ => Status::Active,
        }
    }

    fn should(&mut self, plan: &mut Plan) -> BTreeSet<Reason> {
        let mut should = BTreeSet::new();
        for rule in self.file.rules() {
            for (who, seat) in plan.seats.iter().filter(|(_, seat)| seat.status.has_access()) {
                let record = seat.record.as_ref().expect("somebody with access is held by somebody");
                for (key, name) in rule.groups(record, seat.status, &seat.sources) {
                    let link =
                        self.model.links.get(&(rule.name, key.clone())).filter(|(_, met)| *met == name);
                    let group = match link {
                        Some((group, _)) if self.model.groups[*group].deleted.is_some() => continue,
                        Some((group, _)) => *group,
                        None => self.meet(rule.name, key, name, &mut plan.meetings),
                    };
                    if group >= self.model.groups.len() {
                        plan.wanted.insert(group);
                    }
                    if !self.model.is_excluded(group, who) {
                        should.insert(Reason { group, rule: rule.name, who: who.clone() });
                    }
                }
            }
        }
        let by_hand = self.model.members.keys().filter(|reason| reason.rule.is_empty());
        let by_hand = by_hand.map(|reason| (reason.group, reason.who.clone()));
        let resting = self.model.resting.keys().cloned();
        let resting = resting.filter(|(group, _)| self.model.groups[*group].deleted.is_none());
        for (group, who) in by_hand.chain(resting) {
            if plan.seats.get(&who).is_some_and(|seat| seat.status.has_access()) {
                should.insert(Reason { group, rule: "", who });
            }
        }
        should
    }

    fn meet(&mut self, rule: &'static str, key: String, name: String, meetings: &mut Vec<Meeting>) -> usize {
        let group = self.model.live(&name).unwrap_or_else(|| {
            let at = self.fresh.iter().position(|one| *one == name).unwrap_or_else(|| {
                self.fresh.push(name.clone());
                self.fresh.len() - 1
            });
            self.model.groups.len() + at
        });
        meetings.push(((rule, key), (group, name)));
        group
    }

    fn catalogue(&self, plan: &Plan) -> Catalogue {
        let mut catalogue = Catalogue::default();
        let live = self.model.groups.iter().enumerate().filter(|(_, group)| group.deleted.is_none());
        let live: Vec<usize> = live.map(|(at, _)| at).chain(plan.wanted.iter().copied()).collect();
        let in_force = || self.model.assignments.iter().enumerate().filter(|(_, one)| one.ended.is_none());
        for wanted in self.file.assignments() {
            let (course, pattern) = (wanted.course, wanted.pattern);
            let held = || in_force().filter(|(_, one)| one.course == course && one.pattern == Some(pattern));
            let differs = held().filter(|(_, one)| one.due != wanted.due);
            catalogue.changed.extend(differs.map(|(at, _)| (at, wanted.due)));
            let met: Vec<&Whom> = held().map(|(_, one)| &one.whom).collect();
            let matching = live.iter().filter(|group| wanted.matches(self.name(**group)));
            let new = matching.filter(|group| !met.contains(&&Whom::Group(**group)));
            catalogue.new.extend(new.map(|group| (*group, course, pattern, wanted.due)));
        }
        let ends = in_force().filter(|(_, one)| {
            let is_wanted = |pattern| {
                self.file.assignments().any(|wanted| wanted.course == one.course && wanted.pattern == pattern)
            };
            one.pattern.is_some_and(|pattern| !is_wanted(pattern))
        });
        catalogue.ended = ends.map(|(at, _)| at).collect();
        catalogue
    }
}
