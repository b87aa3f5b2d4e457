//! What taking back a run or a change by hand does.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::facts::{
    Amount, Change, Decision, Ended, Hold, Kind, Model, Print, Reason, Record, Run, Status, Who, Whom,
};
use super::rules::File;

/// An undo under way.
struct Undoing<'a> {
    file: &'a File,
    today: NaiveDate,
    /// What is taken back.
    of: Run,
    /// The number of the undo.
    run: Run,
    connector: Option<usize>,
    /// What is not to be done again.
    standing: BTreeMap<Change, Print>,
    touched: bool,
    did: bool,
}

impl Model {
    /// Takes back what a run did; false when there is nothing to take back.
    pub fn undo(&mut self, file: &File, today: NaiveDate, of: Run, run: Run) -> bool {
        let kind = self.runs[&of];
        let connector = match kind {
            Kind::Of(connector) | Kind::Undo(connector) => Some(connector),
            Kind::UndoByHand | Kind::Rejection(_) | Kind::ByHand | Kind::Failed => None,
        };
        let (standing, touched, did) = (BTreeMap::new(), false, false);
        let undoing = Undoing { file, today, of, run, connector, standing, touched, did };
        let mut then = self.clone();
        let undoing = then.take_back(undoing, kind);
        if undoing.did {
            *self = then;
        }
        undoing.did
    }

