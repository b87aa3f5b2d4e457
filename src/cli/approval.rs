//! `rollcall approve`, `rollcall reject`, `rollcall connectors retire`, and the output of holds.

use super::args::DrainArgs;
use super::command_context::{CommandContext, LEASE_TIMEOUT};
use super::error::CliError;
use super::operating_user::current_actor;
use super::output::{self, count, thousands};
use rollcall_core::sync::ApprovalError;
use rollcall_core::sync::ApprovalRequest;
use rollcall_core::sync::approve::{self, ApprovalResult};
use rollcall_core::sync::format::{self, MAX_LINES};
use rollcall_core::sync::retire_connector;
use rollcall_model::guard::HoldReport;
use rollcall_model::ids::RunId;
use rollcall_model::other_config::reload_command;
use rollcall_store::holds::HeldChangeRecord;
use rollcall_store::runs::RunCounts;
use rollcall_views as views;

/// Prints the held changes of a run, their reasons and the next step.
pub(crate) fn print_held(run: Option<RunId>, counts: &RunCounts, held: &HoldReport) -> Result<(), CliError> {
    let what = format::held(counts);
    let mut lines = vec![String::new(), format!("held: {what}")];
    lines.extend(held.causes.iter().map(|cause| format!("  because: {cause}")));
    lines.extend(
        held.reasons
            .iter()
            .map(|reason| format!("  limit: {} (`{}`)", reason.message, reason.limit.as_str())),
    );
    output::print_result(&lines.join("\n"))?;
    if let Some(run) = run {
        output::print_status(&format!(
            "\nhint: `rollcall runs show {run}` shows them; then run `rollcall approve {run}` or `rollcall reject {run}`"
        ));
    }
    Ok(())
}

fn print_changes(changes: &[HeldChangeRecord]) -> Result<(), CliError> {
    let mut lines: Vec<String> = changes.iter().take(MAX_LINES).map(format::change).collect();
    if changes.len() > MAX_LINES {
        lines.push(format!(" … and {} more", thousands((changes.len() - MAX_LINES) as u64)));
    }
    output::print_result(&lines.join("\n"))
}

impl From<ApprovalError> for CliError {
    fn from(error: ApprovalError) -> Self {
        let hint = match &error {
            ApprovalError::NoRun { .. } => Some("`rollcall runs list` shows the latest runs".to_owned()),
            ApprovalError::NothingHeld { newer: Some(newer), .. } => {
                Some(format!("the pending changes belong to run {newer}: `rollcall runs show {newer}`"))
            }
            ApprovalError::Rejected { rejection, .. } => {
                Some(format!("`rollcall approve {rejection}` applies the rejected changes after all"))
            }
            ApprovalError::FilesDiffer { services } => Some(match reload_command(services) {
                Some(command) => format!("`{command}` makes the service here read the file again"),
                None => "use the same file on every node, and reload it with SIGHUP".to_owned(),
            }),
            ApprovalError::NothingHeld { newer: None, .. } | ApprovalError::Sync(_) => None,
        };
        let failure = CliError::failed(super::error::format_error_chain(&error));
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

fn build_approval_request(session: &CommandContext, what: String) -> ApprovalRequest {
    ApprovalRequest { actor: current_actor(), what, patience: LEASE_TIMEOUT, stop: session.stop.clone() }
}

/// Approves the held changes of a run.
///
/// # Errors
/// If the run has no pending changes, or the change is not possible now.
pub(crate) async fn approve(session: &CommandContext, run: i64, drain: DrainArgs) -> Result<u8, CliError> {
    let asked = build_approval_request(session, format!("rollcall approve {run}"));
    let file = session.config.for_sync();
    let decided = approve::approve(&session.store, file, RunId(run), &asked).await?;
    session.drain_jobs_unless(drain.no_drain).await?;
    print_decision(session, run, &decided, "approved", &views::DecisionResult::approved(RunId(run), &decided))
}

/// Rejects the held changes of a run.
///
/// # Errors
/// If the run has no pending changes.
pub(crate) async fn reject(session: &CommandContext, run: i64) -> Result<u8, CliError> {
    let mut about = session.new_manual_run(format!("rollcall reject {run}"));
    about.subject = Some(RunId(run));
    let decided = approve::reject(&session.store, &about, session.change_time(), RunId(run)).await?;
    print_decision(session, run, &decided, "rejected", &views::DecisionResult::rejected(RunId(run), &decided))
}

fn print_decision(
    session: &CommandContext,
    of: i64,
    decided: &ApprovalResult,
    verb: &str,
    json: &views::DecisionResult,
) -> Result<u8, CliError> {
    if session.json {
        output::print_json(json)?;
        return Ok(0);
    }
    print_changes(&decided.done)?;
    let changes = count(decided.done.len() as u64, "change", "changes");
    output::print_result(&format!("Run {}: {verb} {changes} that run {of} held", decided.run))?;
    if !decided.dropped.is_empty() {
        let gone = count(decided.dropped.len() as u64, "change", "changes");
        output::print_result(&format!("\nno longer required, and not applied: {gone}"))?;
        print_changes(&decided.dropped)?;
    }
    if !decided.waiting.is_empty() {
        let more = count(decided.waiting.len() as u64, "change waits", "changes wait");
        let newest = decided.waiting.iter().map(|change| change.last_run_id).max().unwrap_or(of);
        output::print_result(&format!("\n{more} for approval, not shown by run {of}:"))?;
        print_changes(&decided.waiting)?;
        output::print_status(&format!(
            "\nhint: `rollcall runs show {newest}`, then `rollcall approve {newest}`"
        ));
    }
    Ok(0)
}

/// Releases all people of a connector that was removed from the file.
///
/// # Errors
/// If the file still defines the connector, the connector is unknown, or the change is not possible now.
pub(crate) async fn retire(
    session: &CommandContext,
    name: &str,
    allow: bool,
    drain: DrainArgs,
) -> Result<u8, CliError> {
    let asked = build_approval_request(session, format!("rollcall connectors retire {name}"));
    let file = session.config.for_sync();
    let report = retire_connector::retire(&session.store, file, name, &asked, allow).await?;
    session.drain_jobs_unless(drain.no_drain).await?;
    let counts = &report.counts;
    let run = report.run.map_or(0, |run| run.0);
    if session.json {
        output::print_json(&views::RetirementResult::new(name, &report))?;
    } else {
        let left = count(counts.people_left, "learner", "learners");
        let lost = count(counts.memberships_removed, "membership", "memberships");
        output::print_result(&format!("Run {run}: retired `{name}`; {left} left, {lost} ended"))?;
        if let Some(change_set) = report.change_set.as_ref().filter(|_| report.is_held()) {
            print_held(report.run, counts, &change_set.held)?;
        }
    }
    Ok(if report.is_held() { super::EXIT_HELD } else { 0 })
}

impl From<retire_connector::RetireError> for CliError {
    fn from(error: retire_connector::RetireError) -> Self {
        let failure = CliError::failed(super::error::format_error_chain(&error));
        match &error {
            retire_connector::RetireError::InFile { .. } => failure.hint("remove it from the file first"),
            retire_connector::RetireError::Unknown { nearest: Some(near), .. } => {
                failure.hint(format!("did you mean `{near}`?"))
            }
            retire_connector::RetireError::Unknown { nearest: None, .. } => {
                failure.hint("see `rollcall connectors list`")
            }
            retire_connector::RetireError::Sync(_) => failure,
        }
    }
}
