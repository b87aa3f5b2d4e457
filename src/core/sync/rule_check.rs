//! The check of the rules of the file with the people as they were last read. Nothing is written.

use crate::enrollment::change::ChangeTime;
use crate::sync::File;
use crate::sync::rule_preview::load_read_groups;
use crate::sync::stored_population::{StoredPeople, build_population, load_people};
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

/// The result of a check of the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleCheckResult {
    /// No people are stored.
    NoPeople,
    /// The interrupt returned true before all people were evaluated.
    Interrupted,
    /// The rules that have no effect, or cannot be evaluated.
    Findings(Vec<RuleFinding>),
}

/// The people, and the members of the groups that the rules read, as they are stored. The connection is free while the
/// rules are evaluated.
#[derive(Debug)]
pub struct RuleCheckData {
    people: StoredPeople,
    read_groups: StoredMembers,
}

/// Loads all people as last read, and the members of the groups that the rules of the file read.
///
/// # Errors
/// If the database fails.
pub async fn load_rule_check(tx: &mut Tx, file: File<'_>) -> Result<RuleCheckData> {
    let mut read_groups = StoredMembers::default();
    for rule in file.rules {
        read_groups.extend(load_read_groups(tx, file, rule).await?);
    }
    Ok(RuleCheckData { people: load_people(tx, file).await?, read_groups })
}

/// Evaluates the rules of the file for the loaded people. This takes CPU time.
#[must_use]
pub fn check_rules(
    data: RuleCheckData,
    file: File<'_>,
    when: ChangeTime,
    interrupt: &Interrupt,
) -> RuleCheckResult {
    let RuleCheckData { people, read_groups } = data;
    let population = build_population(people, file, reads_managers(file.rules));
    if population.learners.is_empty() {
        return RuleCheckResult::NoPeople;
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
    let Some(desired) = desired else { return RuleCheckResult::Interrupted };
    let names: Vec<RuleName> = file.rules.iter().map(|rule| rule.name.clone()).collect();
    let mut warnings = desired.list_rule_warnings(&names);
    warnings.extend(desired.list_unmatched(&names, |_| true));
    let finding = |warning: rollcall_model::run_warning::RunWarning| RuleFinding {
        rule: RuleName::new(&warning.subject),
        message: warning.message,
    };
    RuleCheckResult::Findings(warnings.into_iter().map(finding).collect())
}
