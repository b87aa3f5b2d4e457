//! `rollcall rules`.

use std::sync::Arc;

use super::args::RulesCommand;
use super::command_context::CommandContext;
use super::error::CliError;
use super::output::{self, count};
use rollcall_core::sync::rule_preview::{
    self, MatchSample, PreviewError, PreviewGroup, RulePreview, create_interrupt,
};
use rollcall_model::names::GroupName;
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_store::groups;
use rollcall_views::RulePreviewView;

/// Runs a command for rules.
pub(crate) async fn rules(session: &CommandContext, command: RulesCommand) -> Result<u8, CliError> {
    match command {
        RulesCommand::Test { expression, group, limit } => {
            test(session, &expression, group.as_deref(), limit).await
        }
    }
}

/// Prints whom an expression matches, and what would change if it were the rule of a group. Nothing is written.
async fn test(
    session: &CommandContext,
    expression: &str,
    group: Option<&str>,
    limit: usize,
) -> Result<u8, CliError> {
    let group =
        group.map(GroupName::parse).transpose().map_err(|error| CliError::usage(error.to_string()))?;
    let file = session.config.for_sync();
    let rule = rule_preview::compile_preview(file, expression).map_err(describe_error)?;
    let reads = |name: &&GroupName| rule.condition().groups().any(|read| read.folded() == name.folded());
    if let Some(name) = group.as_ref().filter(reads) {
        let message = format!("the expression reads the group `{}`, which the rule would give", name.shown());
        return Err(CliError::usage(message));
    }
    let mut tx = session.store.begin_read().await?;
    let known = match &group {
        Some(name) => groups::get_by_name(&mut tx, name).await?,
        None => None,
    };
    let of_group = match (&group, &known) {
        (None, _) => PreviewGroup::None,
        (Some(_), None) => PreviewGroup::New,
        (Some(_), Some(group)) => PreviewGroup::Known(group.id),
    };
    let when = session.change_time();
    let data = rule_preview::load_preview(&mut tx, file, &rule, of_group, when.today).await?;
    tx.rollback().await?;
    let interrupt = create_interrupt(session.stop.clone());
    let config = Arc::clone(&session.config);
    let evaluation = tokio::task::spawn_blocking(move || {
        rule_preview::preview_rule(data, config.for_sync(), rule, when, limit, &interrupt)
    });
    let found = evaluation.await.map_err(|error| CliError::failed(error.to_string()))?;
    let found = found.map_err(describe_error)?;
    let shown = known.as_ref().map_or_else(|| group.as_ref().map(GroupName::shown), |one| Some(&one.name));
    if session.json {
        let view = RulePreviewView::new(expression, &found, shown.map(|name| (name, known.is_some())));
        output::print_json(&view)?;
        return Ok(0);
    }
    print_preview(&found, shown, known.is_some())?;
    Ok(0)
}

fn print_preview(found: &RulePreview, group: Option<&str>, exists: bool) -> Result<(), CliError> {
    print_sample(&format!("The expression matches {}", people(&found.matching)), &found.matching)?;
    if let Some(why) = &found.why {
        let undecided = people(&found.undecided);
        print_sample(&format!("\nIt could not be evaluated for {undecided} ({why})"), &found.undecided)?;
    }
    let Some(group) = group else { return Ok(()) };
    let created = if exists { "" } else { ", which would be created" };
    output::print_result(&format!("\nAs the rule of the group `{group}`{created}:"))?;
    for (sample, what) in [
        (&found.joining, "would be added"),
        (&found.leaving, "would be removed"),
        (&found.kept_by_hand, "would stay as members by hand"),
        (&found.excluded, "would not be added: they are excluded"),
    ] {
        if sample.count > 0 {
            print_sample(&format!("\n{} {what}", people(sample)), sample)?;
        }
    }
    if found.joining.count == 0 && found.leaving.count == 0 {
        output::print_result("no membership would change")?;
    }
    Ok(())
}

fn people(sample: &MatchSample) -> String {
    count(sample.count as u64, "person", "people")
}

fn print_sample(title: &str, sample: &MatchSample) -> Result<(), CliError> {
    output::print_result(title)?;
    if sample.first.is_empty() {
        return Ok(());
    }
    let rows = sample.first.iter().map(|one| [one.email.clone(), one.name.clone()]);
    output::print_table(["email", "name"], rows, "")?;
    let more = sample.count.saturating_sub(sample.first.len());
    if more > 0 {
        output::print_status(&format!("and {} more; `--limit` lists more", output::thousands(more as u64)));
    }
    Ok(())
}

fn describe_error(error: PreviewError) -> CliError {
    match error {
        PreviewError::Expression(mistakes) => {
            let all: Vec<String> = mistakes
                .iter()
                .map(|mistake| format!("line {}, column {}: {mistake}", mistake.line + 1, mistake.column + 1))
                .collect();
            CliError::usage(format!("the expression is not valid\n{}", all.join("\n")))
        }
        PreviewError::Interrupted => {
            ResourceLimit::PreviewSeconds.record_reached();
            let seconds = ResourceLimit::PreviewSeconds.default_value();
            CliError::failed(format!(
                "the expression could not be evaluated for all people within {seconds} seconds"
            ))
        }
    }
}
