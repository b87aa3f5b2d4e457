//! The roll: who belongs in which group, and by which rule.
//!
//! Each rule is evaluated once for each distinct combination of the attributes that it and its template read. A
//! company has a few thousand of those whatever its size, so a million people and hundreds of rules take a second.

use std::hash::BuildHasher;

use chrono::NaiveDate;
use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::model::attributes::Attribute;
use crate::model::names::ConnectorName;
use crate::model::population::{Population, Who};
use crate::model::rule::{Judge, Rule};
use crate::model::values::Cell;

/// A group that a rule names for a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// The place of the rule in the file.
    pub rule: u32,
    /// The folded values of the template.
    pub key: String,
    /// The name that the template gives.
    pub name: String,
}

/// Who belongs where.
#[derive(Debug, Clone, Default)]
pub struct Roll {
    /// Every group that is wanted, once for each rule and value.
    pub wanted: Vec<Wanted>,
    /// Place in `wanted`, learner.
    pub members: Vec<(u32, Who)>,
    /// Rule and learner whose evaluation failed, and why: nothing of that rule changes for them.
    pub undecided: Vec<(u32, Who, String)>,
}

/// The rules that read the same attributes, and what came of each combination of values.
struct Family<'r> {
    reads: Vec<Attribute>,
    rules: Vec<(u32, &'r Rule)>,
    table: HashTable<u32>,
    keys: Vec<Cell>,
    outcomes: Vec<Outcome>,
}

#[derive(Default)]
struct Outcome {
    matches: Vec<(u32, u32)>,
    failures: Vec<(u32, String)>,
}

impl Roll {
    /// Calls the roll on `today`. `connectors` are those of the file, in its order, for rules that are restricted to some.
    #[must_use]
    pub fn call(
        rules: &[Rule],
        population: &Population,
        connectors: &[ConnectorName],
        today: NaiveDate,
    ) -> Self {
        let judge = Judge::new(today);
        let mut roll = Self::default();
        let mut wanted: FxHashMap<Wanted, u32> = FxHashMap::default();
        let masks: Vec<u64> = rules.iter().map(|rule| mask(rule, connectors)).collect();
        for mut family in families(rules) {
            let mut key = Vec::with_capacity(family.reads.len());
            for who in population.everybody() {
                let learner = population.learner(who);
                if !learner.status.has_access() {
                    continue;
                }
                key.clear();
                key.extend(family.reads.iter().map(|&attribute| population.cell(who, attribute)));
                let outcome = family.outcome(&key, population, &judge, &mut wanted);
                let applies = |rule: u32| masks[rule as usize] & learner.sources != 0;
                let matches = outcome.matches.iter().filter(|(rule, _)| applies(*rule));
                roll.members.extend(matches.map(|&(_, wanted)| (wanted, who)));
                let failures = outcome.failures.iter().filter(|(rule, _)| applies(*rule));
                roll.undecided.extend(failures.map(|(rule, why)| (*rule, who, why.clone())));
            }
        }
        roll.wanted = vec![Wanted { rule: 0, key: String::new(), name: String::new() }; wanted.len()];
        for (one, index) in wanted {
            roll.wanted[index as usize] = one;
        }
        roll
    }
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

fn families(rules: &[Rule]) -> Vec<Family<'_>> {
    let mut families: Vec<Family<'_>> = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let index = u32::try_from(index).expect("fewer than four billion rules");
        let reads = rule.reads();
        match families.iter_mut().find(|family| family.reads == reads) {
            Some(family) => family.rules.push((index, rule)),
            None => families.push(Family {
                reads,
                rules: vec![(index, rule)],
                table: HashTable::new(),
                keys: Vec::new(),
                outcomes: Vec::new(),
            }),
        }
    }
    families
}

impl Family<'_> {
    fn outcome(
        &mut self,
        key: &[Cell],
        population: &Population,
        judge: &Judge,
        wanted: &mut FxHashMap<Wanted, u32>,
    ) -> &Outcome {
        let width = self.reads.len();
        let hash = FxBuildHasher.hash_one(key);
        let known = &self.keys[..];
        let same = |&index: &u32| &known[index as usize * width..][..width] == key;
        if let Some(&index) = self.table.find(hash, same) {
            return &self.outcomes[index as usize];
        }
        let outcome = self.evaluate(key, population, judge, wanted);
        let index = u32::try_from(self.outcomes.len()).expect("fewer combinations than learners");
        self.keys.extend_from_slice(key);
        self.outcomes.push(outcome);
        let known = &self.keys[..];
        self.table.insert_unique(hash, index, |&index| {
            FxBuildHasher.hash_one(&known[index as usize * width..][..width])
        });
        &self.outcomes[index as usize]
    }

    fn evaluate(
        &self,
        key: &[Cell],
        population: &Population,
        judge: &Judge,
        wanted: &mut FxHashMap<Wanted, u32>,
    ) -> Outcome {
        let values = &population.people.values;
        let cell_of = |attribute: Attribute| {
            self.reads.iter().position(|&read| read == attribute).map_or(Cell::EMPTY, |index| key[index])
        };
        let mut outcome = Outcome::default();
        for &(index, rule) in &self.rules {
            match judge.holds(rule.condition(), values, cell_of) {
                Ok(false) => {}
                Ok(true) => {
                    for filled in rule.group.fill(values, cell_of) {
                        let one = Wanted { rule: index, key: filled.key, name: filled.name };
                        let next = u32::try_from(wanted.len()).expect("fewer than four billion groups");
                        outcome.matches.push((index, *wanted.entry(one).or_insert(next)));
                    }
                }
                Err(why) => outcome.failures.push((index, why)),
            }
        }
        outcome
    }
}