    fn take_back<'a>(&mut self, mut undoing: Undoing<'a>, kind: Kind) -> Undoing<'a> {
        self.groups_again(&mut undoing);
        self.members_again(&mut undoing);
        self.assignments_again(&mut undoing);
        self.by_hand_again(&mut undoing, matches!(kind, Kind::ByHand | Kind::Rejection(_)));
        let Undoing { of, run, connector, .. } = undoing;
        let is_undo = matches!(kind, Kind::Undo(_) | Kind::UndoByHand);
        self.runs.insert(run, connector.map_or(Kind::UndoByHand, Kind::Undo));
        if is_undo {
            for guarded in &mut self.guarded {
                guarded.holds.retain(|_, hold| hold.decision != Decision::Undone(of));
            }
        } else if let Some(connector) = connector {
            let holds = &mut self.guarded[connector].holds;
            for (change, print) in std::mem::take(&mut undoing.standing) {
                let hold = Hold { decision: Decision::Undone(run), print, first: run, last: run };
                holds.insert(change, hold);
            }
            self.forget_dropped(connector);
        }
        if !undoing.touched {
            for guarded in &mut self.guarded {
                guarded.charged.entry(of).and_modify(|charged| *charged = Amount::default());
            }
        }
        undoing
    }

    /// Groups that were deleted are there again, unless another one is called so by now.
    fn groups_again(&mut self, undoing: &mut Undoing<'_>) {
        for at in 0..self.groups.len() {
            if self.groups[at].deleted.is_none_or(|(run, _)| run != undoing.of) {
                continue;
            }
            if self.live(&self.groups[at].name).is_some() {
                undoing.touched = true;
            } else {
                self.groups[at].deleted = None;
                undoing.did = true;
            }
        }
    }

    /// Who left in a run of a connector, with the state that the record before it gives.
    fn who_comes_back(&self, undoing: &Undoing<'_>, connector: usize) -> BTreeMap<Who, (String, Status)> {
        let mut back = BTreeMap::new();
        for ((_, word), person) in self.persons.iter().filter(|((of, _), _)| *of == connector) {
            let learner = &self.learners[&person.who];
            if learner.run != undoing.of || learner.status != Status::Left {
                continue;
            }
            let before = self.records_before.get(&(undoing.of, connector, word.clone()));
            let status = state(before.unwrap_or(&person.record), undoing.today);
            let lost = self.ended.iter().any(|one| one.run == undoing.of && one.reason.who == person.who);
            if before.is_some() && status.has_access() || lost {
                let status = if status.has_access() { status } else { Status::Active };
                back.insert(person.who.clone(), (word.clone(), status));
            }
        }
        back
    }

    fn members_again(&mut self, undoing: &mut Undoing<'_>) {
        let Undoing { of, run, today, .. } = *undoing;
        let back =
            undoing.connector.map(|connector| self.who_comes_back(undoing, connector)).unwrap_or_default();
        let ended: Vec<Ended> = self.ended.iter().filter(|one| one.run == of).cloned().collect();
        let mut again: BTreeSet<Reason> = BTreeSet::new();
        for Ended { reason, .. } in &ended {
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
        let take: BTreeSet<Reason> = given.map(|(reason, _)| reason.clone()).collect();
        undoing.touched |= self.ended.iter().any(|one| one.given.run == of && one.run != of);
        let print = |reason: &Reason| -> Print {
            (Some(self.learners[&reason.who].record.clone()), undoing.file.print(reason.rule))
        };
        let ends = again.iter().map(|reason| (Change::End(reason.clone()), print(reason)));
        let gives = take.iter().map(|reason| (Change::Give(reason.clone()), print(reason)));
        let standing: Vec<(Change, Print)> = ends.chain(gives).collect();
        undoing.standing.extend(standing);
        undoing.did |= !again.is_empty() || !take.is_empty() || !back.is_empty();
        self.keep_dues(&again, &take, &[], today);
        for (who, (_, status)) in &back {
            let learner = self.learners.get_mut(who).expect("a learner");
            (learner.status, learner.run) = (*status, run);
        }
        self.change_members(&again, &take, today, run);
        for Reason { group, who, .. } in &again {
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
                person.came = run;
            }
            if let Some(before) = self.records_before.get(&(undoing.of, connector, word.clone())) {
                person.record = before.clone();
            }
            person.present = true;
            self.guarded[connector].kept_out.insert(word, as_read.clone());
            undoing.standing.insert(Change::Leave(who), (as_read, String::new()));
        }
    }

    fn assignments_again(&mut self, undoing: &mut Undoing<'_>) {
        let Undoing { of, run, .. } = *undoing;
        for at in 0..self.assignments.len() {
            let one = &self.assignments[at];
            let (made, ended) = (one.run == of, one.ended == Some(of) && one.run != of);
            let is_again = self.assignments.iter().enumerate().any(|(other, same)| {
                let alike = same.course == one.course && same.pattern == one.pattern && same.whom == one.whom;
                other != at && alike && same.ended.is_none()
            });
            let is_gone = matches!(one.whom, Whom::Group(group) if self.groups[group].deleted.is_some());
            let of_file = one.pattern.zip(match one.whom {
                Whom::Group(group) => Some(group),
                Whom::Alone(_) => None,
            });
            if made && one.ended.is_none() {
                if let Some((pattern, group)) = of_file {
                    undoing.standing.insert(Change::Assign(group, one.course, pattern), Print::default());
                }
                self.assignments[at].ended = Some(run);
                undoing.did = true;
            } else if ended && !is_again && !is_gone {
                if of_file.is_some() {
                    undoing.standing.insert(Change::Unassign(at), Print::default());
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

    fn by_hand_again(&mut self, undoing: &mut Undoing<'_>, is_by_hand: bool) {
        let Undoing { of, run, today, .. } = *undoing;
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
            let assigned =
                self.assignments.iter().any(|one| one.ended.is_none() && one.whom == Whom::Group(at));
            if is_its && self.members_of(at).is_empty() && !assigned {
                self.groups[at].deleted = Some((run, today));
                undoing.did = true;
            }
        }
    }
}

/// The state that one record alone gives.
fn state(record: &Record, today: NaiveDate) -> Status {
    let first = |attribute: &str| record.get(attribute).map_or("", |values| values[0].as_str());
    match first("status") {
        "left" => Status::Left,
        _ if first("start_date").parse::<NaiveDate>().is_ok_and(|day| day > today) => Status::Upcoming,
        "leave" => Status::Leave,
        _ => Status::Active,
    }
}
