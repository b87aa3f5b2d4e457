//! `rollcall holds`.

use super::command_context::CommandContext;
use super::error::CliError;
use super::output;
use super::runs::format_local_time;
use rollcall_views as views;

/// Lists what waits for a decision, with the commands that decide. The exit status is 3 if anything waits.
pub(crate) async fn holds(session: &CommandContext) -> Result<u8, CliError> {
    let mut tx = session.store.begin_read().await?;
    let all = views::list_waiting_holds(&mut tx).await?;
    let status = if all.is_empty() { 0 } else { super::EXIT_HELD };
    if session.json {
        output::print_json(&all)?;
        return Ok(status);
    }
    let rows = all.iter().map(|hold| {
        [
            hold.run.to_string(),
            hold.connector.clone(),
            format_local_time(session, hold.since),
            hold.learners.to_string(),
            hold.memberships.to_string(),
            hold.enrollments.to_string(),
            hold.causes.join("; "),
        ]
    });
    let headings = ["run", "connector", "since", "learners", "memberships", "enrollments", "because"];
    output::print_table(headings, rows, "nothing waits")?;
    let commands: Vec<String> = all
        .iter()
        .map(|hold| {
            let run = hold.run;
            format!("`rollcall runs show {run}`, then `rollcall approve {run}` or `rollcall reject {run}`")
        })
        .collect();
    if !commands.is_empty() {
        output::print_status(&format!("\nhint: {}", commands.join("\n      ")));
    }
    Ok(status)
}
