//! Log output: text at a terminal, JSON otherwise.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use super::log_queue::LogQueue;
use rollcall_core::sync::OUTCOME_LOG_TARGET;
use rollcall_model::terminal_text::{escape_in_json, show_log_line};

/// Starts logging to standard error. The default level is `info` for services and `warn` for commands; `RUST_LOG` overrides it.
///
/// # Errors
/// If the thread that writes the log cannot start.
pub(crate) fn init_logging(verbose: u8, is_service: bool) -> std::io::Result<LogQueue> {
    let level = match (is_service, verbose) {
        (false, 0) => "warn",
        (true, 0) | (false, 1) => "info",
        (true, 1) | (false, 2) => "rollcall=debug,info",
        (true | false, _) => "rollcall=trace,debug",
    };
    // Statements of the database and bytes of connections hold people's data; a general level does not turn them on.
    // A PostgreSQL server chooses text and level of its notices.
    let quiet = "sqlx=warn,sqlx::postgres::notice=off,rustls=warn,ldap3=warn,h2=warn,hyper=warn";
    let level = if is_service || verbose > 0 {
        level.to_owned()
    } else {
        // The command prints how a run ended.
        format!("{level},{OUTCOME_LOG_TARGET}=off")
    };
    let asked = std::env::var("RUST_LOG").unwrap_or(level);
    let filter = EnvFilter::builder().parse_lossy(format!("{asked},{quiet}"));
    let is_terminal = std::io::stderr().is_terminal();
    let queue = LogQueue::start(std::io::stderr(), if is_terminal { show_log_line } else { escape_in_json })?;
    let writer = queue.clone();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .log_internal_errors(false)
        .with_writer(move || writer.clone());
    if is_terminal {
        log.with_target(false).with_ansi(std::env::var_os("NO_COLOR").is_none()).init();
    } else {
        log.json().flatten_event(true).init();
    }
    Ok(queue)
}
