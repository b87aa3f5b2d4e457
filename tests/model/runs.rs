//! What a run, an approval and a rejection do.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::facts::{
    Assignment, Change, Decision, Due, Hold, Kind, Learner, Model, Person, Reason, Record, Run, Who, Whom,
};
use super::guard::Judged;
use super::plan::{Fate, Planner, Reading};
use super::rules::File;

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Held,
    Unchanged,
    Applied,
}

/// What is known of a run before it begins.
#[derive(Debug, Clone, Copy)]
pub struct Passage<'a> {
    pub file: &'a File,
    pub connector: usize,
    pub today: NaiveDate,
    pub run: Run,
}

impl Model {
    fn planner<'a>(&'a self, passage: Passage<'a>) -> Planner<'a> {
        let Passage { file, connector, today, .. } = passage;
        Planner { model: self, file, connector, today, fresh: Vec::new() }
    }

    /// A run, with what the limits let through.
    pub fn sync(&mut self, passage: Passage<'_>, people: BTreeMap<String, Record>) -> End {
        self.runs.insert(passage.run, Kind::Of(passage.connector));
        self.passes(passage, &Reading { people, complete: true })
    }

    /// A run whose source could not be read: the clock still runs, on the people last read. Answers whether it does
    /// anything, under the next number.
    pub fn failed(&mut self, passage: Passage<'_>) -> bool {
        self.runs.insert(passage.run, Kind::Failed);
        let reading = Reading { people: self.last_read(passage.connector), complete: false };
        let judged = self.planner(passage).judge(&reading);
        let moves = judged.plan.seats.values().any(|seat| seat.is_own() && seat.was != Some(seat.status));
        if judged.plan.add.is_empty() && judged.plan.remove.is_empty() && !moves && !judged.waits() {
            return false;
        }
        let run = passage.run + 1;
        self.runs.insert(run, Kind::Of(passage.connector));
        self.passes(Passage { run, ..passage }, &reading);
        true
    }

    fn last_read(&self, connector: usize) -> BTreeMap<String, Record> {
        let own = self.persons.iter().filter(|((of, _), person)| *of == connector && person.present);
        own.map(|((_, word), person)| (word.clone(), person.record.clone())).collect()
    }

    fn passes(&mut self, passage: Passage<'_>, reading: &Reading) -> End {
        let mut planner = self.planner(passage);
        let judged = planner.judge(reading);
        let kept_out = judged.kept_out(reading);
        let rules = planner.rules();
        let fresh = planner.fresh;
        let nothing = self.is_nothing(passage.connector, &judged, reading);
        self.commit(passage, reading, &judged, &fresh);
        self.write_holds(passage, &judged, kept_out, reading.complete);
        let guarded = &mut self.guarded[passage.connector];
        guarded.charged.insert(passage.run, judged.charge);
        if reading.complete && judged.waits() {
            guarded.held_baseline = Some(rules);
            if let (None, Some(before)) = (&guarded.before, judged.before.clone()) {
                guarded.before = Some(super::facts::Before { run: passage.run, ..before });
            }
        } else if reading.complete {
            guarded.held_baseline = Some(rules);
            self.good_run(passage.connector);
        }
        match (judged.waits(), nothing) {
            (true, _) => End::Held,
            (false, true) => End::Unchanged,
            (false, false) => End::Applied,
        }
    }

    fn good_run(&mut self, connector: usize) {
        let guarded = &mut self.guarded[connector];
        (guarded.baseline, guarded.before) = (guarded.held_baseline.take(), None);
    }

    fn is_nothing(&self, connector: usize, judged: &Judged, reading: &Reading) -> bool {
        let plan = &judged.plan;
        let moves = |(who, seat): (&Who, &super::plan::Seat)| {
            let record = seat.record.as_ref();
            let known = self.learners.get(who);
            seat.is_own()
                && (seat.was != Some(seat.status)
                    || matches!(seat.fate, Fate::New | Fate::Changed)
                    || record.is_some_and(|record| known.is_none_or(|known| known.record != *record)))
        };
        let absent = plan.absent.iter().any(|word| self.persons[&(connector, word.clone())].present);
        let catalogue = &plan.catalogue;
        let same = catalogue.new.is_empty() && catalogue.ended.is_empty() && catalogue.changed.is_empty();
        let quiet = plan.add.is_empty() && plan.remove.is_empty() && same && plan.meetings.is_empty();
        quiet && judged.made.is_empty() && !plan.seats.iter().any(moves) && !(reading.complete && absent)
    }

