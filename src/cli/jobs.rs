//! `rollcall jobs`.

use super::args;
use super::command_context::CommandContext;
use super::error::CliError;
use super::output::{self, count};
use rollcall_core::enrollment::failed_jobs::{self, FailedJobsResult};
use rollcall_store::jobs;

/// Runs a command about jobs.
pub(crate) async fn jobs(session: &CommandContext, command: args::JobsCommand) -> Result<u8, CliError> {
    match command {
        args::JobsCommand::List { limit } => {
            let mut tx = session.store.begin_read().await?;
            let all = jobs::list(&mut tx, i64::from(limit)).await?;
            if session.json {
                output::print_json(&all)?;
            } else {
                let rows = all.iter().map(|one| {
                    [
                        one.id.to_string(),
                        one.kind.to_string(),
                        one.email.clone(),
                        one.course.clone(),
                        one.state.to_string(),
                        one.attempts.to_string(),
                        one.error.clone().unwrap_or_default(),
                    ]
                });
                output::print_table(
                    ["id", "kind", "email", "course", "state", "attempts", "error"],
                    rows,
                    "the queue is empty",
                )?;
            }
            Ok(0)
        }
        args::JobsCommand::Retry { ids, drain } => {
            let about = session.new_manual_run(format_command("retry", &ids));
            let retried =
                failed_jobs::retry_jobs(&session.store, &about, session.change_time(), &ids).await?;
            output::print_status(&format_outcome(retried, ["job", "jobs"], "made ready again"));
            session.drain_jobs_unless(drain.no_drain).await?;
            Ok(0)
        }
        args::JobsCommand::Drop { ids } => {
            let about = session.new_manual_run(format_command("drop", &ids));
            let dropped = failed_jobs::drop_jobs(&session.store, &about, session.change_time(), &ids).await?;
            output::print_status(&format_outcome(dropped, ["failed job", "failed jobs"], "dropped"));
            output::print_status("\nhint: `rollcall verify` shows the enrollments that are now wrong");
            Ok(0)
        }
    }
}

/// Returns the command line for the audit log.
fn format_command(verb: &str, ids: &[i64]) -> String {
    let ids: String = ids.iter().map(|id| format!(" {id}")).collect();
    format!("rollcall jobs {verb}{ids}")
}

fn format_outcome(settled: Option<FailedJobsResult>, [one, many]: [&str; 2], verb: &str) -> String {
    match settled {
        Some(settled) => format!("Run {}: {} {verb}", settled.done.run, count(settled.jobs, one, many)),
        None => format!("{} {verb}", count(0, one, many)),
    }
}
