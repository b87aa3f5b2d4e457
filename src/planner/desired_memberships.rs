//! The roll: who belongs in which group, and by which rule.
//!
//! Each rule is evaluated once for each distinct combination of the attributes that its expression reads, and each
//! template is filled once for each distinct combination of those that it reads. A company has a few thousand of
//! those whatever its size, so a million people and hundreds of rules take a second.

use std::hash::BuildHasher;

use chrono::NaiveDate;
use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::population::{LearnerIndex, Population};
use rollcall_model::attributes::Attribute;
use rollcall_model::interner::{Interner, Symbol};
use rollcall_model::names::ConnectorName;
use rollcall_rules::name_template::NameTemplate;
use rollcall_rules::rule::{Interrupt, Rule, RuleEvaluator};

/// A group that a rule names for a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DesiredGroup {
    /// The place of the rule in the file.
    pub rule: u32,
    /// The folded values of the template.
    pub key: String,
    /// The name that the template gives.
    pub name: String,
}

/// Who belongs where.
#[derive(Debug, Clone, Default)]
pub struct DesiredMemberships {
    /// Every group that is wanted, once for each rule and value.
    pub wanted: Vec<DesiredGroup>,
    /// Place in `wanted`, learner.
    pub members: Vec<(u32, LearnerIndex)>,
    /// Rule and learner whose evaluation failed, and why: nothing of that rule changes for them.
    pub undecided: Vec<(u32, LearnerIndex, String)>,
}

/// What came of each distinct combination of some attributes.
struct EvaluationCache<T> {
    reads: Vec<Attribute>,
    table: HashTable<u32>,
    keys: Vec<Symbol>,
    outcomes: Vec<T>,
    scratch: Vec<Symbol>,
}

/// The rules whose expressions read the same attributes, and what came of each combination of values.
struct RuleBatch<'r> {
    rules: Vec<(u32, &'r Rule)>,
    memo: EvaluationCache<RuleMatches>,
}

#[derive(Default)]
struct RuleMatches {
    matches: Vec<u32>,
    failures: Vec<(u32, String)>,
}

impl DesiredMemberships {
    /// Calls the roll on `today`. `connectors` are those of the file, in its order, for rules that are restricted to some.
    #[must_use]
    pub fn evaluate(
        rules: &[Rule],
        population: &Population,
        connectors: &[ConnectorName],
        today: NaiveDate,
    ) -> Self {
        Self::evaluate_until(rules, population, connectors, today, None)
            .expect("an evaluation that is not interrupted ends")
    }

    /// Calls the roll unless the interrupt returns true before the end; `None` then.
    #[must_use]
    pub fn evaluate_until(
        rules: &[Rule],
        population: &Population,
        connectors: &[ConnectorName],
        today: NaiveDate,
        interrupt: Option<&Interrupt>,
    ) -> Option<Self> {
        let is_interrupted = || interrupt.is_some_and(|interrupt| interrupt());
        let judge = RuleEvaluator::with_interrupt(today, interrupt.cloned());
        let mut roll = Self::default();
        let masks: Vec<u64> = rules.iter().map(|rule| mask(rule, connectors)).collect();
        let mut groups: Vec<EvaluationCache<Vec<u32>>> =
            rules.iter().map(|rule| EvaluationCache::new(rule.group.reads().collect())).collect();
        let mut numbers: FxHashMap<(u32, String), u32> = FxHashMap::default();
        let values = &population.people.values;
        for mut family in batch_rules(rules) {
            let rules = &family.rules;
            let evaluate =
                |memo_of: &dyn Fn(Attribute) -> Symbol| evaluate_batch(rules, &judge, values, memo_of);
            for who in population.indices() {
                if is_interrupted() {
                    return None;
                }
                let learner = population.learner(who);
                if !learner.status.has_access() {
                    continue;
                }
                let verdicts = family.memo.outcome(|attribute| population.cell(who, attribute), evaluate);
                let applies = |rule: &u32| masks[*rule as usize] & learner.sources != 0;
                for &rule in verdicts.matches.iter().filter(|rule| applies(rule)) {
                    let template = &rules_at(rules, rule).group;
                    let fill = |cell_of: &dyn Fn(Attribute) -> Symbol| {
                        evaluate_learner(rule, template, values, cell_of, &mut numbers, &mut roll.wanted)
                    };
                    let wanted =
                        groups[rule as usize].outcome(|attribute| population.cell(who, attribute), fill);
                    roll.members.extend(wanted.iter().map(|&wanted| (wanted, who)));
                }
                let failures = verdicts.failures.iter().filter(|(rule, _)| applies(rule));
                roll.undecided.extend(failures.map(|(rule, why)| (*rule, who, why.clone())));
            }
        }
        // The last evaluation may have been ended.
        if is_interrupted() { None } else { Some(roll) }
    }
}