    fn commit(&mut self, passage: Passage<'_>, reading: &Reading, judged: &Judged, fresh: &[String]) {
        let Passage { connector, today, run, .. } = passage;
        let plan = &judged.plan;
        // New groups get the next numbers, whichever of those that were spoken of are made.
        let known = self.groups.len();
        let mut numbers: BTreeMap<usize, usize> = (0..known).map(|at| (at, at)).collect();
        for at in &judged.made {
            numbers.insert(*at, self.make_group(&fresh[at - known], false, run));
        }
        let number = |reason: &Reason| Reason { group: numbers[&reason.group], ..reason.clone() };
        let add: BTreeSet<Reason> = plan.add.iter().map(number).collect();
        let moving = plan.seats.iter().filter(|(who, seat)| {
            self.learners.contains_key(*who) && seat.had_access() != seat.status.has_access()
        });
        let moving: Vec<Who> = moving.map(|(who, _)| who.clone()).collect();
        self.keep_dues(&add, &plan.remove, &moving, today);
        for (who, seat) in plan.seats.iter().filter(|(_, seat)| seat.is_own()) {
            let fresh = Learner {
                status: seat.status,
                active_since: today,
                run,
                record: Record::new(),
                by_hand: false,
            };
            let learner = self.learners.entry(who.clone()).or_insert(fresh);
            if !learner.status.has_access() && seat.status.has_access() {
                learner.active_since = today;
            }
            let says_more = seat.record.as_ref().is_some_and(|record| *record != learner.record);
            let is_news = matches!(seat.fate, Fate::Changed | Fate::New);
            if learner.status != seat.status || is_news || says_more {
                learner.run = run;
            }
            learner.status = seat.status;
            if let Some(record) = &seat.record {
                learner.record = record.clone();
            }
        }
        for (who, seat) in &plan.seats {
            let Some(word) = &seat.word else { continue };
            let person =
                Person { who: who.clone(), present: true, record: reading.people[word].clone(), came: run };
            let there = self.persons.get(&(connector, word.clone())).filter(|there| there.present);
            let came = there.map_or(run, |there| there.came);
            if let Some(there) = there.filter(|_| seat.fate != Fate::Same) {
                self.records_before.insert((run, connector, word.clone()), there.record.clone());
            }
            self.persons.insert((connector, word.clone()), Person { came, ..person });
        }
        for word in &plan.absent {
            let person = self.persons.get_mut(&(connector, word.clone())).expect("was there");
            person.present = false;
            self.records_before.insert((run, connector, word.clone()), person.record.clone());
        }
        self.change_members(&add, &plan.remove, today, run);
        for (link, (group, name)) in &plan.meetings {
            self.links.insert(link.clone(), (numbers[group], name.clone()));
        }
        for (group, course, pattern, due) in &plan.catalogue.new {
            let whom = Whom::Group(numbers[group]);
            self.assign_anew(course, whom, *due, Some(*pattern), today, run);
        }
        for (at, due) in &plan.catalogue.changed {
            self.change_due(*at, *due, run);
        }
        for at in &plan.catalogue.ended {
            self.assignments[*at].ended = Some(run);
        }
    }

    pub fn assign_anew(
        &mut self,
        course: &'static str,
        whom: Whom,
        due: Due,
        pattern: Option<&'static str>,
        assigned: NaiveDate,
        run: Run,
    ) {
        let (ended, changed) = (None, Vec::new());
        self.assignments.push(Assignment { course, whom, due, assigned, pattern, run, ended, changed });
    }

