//! The rules in `rollcall check`: those that match no person as last read, or read a group that does not exist.

use chrono::Utc;
use tokio_util::sync::CancellationToken;

use super::command_context::database_options;
use super::error::CliError;
use super::output;
use rollcall_config::Config;
use rollcall_core::enrollment::change::ChangeTime;
use rollcall_core::sync::rule_check::{self, RuleFinding};
use rollcall_core::sync::rule_preview::create_interrupt;
use rollcall_store::Store;

/// Evaluates the rules for the people of the database; `None` if it has no people or not the schema of this program.
///
/// # Errors
/// If the database fails.
pub(crate) async fn check_rules(
    config: &Config,
    stop: &CancellationToken,
) -> Result<Option<Vec<RuleFinding>>, CliError> {
    let options = database_options(config);
    let migrations = Store::read_migrations(&options).await?;
    if migrations.iter().any(|one| one.applied_at.is_none()) {
        return Ok(None);
    }
    let store = Store::open(&options).await?;
    let when = ChangeTime::at(Utc::now(), config.timezone);
    let mut tx = store.begin_read().await?;
    let interrupt = create_interrupt(stop.clone());
    let found = rule_check::check_rules(&mut tx, config.for_sync(), when, &interrupt).await?;
    tx.rollback().await?;
    store.close().await;
    Ok(found)
}

/// Prints one line for each rule with a finding.
pub(crate) fn print_rules(findings: &[RuleFinding]) -> Result<(), CliError> {
    if findings.is_empty() {
        return output::print_result("  ok    every rule matches a person as last read");
    }
    for finding in findings {
        output::print_result(&format!("  warn  {}: {}", finding.rule, finding.message))?;
    }
    Ok(())
}
