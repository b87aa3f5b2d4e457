//! `rollcall runs` and `rollcall connectors`.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::args;
use super::command_context::CommandContext;
use super::error::{CliError, format_error_chain};
use super::operating_user::current_actor;
use super::output::{self, count};
use rollcall_core::sync::cancel_run::{CancelError, CancelResult, cancel_run};
use rollcall_core::sync::format;
use rollcall_model::guard::HeldChangeState;
use rollcall_model::ids::RunId;
use rollcall_store::listing::audit_log;
use rollcall_store::runs::{self as log, Run, RunHoldState};
use rollcall_store::sign_in_events;
use rollcall_views::{self as views, RunDetails};

pub(crate) fn format_local_time(session: &CommandContext, at: DateTime<Utc>) -> String {
    at.with_timezone(&session.config.timezone).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The status of a run, and what became of the changes that it held.
fn format_status(run: &Run) -> String {
    let hold = match run.hold {
        None => return run.status.to_string(),
        Some(RunHoldState::Waiting) => "waits",
        Some(RunHoldState::Superseded) => "superseded by a newer run",
        Some(RunHoldState::Approved) => "approved",
        Some(RunHoldState::Rejected) => "rejected",
        Some(RunHoldState::Dropped) => "no longer required",
    };
    format!("{}, {hold}", run.status)
}

/// Runs a command about runs.
pub(crate) async fn runs(session: &CommandContext, command: args::RunsCommand) -> Result<u8, CliError> {
    match command {
        args::RunsCommand::List { limit, waiting } => {
            let mut tx = session.store.begin_read().await?;
            let all = if waiting {
                log::list_waiting(&mut tx, i64::MAX, i64::from(limit)).await?
            } else {
                log::list(&mut tx, i64::from(limit)).await?
            };
            if session.json {
                output::print_json(&all)?;
                return Ok(0);
            }
            let rows = all.iter().map(|run| {
                [
                    run.run.to_string(),
                    format_local_time(session, run.started_at),
                    run.connector.clone().unwrap_or_default(),
                    format_status(run),
                    run.people_read.to_string(),
                    format!("+{} -{}", run.memberships_added, run.memberships_removed),
                    run.actor.clone(),
                    run.what.clone(),
                ]
            });
            let headings = ["run", "started", "connector", "status", "people", "memberships", "who", "what"];
            let nothing =
                if waiting { "nothing waits" } else { "no runs yet: start the first with `rollcall sync`" };
            output::print_table(headings, rows, nothing)?;
            Ok(0)
        }
        args::RunsCommand::Show { run } => show(session, run).await,
        args::RunsCommand::Cancel { run } => cancel(session, run).await,
    }
}

/// `rollcall runs cancel`.
async fn cancel(session: &CommandContext, run: i64) -> Result<u8, CliError> {
    let result = cancel_run(&session.store, RunId(run), &current_actor()).await.map_err(|error| {
        let hint = match &error {
            CancelError::NoRun { .. } => Some("`rollcall runs list` shows the latest runs".to_owned()),
            CancelError::Ended { run, .. } => Some(format!("`rollcall undo {run}` takes its changes back")),
            CancelError::Store(_) => None,
        };
        let failure = CliError::failed(format_error_chain(&error));
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })?;
    match result {
        CancelResult::Told { holder } => {
            output::print_result(&format!(
                "Run {run}: `{holder}` was told to stop. It stops within seconds and changes nothing."
            ))?;
        }
        CancelResult::Closed => {
            output::print_result(&format!("Run {run}: no process runs it. It is recorded as failed."))?;
        }
    }
    Ok(0)
}

/// Returns the start of a day in the configured time zone; the earliest time without a day.
fn start_of_day(session: &CommandContext, since: Option<NaiveDate>) -> DateTime<Utc> {
    let midnight = since
        .and_then(|day| day.and_time(NaiveTime::MIN).and_local_timezone(session.config.timezone).earliest());
    midnight.map_or(DateTime::UNIX_EPOCH, |at| at.with_timezone(&Utc))
}

/// `rollcall audit --sign-ins`.
pub(crate) async fn audit_sign_ins(
    session: &CommandContext,
    since: Option<NaiveDate>,
) -> Result<u8, CliError> {
    let mut tx = session.store.begin_read().await?;
    let all = sign_in_events::list_since(&mut tx, start_of_day(session, since)).await?;
    if session.json {
        output::print_json(&all)?;
        return Ok(0);
    }
    let rows = all.iter().map(|one| {
        [
            format_local_time(session, one.last_at),
            one.event.clone(),
            one.account.clone().unwrap_or_else(|| one.who.clone()),
            one.method.clone(),
            one.client.clone(),
            one.times.to_string(),
        ]
    });
    let header = ["when", "event", "who", "method", "client", "times"];
    output::print_table(header, rows, "no sign-ins since that date")?;
    Ok(0)
}

/// `rollcall audit`.
pub(crate) async fn audit(session: &CommandContext, since: Option<NaiveDate>) -> Result<u8, CliError> {
    let from = start_of_day(session, since);
    let mut tx = session.store.begin_read().await?;
    let all = audit_log::list_since(&mut tx, from).await?;
    if session.json {
        output::print_json(&all)?;
        return Ok(0);
    }
    let rows = all.iter().map(|one| {
        let run = &one.run;
        [
            format_local_time(session, run.started_at),
            run.actor.clone(),
            run.what.clone(),
            run.status.to_string(),
            format!("+{} -{}", run.memberships_added, run.memberships_removed),
            run.run.to_string(),
            one.before(),
            one.after(),
        ]
    });
    output::print_table(
        ["when", "who", "what", "status", "memberships", "run", "before", "after"],
        rows,
        "no changes since that date",
    )?;
    Ok(0)
}

async fn show(session: &CommandContext, number: i64) -> Result<u8, CliError> {
    let mut tx = session.store.begin_read().await?;
    let Some(shown) = views::load_run_details(&mut tx, RunId(number)).await? else {
        return Err(CliError::failed(format!("run {number} does not exist"))
            .hint("`rollcall runs list` shows the latest runs"));
    };
    if session.json {
        output::print_json(&shown)?;
        return Ok(0);
    }
    let run = &shown.row;
    let of = run.connector.as_deref().map_or_else(String::new, |name| format!(" of `{name}`"));
    output::print_result(&format!(
        "Run {}{of}: {} at {}",
        run.run,
        run.status,
        format_local_time(session, run.started_at)
    ))?;
    output::print_result(&format!("{} by {}", run.what, run.actor))?;
    if let Some(file) = &run.source_file {
        output::print_result(&format!("file: {file}"))?;
    }
    if let Some(error) = &run.error {
        output::print_result(&format!("error: {error}"))?;
    }
    let rows = shown
        .changes
        .iter()
        .map(|one| [one.sign.clone(), one.email.clone(), one.group.clone(), one.rule.clone()]);
    output::print_table(["", "email", "group", "reason"], rows, "no membership changed")?;
    for problem in &shown.problems {
        output::print_result(&format!(" ! {}: {}", problem.subject, problem.message))?;
    }
    show_held(number, &shown)?;
    if let Some(newer) = shown.superseded_by {
        output::print_result(&format!("\nRun {newer} superseded it: that run shows what waits now"))?;
        output::print_status(&format!("\nhint: `rollcall runs show {newer}`"));
    }
    for decision in &shown.decisions {
        output::print_result(&format!("\nRun {}: {}", decision.run, decision.what))?;
    }
    Ok(0)
}

/// Prints the held changes of a run, their reasons and decisions.
fn show_held(number: i64, shown: &RunDetails) -> Result<(), CliError> {
    let held = &shown.held;
    if held.is_empty() {
        return Ok(());
    }
    let changes = count(held.len() as u64, "change", "changes");
    let mut lines = vec![String::new(), format!("held: {changes}")];
    lines.extend(shown.causes.iter().flatten().map(|cause| format!("  because: {cause}")));
    lines.extend(shown.reasons.iter().flatten().map(|reason| format!("  limit: {}", reason.message)));
    output::print_result(&lines.join("\n"))?;
    let rows =
        held.iter().map(|change| [format::change(change), change.reason.clone(), change.state.to_string()]);
    output::print_table(["change", "limit", "state"], rows, "")?;
    if shown.superseded_by.is_none() && held.iter().any(|change| change.state == HeldChangeState::Held) {
        output::print_status(&format!("\nhint: `rollcall approve {number}` or `rollcall reject {number}`"));
    }
    Ok(())
}

/// `rollcall connectors list`.
pub(crate) async fn connectors(session: &CommandContext) -> Result<u8, CliError> {
    let mut tx = session.store.begin_read().await?;
    let (list, struck) = views::list_connectors(&mut tx, &session.config, Utc::now()).await?;
    if session.json {
        output::print_json(&list)?;
        return Ok(0);
    }
    let shown = |at: Option<DateTime<Utc>>| at.map_or_else(String::new, |at| format_local_time(session, at));
    let rows = list.iter().map(|one| {
        let last =
            format!("{} {}", shown(one.last_started_at), one.last_status.as_deref().unwrap_or_default());
        let next =
            one.next_run_at.map_or_else(|| "by hand only".to_owned(), |at| format_local_time(session, at));
        [one.name.clone(), one.kind.to_owned(), one.people.to_string(), last.trim().to_owned(), next]
    });
    output::print_table(
        ["name", "kind", "people", "last run", "next run"],
        rows,
        "the file does not define a connector",
    )?;
    if !struck.is_empty() {
        let retired = count(struck.len() as u64, "connector is", "connectors are");
        output::print_status(&format!(
            "\n{retired} no longer in the file; the people stay as last read: {}",
            struck.join(", ")
        ));
    }
    Ok(0)
}
