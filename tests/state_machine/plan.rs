//! From a reading to what it asks for.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::reference_model::{
    LearnerKey, MembershipKey, ModelAssignmentTarget, ModelDueDate, ModelPerson, ModelRecord, ModelStatus,
    ReferenceModel,
};
use super::rules::ModelConfig;

/// Whom a reading is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ModelScope {
    /// Everybody, with proof.
    Complete,
    /// Whom the database knows already.
    LastRead,
    /// One learner, as last read.
    OneLearner,
}

/// What a connector answered.
#[derive(Debug, Clone)]
pub(super) struct ModelReading {
    pub people: BTreeMap<String, ModelRecord>,
    pub scope: ModelScope,
}

impl ModelReading {
    pub(super) fn is_complete(&self) -> bool {
        self.scope == ModelScope::Complete
    }
}

/// People who stay as they were last read.
#[derive(Debug, Clone, Default)]
pub(super) struct PinnedPeople {
    pub words: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ModelPersonChange {
    New,
    Changed,
    Same,
    Absent,
    /// Added by hand: nobody's.
    Manual,
}

/// Somebody whom a plan is about.
#[derive(Debug, Clone)]
pub(super) struct ModelPlannedLearner {
    pub word: Option<String>,
    pub fate: ModelPersonChange,
    pub was: Option<ModelStatus>,
    pub status: ModelStatus,
    pub record: Option<ModelRecord>,
    sources: BTreeSet<usize>,
}

impl ModelPlannedLearner {
    pub(super) fn had_access(&self) -> bool {
        self.was.is_some_and(ModelStatus::has_access)
    }

    /// Loses every access.
    pub(super) fn goes(&self) -> bool {
        self.had_access() && !self.status.has_access()
    }

    /// Leaves, or is no longer held by this connector.
    pub(super) fn is_going(&self) -> bool {
        self.goes() || self.fate == ModelPersonChange::Absent
    }

