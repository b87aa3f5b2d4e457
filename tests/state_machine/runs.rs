//! What a run, an approval and a rejection do.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::limits::LimitedPlan;
use super::plan::{ModelPersonChange, ModelPlanner, ModelReading, ModelScope};
use super::reference_model::{
    LearnerKey, MembershipKey, ModelAssignment, ModelAssignmentTarget, ModelChange, ModelDecision,
    ModelDueDate, ModelHold, ModelLearner, ModelPerson, ModelRecord, ModelRunKind, ReferenceModel, RunNumber,
};
use super::rules::ModelConfig;

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ModelOutcome {
    Held,
    Unchanged,
    Applied,
}

/// What is known of a run before it begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct ModelRun<'a> {
    pub file: &'a ModelConfig,
    pub connector: usize,
    pub today: NaiveDate,
    pub run: RunNumber,
    /// Whether somebody has allowed what the limits would hold.
    pub allow: bool,
}

impl ReferenceModel {
    fn planner<'a>(&'a self, passage: ModelRun<'a>) -> ModelPlanner<'a> {
        let ModelRun { file, connector, today, allow, .. } = passage;
        ModelPlanner { model: self, file, connector, today, allow, fresh: Vec::new() }
    }

    /// A run, with what the limits let through.
    pub(super) fn sync(
        &mut self,
        passage: ModelRun<'_>,
        people: BTreeMap<String, ModelRecord>,
    ) -> ModelOutcome {
        self.runs.insert(passage.run, ModelRunKind::Of(passage.connector));
        self.execute_run(passage, &ModelReading { people, scope: ModelScope::Complete })
    }

    /// A run whose source could not be read: the clock still runs, on the people last read. Answers whether it does
    /// anything, under the next number.
    pub(super) fn failed(&mut self, passage: ModelRun<'_>) -> bool {
        self.runs.insert(passage.run, ModelRunKind::Failed);
        let reading = ModelReading { people: self.last_read(passage.connector), scope: ModelScope::LastRead };
        let judged = self.planner(passage).apply_limits(&reading);
        let moves = judged.plan.learners.values().any(|seat| seat.is_own() && seat.was != Some(seat.status));
        if judged.plan.add.is_empty() && judged.plan.remove.is_empty() && !moves && !judged.waits() {
            return false;
        }
        let run = passage.run + 1;
        self.runs.insert(run, ModelRunKind::Of(passage.connector));
        self.execute_run(ModelRun { run, ..passage }, &reading);
        true
    }

    fn last_read(&self, connector: usize) -> BTreeMap<String, ModelRecord> {
        let own = self.persons.iter().filter(|((of, _), person)| *of == connector && person.present);
        own.map(|((_, word), person)| (word.clone(), person.record.clone())).collect()
    }

    pub(super) fn execute_run(&mut self, passage: ModelRun<'_>, reading: &ModelReading) -> ModelOutcome {
        let mut planner = self.planner(passage);
        let judged = planner.apply_limits(reading);
        let kept_out = judged.kept_out(reading);
        let rules = planner.rules();
        let fresh = planner.fresh;
        let nothing = self.is_nothing(passage.connector, &judged, reading);
        self.commit(passage, reading, &judged, &fresh);
        self.write_holds(passage, &judged, kept_out, reading.is_complete());
        let guarded = &mut self.guarded[passage.connector];
        guarded.charged.insert(passage.run, judged.charge);
        if reading.is_complete() && judged.waits() {
            guarded.held_baseline = Some(rules);
            if let (None, Some(before)) = (&guarded.before, judged.before.clone()) {
                guarded.before =
                    Some(super::reference_model::ModelHoldBaseline { run: passage.run, ..before });
            }
        } else if reading.is_complete() {
            guarded.held_baseline = Some(rules);
            self.good_run(passage.connector);
        }
        match (judged.waits(), nothing) {
            (true, _) => ModelOutcome::Held,
            (false, true) => ModelOutcome::Unchanged,
            (false, false) => ModelOutcome::Applied,
        }
    }

    fn good_run(&mut self, connector: usize) {
        let guarded = &mut self.guarded[connector];
        (guarded.baseline, guarded.before) = (guarded.held_baseline.take(), None);
    }

    fn is_nothing(&self, connector: usize, judged: &LimitedPlan, reading: &ModelReading) -> bool {
        let plan = &judged.plan;
        let moves = |(who, seat): (&LearnerKey, &super::plan::ModelPlannedLearner)| {
            let record = seat.record.as_ref();
            let known = self.learners.get(who);
            seat.is_own()
                && (seat.was != Some(seat.status)
                    || matches!(seat.fate, ModelPersonChange::New | ModelPersonChange::Changed)
                    || record.is_some_and(|record| known.is_none_or(|known| known.record != *record)))
        };
        let absent = plan.absent.iter().any(|word| self.persons[&(connector, word.clone())].present);
        let catalogue = &plan.catalogue;
        let same = catalogue.new.is_empty() && catalogue.ended.is_empty() && catalogue.changed.is_empty();
        let quiet = plan.add.is_empty() && plan.remove.is_empty() && same && plan.meetings.is_empty();
        quiet
            && judged.made.is_empty()
            && !plan.learners.iter().any(moves)
            && !(reading.is_complete() && absent)
    }

