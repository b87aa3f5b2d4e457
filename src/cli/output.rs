//! Output: results to standard output, status messages to standard error; tables for people, JSON for scripts.

use std::io::{IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::error::CliError;
pub(crate) use rollcall_model::format::{count, thousands};
use rollcall_model::terminal_text::{escape_in_json, show_controls, show_on_one_line};

/// Prints one JSON document.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string(value).map_err(|error| CliError::failed(error.to_string()))?;
    write_result(&escape_in_json(&text))
}

/// Prints a result. Control characters in names and values are shown as codes.
pub(crate) fn print_result(text: &str) -> Result<(), CliError> {
    write_result(&show_controls(text))
}

fn write_result(text: &str) -> Result<(), CliError> {
    if text.is_empty() {
        return Ok(());
    }
    ignore_broken_pipe(writeln!(std::io::stdout().lock(), "{text}"))
}

/// A closed pipe, as after `head`, is not an error.
fn ignore_broken_pipe(written: std::io::Result<()>) -> Result<(), CliError> {
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Prints a status message to standard error. Control characters in names and values are shown as codes.
pub(crate) fn print_status(text: &str) {
    // A closed standard error cannot be reported.
    let _ = writeln!(std::io::stderr().lock(), "{}", show_controls(text));
}

/// Prints a table, or the message `nothing` if there are no rows.
pub(crate) fn print_table<const N: usize>(
    headings: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
    nothing: &str,
) -> Result<(), CliError> {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headings.map(str::to_uppercase));
    let mut empty = true;
    for row in rows {
        empty = false;
        table.add_row(row.map(|cell| show_on_one_line(&cell).into_owned()));
    }
    if empty {
        print_status(nothing);
        return Ok(());
    }
    let text: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    print_result(&text.join("\n"))
}

/// Returns true if standard error is a terminal.
#[must_use]
pub(crate) fn is_interactive() -> bool {
    std::io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none()
        && std::io::stdout().is_terminal()
}

/// Asks a question at the terminal. Returns true if the answer is yes.
pub(crate) fn confirm(question: &str) -> Result<bool, CliError> {
    let mut err = std::io::stderr().lock();
    write!(err, "{} [y/N] ", show_on_one_line(question))?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