    fn write_holds(
        &mut self,
        passage: Passage<'_>,
        judged: &Judged,
        kept_out: BTreeMap<String, Option<Record>>,
        complete: bool,
    ) {
        let Passage { connector, run, .. } = passage;
        let guarded = &mut self.guarded[connector];
        for (change, (decision, print)) in &judged.held {
            let before = guarded.holds.get(change).filter(|hold| hold.decision == *decision);
            let first = before.map_or(run, |hold| hold.first);
            let hold = Hold { decision: *decision, print: print.clone(), first, last: run };
            guarded.holds.insert(change.clone(), hold);
        }
        if complete {
            let decided = |hold: &Hold| matches!(hold.decision, Decision::Rejected(_) | Decision::Undone(_));
            guarded.holds.retain(|_, hold| hold.last >= run || !decided(hold));
            for hold in guarded.holds.values_mut().filter(|hold| hold.last < run) {
                hold.decision = Decision::Dropped;
            }
            guarded.kept_out.clear();
        }
        guarded.kept_out.extend(kept_out);
        self.forget_dropped(connector);
    }

    pub fn forget_dropped(&mut self, connector: usize) {
        let holds = &mut self.guarded[connector].holds;
        if !holds.values().any(|hold| hold.decision == Decision::Held) {
            holds.retain(|_, hold| hold.decision != Decision::Dropped);
        }
    }

    /// What an approval of a run does: what it holds, or what is rejected or taken back because of it.
    pub fn shown(&self, run: Run) -> Option<(usize, BTreeSet<Change>)> {
        let connector = match self.runs.get(&run)? {
            Kind::Of(connector) | Kind::Undo(connector) | Kind::Rejection(connector) => *connector,
            Kind::UndoByHand | Kind::ByHand | Kind::Failed => return None,
        };
        let shows = |hold: &Hold| match hold.decision {
            Decision::Undone(of) | Decision::Rejected(of) => of == run,
            Decision::Held => hold.first <= run && hold.last >= run,
            Decision::Dropped => false,
        };
        let holds = self.guarded[connector].holds.iter();
        let shown: BTreeSet<Change> =
            holds.filter(|(_, hold)| shows(hold)).map(|(change, _)| change.clone()).collect();
        (!shown.is_empty()).then_some((connector, shown))
    }

    /// Approves what a run showed; false when nothing of it waits.
    pub fn approve(&mut self, file: &File, today: NaiveDate, of: Run, run: Run) -> bool {
        let Some((connector, shown)) = self.shown(of) else { return false };
        let passage = Passage { file, connector, today, run };
        let mut people = self.last_read(connector);
        for (word, record) in &self.guarded[connector].kept_out {
            match record {
                Some(record) => people.insert(word.clone(), record.clone()),
                None => people.remove(word),
            };
        }
        let reading = Reading { people, complete: true };
        let mut planner = self.planner(passage);
        let judged = planner.only(&reading, &shown);
        let fresh = planner.fresh;
        let seats = judged.plan.seats.values();
        let mut written: Vec<String> = seats
            .filter(|seat| matches!(seat.fate, Fate::New | Fate::Changed))
            .filter_map(|seat| seat.word.clone())
            .collect();
        written.extend(judged.plan.absent.iter().cloned());
        self.runs.insert(run, Kind::Of(connector));
        self.commit(passage, &reading, &judged, &fresh);
        for guarded in &mut self.guarded {
            guarded.holds.retain(|change, _| !shown.contains(change));
        }
        let guarded = &mut self.guarded[connector];
        guarded.kept_out.retain(|word, _| !written.contains(word));
        let waits = guarded.holds.values().any(|hold| hold.decision == Decision::Held);
        if guarded.held_baseline.is_some() && !waits {
            self.good_run(connector);
        }
        true
    }

    /// Rejects what a run showed; false when nothing of it waits.
    pub fn reject(&mut self, of: Run, run: Run) -> bool {
        let Some((connector, _)) = self.shown(of) else { return false };
        let holds = self.guarded[connector].holds.values_mut();
        let waiting: Vec<&mut Hold> = holds
            .filter(|hold| hold.decision == Decision::Held && hold.first <= of && hold.last >= of)
            .collect();
        if waiting.is_empty() {
            return false;
        }
        for hold in waiting {
            hold.decision = Decision::Rejected(run);
        }
        self.runs.insert(run, Kind::Rejection(connector));
        self.forget_dropped(connector);
        true
    }
}