    fn commit(
        &mut self,
        passage: ModelRun<'_>,
        reading: &ModelReading,
        judged: &LimitedPlan,
        fresh: &[String],
    ) {
        let ModelRun { connector, today, run, .. } = passage;
        let plan = &judged.plan;
        // New groups get the next numbers, whichever of those that were spoken of are made.
        let known = self.groups.len();
        let mut numbers: BTreeMap<usize, usize> = (0..known).map(|at| (at, at)).collect();
        for at in &judged.made {
            numbers.insert(*at, self.make_group(&fresh[at - known], false, run));
        }
        let number =
            |reason: &MembershipKey| MembershipKey { group: numbers[&reason.group], ..reason.clone() };
        let add: BTreeSet<MembershipKey> = plan.add.iter().map(number).collect();
        let moving = plan.learners.iter().filter(|(who, seat)| {
            let both = seat.had_access() && seat.status.has_access();
            self.learners.contains_key(*who) && seat.was != Some(seat.status) && !both
        });
        let moving: Vec<LearnerKey> = moving.map(|(who, _)| who.clone()).collect();
        for who in &moving {
            self.states_before.insert((run, who.clone()), self.learners[who].status);
        }
        self.keep_dues(&add, &plan.remove, &moving, today, run);
        for (who, seat) in plan.learners.iter().filter(|(_, seat)| seat.is_own()) {
            let fresh = ModelLearner {
                status: seat.status,
                active_since: today,
                run,
                record: ModelRecord::new(),
                by_hand: false,
            };
            let known = self.learners.contains_key(who);
            let learner = self.learners.entry(who.clone()).or_insert(fresh);
            if !learner.status.has_access() && seat.status.has_access() {
                learner.active_since = today;
            }
            let says_more = seat.record.as_ref().is_some_and(|record| *record != learner.record);
            let is_news = matches!(seat.fate, ModelPersonChange::Changed | ModelPersonChange::New);
            if learner.status != seat.status || is_news || says_more {
                learner.run = run;
            }
            let moves_start =
                |record: &ModelRecord| learner.record.get("start_date") != record.get("start_date");
            if known && seat.record.as_ref().is_some_and(moves_start) {
                self.states_before.entry((run, who.clone())).or_insert(learner.status);
            }
            learner.status = seat.status;
            if let Some(record) = &seat.record {
                learner.record = record.clone();
            }
        }
        for (who, seat) in &plan.learners {
            let Some(word) = &seat.word else { continue };
            let person = ModelPerson {
                who: who.clone(),
                present: true,
                record: reading.people[word].clone(),
                first_run: run,
            };
            let there = self.persons.get(&(connector, word.clone())).filter(|there| there.present);
            let came = there.map_or(run, |there| there.first_run);
            if seat.fate != ModelPersonChange::Same {
                let before = there.map(|there| there.record.clone());
                self.records_before.insert((run, connector, word.clone()), before);
            }
            self.persons.insert((connector, word.clone()), ModelPerson { first_run: came, ..person });
        }
        for word in &plan.absent {
            let person = self.persons.get_mut(&(connector, word.clone())).expect("was there");
            person.present = false;
            self.records_before.insert((run, connector, word.clone()), Some(person.record.clone()));
        }
        self.change_members(&add, &plan.remove, today, run);
        for (link, (group, name)) in &plan.meetings {
            self.links.insert(link.clone(), (numbers[group], name.clone()));
        }
        for (group, course, pattern, due) in &plan.catalogue.new {
            let whom = ModelAssignmentTarget::Group(numbers[group]);
            self.assign_anew(course, whom, *due, Some(*pattern), today, run);
        }
        for (at, due) in &plan.catalogue.changed {
            self.change_due(*at, *due, run);
        }
        for at in &plan.catalogue.ended {
            self.assignments[*at].ended = Some(run);
        }
    }

    pub(super) fn assign_anew(
        &mut self,
        course: &'static str,
        whom: ModelAssignmentTarget,
        due: ModelDueDate,
        pattern: Option<&'static str>,
        assigned: NaiveDate,
        run: RunNumber,
    ) {
        let (ended, changed) = (None, Vec::new());
        self.assignments.push(ModelAssignment {
            course,
            whom,
            due,
            assigned,
            pattern,
            run,
            ended,
            restored: None,
            changed,
        });
    }

