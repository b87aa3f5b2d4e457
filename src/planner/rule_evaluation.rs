//! The evaluation of the rules for all learners of a plan.
//!
//! Each rule is evaluated once for each distinct combination of the attributes that its expression reads, and each
//! template is rendered once for each distinct combination of those that it reads. The number of combinations depends
//! on the directory's structure more than on its size, so a million people and hundreds of rules take a second.

use std::hash::BuildHasher;

use chrono::NaiveDate;
use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::desired_memberships::{DesiredGroup, DesiredMemberships};
use crate::group_states::{GroupStates, KnownMembers};
use crate::learner_evaluation::{RuleScope, evaluate_learner};
use crate::population::Population;
use rollcall_model::attributes::Attribute;
use rollcall_model::interner::{Interner, Symbol};
use rollcall_model::names::{ConnectorName, GroupName};
use rollcall_rules::name_template::RenderedName;
use rollcall_rules::rule::group_references::MembershipState;
use rollcall_rules::rule::{EvaluationResult, Interrupt, Rule, RuleEvaluator};

/// The input of an evaluation of rules for all learners of a population.
#[derive(Clone, Copy)]
pub struct RuleEvaluation<'a> {
    /// The rules.
    pub rules: &'a [Rule],
    /// The learners.
    pub population: &'a Population,
    /// The connectors of the file, in its order, for rules that apply only to some.
    pub connectors: &'a [ConnectorName],
    /// The day.
    pub today: NaiveDate,
    /// Ends the evaluation when it returns true.
    pub interrupt: Option<&'a Interrupt>,
    /// What is known about the members of groups, for rules that read them.
    pub known: KnownMembers<'a>,
}

impl std::fmt::Debug for RuleEvaluation<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RuleEvaluation").field("today", &self.today).finish_non_exhaustive()
    }
}

/// An evaluation and what it found.
struct EvaluationRun<'r> {
    evaluation: RuleEvaluation<'r>,
    evaluator: RuleEvaluator,
    scopes: Vec<RuleScope>,
    /// The groups of each rule for each combination of the values of its template.
    groups: Vec<EvaluationCache<Vec<u32>>>,
    index: DesiredGroupIndex,
    desired: DesiredMemberships,
}

/// A result for each distinct combination of the values of some attributes.
struct EvaluationCache<T> {
    reads: Vec<Attribute>,
    table: HashTable<u32>,
    keys: Vec<Symbol>,
    results: Vec<T>,
    scratch: Vec<Symbol>,
}

/// The rules whose expressions read the same attributes and groups, with the results of each combination of values.
struct RuleBatch<'r> {
    rules: Vec<(u32, &'r Rule)>,
    reads: Vec<Attribute>,
    groups: Vec<&'r GroupName>,
    /// The results for each combination of memberships; only one if no groups are read.
    caches: Vec<(Vec<MembershipState>, EvaluationCache<RuleMatches>)>,
}

/// The rules of a batch that match, and those whose evaluation failed.
#[derive(Default)]
struct RuleMatches {
    matches: Vec<u32>,
    failures: Vec<(u32, String)>,
}

/// Positions of desired groups in [`DesiredMemberships::wanted`], by rule and key.
#[derive(Default)]
struct DesiredGroupIndex(FxHashMap<(u32, String), u32>);

impl RuleEvaluation<'_> {
    /// Evaluates the rules for every learner with access; `None` if the interrupt returned true before the end.
    ///
    /// A rule that reads a group is evaluated after the rules that give it.
    #[must_use]
    pub fn evaluate(self) -> Option<DesiredMemberships> {
        let Self { rules, population, known, .. } = self;
        let mut states = GroupStates::new(rules, population, known);
        let order = states.order_rules();
        let mut run = EvaluationRun::new(self);
        for (number, level) in order.levels.iter().enumerate() {
            run.evaluate_level(level, &states)?;
            if number + 1 < order.levels.len() {
                states.add_results(level, &run.desired);
            }
        }
        let mut desired = run.desired;
        let scopes = run.scopes;
        for &rule in &order.blocked {
            let applies = population.indices().filter(|who| {
                let learner = population.learner(*who);
                learner.status.has_access() && scopes[rule as usize].includes(learner.sources)
            });
            desired.undecided.extend(applies.map(|who| (rule, who, String::new())));
        }
        desired.unknown_groups = states.list_unknown();
        desired.circular = order.blocked;
        Some(desired)
    }
}

impl<'r> EvaluationRun<'r> {
    fn new(evaluation: RuleEvaluation<'r>) -> Self {
        let RuleEvaluation { rules, connectors, today, interrupt, .. } = evaluation;
        Self {
            evaluation,
            evaluator: RuleEvaluator::with_interrupt(today, interrupt.cloned()),
            scopes: rules.iter().map(|rule| RuleScope::of(rule, connectors)).collect(),
            groups: rules.iter().map(|rule| EvaluationCache::new(rule.group.reads().collect())).collect(),
            index: DesiredGroupIndex::default(),
            desired: DesiredMemberships {
                has_match: vec![false; rules.len()],
                ..DesiredMemberships::default()
            },
        }
    }

    fn is_interrupted(&self) -> bool {
        self.evaluation.interrupt.is_some_and(|interrupt| interrupt())
    }

