//! Named parts of patterns, for templates: `department.matches("^(?P<area>[A-Z]+)-")` makes `{area}` known.
//!
//! A part belongs to the attribute whose text is matched: its first value, or each value if the pattern is inside
//! `department_all.exists(d, …)`. It has the value that the pattern finds there, whether the rule needs it or not.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, EntryExpr, Expr, LiteralValue};
use rollcall_model::attributes::{Attribute, AttributeSet};

use super::expression_checks::{BadExpression, place_in_text};
use super::expression_variable::{ExpressionVariable, VariableForm};
use crate::capturing_pattern::{CapturedSubject, CapturingPattern};
use crate::patterns::compile_regex;

/// Finds the patterns with named parts in an expression.
///
/// # Errors
/// If a part has the name of an attribute or of another part.
pub(super) fn find_patterns(
    text: &str,
    root: &IdedExpr,
    variables: &[ExpressionVariable],
    attributes: &AttributeSet,
) -> Result<Vec<CapturingPattern>, Vec<BadExpression>> {
    let mut search = PatternSearch { variables, bound: Vec::new(), found: Vec::new() };
    search.visit(root);
    let mut names: Vec<&str> = Vec::new();
    let mut mistakes = Vec::new();
    for name in search.found.iter().flat_map(CapturingPattern::names) {
        let message = if attributes.find(name).is_some() {
            format!(
                "`{name}` is an attribute: give the part of the pattern another name, `(?P<{name}_part>…)`"
            )
        } else if names.contains(&name) {
            format!("two parts of patterns have the name `{name}`: give one of them another name")
        } else {
            names.push(name);
            continue;
        };
        let (line, column) = place_in_text(text, &format!("<{name}>"));
        mistakes.push(BadExpression { line, column, message, suggestion: None });
    }
    if mistakes.is_empty() { Ok(search.found) } else { Err(mistakes) }
}

struct PatternSearch<'e> {
    variables: &'e [ExpressionVariable],
    /// Names that comprehensions bind, with the attribute whose values they stand for.
    bound: Vec<(&'e str, Option<Attribute>)>,
    found: Vec<CapturingPattern>,
}

impl<'e> PatternSearch<'e> {
    /// Visits a node. The depth of an expression is limited.
    fn visit(&mut self, node: &'e IdedExpr) {
        match &node.expr {
            Expr::Call(call) => {
                self.add_pattern(call);
                call.target.as_deref().into_iter().chain(&call.args).for_each(|part| self.visit(part));
            }
            Expr::Comprehension(one) => {
                self.visit(&one.iter_range);
                let of_list = self.variable(&one.iter_range.expr, VariableForm::All);
                self.bound.push((&one.iter_var, of_list));
                for part in [&one.accu_init, &one.loop_cond, &one.loop_step, &one.result] {
                    self.visit(part);
                }
                self.bound.pop();
            }
            Expr::List(list) => list.elements.iter().for_each(|part| self.visit(part)),
            Expr::Select(select) => self.visit(&select.operand),
            Expr::Map(map) => map.entries.iter().for_each(|one| match &one.expr {
                EntryExpr::MapEntry(entry) => {
                    self.visit(&entry.key);
                    self.visit(&entry.value);
                }
                EntryExpr::StructField(field) => self.visit(&field.value),
            }),
            Expr::Struct(_) | Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
        }
    }

    fn add_pattern(&mut self, call: &'e CallExpr) {
        if call.func_name != "matches" {
            return;
        }
        let (subject, pattern) = match (call.target.as_deref(), call.args.as_slice()) {
            (Some(target), [pattern]) => (target, pattern),
            (None, [subject, pattern]) => (subject, pattern),
            (_, _) => return,
        };
        let Expr::Literal(LiteralValue::String(pattern)) = &pattern.expr else { return };
        // A pattern that is not valid is an error of the evaluation.
        let Ok(pattern) = compile_regex(pattern.inner()) else { return };
        if pattern.capture_names().flatten().next().is_none() {
            return;
        }
        let subject = self.find_subject(&subject.expr);
        self.found.push(CapturingPattern::new(pattern, subject));
    }

    fn find_subject(&self, subject: &Expr) -> Option<CapturedSubject> {
        let Expr::Ident(name) = subject else { return None };
        match self.bound.iter().rev().find(|(bound, _)| bound == name) {
            Some((_, of_list)) => of_list.map(|attribute| CapturedSubject { attribute, each_value: true }),
            None => {
                let first = self.variable(subject, VariableForm::First);
                first.map(|attribute| CapturedSubject { attribute, each_value: false })
            }
        }
    }

    fn variable(&self, expression: &Expr, form: VariableForm) -> Option<Attribute> {
        let Expr::Ident(name) = expression else { return None };
        let found = self.variables.iter().find(|one| one.name == *name && one.form == form)?;
        (!found.attribute.is_computed()).then_some(found.attribute)
    }
}
