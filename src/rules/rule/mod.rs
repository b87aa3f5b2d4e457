//! Rules in the Common Expression Language. A rule assigns learners to groups.
//!
//! Only this module depends on the `cel` crate. A rule is compiled once, and rejected if it uses an unknown name; it is
//! evaluated once for each distinct combination of the attributes that it reads. In an expression
//! `department` is the first value as a string and `department_all` the list of all values; an attribute without a
//! value is "" and an empty list. The names of [`rollcall_model::attributes::COMPUTED`] are computed from the managers: a
//! list, a number or a truth value. If one is not known for a person, the evaluation fails where it is needed. In addition
//! to CEL's functions there are
//!
//! - `days_since(date)` and `days_until(date)`: whole days from or to today. With an empty date the rule does not match.
//! - `equals_ignore_case(a, b)`: equality after trimming and case folding.
//! - `in_group(name)`: true if the person is a member of the group, by rules or by hand. The name is a constant.
//! - `glob(text, pattern)`: `*` and `?` as in file names, ignoring case.
//! - `starts_with_any(text, list)`: true if the text starts with one of the prefixes, ignoring case. Empty prefixes are
//!   ignored.
//!
//! The cost of an expression is bounded by [`crate::limits`]: its shape when it is compiled, its steps and the sizes of
//! its values for each person.

mod captures;
pub mod clauses;
mod expression_checks;
mod expression_shape;
mod expression_variable;
mod foreign_syntax;
mod functions;
pub mod group_references;
#[cfg(test)]
mod limit_tests;
mod metering;
#[cfg(test)]
mod rule_tests;

use std::sync::Arc;

use cel::{Context, ExecutionError, Program, Value};
use chrono::NaiveDate;
use xxhash_rust::xxh3::xxh3_64;

use crate::budget::EvaluationBudget;
pub use crate::budget::Interrupt;
use crate::capturing_pattern::CapturingPattern;
use crate::limits::MAX_VALUE_BYTES;
use crate::name_template::NameTemplate;
use rollcall_model::attributes::{Attribute, AttributeSet, UNRESOLVED};
use rollcall_model::guard::Percent;
use rollcall_model::interner::{Interner, Symbol};
use rollcall_model::names::{ConnectorName, GroupName, RuleName};
use rollcall_model::resource_limits::{ResourceLimit, shorten_to};

use captures::find_patterns;
pub use expression_checks::BadExpression;
use expression_checks::{known_variables, unknown_functions};
use expression_variable::ExpressionVariable;
use functions::{NO_DATE, add_functions};
use group_references::{GroupReference, MembershipState, replace_calls};
use metering::MeteredExpression;

/// A compiled rule.
#[derive(Debug)]
pub struct Rule {
    /// The name in the file.
    pub name: RuleName,
    /// The expression as it was written.
    pub when: String,
    /// The template of the groups that it adds members to.
    pub group: NameTemplate,
    /// The connectors to whose people the rule is restricted, if any.
    pub connectors: Option<Vec<ConnectorName>>,
    /// The maximum share of its group that one run may remove, if the rule sets its own limit.
    pub max_group_removals: Option<Percent>,
    condition: CompiledExpression,
}

/// A compiled and checked expression.
#[derive(Debug)]
pub struct CompiledExpression {
    /// The expression with calls that count its steps.
    metered: MeteredExpression,
    variables: Vec<ExpressionVariable>,
    groups: Vec<GroupReference>,
    patterns: Vec<CapturingPattern>,
}

impl Rule {
    /// Creates a rule from its checked parts.
    #[must_use]
    pub fn new(name: RuleName, when: String, group: NameTemplate, condition: CompiledExpression) -> Self {
        Self { name, when, group, connectors: None, max_group_removals: None, condition }
    }

    /// A digest (XXH3, 64 bits) of everything that affects the result of the rule; changes when the rule is edited.
    #[must_use]
    pub fn digest(&self) -> i64 {
        let mut text = format!("{}\u{1e}{}", self.when.trim(), self.group.text());
        for connector in self.connectors.iter().flatten() {
            text.push('\u{1e}');
            text.push_str(connector.as_str());
        }
        xxh3_64(text.as_bytes()).cast_signed()
    }

    /// Its condition.
    #[must_use]
    pub fn condition(&self) -> &CompiledExpression {
        &self.condition
    }
}

impl CompiledExpression {
    /// The attributes that the expression reads, sorted. Equal values give equal results.
    #[must_use]
    pub fn reads(&self) -> Vec<Attribute> {
        let mut reads: Vec<Attribute> = self.variables.iter().map(|variable| variable.attribute).collect();
        reads.sort_unstable();
        reads.dedup();
        reads
    }

