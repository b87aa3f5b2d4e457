//! What of a plan may go through, by the limits of the file: how many may go over a day, how many of one group, and how
//! few a reading may hold. The other limits are wide open in these histories.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{ModelPersonChange, ModelPlan, ModelPlanner, ModelReading, PinnedPeople};
use super::reference_model::{
    LearnerKey, MembershipKey, ModelChange, ModelDecision, ModelFingerprint, ModelHoldBaseline, ModelLoss,
    ModelRecord,
};

/// What a run does, and what it holds.
#[derive(Debug, Clone, Default)]
pub(super) struct LimitedPlan {
    pub plan: ModelPlan,
    /// Groups that are made.
    pub made: BTreeSet<usize>,
    pub held: BTreeMap<ModelChange, (ModelDecision, ModelFingerprint)>,
    pub left_out: PinnedPeople,
    pub charge: ModelLoss,
    /// What there was before, where this is the first run of which something waits.
    pub before: Option<ModelHoldBaseline>,
}

impl LimitedPlan {
    /// What the reading says of the people who were left out.
    pub(super) fn kept_out(&self, reading: &ModelReading) -> BTreeMap<String, Option<ModelRecord>> {
        let words = self.left_out.words.iter();
        words.map(|word| (word.clone(), reading.people.get(word).cloned())).collect()
    }

    pub(super) fn waits(&self) -> bool {
        self.held.values().any(|(decision, _)| *decision == ModelDecision::Held)
    }
}

/// What was taken out of a plan.
#[derive(Debug, Clone, Default)]
struct ModelDeferredChanges {
    changes: BTreeMap<ModelChange, ModelDecision>,
    give: BTreeSet<MembershipKey>,
    end: BTreeSet<MembershipKey>,
}

/// Which removals wait.
enum ModelHoldScope {
    Nothing,
    Groups(BTreeSet<usize>),
    All,
}

/// A limit of so many, of `had`: 5 %, but always 10, and never more than half.
fn removal_limit(had: usize) -> usize {
    (had * 5 / 100).max(10.min(had / 2))
}

