//! `rollcall undo`.

use std::io::IsTerminal;

use super::args::DrainArgs;
use super::command_context::CommandContext;
use super::error::CliError;
use super::output::{self, count, thousands};
use rollcall_core::sync::format::MAX_LINES;
use rollcall_core::sync::undo::{self, UndoConfirmation, UndoCounts, UndoError, UndoImpact};
use rollcall_model::ids::RunId;
use rollcall_model::run_record::RunRecordKind;
use rollcall_views as views;

impl From<UndoError> for CliError {
    fn from(error: UndoError) -> Self {
        let failure = CliError::failed(super::error::format_error_chain(&error));
        match &error {
            UndoError::Store(_) | UndoError::Running { .. } | UndoError::OtherNumber { .. } => failure,
            UndoError::NumberNeeded { .. } => failure.hint("add `--yes` to undo the run"),
            UndoError::Suspension { email, .. } => {
                failure.hint(format!("`rollcall learners restore {email}`"))
            }
            UndoError::Restoration { email, .. } => {
                failure.hint(format!("`rollcall learners suspend {email}`"))
            }
            UndoError::NoRun { .. } => failure.hint("`rollcall runs list` shows the latest runs"),
            UndoError::Nothing { touched, .. } if touched.is_empty() => failure,
            UndoError::Nothing { touched, .. } => failure
                .hint(format!("all its changes were changed again later:\n ! {}", touched.join("\n ! "))),
        }
    }
}

/// Undoes the changes of a run. An undo that exceeds the safety limits is asked for first, unless `yes` confirms it.
///
/// # Errors
/// If the run does not exist, none of its changes can be undone, or a confirmation is missing.
pub(crate) async fn undo(
    session: &CommandContext,
    run: i64,
    yes: bool,
    drain: DrainArgs,
) -> Result<u8, CliError> {
    let limits = &session.config.safety;
    let confirmation =
        if yes { UndoConfirmation::Confirmed } else { UndoConfirmation::ByNumber(None, limits) };
    let undone = match undo_run(session, run, confirmation).await {
        Err(UndoError::NumberNeeded { impact, .. }) => {
            if !confirm_undo(run, impact)? {
                output::print_status("nothing was undone");
                return Ok(0);
            }
            undo_run(session, run, UndoConfirmation::Confirmed).await?
        }
        other => other?,
    };
    session.drain_jobs_unless(drain.no_drain).await?;
    if session.json {
        output::print_json(&views::UndoResultView::new(RunId(run), &undone))?;
    } else {
        print_undo(run, &undone)?;
    }
    Ok(0)
}

async fn undo_run(
    session: &CommandContext,
    run: i64,
    confirmation: UndoConfirmation<'_>,
) -> Result<UndoCounts, UndoError> {
    let mut about = session.new_manual_run(format!("rollcall undo {run}"));
    about.kind = RunRecordKind::Undo;
    about.subject = Some(RunId(run));
    let file = session.config.for_sync();
    undo::undo_run(&session.store, file, &about, session.change_time(), RunId(run), confirmation).await
}

/// Asks whether to undo a run that takes `impact` from people. Refuses if no terminal can answer.
fn confirm_undo(run: i64, impact: UndoImpact) -> Result<bool, CliError> {
    let what = impact.in_words();
    if !std::io::stdin().is_terminal() {
        let text = format!("undoing run {run} ends {what}: nothing was undone without a confirmation");
        return Err(CliError::usage(text).hint("no terminal can answer; add `--yes` to undo the run"));
    }
    output::confirm(&format!("Undo run {run}? It ends {what}."))
}

fn print_undo(run: i64, undone: &UndoCounts) -> Result<(), CliError> {
    output::print_result(&format!("Run {}: undid run {run}; {}", undone.run, undone.in_words()))?;
    if !undone.touched.is_empty() {
        let touched = count(undone.touched.len() as u64, "change was", "changes were");
        output::print_result(&format!("\n{touched} changed again later, and not undone:"))?;
        let mut lines: Vec<String> =
            undone.touched.iter().take(MAX_LINES).map(|one| format!(" ! {one}")).collect();
        if undone.touched.len() > MAX_LINES {
            lines.push(format!(" … and {} more", thousands((undone.touched.len() - MAX_LINES) as u64)));
        }
        output::print_result(&lines.join("\n"))?;
    }
    Ok(())
}
