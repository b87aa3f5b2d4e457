//! The evaluation of the rules for one learner.
//!
//! [`evaluate_learner`] and [`RuleScope`] decide whether a rule matches a learner, for syncs, dry runs, previews and
//! explanations alike, so that an explanation cannot differ from the decision. The names of the groups of a rule come
//! from its template, [`NameTemplate::render`](rollcall_rules::name_template::NameTemplate::render).

use crate::population_builder::connector_bit;
use rollcall_model::attributes::Attribute;
use rollcall_model::interner::{Interner, Symbol};
use rollcall_model::names::{ConnectorName, GroupName};
use rollcall_rules::rule::group_references::MembershipState;
use rollcall_rules::rule::{EvaluationResult, Rule, RuleEvaluator};

/// Evaluates the conditions of rules for one learner; returns one result for each rule, in the order of `rules`.
///
/// `cell_of` returns an attribute as rules read it: `status` is the status on the day of the evaluator. `group_of` returns
/// what is known about the learner and a group.
#[must_use]
pub fn evaluate_learner<'r>(
    rules: impl IntoIterator<Item = &'r Rule, IntoIter: Clone>,
    evaluator: &RuleEvaluator,
    values: &Interner,
    cell_of: impl Fn(Attribute) -> Symbol,
    group_of: impl Fn(&GroupName) -> MembershipState,
) -> Vec<EvaluationResult> {
    let rules = rules.into_iter();
    let context = evaluator.scope(rules.clone().map(Rule::condition), values, cell_of);
    let context = context.with_groups(rules.clone().map(Rule::condition), group_of);
    rules.map(|rule| context.outcome(rule.condition())).collect()
}

/// The connectors to whose people a rule applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleScope {
    /// The bits of the connectors; `None` for a rule that applies to every learner.
    connectors: Option<u64>,
}

impl RuleScope {
    /// The scope of a rule. `connectors` are those of the file, in its order.
    #[must_use]
    pub fn of(rule: &Rule, connectors: &[ConnectorName]) -> Self {
        let bits = |named: &Vec<ConnectorName>| {
            let places = connectors.iter().enumerate().filter(|(_, connector)| named.contains(connector));
            places.fold(0, |bits, (place, _)| bits | connector_bit(place))
        };
        Self { connectors: rule.connectors.as_ref().map(bits) }
    }

    /// Returns true if the rule applies to a learner with these
    /// [`sources`](crate::population::EvaluatedLearner::sources).
    #[must_use]
    pub fn includes(self, sources: u64) -> bool {
        self.connectors.is_none_or(|bits| bits & sources != 0)
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::population::EvaluatedLearner;
    use rollcall_model::attributes::AttributeSet;
    use rollcall_model::names::RuleName;
    use rollcall_rules::name_template::NameTemplate;
    use rollcall_rules::rule::CompiledExpression;

    fn rule(when: &str) -> Rule {
        let attributes = AttributeSet::default();
        let condition = CompiledExpression::compile(when, &attributes).expect("an expression");
        let group = NameTemplate::parse("Group", &attributes, &[]).expect("a template");
        Rule::new(RuleName::new("rule"), when.to_owned(), group, condition)
    }

    /// Each rule has its own result; an error in one does not affect the others.
    #[test]
    fn each_rule_has_its_own_result() {
        let rules = [
            rule(r#"department == "Sales""#),
            rule(r#"department == "HR""#),
            rule("days_since(start_date) > 3"),
            rule("days_since(end_date) > 3"),
        ];
        let mut values = Interner::default();
        let (sales, soon) = (values.intern("Sales"), values.intern("soon"));
        let cell_of = |attribute| match attribute {
            Attribute::DEPARTMENT => sales,
            Attribute::END_DATE => soon,
            _ => Symbol::EMPTY,
        };
        let evaluator = RuleEvaluator::new(NaiveDate::default());
        let results = evaluate_learner(&rules, &evaluator, &values, cell_of, |_| MembershipState::Unknown);
        assert_eq!(results[..3], [EvaluationResult::True, EvaluationResult::False, EvaluationResult::NoDate]);
        assert!(
            matches!(&results[3], EvaluationResult::Failed(why) if why.contains("`soon`")),
            "{results:?}"
        );
    }

    /// A rule that names connectors applies to their people, and not to learners who were added manually.
    #[test]
    fn scope_is_limited_to_named_connectors() {
        let connectors = ["hr", "it"].map(ConnectorName::new);
        let mut named = rule("true");
        assert!(RuleScope::of(&named, &connectors).includes(EvaluatedLearner::ADDED_BY_HAND));
        named.connectors = Some(vec![ConnectorName::new("it")]);
        let scope = RuleScope::of(&named, &connectors);
        assert!(scope.includes(connector_bit(1)) && scope.includes(connector_bit(0) | connector_bit(1)));
        assert!(!scope.includes(connector_bit(0)) && !scope.includes(EvaluatedLearner::ADDED_BY_HAND));
        assert!(!scope.includes(EvaluatedLearner::STRUCK));
    }
}
