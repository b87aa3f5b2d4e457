//! The filter of a connector: its `include` expression.
//!
//! Directories also contain service accounts, shared mailboxes and guests. Records for which the expression is false are
//! excluded, as if the source did not contain them, and counted. Records for which it cannot be evaluated are included,
//! with a warning.

use rustc_hash::FxHashMap;

use crate::sync::SyncError;
use crate::sync::run_task::RunTask;
use rollcall_connectors::Connector;
use rollcall_model::interner::Symbol;
use rollcall_model::people::{PeopleTable, RowIndex};
use rollcall_model::run_warning::{RunWarning, RunWarningKind};
use rollcall_rules::rule::RuleEvaluator;

/// Excludes the records for which the expression is false; returns warnings.
///
/// # Errors
/// If the run is interrupted.
pub(super) fn apply_include(
    people: &mut PeopleTable,
    connector: &Connector,
    task: &RunTask<'_>,
) -> Result<Vec<RunWarning>, SyncError> {
    let Some(include) = &connector.mapping.include else { return Ok(Vec::new()) };
    let condition = include.condition.as_ref();
    let interrupt = Some(task.interrupt_function().clone());
    let (evaluator, reads) = (RuleEvaluator::with_interrupt(task.when.today, interrupt), condition.reads());
    // One evaluation for each combination of the values that the expression reads.
    let mut known: FxHashMap<Vec<Symbol>, Result<bool, String>> = FxHashMap::default();
    let mut problems = Vec::new();
    let mut out: Vec<RowIndex> = Vec::new();
    for row in people.rows() {
        let cells: Vec<Symbol> = reads.iter().map(|&attribute| people.cell(row, attribute)).collect();
        task.check_interrupt()?;
        let counts = known.entry(cells).or_insert_with(|| {
            evaluator
                .scope([condition], &people.values, |attribute| people.cell(row, attribute))
                .holds(condition)
        });
        match counts {
            Ok(true) => {}
            Ok(false) => out.push(row),
            Err(why) => {
                let message = format!("`include` could not be evaluated ({why}): the person is included");
                problems.push(RunWarning::new(RunWarningKind::RuleFailed, people.id(row), message));
            }
        }
    }
    // The last evaluation may have been ended.
    task.check_interrupt()?;
    people.leave_out(&out);
    Ok(problems)
}
