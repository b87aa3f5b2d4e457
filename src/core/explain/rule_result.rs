//! The result of each rule for the learner: the groups that it names, and its false clauses.

use crate::explain::explanation::{ExplainedClause, ExplainedRule as Answer, ExplainedVariable};
use crate::explain::learner_state::LearnerState;
use crate::explain::{AsOf, ExplainConfig};
use rollcall_model::attributes::Attribute;
use rollcall_model::names::{ConnectorName, GroupName};
use rollcall_planner::{RuleScope, evaluate_learner};
use rollcall_rules::name_template::RenderedName;
use rollcall_rules::rule::clauses::{self, ClauseResult, LogicalOperator};
use rollcall_rules::rule::{EvaluationResult, Rule, RuleEvaluator};

/// A rule with its result for the learner.
pub(super) struct RuleResult<'r> {
    pub(super) rule: &'r Rule,
    /// True if the rule applies to people of the learner's connectors.
    pub(super) is_in_scope: bool,
    pub(super) outcome: EvaluationResult,
    /// The groups that the template names, whether the rule matches or not.
    pub(super) names: Vec<RenderedName>,
}

/// Evaluates every rule. If a rule fails, the rules that read its groups are evaluated again: a plan does not know these
/// memberships.
pub(super) fn evaluate_rules<'r>(
    file: ExplainConfig<'r>,
    learner: &mut LearnerState,
    evaluator: &RuleEvaluator,
) -> Vec<RuleResult<'r>> {
    loop {
        let results = evaluate_once(file, learner, evaluator);
        if !learner.groups.note_failures(&results) {
            return results;
        }
    }
}

fn evaluate_once<'r>(
    file: ExplainConfig<'r>,
    learner: &LearnerState,
    evaluator: &RuleEvaluator,
) -> Vec<RuleResult<'r>> {
    let cell_of = |attribute| learner.find_cell(attribute);
    let connectors: Vec<ConnectorName> = file.connectors.iter().map(|one| one.name.clone()).collect();
    let sources = learner.sources();
    let group_of = |group: &GroupName| learner.groups.state(group);
    let outcomes = evaluate_learner(file.rules, evaluator, &learner.values, cell_of, group_of);
    let result = |(rule, outcome): (&'r Rule, EvaluationResult)| RuleResult {
        rule,
        is_in_scope: RuleScope::of(rule, &connectors).includes(sources),
        outcome,
        names: rule.group.render(&learner.values, cell_of),
    };
    file.rules.iter().zip(outcomes).map(result).collect()
}

impl RuleResult<'_> {
    /// Returns true if the rule gives the groups that it names.
    pub(super) fn grants_groups(&self) -> bool {
        self.is_in_scope && self.outcome == EvaluationResult::True
    }

    /// The attributes of the template without a value for the learner.
    pub(super) fn list_empty_attributes(
        &self,
        file: ExplainConfig<'_>,
        learner: &LearnerState,
    ) -> Vec<String> {
        let empty = self.rule.group.reads().filter(|&attribute| learner.find_cell(attribute).is_empty());
        empty.map(|attribute| file.attributes.name(attribute).to_owned()).collect()
    }

    /// Returns the clauses of the rule, and the texts of those that are not true.
    pub(super) fn explain_rule(
        &self,
        file: ExplainConfig<'_>,
        learner: &LearnerState,
        evaluator: &RuleEvaluator,
    ) -> (Answer, Vec<String>) {
        let rule = self.rule;
        // The text has been compiled with these attributes before.
        let (cell_of, group_of) =
            (|attribute| learner.find_cell(attribute), |group: &GroupName| learner.groups.state(group));
        let whole = clauses::RuleClause::read(&rule.when, file.attributes)
            .ok()
            .map(|clause| clause.judge(evaluator, &learner.values, cell_of, group_of));
        let failing = whole.iter().flat_map(ClauseResult::failing).map(|one| one.text.clone()).collect();
        let clauses = whole.iter().flat_map(|whole| match whole.joined {
            LogicalOperator::All => whole.parts.iter().collect(),
            LogicalOperator::Alone | LogicalOperator::Any => vec![whole],
        });
        let mut reads: Vec<Attribute> = rule.condition().reads();
        reads.extend(rule.group.reads());
        reads.sort_unstable();
        reads.dedup();
        let values = reads
            .into_iter()
            .map(|attribute| explain_variable(learner, file.attributes.name(attribute), attribute))
            .collect();
        let answer = Answer {
            rule: rule.name.as_str().to_owned(),
            when: rule.when.trim().to_owned(),
            group: rule.group.text().to_owned(),
            outcome: outcome_name(&self.outcome),
            clauses: clauses.map(|one| explain_clause(learner, one)).collect(),
            values,
        };
        (answer, failing)
    }
}

fn explain_variable(learner: &LearnerState, variable: &str, attribute: Attribute) -> ExplainedVariable {
    // The status is computed; it is not a value of a connector.
    let origin = if attribute == Attribute::STATUS { <_>::default() } else { learner.find_origin(attribute) };
    ExplainedVariable { variable: variable.to_owned(), values: learner.list_values(attribute), origin }
}

fn explain_clause(learner: &LearnerState, clause: &ClauseResult) -> ExplainedClause {
    ExplainedClause {
        text: clause.text.clone(),
        outcome: outcome_name(&clause.outcome),
        why: match &clause.outcome {
            EvaluationResult::Failed(why) => Some(why.clone()),
            EvaluationResult::True | EvaluationResult::False | EvaluationResult::NoDate => None,
        },
        values: clause
            .reads
            .iter()
            .map(|(name, attribute)| explain_variable(learner, name, *attribute))
            .collect(),
        joined: match clause.joined {
            LogicalOperator::All => Some("all"),
            LogicalOperator::Any => Some("any"),
            LogicalOperator::Alone => None,
        },
        parts: clause.parts.iter().map(|part| explain_clause(learner, part)).collect(),
    }
}

fn outcome_name(outcome: &EvaluationResult) -> &'static str {
    match outcome {
        EvaluationResult::True => "true",
        EvaluationResult::False => "false",
        EvaluationResult::NoDate => "no_date",
        EvaluationResult::Failed(_) => "failed",
    }
}

/// Creates an evaluator for the day.
pub(super) fn create_evaluator(view: AsOf) -> RuleEvaluator {
    RuleEvaluator::new(view.day)
}
