//! Entry point of the fuzzer: expressions of arbitrary text. Built only with `--cfg fuzzing`.
//!
//! Neither compilation nor evaluation may panic, overflow the stack, or take longer than the limits allow.

use chrono::NaiveDate;

use crate::rule::clauses::RuleClause;
use crate::rule::{CompiledExpression, RuleEvaluator};
use rollcall_model::attributes::AttributeSet;
use rollcall_model::interner::{Interner, Symbol};

/// Compiles a text as an expression, and evaluates it and its clauses for a few people.
pub fn expression(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let attributes = AttributeSet::default();
    let Ok(condition) = CompiledExpression::compile(text, &attributes) else { return };
    let mut values = Interner::default();
    let many = values.intern_all(&mut (0..40).map(|number| format!("Value {number}")).collect());
    let cells = [Symbol::EMPTY, values.intern("2026-01-01"), values.intern("{a,[*?"), many];
    let evaluator = RuleEvaluator::new(NaiveDate::default());
    for cell in cells {
        let _ = evaluator.scope([&condition], &values, |_| cell).outcome(&condition);
        if let Ok(clause) = RuleClause::read(text, &attributes) {
            let _ = clause.judge(&evaluator, &values, |_| cell);
        }
    }
}
