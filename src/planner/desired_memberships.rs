//! The groups to which each learner should belong, and by which rule.
//!
//! Each rule is evaluated once for each distinct combination of the attributes that its expression reads, and each
//! template is rendered once for each distinct combination of those that it reads. The number of combinations depends
//! on the directory's structure more than on its size, so a million people and hundreds of rules take a second.

use std::hash::BuildHasher;

use chrono::NaiveDate;
use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::learner_evaluation::{RuleScope, evaluate_learner};
use crate::population::{LearnerIndex, Population};
use rollcall_model::attributes::Attribute;
use rollcall_model::interner::{Interner, Symbol};
use rollcall_model::names::ConnectorName;
use rollcall_rules::name_template::RenderedName;
use rollcall_rules::rule::{EvaluationResult, Interrupt, Rule, RuleEvaluator};

/// A group that a rule names for a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DesiredGroup {
    /// The position of the rule in the file.
    pub rule: u32,
    /// The folded values of the template.
    pub key: String,
    /// The name that the template gives.
    pub name: String,
}

/// The memberships that the rules give.
#[derive(Debug, Clone, Default)]
pub struct DesiredMemberships {
    /// Every desired group, once for each rule and value.
    pub wanted: Vec<DesiredGroup>,
    /// Position in `wanted`, learner.
    pub members: Vec<(u32, LearnerIndex)>,
    /// Rule and learner whose evaluation failed, with the reason: the memberships of that rule do not change for them.
    pub undecided: Vec<(u32, LearnerIndex, String)>,
}

/// A result for each distinct combination of the values of some attributes.
struct EvaluationCache<T> {
    reads: Vec<Attribute>,
    table: HashTable<u32>,
    keys: Vec<Symbol>,
    results: Vec<T>,
    scratch: Vec<Symbol>,
}

/// The rules whose expressions read the same attributes, with the results of each combination of values.
struct RuleBatch<'r> {
    rules: Vec<(u32, &'r Rule)>,
    cache: EvaluationCache<RuleMatches>,
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

impl DesiredMemberships {
    /// Evaluates the rules on `today` for every learner with access. `connectors` are those of the file, in its order,
    /// for rules that apply only to some.
    ///
    /// # Panics
    /// Never: an evaluation without an interrupt runs to its end.
    #[must_use]
    pub fn evaluate(
        rules: &[Rule],
        population: &Population,
        connectors: &[ConnectorName],
        today: NaiveDate,
    ) -> Self {
        Self::evaluate_until(rules, population, connectors, today, None)
            .expect("an evaluation without an interrupt runs to its end")
    }

    /// Evaluates the rules until the end, or until the interrupt returns true; `None` in that case.
    #[must_use]
    pub fn evaluate_until(
        rules: &[Rule],
        population: &Population,
        connectors: &[ConnectorName],
        today: NaiveDate,
        interrupt: Option<&Interrupt>,
    ) -> Option<Self> {
        let is_interrupted = || interrupt.is_some_and(|interrupt| interrupt());
        let evaluator = RuleEvaluator::with_interrupt(today, interrupt.cloned());
        let mut desired = Self::default();
        let scopes: Vec<RuleScope> = rules.iter().map(|rule| RuleScope::of(rule, connectors)).collect();
        let mut groups: Vec<EvaluationCache<Vec<u32>>> =
            rules.iter().map(|rule| EvaluationCache::new(rule.group.reads().collect())).collect();
        let mut index = DesiredGroupIndex::default();
        let values = &population.people.values;
        for mut batch in batch_rules(rules) {
            let in_batch = &batch.rules;
            for who in population.indices() {
                if is_interrupted() {
                    return None;
                }
                let learner = population.learner(who);
                if !learner.status.has_access() {
                    continue;
                }
                let cell_of = |attribute| population.cell(who, attribute);
                let found = batch.cache.get_or_evaluate(cell_of, || {
                    RuleMatches::evaluate(in_batch, &evaluator, values, cell_of)
                });
                let applies = |rule: &u32| scopes[*rule as usize].includes(learner.sources);
                for &rule in found.matches.iter().filter(|rule| applies(rule)) {
                    let template = &rules[rule as usize].group;
                    let wanted = groups[rule as usize].get_or_evaluate(cell_of, || {
                        index.add_groups(rule, template.render(values, cell_of), &mut desired.wanted)
                    });
                    desired.members.extend(wanted.iter().map(|&wanted| (wanted, who)));
                }
                let failures = found.failures.iter().filter(|(rule, _)| applies(rule));
                desired.undecided.extend(failures.map(|(rule, why)| (*rule, who, why.clone())));
            }
        }
        // The last evaluation may have been ended.
        if is_interrupted() { None } else { Some(desired) }
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
    ) -> Self {
        let results = evaluate_learner(batch.iter().map(|(_, rule)| *rule), evaluator, values, cell_of);
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

fn batch_rules(rules: &[Rule]) -> Vec<RuleBatch<'_>> {
    let mut batches: Vec<RuleBatch<'_>> = Vec::new();
    for (index, rule) in (0..).zip(rules) {
        let reads = rule.condition().reads();
        match batches.iter_mut().find(|batch| batch.cache.reads == reads) {
            Some(batch) => batch.rules.push((index, rule)),
            None => {
                batches.push(RuleBatch { rules: vec![(index, rule)], cache: EvaluationCache::new(reads) });
            }
        }
    }
    batches
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
