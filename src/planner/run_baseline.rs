//! The counts and digests of a good run, with which later runs are compared.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::rule_set::RuleSet;
use rollcall_model::format::count;

/// The number of people of a complete reading, and digests of the configuration that it used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunBaseline {
    /// The number of people of the source.
    pub people: u64,
    /// The digest of the connector's mapping.
    pub mapping: i64,
    /// The digest of each rule, by name.
    pub rules: BTreeMap<String, i64>,
}

impl RunBaseline {
    /// Creates the baseline of a reading of `people` people with this configuration.
    #[must_use]
    pub fn of(rules: RuleSet<'_>, people: u64) -> Self {
        let digests = rules.rules.iter().map(|rule| (rule.name.as_str().to_owned(), rule.digest())).collect();
        Self { people, mapping: rules.profile().mapping_digest, rules: digests }
    }

    /// Reads the JSON of [`RunBaseline::json`]; `None` if the text is empty.
    #[must_use]
    pub fn read(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// Returns the baseline as it is stored.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Returns true if the mapping differs from that of `then`.
    #[must_use]
    pub fn has_other_mapping(&self, then: &Self) -> bool {
        self.mapping != then.mapping
    }

    /// Returns true if a rule is new, or differs from that of `then`.
    #[must_use]
    pub fn has_other_rule(&self, then: &Self, rule: &str) -> bool {
        self.rules.get(rule) != then.rules.get(rule)
    }

    /// Describes the differences from `then`: the source, the mapping, the rules.
    #[must_use]
    pub fn changes(&self, then: &Self, connector: &str) -> Vec<String> {
        let mut changes = Vec::new();
        if self.people != then.people {
            let people = count(self.people, "person", "people");
            let before = rollcall_model::format::thousands(then.people);
            changes.push(format!("the directory answered with {people}, the last good run read {before}"));
        }
        if self.has_other_mapping(then) {
            changes.push(format!("the mapping of `{connector}` was edited"));
        }
        let names = self.rules.keys().chain(then.rules.keys().filter(|name| !self.rules.contains_key(*name)));
        for name in names.filter(|name| self.has_other_rule(then, name)) {
            let what = match (then.rules.contains_key(name), self.rules.contains_key(name)) {
                (true, true) => "was edited",
                (false, _) => "is new",
                (true, false) => "was removed from the file",
            };
            changes.push(format!("the rule `{name}` {what}"));
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_described() {
        let rules =
            |all: &[(&str, i64)]| all.iter().map(|(name, digest)| ((*name).to_owned(), *digest)).collect();
        let then = RunBaseline { people: 1_204, mapping: 1, rules: rules(&[("a", 1), ("b", 1), ("c", 1)]) };
        let now = RunBaseline { people: 1_056, mapping: 2, rules: rules(&[("a", 1), ("b", 2), ("d", 1)]) };
        assert_eq!(then.changes(&then, "corp"), Vec::<String>::new());
        assert_eq!(RunBaseline::read(&then.json()), Some(then.clone()));
        assert_eq!(
            now.changes(&then, "corp"),
            [
                "the directory answered with 1,056 people, the last good run read 1,204",
                "the mapping of `corp` was edited",
                "the rule `b` was edited",
                "the rule `d` is new",
                "the rule `c` was removed from the file",
            ]
        );
    }
}
