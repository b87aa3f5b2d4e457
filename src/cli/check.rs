//! `rollcall check`.

use std::sync::Arc;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::database_check::check_database;
use super::error::{CliError, format_error_chain};
use super::output::{self, count};
use super::rule_check::{check_rules, describe_interrupted_check, print_rules};
use super::web_check::{WebCheckStep, check_web};
use rollcall_config::Config;
use rollcall_connectors::{ReadContext, ReadProgress, retry};
use rollcall_core::sync::rule_check::{RuleCheckResult, RuleFinding};

/// Prints the warnings of a valid file, then tests the database, `[web]` and each connector step by step.
pub(crate) async fn check(
    config: &Arc<Config>,
    offline: bool,
    as_json: bool,
    stop: &CancellationToken,
) -> Result<u8, CliError> {
    let mut failed = false;
    let mut walks = Vec::new();
    if !as_json {
        for warning in &config.warnings {
            output::print_status(&format!("warning: {warning}\n"));
        }
        output::print_result(&format!(
            "{}: {}, {}, {}, {}",
            config.path.display(),
            count(config.connectors.len() as u64, "connector", "connectors"),
            count(config.rules.len() as u64, "rule", "rules"),
            count(config.courses.len() as u64, "course", "courses"),
            count(config.assignments.len() as u64, "assignment", "assignments"),
        ))?;
    }
    let database = if offline { None } else { Some(check_database(config).await) };
    failed |= matches!(database, Some(Err(_)));
    if let Some(database) = database.as_ref().filter(|_| !as_json) {
        output::print_result("\ndatabase")?;
        print_database(database)?;
    }
    let rules = match &database {
        Some(Ok(_)) if !config.rules.is_empty() => check_rules(config, stop).await?,
        Some(Ok(_) | Err(_)) | None => RuleCheckResult::NoPeople,
    };
    if !as_json {
        print_rules(&rules)?;
    }
    let web = if offline { Vec::new() } else { check_web(config).await };
    failed |= web.iter().any(|step| step.outcome.is_err());
    if !as_json && !web.is_empty() {
        output::print_result("\nweb")?;
        print_web(&web)?;
    }
    let context = ReadContext {
        cancel: stop.clone(),
        progress: ReadProgress::default(),
        retry: retry::RetryPolicy::INTERACTIVE,
        limits: config.limits.clone(),
        last_file: None,
    };
    for connector in config.connectors.iter().filter(|_| !offline) {
        let steps = connector.check(&config.attributes, &context).await;
        failed |= steps.iter().any(|step| step.outcome.is_err());
        if as_json {
            let steps: Vec<_> = steps
                .iter()
                .map(|step| {
                    let (ok, message) = match &step.outcome {
                        Ok(message) => (true, message.clone()),
                        Err(error) => (false, format_error_chain(error)),
                    };
                    json!({"step": step.name, "ok": ok, "message": message, "warnings": step.warnings})
                })
                .collect();
            walks.push(json!({"connector": connector.name, "steps": steps}));
            continue;
        }
        output::print_result(&format!("\n{} ({})", connector.name, connector.kind()))?;
        for step in &steps {
            match &step.outcome {
                Ok(message) => {
                    output::print_result(&format!("  ok    {:<10}  {}", step.name, indent(message)))?;
                }
                Err(error) => {
                    output::print_result(&format!(
                        "  FAIL  {:<10}  {}",
                        step.name,
                        indent(&format_error_chain(error))
                    ))?;
                    if let Some(hint) = error.hint() {
                        output::print_status(&format!("\nhint: {hint}"));
                    }
                }
            }
            for warning in &step.warnings {
                output::print_result(&format!("  warn  {:<10}  {}", step.name, indent(warning)))?;
            }
        }
    }
    if as_json {
        let warnings = &config.warnings;
        let database = database.map(|database| match database {
            Ok(message) => json!({"ok": true, "message": message}),
            Err(error) => json!({"ok": false, "message": error.message()}),
        });
        let web: Vec<_> = web
            .iter()
            .map(|step| {
                let (Ok(message) | Err(message)) = &step.outcome;
                json!({"step": step.name, "ok": step.outcome.is_ok(), "message": message, "warnings": step.warnings})
            })
            .collect();
        output::print_json(&json!({
            "file": config.path, "mistakes": [], "warnings": warnings, "database": database,
            "rules": describe_rules(rules), "web": web, "connectors": walks,
        }))?;
    }
    Ok(u8::from(failed))
}

/// The findings about rules as JSON; null if there are no people.
fn describe_rules(result: RuleCheckResult) -> serde_json::Value {
    let finding = |one: RuleFinding| json!({"rule": one.rule, "warning": one.message});
    match result {
        RuleCheckResult::NoPeople => serde_json::Value::Null,
        RuleCheckResult::Interrupted => json!([{"rule": null, "warning": describe_interrupted_check()}]),
        RuleCheckResult::Findings(findings) => findings.into_iter().map(finding).collect(),
    }
}

fn print_database(database: &Result<String, CliError>) -> Result<(), CliError> {
    match database {
        Ok(message) => output::print_result(&format!("  ok    {:<10}  {message}", "open")),
        Err(error) => {
            output::print_result(&format!("  FAIL  {:<10}  {}", "open", indent(error.message())))?;
            if let Some(hint) = error.next_step() {
                output::print_status(&format!("\nhint: {hint}"));
            }
            Ok(())
        }
    }
}

fn print_web(steps: &[WebCheckStep]) -> Result<(), CliError> {
    for step in steps {
        let (word, text) = match &step.outcome {
            Ok(text) => ("ok  ", text),
            Err(text) => ("FAIL", text),
        };
        output::print_result(&format!("  {word}  {:<10}  {}", step.name, indent(text)))?;
        for warning in &step.warnings {
            output::print_result(&format!("  warn  {:<10}  {}", step.name, indent(warning)))?;
        }
    }
    Ok(())
}

fn indent(text: &str) -> String {
    text.replace('\n', "\n                    ")
}