    /// One of this connector's people.
    pub(super) fn is_own(&self) -> bool {
        self.fate != ModelPersonChange::Manual
    }
}

/// A rule that meets a group for a value.
pub(super) type ModelRuleGroupLink = ((&'static str, String), (usize, String));

/// What a reading asks for. Groups beyond those of the model are to be made, in the order of `fresh`.
#[derive(Debug, Clone, Default)]
pub(super) struct ModelPlan {
    pub learners: BTreeMap<LearnerKey, ModelPlannedLearner>,
    pub absent: Vec<String>,
    pub add: BTreeSet<MembershipKey>,
    pub remove: BTreeSet<MembershipKey>,
    pub meetings: Vec<ModelRuleGroupLink>,
    /// Groups that it speaks of and that are not there yet.
    pub wanted: BTreeSet<usize>,
    pub catalogue: ModelAssignmentPlan,
}

/// What the file's assignments ask for.
#[derive(Debug, Clone, Default)]
pub(super) struct ModelAssignmentPlan {
    pub new: BTreeSet<(usize, &'static str, &'static str, ModelDueDate)>,
    pub changed: Vec<(usize, ModelDueDate)>,
    pub ended: BTreeSet<usize>,
}

/// Where a plan is made: names of new groups are the same for every plan of one run.
pub(super) struct ModelPlanner<'a> {
    pub model: &'a ReferenceModel,
    pub file: &'a ModelConfig,
    pub connector: usize,
    pub today: NaiveDate,
    pub allow: bool,
    pub fresh: Vec<String>,
}

impl ModelPlanner<'_> {
    /// The name of a group, new or not.
    pub(super) fn name(&self, group: usize) -> &str {
        let known = self.model.groups.len();
        if group < known { &self.model.groups[group].name } else { &self.fresh[group - known] }
    }

    pub(super) fn plan(&mut self, reading: &ModelReading, out: &PinnedPeople) -> ModelPlan {
        let mut plan = ModelPlan::default();
        for (word, record) in reading.people.iter().filter(|(word, _)| !out.words.contains(*word)) {
            let (who, fate, was) = self.identify(word, record);
            let seat = self.plan_learner(&who, Some((word, record)), fate, was);
            plan.learners.insert(who, seat);
        }
        if reading.is_complete() {
            let persons = self.model.persons.iter();
            let own =
                persons.filter(|((connector, _), person)| *connector == self.connector && person.present);
            for ((_, word), person) in own {
                if !reading.people.contains_key(word) && !out.words.contains(word) {
                    plan.absent.push(word.clone());
                    let was = Some(self.model.learners[&person.who].status);
                    let seat = self.plan_learner(&person.who, None, ModelPersonChange::Absent, was);
                    plan.learners.insert(person.who.clone(), seat);
                }
            }
        }
        let by_hand = self.model.learners.iter().filter(|(_, learner)| learner.by_hand);
        for (who, learner) in by_hand.filter(|_| reading.scope != ModelScope::OneLearner) {
            let (word, was) = (None, Some(learner.status));
            let record = Some(learner.record.clone());
            let seat = ModelPlannedLearner {
                word,
                fate: ModelPersonChange::Manual,
                was,
                status: learner.status,
                record,
                sources: [9].into(),
            };
            plan.learners.insert(who.clone(), seat);
        }
        let should = self.desired_memberships(&mut plan);
        let is: BTreeSet<MembershipKey> = self
            .model
            .members
            .keys()
            .filter(|reason| plan.learners.contains_key(&reason.who))
            .cloned()
            .collect();
        plan.add = should.difference(&is).cloned().collect();
        plan.remove = is.difference(&should).cloned().collect();
        plan.catalogue = self.plan_assignments(&plan);
        if reading.scope == ModelScope::OneLearner {
            let touched: BTreeSet<usize> = should.iter().chain(&is).map(|reason| reason.group).collect();
            plan.catalogue.new.retain(|(group, ..)| touched.contains(group));
            plan.catalogue.changed.clear();
            plan.catalogue.ended.clear();
        }
        plan
    }

    /// Whose record it is: somebody known, somebody whose address it is and who is not gone, or somebody new.
    fn identify(
        &self,
        word: &str,
        record: &ModelRecord,
    ) -> (LearnerKey, ModelPersonChange, Option<ModelStatus>) {
        let model = self.model;
        let status = |who: &LearnerKey| Some(model.learners[who].status);
        if let Some(person) = model.persons.get(&(self.connector, word.to_owned())) {
            let fate = match person {
                ModelPerson { present: false, .. } => ModelPersonChange::New,
                ModelPerson { record: before, .. } if before != record => ModelPersonChange::Changed,
                ModelPerson { .. } => ModelPersonChange::Same,
            };
            return (person.who.clone(), fate, status(&person.who));
        }
        let other = model.persons.get(&(1 - self.connector, word.to_owned()));
        match other.filter(|person| model.learners[&person.who].status != ModelStatus::Left) {
            Some(person) => (person.who.clone(), ModelPersonChange::New, status(&person.who)),
            None => (
                format!("{}:{word}", super::reference_model::CONNECTORS[self.connector]),
                ModelPersonChange::New,
                None,
            ),
        }
    }

    fn plan_learner(
        &self,
        who: &LearnerKey,
        own: Option<(&String, &ModelRecord)>,
        fate: ModelPersonChange,
        was: Option<ModelStatus>,
    ) -> ModelPlannedLearner {
        let mut said: BTreeMap<usize, &ModelRecord> = BTreeMap::new();
        for ((connector, _), person) in &self.model.persons {
            if person.who == *who && *connector != self.connector && person.present {
                said.insert(*connector, &person.record);
            }
        }
        if let Some((_, record)) = own {
            said.insert(self.connector, record);
        }
        let mut merged = ModelRecord::new();
        for record in said.values() {
            for (attribute, values) in *record {
                merged.entry(attribute).or_insert_with(|| values.clone());
            }
        }
        ModelPlannedLearner {
            word: own.map(|(word, _)| word.clone()),
            fate,
            was,
            status: if self.model.suspended.contains_key(who) {
                ModelStatus::Suspended
            } else {
                self.status(&said)
            },
            record: (!said.is_empty()).then_some(merged),
            sources: said.keys().copied().collect(),
        }
    }

    /// The first connector maps states and dates, the second one neither.
    fn status(&self, said: &BTreeMap<usize, &ModelRecord>) -> ModelStatus {
        let Some(record) = said.get(&0) else {
            return if said.is_empty() { ModelStatus::Left } else { ModelStatus::Active };
        };
        let first = |attribute: &str| record.get(attribute).map_or("", |values| values[0].as_str());
        let start = first("start_date").parse::<NaiveDate>();
        match first("status") {
            "left" => ModelStatus::Left,
            _ if start.is_ok_and(|day| day > self.today) => ModelStatus::Upcoming,
            "leave" => ModelStatus::Leave,
            _ => ModelStatus::Active,
        }
    }

    fn desired_memberships(&mut self, plan: &mut ModelPlan) -> BTreeSet<MembershipKey> {
        let mut should = BTreeSet::new();
        for rule in self.file.rules() {
            for (who, seat) in plan.learners.iter().filter(|(_, seat)| seat.status.has_access()) {
                let record = seat.record.as_ref().expect("somebody with access is held by somebody");
                for (key, name) in rule.groups(record, seat.status, &seat.sources) {
                    let link =
                        self.model.links.get(&(rule.name, key.clone())).filter(|(_, met)| *met == name);
                    let group = match link {
                        Some((group, _)) if self.model.groups[*group].deleted.is_some() => continue,
                        Some((group, _)) => *group,
                        None => self.link_rule_to_group(rule.name, key, name, &mut plan.meetings),
                    };
                    if group >= self.model.groups.len() {
                        plan.wanted.insert(group);
                    }
                    if !self.model.is_excluded(group, who) {
                        should.insert(MembershipKey { group, rule: rule.name, who: who.clone() });
                    }
                }
            }
        }
        let by_hand = self.model.members.keys().filter(|reason| reason.rule.is_empty());
        let by_hand = by_hand.map(|reason| (reason.group, reason.who.clone()));
        let resting = self.model.resting.iter().filter(|(_, one)| one.ended.is_none());
        let resting = resting.map(|(pair, _)| pair.clone());
        let resting = resting.filter(|(group, _)| self.model.groups[*group].deleted.is_none());
        for (group, who) in by_hand.chain(resting) {
            if plan.learners.get(&who).is_some_and(|seat| seat.status.has_access()) {
                should.insert(MembershipKey { group, rule: "", who });
            }
        }
        should
    }

    fn link_rule_to_group(
        &mut self,
        rule: &'static str,
        key: String,
        name: String,
        meetings: &mut Vec<ModelRuleGroupLink>,
    ) -> usize {
        let group = self.model.find_group(&name).unwrap_or_else(|| {
            let at = self.fresh.iter().position(|one| *one == name).unwrap_or_else(|| {
                self.fresh.push(name.clone());
                self.fresh.len() - 1
            });
            self.model.groups.len() + at
        });
        meetings.push(((rule, key), (group, name)));
        group
    }

    fn plan_assignments(&self, plan: &ModelPlan) -> ModelAssignmentPlan {
        let mut catalogue = ModelAssignmentPlan::default();
        let live = self.model.groups.iter().enumerate().filter(|(_, group)| group.deleted.is_none());
        let live: Vec<usize> = live.map(|(at, _)| at).chain(plan.wanted.iter().copied()).collect();
        let in_force = || self.model.assignments.iter().enumerate().filter(|(_, one)| one.ended.is_none());
        for wanted in self.file.assignments() {
            let (course, pattern) = (wanted.course, wanted.pattern);
            let held = || in_force().filter(|(_, one)| one.course == course && one.pattern == Some(pattern));
            let differs = held().filter(|(_, one)| one.due != wanted.due);
            catalogue.changed.extend(differs.map(|(at, _)| (at, wanted.due)));
            let met: Vec<&ModelAssignmentTarget> = held().map(|(_, one)| &one.whom).collect();
            let matching = live.iter().filter(|group| wanted.matches(self.name(**group)));
            let new = matching.filter(|group| !met.contains(&&ModelAssignmentTarget::Group(**group)));
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
