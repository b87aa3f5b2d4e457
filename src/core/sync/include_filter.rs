//! Who of a directory counts: a connector's `include`.
//!
//! Service accounts, shared mailboxes and guests stand in directories like people. Whoever the expression is false for
//! is left out as if the source did not hold them, and counted; whoever it cannot be evaluated for stays, and is
//! reported.

use chrono::NaiveDate;
use rustc_hash::FxHashMap;

use rollcall_connectors::Connector;
use rollcall_model::interner::Symbol;
use rollcall_model::people::{PeopleTable, RowIndex};
use rollcall_model::run_warning::{RunWarning, RunWarningKind};
use rollcall_rules::rule::RuleEvaluator;

/// Leaves out whoever does not count; answers what was noticed.
pub(super) fn apply_include(
    people: &mut PeopleTable,
    connector: &Connector,
    today: NaiveDate,
) -> Vec<RunWarning> {
    let Some(include) = &connector.mapping.include else { return Vec::new() };
    let condition = include.condition.as_ref();
    let (judge, reads) = (RuleEvaluator::new(today), condition.reads());
    // Once for each combination of the values that are read.
    let mut known: FxHashMap<Vec<Symbol>, Result<bool, String>> = FxHashMap::default();
    let mut problems = Vec::new();
    let mut out: Vec<RowIndex> = Vec::new();
    for row in people.rows() {
        let cells: Vec<Symbol> = reads.iter().map(|&attribute| people.cell(row, attribute)).collect();
        let counts = known.entry(cells).or_insert_with(|| {
            judge.scope([condition], &people.values, |attribute| people.cell(row, attribute)).holds(condition)
        });
        match counts {
            Ok(true) => {}
            Ok(false) => out.push(row),
            Err(why) => {
                let message = format!("`include` could not be evaluated, the person stays: {why}");
                problems.push(RunWarning::new(RunWarningKind::RuleFailed, people.id(row), message));
            }
        }
    }
    people.leave_out(&out);
    problems
}
