//! From memberships to enrollments: who has access, and when it is due.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, TimeDelta};

use super::reference_model::{
    EndedMembership, LearnerKey, MembershipKey, MembershipStart, ModelAssignmentTarget, ModelDueDate,
    ModelEnrollment, ModelExclusion, ModelGroup, ModelKeptDue, ModelRecord, ModelWaiting, ReferenceModel,
    RunNumber,
};

/// How long those have to whom a fixed date would come too soon.
const LATE_DAYS: i64 = 14;

/// How long a date that was given up stands for whoever comes back.
const KEPT_DAYS: i64 = 30;

fn after(day: NaiveDate, days: i64) -> NaiveDate {
    day + TimeDelta::days(days)
}

impl ModelDueDate {
    fn date(self, from: NaiveDate, start: Option<NaiveDate>) -> Option<NaiveDate> {
        match self {
            Self::Never => None,
            Self::On(day) => Some(day.max(after(from, LATE_DAYS))),
            Self::AfterJoining(days) => Some(after(from, days.into())),
            Self::AfterStart(days) => Some(after(start.map_or(from, |start| start.max(from)), days.into())),
        }
    }
}

fn start(record: &ModelRecord) -> Option<NaiveDate> {
    record.get("start_date").and_then(|values| values[0].parse().ok())
}

impl ReferenceModel {
    pub(super) fn make_group(&mut self, name: &str, by_hand: bool, made: RunNumber) -> usize {
        self.groups.push(ModelGroup { name: name.to_owned(), by_hand, made, deleted: None, restored: None });
        self.groups.len() - 1
    }

    /// Gives and ends reasons: a member keeps the day of joining, whichever reason stays or comes.
    pub(super) fn change_members(
        &mut self,
        add: &BTreeSet<MembershipKey>,
        remove: &BTreeSet<MembershipKey>,
        today: NaiveDate,
        run: RunNumber,
    ) {
        for reason in add {
            let reasons = self.reasons(reason.group, &reason.who);
            let joined = reasons.iter().map(|one| self.members[one].joined).min().unwrap_or(today);
            self.members.entry(reason.clone()).or_insert(MembershipStart { joined, run });
            if reason.rule.is_empty() {
                self.end_waiting(reason.group, &reason.who, run);
            }
        }
        for reason in remove {
            let Some(given) = self.members.remove(reason) else { continue };
            if reason.rule.is_empty() && !self.learners[&reason.who].status.has_access() {
                self.rests(reason, given.run);
            }
            self.ended.push(EndedMembership { run, reason: reason.clone(), given });
        }
    }

    /// A membership by hand waits, and stays the work of who gave it.
    fn rests(&mut self, MembershipKey { group, who, .. }: &MembershipKey, given: RunNumber) {
        let pair = (*group, who.clone());
        let run = match self.resting.get(&pair) {
            Some(ModelWaiting { ended: None, .. }) => return,
            Some(one) if one.ended == Some(given) => one.run,
            Some(_) | None => given,
        };
        self.resting.insert(pair, ModelWaiting { run, ended: None });
    }

    /// A new membership by hand waits.
    pub(super) fn waits(&mut self, group: usize, who: &LearnerKey, run: RunNumber) {
        let one = self.resting.entry((group, who.clone())).or_insert(ModelWaiting { run, ended: None });
        if one.ended.is_some() {
            *one = ModelWaiting { run, ended: None };
        }
    }

    /// A membership by hand waits no longer; false if none did.
    pub(super) fn end_waiting(&mut self, group: usize, who: &LearnerKey, run: RunNumber) -> bool {
        let one = self.resting.get_mut(&(group, who.clone())).filter(|one| one.ended.is_none());
        one.map(|one| one.ended = Some(run)).is_some()
    }