    /// Compiles an expression, checks every name in it, and evaluates it once with sample values.
    ///
    /// # Errors
    /// All errors in the text, each with its position, or the limit of [`crate::limits`] that it exceeds.
    pub fn compile(text: &str, attributes: &AttributeSet) -> Result<Self, Vec<BadExpression>> {
        let program = expression_shape::parse(text)?;
        let (variables, mut mistakes) = known_variables(text, &program, attributes);
        mistakes.extend(unknown_functions(text, &program));
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let patterns = find_patterns(text, program.expression(), &variables, attributes)?;
        let condition = Self { patterns, ..Self::build(text, &program, variables)? };
        condition.try_out()?;
        Ok(condition)
    }

    fn build(
        text: &str,
        program: &Program,
        variables: Vec<ExpressionVariable>,
    ) -> Result<Self, Vec<BadExpression>> {
        let mut root = program.expression().clone();
        let groups = replace_calls(text, &mut root)?;
        let patterns = Vec::new();
        Ok(Self { metered: MeteredExpression::new(&root), variables, groups, patterns })
    }

    /// The patterns whose parts have names, for templates.
    #[must_use]
    pub fn patterns(&self) -> &[CapturingPattern] {
        &self.patterns
    }

    /// The groups whose members the expression reads, each once.
    pub fn groups(&self) -> impl Iterator<Item = &GroupName> {
        self.groups.iter().map(|reference| &reference.group)
    }

    /// Evaluates the expression for a person without values and for one whose values are all dates, so that errors that
    /// do not depend on data are found now.
    fn try_out(&self) -> Result<(), Vec<BadExpression>> {
        let judge = RuleEvaluator::new(NaiveDate::default());
        let mut values = Interner::default();
        let sample = values.intern("2026-01-01");
        for (cell, state) in [(Symbol::EMPTY, MembershipState::NotMember), (sample, MembershipState::Member)]
        {
            let scope = judge.scope([self], &values, |_| cell).with_groups([self], |_| state);
            let result = scope.execute(self);
            if let Some(limit) = judge.budget.limit_reached() {
                return Err(vec![BadExpression::whole(limit.to_string())]);
            }
            match result {
                Ok(Value::Bool(_)) => {}
                Ok(other) => {
                    let kind = kind_of(&other);
                    let message = format!("an expression must give true or false, this one gives {kind}");
                    return Err(vec![BadExpression::whole(message)]);
                }
                Err(error) if depends_on_data(&error) => {}
                Err(error) => {
                    return Err(vec![BadExpression::whole(shorten_to(
                        ResourceLimit::ReasonCharacters,
                        describe_failure(&error),
                    ))]);
                }
            }
        }
        Ok(())
    }
}

/// Evaluates expressions on a given day, one at a time. Construction builds CEL's standard library: create one per run,
/// not per person.
pub struct RuleEvaluator {
    root: Context<'static, 'static>,
    budget: Arc<EvaluationBudget>,
}

impl std::fmt::Debug for RuleEvaluator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RuleEvaluator").finish_non_exhaustive()
    }
}

impl RuleEvaluator {
    /// Creates an evaluator for `today`, the reference day of `days_since` and `days_until`.
    #[must_use]
    pub fn new(today: NaiveDate) -> Self {
        Self::with_interrupt(today, None)
    }

    /// Creates an evaluator whose evaluations fail as soon as the interrupt returns true.
    #[must_use]
    pub fn with_interrupt(today: NaiveDate, interrupt: Option<Interrupt>) -> Self {
        let mut root = Context::default();
        let budget = Arc::new(EvaluationBudget::new(interrupt));
        add_functions(&mut root, today, &budget);
        Self { root, budget }
    }

    /// Binds the attributes that some expressions read: once per person, not per rule. The groups that they read are not
    /// known: see [`EvaluationContext::with_groups`].
    pub fn scope<'j, 'c>(
        &'j self,
        conditions: impl IntoIterator<Item = &'c CompiledExpression>,
        values: &Interner,
        cell_of: impl Fn(Attribute) -> Symbol,
    ) -> EvaluationContext<'j> {
        let mut scope = self.root.new_inner_scope();
        let mut given: Vec<&str> = Vec::new();
        let mut largest = 0;
        let mut unresolved = Vec::new();
        for variable in conditions.into_iter().flat_map(|condition| &condition.variables) {
            if given.contains(&variable.name.as_str()) {
                continue;
            }
            given.push(&variable.name);
            let cell = cell_of(variable.attribute);
            largest = largest.max(values.all(cell).map(str::len).sum());
            if let Some(why) = values.text(cell).strip_prefix(UNRESOLVED) {
                // A variable without a value makes an evaluation fail only where the value is needed.
                unresolved.push((variable.name.clone(), why.to_owned()));
                continue;
            }
            let value = variable.form.value(values, cell);
            scope.add_variable_from_value(variable.name.as_str(), value);
        }
        EvaluationContext { scope, budget: &self.budget, largest, unresolved }
    }
}