fn rules_at<'r>(rules: &[(u32, &'r Rule)], wanted: u32) -> &'r Rule {
    let found = rules.binary_search_by_key(&wanted, |(rule, _)| *rule);
    rules[found.expect("a verdict names a rule of its family, which is in the order of the file")].1
}

fn evaluate_learner(
    rule: u32,
    template: &NameTemplate,
    values: &Interner,
    cell_of: &dyn Fn(Attribute) -> Symbol,
    numbers: &mut FxHashMap<(u32, String), u32>,
    wanted: &mut Vec<DesiredGroup>,
) -> Vec<u32> {
    template
        .render(values, cell_of)
        .into_iter()
        .map(|filled| {
            // Values that differ in case alone mean one group.
            *numbers.entry((rule, filled.key.clone())).or_insert_with(|| {
                wanted.push(DesiredGroup { rule, key: filled.key, name: filled.name });
                u32::try_from(wanted.len() - 1).expect("fewer than four billion groups")
            })
        })
        .collect()
}

fn evaluate_batch(
    rules: &[(u32, &Rule)],
    judge: &RuleEvaluator,
    values: &Interner,
    cell_of: &dyn Fn(Attribute) -> Symbol,
) -> RuleMatches {
    let conditions = rules.iter().map(|(_, rule)| rule.condition());
    let scope = judge.scope(conditions, values, cell_of);
    let mut verdicts = RuleMatches::default();
    for (index, rule) in rules {
        match scope.holds(rule.condition()) {
            Ok(false) => {}
            Ok(true) => verdicts.matches.push(*index),
            Err(why) => verdicts.failures.push((*index, why)),
        }
    }
    verdicts
}

/// The connectors that a rule is restricted to, as bits; all bits where it is not.
fn mask(rule: &Rule, connectors: &[ConnectorName]) -> u64 {
    rule.connectors.as_ref().map_or(u64::MAX, |named| {
        connectors
            .iter()
            .enumerate()
            .filter(|(_, connector)| named.contains(connector))
            .fold(0, |mask, (index, _)| mask | 1 << index)
    })
}

fn batch_rules(rules: &[Rule]) -> Vec<RuleBatch<'_>> {
    let mut families: Vec<RuleBatch<'_>> = Vec::new();
    for (index, rule) in (0..).zip(rules) {
        let reads = rule.condition().reads();
        match families.iter_mut().find(|family| family.memo.reads == reads) {
            Some(family) => family.rules.push((index, rule)),
            None => {
                families.push(RuleBatch { rules: vec![(index, rule)], memo: EvaluationCache::new(reads) })
            }
        }
    }
    families
}

impl<T> EvaluationCache<T> {
    fn new(reads: Vec<Attribute>) -> Self {
        Self { reads, table: HashTable::new(), keys: Vec::new(), outcomes: Vec::new(), scratch: Vec::new() }
    }

    /// What came of the combination that `cell_of` gives, worked out by `evaluate` when it is new.
    fn outcome(
        &mut self,
        cell_of: impl Fn(Attribute) -> Symbol,
        evaluate: impl FnOnce(&dyn Fn(Attribute) -> Symbol) -> T,
    ) -> &T {
        let width = self.reads.len();
        self.scratch.clear();
        self.scratch.extend(self.reads.iter().map(|&attribute| cell_of(attribute)));
        let key = &self.scratch[..];
        let hash = FxBuildHasher.hash_one(key);
        let known = &self.keys[..];
        let same = |&index: &u32| &known[index as usize * width..][..width] == key;
        if let Some(&index) = self.table.find(hash, same) {
            return &self.outcomes[index as usize];
        }
        let outcome = evaluate(&cell_of);
        let index = u32::try_from(self.outcomes.len()).expect("fewer combinations than learners");
        self.keys.extend_from_slice(key);
        self.outcomes.push(outcome);
        let known = &self.keys[..];
        self.table.insert_unique(hash, index, |&index| {
            FxBuildHasher.hash_one(&known[index as usize * width..][..width])
        });
        &self.outcomes[index as usize]
    }
}