impl ModelPlanner<'_> {
    /// Works out what a run may do.
    pub(super) fn apply_limits(&mut self, reading: &ModelReading) -> LimitedPlan {
        let first = self.plan(reading, &PinnedPeople::default());
        let mut out = PinnedPeople::default();
        let mut decided_people: BTreeMap<LearnerKey, ModelDecision> = BTreeMap::new();
        for (who, seat) in first.learners.iter().filter(|(_, seat)| seat.is_going()) {
            let own = seat.word.as_ref().map(|word| reading.people[word].clone());
            if let Some(decision) = self.decided(&ModelChange::Leave(who.clone()), &(own, String::new())) {
                decided_people.insert(who.clone(), decision);
            }
        }
        self.leave_out(&first, decided_people.keys(), &mut out);
        let mut decided_records: BTreeMap<String, (LearnerKey, ModelDecision)> = BTreeMap::new();
        for (who, seat) in &first.learners {
            let Some(word) = &seat.word else { continue };
            let is_news = matches!(seat.fate, ModelPersonChange::New | ModelPersonChange::Changed);
            let comes = seat.was.is_some_and(|was| !was.has_access()) && seat.status.has_access();
            let print = (reading.people.get(word).cloned(), String::new());
            let decision = self.decided(&ModelChange::Record(self.connector, word.clone()), &print);
            if let Some(decision) = decision.filter(|_| is_news || comes) {
                out.words.insert(word.clone());
                if seat.goes() {
                    decided_people.entry(who.clone()).or_insert(decision);
                } else {
                    decided_records.insert(word.clone(), (who.clone(), decision));
                }
            }
        }
        let mut current = if out.words.is_empty() { first.clone() } else { self.plan(reading, &out) };
        let mut taken = self.defer_decided(&mut current);
        let lost = self.lost(&current);
        let had = self.had(if out.words.is_empty() { &first } else { &current });
        let weighed = self.had_before_day(if out.words.is_empty() { &first } else { &current });
        let scope = self.scope(&current, &lost, weighed, reading);
        let going: Vec<LearnerKey> = current
            .learners
            .iter()
            .filter(|(who, seat)| {
                seat.is_going()
                    && match &scope {
                        ModelHoldScope::Nothing => false,
                        ModelHoldScope::All => true,
                        ModelHoldScope::Groups(groups) => {
                            lost.0.iter().any(|(group, one)| one == *who && groups.contains(group))
                        }
                    }
            })
            .map(|(who, _)| who.clone())
            .collect();
        let mut leaving: BTreeMap<LearnerKey, ModelDecision> = decided_people;
        if !going.is_empty() {
            let whole = if out.words.is_empty() { first.clone() } else { self.plan(reading, &out) };
            self.leave_out(&whole, going.iter(), &mut out);
            leaving.extend(going.iter().map(|who| (who.clone(), ModelDecision::Held)));
            current = self.plan(reading, &out);
            taken = self.defer_decided(&mut current);
        }
        let lost = self.lost(&current);
        for reason in current.remove.clone() {
            let is_lost = lost.0.contains(&(reason.group, reason.who.clone()));
            let waits = match &scope {
                ModelHoldScope::Nothing => false,
                ModelHoldScope::All => is_lost,
                ModelHoldScope::Groups(groups) => is_lost && groups.contains(&reason.group),
            };
            if waits {
                current.remove.remove(&reason);
                taken.end.insert(reason.clone());
                taken.changes.insert(ModelChange::End(reason), ModelDecision::Held);
            }
        }
        if matches!(scope, ModelHoldScope::All) {
            for at in std::mem::take(&mut current.catalogue.ended) {
                taken.changes.insert(ModelChange::Unassign(at), ModelDecision::Held);
            }
        }
        let charge = if self.allow { ModelLoss::default() } else { self.lost(&current).1 };
        let mut judged = LimitedPlan { charge, ..LimitedPlan::default() };
        judged.made = first.wanted.intersection(&current.wanted).copied().collect();
        let unmade: BTreeSet<usize> = current.wanted.difference(&first.wanted).copied().collect();
        current.add.retain(|reason| first.add.contains(reason));
        current.remove.retain(|reason| first.remove.contains(reason));
        current.meetings.retain(|(_, (group, _))| !unmade.contains(group));
        current.catalogue.new.retain(|(group, _, _, _)| !unmade.contains(group));
        for (change, decision) in taken.changes {
            let print = self.fingerprint_of(&change, &current);
            judged.held.insert(change, (decision, print));
        }
        for (who, decision) in &leaving {
            let own = first.learners[who].word.as_ref().map(|word| reading.people[word].clone());
            judged.held.insert(ModelChange::Leave(who.clone()), (*decision, (own, String::new())));
        }
        for (word, (_, decision)) in &decided_records {
            let print = (reading.people.get(word).cloned(), String::new());
            judged.held.insert(ModelChange::Record(self.connector, word.clone()), (*decision, print));
        }
        let gives = first.add.iter().filter(|one| !current.add.contains(one) && !taken.give.contains(one));
        let ends =
            first.remove.iter().filter(|one| !current.remove.contains(one) && !taken.end.contains(one));
        let together = gives.map(|one| self.give(one)).chain(ends.map(|one| ModelChange::End(one.clone())));
        for change in together {
            let who = match &change {
                ModelChange::Give(MembershipKey { who, .. })
                | ModelChange::End(MembershipKey { who, .. }) => who,
                ModelChange::GiveNew(_, _, who) => who,
                ModelChange::Leave(_)
                | ModelChange::Record(..)
                | ModelChange::Make(_)
                | ModelChange::Assign(..)
                | ModelChange::Unassign(_) => continue,
            };
            let of_record =
                decided_records.values().find(|(one, _)| one == who).map(|(_, decision)| *decision);
            let decision = leaving.get(who).copied().or(of_record).unwrap_or(ModelDecision::Held);
            judged.held.insert(change, (decision, ModelFingerprint::default()));
        }
        for group in first.wanted.difference(&current.wanted) {
            let make = ModelChange::Make(self.name(*group).to_owned());
            judged.held.insert(make, (ModelDecision::Held, ModelFingerprint::default()));
        }
        let guarded = &self.model.guarded[self.connector];
        if judged.waits() && guarded.baseline.is_some() && guarded.before.is_none() {
            // A group that is deleted at that time has no size; after a restoration it has that of the day.
            let is_live = |group: &usize| self.model.groups[*group].deleted.is_none();
            let groups = (0..self.model.groups.len()).filter(is_live);
            let groups = groups.map(|group| (group, self.model.members_of(group).len())).collect();
            judged.before = Some(ModelHoldBaseline { run: 0, had, groups });
        }
        judged.plan = current;
        judged.left_out = out;
        judged
    }

    /// Giving somebody a group, which may not be there yet.
    fn give(&self, reason: &MembershipKey) -> ModelChange {
        if reason.group < self.model.groups.len() {
            return ModelChange::Give(reason.clone());
        }
        ModelChange::GiveNew(self.name(reason.group).to_owned(), reason.rule, reason.who.clone())
    }

    /// Leaves people out, and that others are no longer there.
    fn leave_out<'w>(
        &self,
        plan: &ModelPlan,
        who: impl Iterator<Item = &'w LearnerKey>,
        out: &mut PinnedPeople,
    ) {
        for who in who {
            out.words.extend(plan.learners[who].word.clone());
            let absent = plan
                .absent
                .iter()
                .filter(|word| self.model.persons[&(self.connector, (*word).clone())].who == *who);
            out.words.extend(absent.cloned());
        }
    }

    /// What somebody has decided on a change that is still about the same; the connector's own decision comes first.
    pub(super) fn decided(&self, change: &ModelChange, print: &ModelFingerprint) -> Option<ModelDecision> {
        let own_first = [self.connector, 1 - self.connector].map(|connector| &self.model.guarded[connector]);
        let all = own_first.into_iter().filter_map(|guarded| guarded.holds.get(change));
        let stands = |decision| matches!(decision, ModelDecision::Rejected(_) | ModelDecision::Undone(_));
        all.filter(|hold| stands(hold.decision) && hold.print == *print).map(|hold| hold.decision).next()
    }

    fn fingerprint_of(&self, change: &ModelChange, plan: &ModelPlan) -> ModelFingerprint {
        match change {
            ModelChange::Give(reason) | ModelChange::End(reason) => self.fingerprint(reason, plan),
            ModelChange::Leave(_)
            | ModelChange::Record(..)
            | ModelChange::Make(_)
            | ModelChange::GiveNew(..) => ModelFingerprint::default(),
            ModelChange::Assign(..) | ModelChange::Unassign(_) => ModelFingerprint::default(),
        }
    }

    pub(super) fn fingerprint(&self, reason: &MembershipKey, plan: &ModelPlan) -> ModelFingerprint {
        (plan.learners[&reason.who].record.clone(), self.file.rule_text(reason.rule))
    }

    /// Takes out what was rejected or taken back; and who may not be given one group is not taken out of another.
    fn defer_decided(&self, plan: &mut ModelPlan) -> ModelDeferredChanges {
        let mut taken = ModelDeferredChanges::default();
        let mut moves: BTreeMap<(&'static str, LearnerKey), ModelDecision> = BTreeMap::new();
        let growing = self.growing(plan);
        for reason in &plan.add {
            let change = ModelChange::Give(reason.clone());
            let grows = growing.contains(&(reason.rule, reason.group)).then_some(ModelDecision::Held);
            if let Some(decision) = self.decided(&change, &self.fingerprint(reason, plan)).or(grows) {
                moves.insert((reason.rule, reason.who.clone()), decision);
                taken.give.insert(reason.clone());
                taken.changes.insert(change, decision);
            }
        }
        for reason in plan.remove.iter().filter(|reason| !plan.learners[&reason.who].goes()) {
            let change = ModelChange::End(reason.clone());
            let own = self.decided(&change, &self.fingerprint(reason, plan));
            let decision = own.or_else(|| moves.get(&(reason.rule, reason.who.clone())).copied());
            if let Some(decision) = decision {
                taken.end.insert(reason.clone());
                taken.changes.insert(change, decision);
            }
        }
        let none = ModelFingerprint::default();
        for at in plan.catalogue.ended.clone() {
            if let Some(decision) = self.decided(&ModelChange::Unassign(at), &none) {
                plan.catalogue.ended.remove(&at);
                taken.changes.insert(ModelChange::Unassign(at), decision);
            }
        }
        for new in plan.catalogue.new.clone() {
            let change = ModelChange::Assign(new.0, new.1, new.2);
            if let Some(decision) = self.decided(&change, &none) {
                plan.catalogue.new.remove(&new);
                taken.changes.insert(change, decision);
            }
        }
        plan.add.retain(|reason| !taken.give.contains(reason));
        plan.remove.retain(|reason| !taken.end.contains(reason));
        taken
    }

    fn scope(
        &self,
        plan: &ModelPlan,
        lost: &(BTreeSet<(usize, LearnerKey)>, ModelLoss),
        had: ModelLoss,
        reading: &ModelReading,
    ) -> ModelHoldScope {
        if self.allow {
            return ModelHoldScope::Nothing;
        }
        let guarded = &self.model.guarded[self.connector];
        let before = guarded.before.as_ref();
        let came_since = |came: i64| before.is_some_and(|before| came >= before.run);
        let persons = self.model.persons.iter().filter(|((connector, _), _)| *connector == self.connector);
        let known: Vec<&String> = persons
            .filter(|(_, person)| person.present && !came_since(person.first_run))
            .map(|((_, word), _)| word)
            .collect();
        let gone = plan.absent.iter().filter(|word| known.contains(word)).count();
        if reading.is_complete() && (known.len() - gone) * 100 < known.len() * 80 && !plan.absent.is_empty() {
            return ModelHoldScope::All;
        }
        let sum = |pick: fn(&ModelLoss) -> usize, from: i64| -> usize {
            guarded.charged.iter().filter(|(run, _)| **run >= from).map(|(_, amount)| pick(amount)).sum()
        };
        let picks: [fn(&ModelLoss) -> usize; 3] =
            [|one| one.memberships, |one| one.learners, |one| one.enrollments];
        for pick in picks {
            let charged = sum(pick, 0);
            let base = match before {
                Some(then) => (pick(&had) + charged).min(pick(&then.had) + charged - sum(pick, then.run)),
                None => pick(&had) + charged,
            };
            let goes = pick(&lost.1);
            if goes > 0 && goes + charged > removal_limit(base) {
                return ModelHoldScope::All;
            }
        }
        let mut groups = BTreeSet::new();
        for group in lost.0.iter().map(|(group, _)| *group).collect::<BTreeSet<usize>>() {
            let today = self.model.members_of(group).len();
            let then =
                before.and_then(|before| before.groups.get(&group)).map_or(today, |then| today.min(*then));
            let size = if then < 20 { today } else { then };
            let goes = lost.0.iter().filter(|(of, _)| *of == group).count();
            if size >= 20 && goes > size * 30 / 100 {
                groups.insert(group);
            }
        }
        if groups.is_empty() { ModelHoldScope::Nothing } else { ModelHoldScope::Groups(groups) }
    }

    /// What an approval of these changes does: nothing that was not shown.
    pub(super) fn only(&mut self, reading: &ModelReading, shown: &BTreeSet<ModelChange>) -> LimitedPlan {
        let first = self.plan(reading, &PinnedPeople::default());
        let stays = first.learners.iter().filter(|(who, seat)| {
            let moves = seat.word.is_some()
                && (seat.fate != ModelPersonChange::Same || seat.was != Some(seat.status));
            let record = seat.word.clone().map(|word| ModelChange::Record(self.connector, word));
            if seat.is_going() {
                !shown.contains(&ModelChange::Leave((*who).clone()))
            } else {
                moves && !record.is_some_and(|record| shown.contains(&record))
            }
        });
        let stays: Vec<LearnerKey> = stays.map(|(who, _)| who.clone()).collect();
        let mut out = PinnedPeople::default();
        self.leave_out(&first, stays.iter(), &mut out);
        let mut plan = if out.words.is_empty() { first } else { self.plan(reading, &out) };
        plan.add.retain(|reason| shown.contains(&self.give(reason)));
        let is_made = |group: &usize| shown.contains(&ModelChange::Make(self.name(*group).to_owned()));
        let made: BTreeSet<usize> = plan.wanted.iter().copied().filter(is_made).collect();
        let seats = &plan.learners;
        plan.remove
            .retain(|reason| seats[&reason.who].goes() || shown.contains(&ModelChange::End(reason.clone())));
        plan.meetings.retain(|(_, (group, _))| made.contains(group));
        plan.catalogue.changed.clear();
        plan.catalogue.ended.retain(|at| shown.contains(&ModelChange::Unassign(*at)));
        let is_shown =
            |group: usize, course, pattern| shown.contains(&ModelChange::Assign(group, course, pattern));
        plan.catalogue.new.retain(|new| made.contains(&new.0) || is_shown(new.0, new.1, new.2));
        LimitedPlan { plan, made, left_out: out, ..LimitedPlan::default() }
    }
}