/// The attributes of a person, bound for evaluation.
pub struct EvaluationContext<'j> {
    scope: Context<'j, 'static>,
    budget: &'j EvaluationBudget,
    /// The size of the largest attribute in bytes.
    largest: usize,
    /// Variables whose value is not known, with the reason.
    unresolved: Vec<(String, String)>,
}

impl std::fmt::Debug for EvaluationContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EvaluationContext").finish_non_exhaustive()
    }
}

/// The result of an expression for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EvaluationResult {
    /// The expression is true.
    True,
    /// The expression is false.
    False,
    /// A date function was called with an empty date: the rule does not match.
    NoDate,
    /// The evaluation failed, with the reason. This is not false: no person may lose a membership because of it.
    Failed(String),
}

impl EvaluationContext<'_> {
    /// Binds the groups that some expressions read.
    #[must_use]
    pub fn with_groups<'c>(
        mut self,
        conditions: impl IntoIterator<Item = &'c CompiledExpression>,
        group_of: impl Fn(&GroupName) -> MembershipState,
    ) -> Self {
        for reference in conditions.into_iter().flat_map(|condition| &condition.groups) {
            let is_member = match group_of(&reference.group) {
                MembershipState::Member => true,
                MembershipState::NotMember => false,
                MembershipState::Unknown => {
                    self.unresolved.push((reference.variable.clone(), reference.reason()));
                    continue;
                }
            };
            self.scope.add_variable_from_value(reference.variable.as_str(), is_member);
        }
        self
    }

    /// Returns the reason if an evaluation failed because a value is not known.
    fn find_unresolved(&self, error: &ExecutionError) -> Option<String> {
        let ExecutionError::UndeclaredReference(name) = error else { return None };
        let known = self.unresolved.iter().find(|(variable, _)| *variable == **name);
        known.or(self.unresolved.first()).map(|(_, why)| why.clone())
    }

    /// Returns true if an expression of this context is true.
    ///
    /// # Errors
    /// The reason why the evaluation failed. This is not `false`: no person may lose a membership because of it.
    pub fn holds(&self, condition: &CompiledExpression) -> Result<bool, String> {
        match self.outcome(condition) {
            EvaluationResult::True => Ok(true),
            EvaluationResult::False | EvaluationResult::NoDate => Ok(false),
            EvaluationResult::Failed(why) => Err(why),
        }
    }

    /// Evaluates an expression of this context, or a part of one.
    #[must_use]
    pub fn outcome(&self, condition: &CompiledExpression) -> EvaluationResult {
        let result = self.execute(condition);
        if let Some(limit) = self.budget.limit_reached() {
            return EvaluationResult::Failed(limit.to_string());
        }
        match result {
            Ok(Value::Bool(true)) => EvaluationResult::True,
            Ok(Value::Bool(false)) => EvaluationResult::False,
            Ok(other) => EvaluationResult::Failed(format!(
                "the expression gives {} instead of true or false",
                kind_of(&other)
            )),
            Err(ExecutionError::FunctionError { message, .. }) if message == NO_DATE => {
                EvaluationResult::NoDate
            }
            Err(error) => {
                let why = self.find_unresolved(&error).unwrap_or_else(|| describe_failure(&error));
                EvaluationResult::Failed(shorten_to(ResourceLimit::ReasonCharacters, why))
            }
        }
    }

    /// Evaluates an expression. The result counts only if the budget has reached no limit.
    fn execute(&self, condition: &CompiledExpression) -> Result<Value, ExecutionError> {
        self.budget.start();
        if self.largest > MAX_VALUE_BYTES {
            self.budget.refuse_value(self.largest);
        }
        if self.budget.limit_reached().is_some() {
            return Ok(Value::Null);
        }
        condition.metered.evaluate(&self.scope)
    }
}

/// The text of an error. An error about a pattern names the function itself.
fn describe_failure(error: &ExecutionError) -> String {
    match error {
        ExecutionError::FunctionError { function, message } if function == "matches" => message.clone(),
        other => other.to_string(),
    }
}

fn kind_of(value: &Value) -> String {
    format!("a value of type {}", value.type_of()).to_lowercase()
}

/// Returns true if the error depends on the values of the person.
fn depends_on_data(error: &ExecutionError) -> bool {
    match error {
        ExecutionError::FunctionError { function, .. } => function != "matches",
        ExecutionError::IndexOutOfBounds(_)
        | ExecutionError::NoSuchKey(_)
        | ExecutionError::DivisionByZero(_)
        | ExecutionError::RemainderByZero(_)
        | ExecutionError::Overflow(..) => true,
        _ => false,
    }
}