    /// Remembers the dates that are given up by leaving a group, or all access.
    pub(super) fn keep_dues(
        &mut self,
        add: &BTreeSet<MembershipKey>,
        remove: &BTreeSet<MembershipKey>,
        moving: &[LearnerKey],
        today: NaiveDate,
        run: RunNumber,
    ) {
        let mut lost: BTreeMap<(LearnerKey, &'static str, Option<usize>), NaiveDate> = BTreeMap::new();
        let mut lose = |who: &LearnerKey, course, group, due: NaiveDate| {
            let one = lost.entry((who.clone(), course, group)).or_insert(due);
            *one = due.min(*one);
        };
        for MembershipKey { group, who, .. } in remove {
            let stays = self.reasons(*group, who).iter().any(|one| !remove.contains(one));
            if stays || add.iter().any(|one| one.group == *group && one.who == *who) {
                continue;
            }
            let dates = self.dates(who).into_iter();
            let dates = dates.filter(|(_, whom, _)| *whom == ModelAssignmentTarget::Group(*group));
            for (course, _, due) in dates {
                if let Some(due) = due {
                    lose(who, course, Some(*group), due);
                }
            }
        }
        for who in moving {
            let dates = self
                .dates(who)
                .into_iter()
                .filter(|(_, whom, _)| matches!(whom, ModelAssignmentTarget::Learner(_)));
            for (course, _, due) in dates {
                if let Some(due) = due {
                    lose(who, course, None, due);
                }
            }
        }
        for ((who, course, group), due) in lost {
            let kept = self.kept.entry((who, course)).or_default();
            if kept.iter().all(|one| (one.run, one.group) != (run, group)) {
                kept.push(ModelKeptDue { lost: today, due, run, group, ended: None });
            }
        }
    }

    /// Everything that holds up courses of somebody, each with its date.
    fn dates(&self, who: &LearnerKey) -> Vec<(&'static str, ModelAssignmentTarget, Option<NaiveDate>)> {
        let learner = &self.learners[who];
        let mut dates = Vec::new();
        for one in self.assignments.iter().filter(|one| one.ended.is_none()) {
            let since = match &one.whom {
                ModelAssignmentTarget::Group(group) => {
                    let reasons = self.reasons(*group, who);
                    reasons.iter().map(|reason| self.members[reason].joined).min()
                }
                ModelAssignmentTarget::Learner(alone) => {
                    (alone == who && learner.status.has_access()).then_some(learner.active_since)
                }
            };
            let Some(since) = since else { continue };
            let from = since.max(one.assigned);
            let own = one.due.date(from, start(&learner.record));
            let kept = self.kept.get(&(who.clone(), one.course)).map_or(&[][..], Vec::as_slice).iter();
            let kept = kept.filter(|kept| {
                kept.ended.is_none() && kept.lost <= from && kept.lost >= after(from, -KEPT_DAYS)
            });
            let due = kept.map(|kept| kept.due).chain(own).min();
            dates.push((one.course, one.whom.clone(), due));
        }
        dates
    }

    /// Workers settle everything.
    pub(super) fn drain(&mut self) {
        let everybody: Vec<LearnerKey> = self.learners.keys().cloned().collect();
        let mut held: BTreeSet<(LearnerKey, &'static str)> = BTreeSet::new();
        for who in everybody {
            let dates = self.dates(&who);
            for course in dates.iter().map(|(course, _, _)| *course).collect::<BTreeSet<_>>() {
                let due =
                    dates.iter().filter(|(of, _, _)| *of == course).filter_map(|(_, _, due)| *due).min();
                let fresh = ModelEnrollment { active: true, due, completed: None, reopened: None };
                let one = self.enrollments.entry((who.clone(), course)).or_insert(fresh);
                one.active = true;
                if one.completed.is_none() {
                    one.due = due;
                }
                held.insert((who.clone(), course));
            }
        }
        for (pair, one) in &mut self.enrollments {
            one.active = held.contains(pair);
        }
    }

    /// Gives an assignment another date: it stands whatever dates anybody brought along.
    pub(super) fn change_due(&mut self, at: usize, due: ModelDueDate, run: RunNumber) {
        let one = &mut self.assignments[at];
        let before = std::mem::replace(&mut one.due, due);
        one.changed.push((run, before));
        self.forget_dues(at, run);
    }

    fn forget_dues(&mut self, at: usize, run: RunNumber) {
        let one = &self.assignments[at];
        let (course, whom) = (one.course, one.whom.clone());
        let reached = match whom {
            ModelAssignmentTarget::Group(group) => self.members_of(group),
            ModelAssignmentTarget::Learner(who) => [who].into(),
        };
        for ((_, _), kept) in
            self.kept.iter_mut().filter(|((who, of), _)| *of == course && reached.contains(who))
        {
            kept.iter_mut().filter(|one| one.ended.is_none()).for_each(|one| one.ended = Some(run));
        }
    }

    /// Keeps somebody out of a group.
    pub(super) fn exclude(&mut self, group: usize, who: &LearnerKey, run: RunNumber) {
        self.exclusions.insert((group, who.clone()), ModelExclusion { run, lifted: None, restored: None });
    }

    /// Lets somebody in again; false when nothing kept them out.
    pub(super) fn lift(&mut self, group: usize, who: &LearnerKey, run: RunNumber) -> bool {
        let one = self.exclusions.get_mut(&(group, who.clone())).filter(|one| one.lifted.is_none());
        one.map(|one| one.lifted = Some(run)).is_some()
    }

    /// Lets days pass: everything that has happened is longer ago.
    pub(super) fn pass(&mut self, days: i64) {
        let back = |day: &mut NaiveDate| *day = after(*day, -days);
        self.members.values_mut().for_each(|given| back(&mut given.joined));
        self.ended.iter_mut().for_each(|ended| back(&mut ended.given.joined));
        self.learners.values_mut().for_each(|learner| back(&mut learner.active_since));
        for one in &mut self.assignments {
            back(&mut one.assigned);
            let dues = one.changed.iter_mut().map(|(_, due)| due).chain([&mut one.due]);
            for due in dues {
                if let ModelDueDate::On(day) = due {
                    back(day);
                }
            }
        }
        for one in self.kept.values_mut().flatten() {
            back(&mut one.lost);
            back(&mut one.due);
        }
        self.enrollments.values_mut().filter_map(|one| one.due.as_mut()).for_each(back);
        self.groups.iter_mut().filter_map(|group| group.deleted.as_mut()).for_each(|(_, day)| back(day));
        let next = self.runs.keys().max().map_or(0, |last| last + 1);
        for guarded in &mut self.guarded {
            guarded.charged.clear();
            guarded.day = next;
        }
    }
}
