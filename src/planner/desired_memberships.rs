//! The groups to which each learner should belong, and by which rule.

use rustc_hash::FxHashSet;

use crate::learner_index::LearnerIndex;
use crate::plan_warning::PlanWarning;
use rollcall_model::names::{GroupName, RuleName};
use rollcall_model::run_warning::RunWarning;

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
    /// For each rule, true if it matches a learner.
    pub has_match: Vec<bool>,
    /// Rules, and groups that they read and that do not exist.
    pub unknown_groups: Vec<(u32, GroupName)>,
    /// Rules that read a group that they give, directly or through other rules. They are not evaluated.
    pub circular: Vec<u32>,
}

impl DesiredMemberships {
    /// Returns true if a rule as a whole could not be evaluated, which is one warning and not one for each learner.
    pub(crate) fn is_reported_as_whole(&self, rule: u32) -> bool {
        self.circular.contains(&rule) || self.unknown_groups.iter().any(|(of, _)| *of == rule)
    }

    /// Warns of the rules that match no learner and could be evaluated; only of those that `is_judged` returns true for.
    #[must_use]
    pub fn list_unmatched(&self, names: &[RuleName], is_judged: impl Fn(u32) -> bool) -> Vec<RunWarning> {
        let failed: FxHashSet<u32> = self.undecided.iter().map(|(rule, _, _)| *rule).collect();
        let is_unmatched = |rule: &u32| {
            !self.has_match[*rule as usize] && !failed.contains(rule) && !self.is_reported_as_whole(*rule)
        };
        let rules =
            (0..).zip(names).map(|(rule, _)| rule).filter(is_unmatched).filter(|rule| is_judged(*rule));
        rules.map(|rule| PlanWarning::UnmatchedRule { rule: &names[rule as usize] }.into()).collect()
    }

    /// The warnings about rules as a whole; `names` are those of the rules.
    #[must_use]
    pub fn list_rule_warnings(&self, names: &[RuleName]) -> Vec<RunWarning> {
        let name = |rule: u32| &names[rule as usize];
        let unknown = self.unknown_groups.iter();
        let unknown = unknown
            .map(|(rule, group)| PlanWarning::UnknownGroup { rule: name(*rule), group: group.shown() });
        let circular = self.circular.iter().map(|rule| PlanWarning::CircularRule { rule: name(*rule) });
        unknown.chain(circular).map(RunWarning::from).collect()
    }
}