    /// Evaluates some rules; `None` if the evaluation was interrupted.
    fn evaluate_level(&mut self, level: &[u32], states: &GroupStates<'_>) -> Option<()> {
        let RuleEvaluation { rules, population, .. } = self.evaluation;
        let values = &population.people.values;
        let mut members = Vec::new();
        for mut batch in batch_rules(level.iter().map(|&at| (at, &rules[at as usize]))) {
            let in_batch = std::mem::take(&mut batch.rules);
            let groups = std::mem::take(&mut batch.groups);
            for who in population.indices() {
                if self.is_interrupted() {
                    return None;
                }
                let learner = population.learner(who);
                if !learner.status.has_access() {
                    continue;
                }
                members.clear();
                members.extend(groups.iter().map(|group| states.state(group, who)));
                let group_of = |group: &GroupName| {
                    let place = groups.iter().position(|one| *one == group);
                    place.map_or(MembershipState::Unknown, |place| members[place])
                };
                let cell_of = |attribute| population.cell(who, attribute);
                let found = batch.cache_of(&members).get_or_evaluate(cell_of, || {
                    RuleMatches::evaluate(&in_batch, &self.evaluator, values, cell_of, group_of)
                });
                let applies = |rule: &u32| self.scopes[*rule as usize].includes(learner.sources);
                for &rule in found.matches.iter().filter(|rule| applies(rule)) {
                    self.desired.has_match[rule as usize] = true;
                    let template = &rules[rule as usize].group;
                    let (index, wanted) = (&mut self.index, &mut self.desired.wanted);
                    let wanted = self.groups[rule as usize].get_or_evaluate(cell_of, || {
                        index.add_groups(rule, template.render(values, cell_of), wanted)
                    });
                    self.desired.members.extend(wanted.iter().map(|&wanted| (wanted, who)));
                }
                let failures = found.failures.iter().filter(|(rule, _)| applies(rule));
                self.desired.undecided.extend(failures.map(|(rule, why)| (*rule, who, why.clone())));
            }
        }
        // The last evaluation may have been ended.
        (!self.is_interrupted()).then_some(())
    }
}

impl DesiredGroupIndex {
    /// Returns the positions of the groups that a rule names; adds new ones to `wanted`.
    fn add_groups(
        &mut self,
        rule: u32,
        names: Vec<RenderedName>,
        wanted: &mut Vec<DesiredGroup>,
    ) -> Vec<u32> {
        let position = |RenderedName { key, name }| {
            // Values that differ only in case mean one group.
            *self.0.entry((rule, key)).or_insert_with_key(|(_, key)| {
                wanted.push(DesiredGroup { rule, key: key.clone(), name });
                u32::try_from(wanted.len() - 1).expect("fewer than four billion groups")
            })
        };
        names.into_iter().map(position).collect()
    }
}

impl RuleMatches {
    fn evaluate(
        batch: &[(u32, &Rule)],
        evaluator: &RuleEvaluator,
        values: &Interner,
        cell_of: impl Fn(Attribute) -> Symbol,
        group_of: impl Fn(&GroupName) -> MembershipState,
    ) -> Self {
        let rules = batch.iter().map(|(_, rule)| *rule);
        let results = evaluate_learner(rules, evaluator, values, cell_of, group_of);
        let mut found = Self::default();
        for ((rule, _), result) in batch.iter().zip(results) {
            match result {
                EvaluationResult::True => found.matches.push(*rule),
                EvaluationResult::False | EvaluationResult::NoDate => {}
                EvaluationResult::Failed(why) => found.failures.push((*rule, why)),
            }
        }
        found
    }
}

fn batch_rules<'r>(rules: impl Iterator<Item = (u32, &'r Rule)>) -> Vec<RuleBatch<'r>> {
    let mut batches: Vec<RuleBatch<'_>> = Vec::new();
    for (index, rule) in rules {
        let reads = rule.condition().reads();
        let groups: Vec<&GroupName> = rule.condition().groups().collect();
        match batches.iter_mut().find(|batch| batch.reads == reads && batch.groups == groups) {
            Some(batch) => batch.rules.push((index, rule)),
            None => batches.push(RuleBatch { rules: vec![(index, rule)], reads, groups, caches: Vec::new() }),
        }
    }
    batches
}

impl RuleBatch<'_> {
    /// Returns the results for some memberships.
    fn cache_of(&mut self, members: &[MembershipState]) -> &mut EvaluationCache<RuleMatches> {
        let known = self.caches.iter().position(|(states, _)| states == members);
        let at = known.unwrap_or_else(|| {
            self.caches.push((members.to_vec(), EvaluationCache::new(self.reads.clone())));
            self.caches.len() - 1
        });
        &mut self.caches[at].1
    }
}

impl<T> EvaluationCache<T> {
    fn new(reads: Vec<Attribute>) -> Self {
        Self { reads, table: HashTable::new(), keys: Vec::new(), results: Vec::new(), scratch: Vec::new() }
    }

    /// Returns the result for the values that `cell_of` gives; calls `evaluate` if the combination is new.
    fn get_or_evaluate(&mut self, cell_of: impl Fn(Attribute) -> Symbol, evaluate: impl FnOnce() -> T) -> &T {
        let width = self.reads.len();
        self.scratch.clear();
        self.scratch.extend(self.reads.iter().map(|&attribute| cell_of(attribute)));
        let key = &self.scratch[..];
        let hash = FxBuildHasher.hash_one(key);
        let known = &self.keys[..];
        let same = |&index: &u32| &known[index as usize * width..][..width] == key;
        if let Some(&index) = self.table.find(hash, same) {
            return &self.results[index as usize];
        }
        let result = evaluate();
        let index = u32::try_from(self.results.len()).expect("fewer combinations than learners");
        self.keys.extend_from_slice(key);
        self.results.push(result);
        let known = &self.keys[..];
        self.table.insert_unique(hash, index, |&index| {
            FxBuildHasher.hash_one(&known[index as usize * width..][..width])
        });
        &self.results[index as usize]
    }
}
