//! The check of the rules of the file with the people as they were last read. Nothing is written.

use crate::enrollment::change::ChangeTime;
use crate::sync::File;
use crate::sync::rule_preview::load_read_groups;
use crate::sync::stored_population::{build_population, load_people};
use rollcall_model::names::RuleName;
use rollcall_planner::rule_evaluation::RuleEvaluation;
use rollcall_planner::rule_set::reads_managers;
use rollcall_planner::{KnownMembers, StoredMembers};
use rollcall_rules::rule::Interrupt;
use rollcall_store::{Result, Tx};

/// A rule that has no effect, or cannot be evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFinding {
    /// The rule.
    pub rule: RuleName,
    /// The finding.
    pub message: String,
}

/// Evaluates the rules of the file for all people as last read; `None` if no people are stored or the interrupt returned
/// true.
///
/// # Errors
/// If the database fails.
pub async fn check_rules(
    tx: &mut Tx,
    file: File<'_>,
    when: ChangeTime,
    interrupt: &Interrupt,
) -> Result<Option<Vec<RuleFinding>>> {
    let mut read_groups = StoredMembers::default();
    for rule in file.rules {
        read_groups.extend(load_read_groups(tx, file, rule).await?);
    }
    let people = load_people(tx, file).await?;
    let population = build_population(people, file, reads_managers(file.rules));
    if population.learners.is_empty() {
        return Ok(None);
    }
    let desired = RuleEvaluation {
        rules: file.rules,
        population: &population,
        connectors: &file.connector_names(),
        today: when.today,
        interrupt: Some(interrupt),
        known: KnownMembers::Stored(&read_groups),
    }
    .evaluate();
    let Some(desired) = desired else { return Ok(None) };
    let names: Vec<RuleName> = file.rules.iter().map(|rule| rule.name.clone()).collect();
    let mut warnings = desired.list_rule_warnings(&names);
    warnings.extend(desired.list_unmatched(&names, |_| true));
    let finding = |warning: rollcall_model::run_warning::RunWarning| RuleFinding {
        rule: RuleName::new(&warning.subject),
        message: warning.message,
    };
    Ok(Some(warnings.into_iter().map(finding).collect()))
}
