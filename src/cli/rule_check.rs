//! The rules in `rollcall check`: those that match no person as last read, or read a group that does not exist.

use std::sync::Arc;

use chrono::Utc;
use tokio_util::sync::CancellationToken;

use super::command_context::database_options;
use super::error::CliError;
use super::output;
use rollcall_config::Config;
use rollcall_core::enrollment::change::ChangeTime;
use rollcall_core::sync::rule_check::{self, RuleCheckResult};
use rollcall_core::sync::rule_preview::create_interrupt;
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_store::Store;

/// Evaluates the rules for the people of the database. A database that has not the schema of this program has no people.
///
/// # Errors
/// If the database fails.
pub(crate) async fn check_rules(
    config: &Arc<Config>,
    stop: &CancellationToken,
) -> Result<RuleCheckResult, CliError> {
    let options = database_options(config);
    let migrations = Store::read_migrations(&options).await?;
    if migrations.iter().any(|one| one.applied_at.is_none()) {
        return Ok(RuleCheckResult::NoPeople);
    }
    let store = Store::open(&options).await?;
    let when = ChangeTime::at(Utc::now(), config.timezone);
    let mut tx = store.begin_read().await?;
    let data = rule_check::load_rule_check(&mut tx, config.for_sync()).await?;
    tx.rollback().await?;
    store.close().await;
    let (config, interrupt) = (Arc::clone(config), create_interrupt(stop.clone()));
    let evaluation = tokio::task::spawn_blocking(move || {
        rule_check::check_rules(data, config.for_sync(), when, &interrupt)
    });
    evaluation.await.map_err(|error| CliError::failed(error.to_string()))
}

/// The sentence about rules that were not evaluated to the end.
pub(crate) fn describe_interrupted_check() -> String {
    let seconds = ResourceLimit::PreviewSeconds.default_value();
    format!("the rules were not checked: they could not be evaluated for all people within {seconds} seconds")
}

/// Prints one line for each rule with a finding.
pub(crate) fn print_rules(result: &RuleCheckResult) -> Result<(), CliError> {
    let findings = match result {
        RuleCheckResult::NoPeople => return Ok(()),
        RuleCheckResult::Interrupted => {
            output::print_result("\nrules")?;
            return output::print_result(&format!("  warn  {}", describe_interrupted_check()));
        }
        RuleCheckResult::Findings(findings) => findings,
    };
    output::print_result("\nrules")?;
    if findings.is_empty() {
        return output::print_result("  ok    every rule matches a person as last read");
    }
    for finding in findings {
        output::print_result(&format!("  warn  {}: {}", finding.rule, finding.message))?;
    }
    Ok(())
}