    fn write_holds(
        &mut self,
        passage: ModelRun<'_>,
        judged: &LimitedPlan,
        kept_out: BTreeMap<String, Option<ModelRecord>>,
        complete: bool,
    ) {
        let ModelRun { connector, run, .. } = passage;
        let guarded = &mut self.guarded[connector];
        for (change, (decision, print)) in &judged.held {
            let before = guarded.holds.get(change).filter(|hold| hold.decision == *decision);
            let first = before.map_or(run, |hold| hold.first);
            let hold = ModelHold { decision: *decision, print: print.clone(), first, last: run };
            guarded.holds.insert(change.clone(), hold);
        }
        if complete {
            let decided = |hold: &ModelHold| {
                matches!(hold.decision, ModelDecision::Rejected(_) | ModelDecision::Undone(_))
            };
            guarded.holds.retain(|_, hold| hold.last >= run || !decided(hold));
            for hold in guarded.holds.values_mut().filter(|hold| hold.last < run) {
                hold.decision = ModelDecision::Dropped;
            }
            guarded.kept_out.clear();
        }
        guarded.kept_out.extend(kept_out);
        self.forget_dropped(connector);
    }

    pub(super) fn forget_dropped(&mut self, connector: usize) {
        let holds = &mut self.guarded[connector].holds;
        if !holds.values().any(|hold| hold.decision == ModelDecision::Held) {
            holds.retain(|_, hold| hold.decision != ModelDecision::Dropped);
        }
    }

    /// What an approval of a run does: what it holds, or what is rejected or taken back because of it.
    pub(super) fn shown(&self, run: RunNumber) -> Option<(usize, BTreeSet<ModelChange>)> {
        let connector = match self.runs.get(&run)? {
            ModelRunKind::Of(connector)
            | ModelRunKind::Undo(connector)
            | ModelRunKind::Resync(connector)
            | ModelRunKind::Rejection(connector) => *connector,
            ModelRunKind::UndoByHand
            | ModelRunKind::ByHand
            | ModelRunKind::Suspension
            | ModelRunKind::Failed => return None,
        };
        let shows = |hold: &ModelHold| match hold.decision {
            ModelDecision::Undone(of) | ModelDecision::Rejected(of) => of == run,
            ModelDecision::Held => hold.first <= run && hold.last >= run,
            ModelDecision::Dropped => false,
        };
        let holds = self.guarded[connector].holds.iter();
        let shown: BTreeSet<ModelChange> =
            holds.filter(|(_, hold)| shows(hold)).map(|(change, _)| change.clone()).collect();
        (!shown.is_empty()).then_some((connector, shown))
    }

    /// Approves what a run showed; false when nothing of it waits.
    pub(super) fn approve(
        &mut self,
        file: &ModelConfig,
        today: NaiveDate,
        of: RunNumber,
        run: RunNumber,
    ) -> bool {
        let Some((connector, shown)) = self.shown(of) else { return false };
        let passage = ModelRun { file, connector, today, run, allow: false };
        let mut people = self.last_read(connector);
        for (word, record) in &self.guarded[connector].kept_out {
            match record {
                Some(record) => people.insert(word.clone(), record.clone()),
                None => people.remove(word),
            };
        }
        let reading = ModelReading { people, scope: ModelScope::Complete };
        let mut planner = self.planner(passage);
        let judged = planner.only(&reading, &shown);
        let fresh = planner.fresh;
        let seats = judged.plan.learners.values();
        let mut written: Vec<String> = seats
            .filter(|seat| matches!(seat.fate, ModelPersonChange::New | ModelPersonChange::Changed))
            .filter_map(|seat| seat.word.clone())
            .collect();
        written.extend(judged.plan.absent.iter().cloned());
        self.runs.insert(run, ModelRunKind::Of(connector));
        self.commit(passage, &reading, &judged, &fresh);
        for guarded in &mut self.guarded {
            guarded.holds.retain(|change, _| !shown.contains(change));
        }
        let guarded = &mut self.guarded[connector];
        guarded.kept_out.retain(|word, _| !written.contains(word));
        let waits = guarded.holds.values().any(|hold| hold.decision == ModelDecision::Held);
        if guarded.held_baseline.is_some() && !waits {
            self.good_run(connector);
        }
        true
    }

    /// Rejects what a run showed; false when nothing of it waits.
    pub(super) fn reject(&mut self, of: RunNumber, run: RunNumber) -> bool {
        let Some((connector, _)) = self.shown(of) else { return false };
        let holds = self.guarded[connector].holds.values_mut();
        let waiting: Vec<&mut ModelHold> = holds
            .filter(|hold| hold.decision == ModelDecision::Held && hold.first <= of && hold.last >= of)
            .collect();
        if waiting.is_empty() {
            return false;
        }
        for hold in waiting {
            hold.decision = ModelDecision::Rejected(run);
        }
        self.runs.insert(run, ModelRunKind::Rejection(connector));
        self.forget_dropped(connector);
        true
    }
}
