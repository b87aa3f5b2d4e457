//! The functions that rules have in addition to those of CEL, and those that count the steps of an evaluation.

use std::sync::Arc;

use cel::common::types::CelInt;
use cel::common::value::CowVal;
use cel::objects::ValueType;
use cel::{Context, ExecutionError, FunctionContext, Value};
use chrono::NaiveDate;
use rollcall_model::names::fold;
use rollcall_model::status::read_date;

use super::metering::{MATCHES, METERED};
use crate::budget::EvaluationBudget;
use crate::patterns::PatternCache;

/// The error of a date function with an empty date; the rule does not match then.
pub(super) const NO_DATE: &str = "there is no date";

/// Steps of a call of `glob` or `matches` besides its text.
const PATTERN_STEPS: u64 = 5;

/// A function that returns one of its arguments without a copy.
type CelFunction = Box<
    dyn for<'context, 'call> Fn(
            &mut FunctionContext<'context, 'call>,
        ) -> Result<CowVal<'context, 'call>, ExecutionError>
        + Send
        + Sync,
>;

/// Adds all functions. Each takes the steps of its work from the budget.
pub(super) fn add_functions(root: &mut Context<'_, '_>, today: NaiveDate, budget: &Arc<EvaluationBudget>) {
    let since =
        move |ftx: &FunctionContext, date: Arc<String>| days(ftx, &date, |day| (today - day).num_days());
    let until =
        move |ftx: &FunctionContext, date: Arc<String>| days(ftx, &date, |day| (day - today).num_days());
    let patterns = Arc::new(PatternCache::default());
    let (kept, of) = (Arc::clone(&patterns), Arc::clone(budget));
    let glob = move |ftx: &FunctionContext, text: Arc<String>, pattern: Arc<String>| {
        take(ftx, &of, PATTERN_STEPS, text.len() + pattern.len())?;
        kept.matches_glob(&of, &text, &pattern).map_err(|error| ftx.error(error))
    };
    let of = Arc::clone(budget);
    let matches = move |ftx: &FunctionContext, text: Arc<String>, pattern: Arc<String>| {
        if ftx.args.len() != 2 {
            return Err(ExecutionError::InvalidArgumentCount { expected: 2, actual: ftx.args.len() });
        }
        take(ftx, &of, PATTERN_STEPS, text.len() + pattern.len())?;
        let failed = |message| ExecutionError::FunctionError { function: "matches".to_owned(), message };
        patterns.matches_regex(&of, &text, &pattern).map_err(failed)
    };
    let of = Arc::clone(budget);
    let equals = move |ftx: &FunctionContext, a: Arc<String>, b: Arc<String>| {
        take(ftx, &of, 1, a.len() + b.len())?;
        Ok::<bool, ExecutionError>(fold(&a) == fold(&b))
    };
    let of = Arc::clone(budget);
    let starts = move |ftx: &FunctionContext, text: Arc<String>, prefixes: Arc<Vec<Value>>| {
        let bytes = prefixes.iter().map(|one| if let Value::String(text) = one { text.len() } else { 0 });
        take(ftx, &of, 1 + prefixes.len() as u64, text.len() + bytes.sum::<usize>())?;
        starts_with_any(&text, &prefixes)
    };
    let added = [
        root.add_function("days_since", since),
        root.add_function("days_until", until),
        root.add_function("equals_ignore_case", equals),
        root.add_function("glob", glob),
        root.add_function("starts_with_any", starts),
        root.add_function(MATCHES, matches),
        root.add_function(METERED, metered(Arc::clone(budget))),
    ];
    debug_assert!(added.iter().all(Result::is_ok), "the names of our functions are free in CEL's library");
}

/// Takes the steps of a function that reads texts.
fn take(
    ftx: &FunctionContext,
    budget: &EvaluationBudget,
    steps: u64,
    bytes: usize,
) -> Result<(), ExecutionError> {
    budget.take_steps(steps).and_then(|()| budget.take_bytes(bytes)).map_err(|limit| ftx.error(limit))
}

/// Returns its first argument and takes the steps that the second one names, and those of the value.
fn metered(budget: Arc<EvaluationBudget>) -> CelFunction {
    Box::new(move |ftx| {
        let steps =
            ftx.args.get(1).and_then(|steps| steps.downcast_ref::<CelInt>()).map_or(1, |one| *one.inner());
        let value = ftx.args.swap_remove(0);
        budget
            .take_steps(steps.unsigned_abs())
            .and_then(|()| budget.take_value(value.as_ref()))
            .map_err(|limit| ftx.error(limit))?;
        Ok(value)
    })
}

fn days(ftx: &FunctionContext, date: &str, count: impl Fn(NaiveDate) -> i64) -> Result<i64, ExecutionError> {
    if date.trim().is_empty() {
        return Err(ftx.error(NO_DATE));
    }
    let day = read_date(date).ok_or_else(|| ftx.error(format!("`{date}` is not a valid date")))?;
    Ok(count(day))
}

/// An empty prefix is ignored: it would match every person.
fn starts_with_any(text: &str, prefixes: &[Value]) -> Result<bool, ExecutionError> {
    let text = fold(text);
    let mut found = false;
    // All prefixes are read even after a match, so that a prefix of another type is an error for every person.
    for prefix in prefixes {
        let Value::String(prefix) = prefix else {
            return Err(prefix.error_expected_type(ValueType::String));
        };
        let prefix = fold(prefix);
        found |= !prefix.is_empty() && text.starts_with(&prefix);
    }
    Ok(found)
}
