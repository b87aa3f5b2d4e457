//! Command-line interface. Creates all components and connects them.
//!
//! Each command is a function that receives its inputs, calls the crates below, and prints the result. The crates below
//! do not know exit codes or tables; this crate makes no decisions besides output.

mod admin;
mod approval;
mod args;
mod check;
mod command_context;
mod courses;
mod database_check;
mod enrollments;
mod error;
mod explain;
mod groups;
mod holds;
mod jobs;
mod learners;
mod log_queue;
mod logging;
mod man_page;
mod migrate;
mod operating_user;
mod output;
mod rule_check;
mod rules;
mod runs;
mod service;
mod sync;
mod undo;
mod web_check;

use std::process::ExitCode;
use std::sync::Arc;

use clap::FromArgMatches;
use tokio_util::sync::CancellationToken;

use args::command_help::build_command;
use args::{CliArgs, CliCommand, ConfigCommand};
use command_context::CommandContext;

/// Time that the end of the connections to the database may take.
const CLOSE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(2);
use error::CliError;

/// The exit status of a run with held changes.
const EXIT_HELD: u8 = 3;

/// Exit status after Ctrl-C or SIGTERM.
const EXIT_INTERRUPTED: u8 = 130;

/// Parses the command line, runs the command, and returns its exit status.
#[must_use]
pub fn main() -> ExitCode {
    let cli = CliArgs::from_arg_matches(&build_command().get_matches()).unwrap_or_else(|error| error.exit());
    let is_service = matches!(cli.command, CliCommand::Run | CliCommand::Worker { .. });
    let log = match logging::init_logging(cli.verbose, is_service) {
        Ok(log) => log,
        Err(error) => {
            output::print_status(&format!("error: the program could not start: {error}"));
            return ExitCode::from(1);
        }
    };
    // The TLS provider is process-wide and must be set before the first connection. The call fails only if it is repeated.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::print_status(&format!("error: the program could not start: {error}"));
            return ExitCode::from(1);
        }
    };
    let status = runtime.block_on(async {
        let stop = CancellationToken::new();
        if !matches!(cli.command, CliCommand::Run | CliCommand::Worker { .. }) {
            tokio::spawn(handle_signals(stop.clone()));
        }
        match dispatch(cli, stop.clone()).await {
            Ok(_) | Err(_) if stop.is_cancelled() => {
                output::print_status("interrupted: unfinished work was rolled back");
                EXIT_INTERRUPTED
            }
            Ok(status) => status,
            Err(failure) => {
                output::print_status(&failure.render());
                failure.status
            }
        }
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    log.flush();
    ExitCode::from(status)
}

/// The first Ctrl-C or SIGTERM stops the command gracefully, the second one immediately.
async fn handle_signals(stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    let mut next = async || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    next().await;
    stop.cancel();
    next().await;
    std::process::exit(i32::from(EXIT_INTERRUPTED));
}

/// Returns the example of a connector kind, or of a whole file.
fn find_example(kind: Option<&str>) -> Result<&'static str, CliError> {
    use rollcall_config::{EXAMPLE, KIND_EXAMPLES};
    let Some(kind) = kind.filter(|kind| !["ldap", "csv"].contains(kind)) else { return Ok(EXAMPLE) };
    let found = KIND_EXAMPLES.iter().find(|(name, _)| *name == kind);
    found.map(|(_, example)| *example).ok_or_else(|| {
        let kinds: Vec<&str> = KIND_EXAMPLES.iter().map(|(name, _)| *name).collect();
        CliError::usage(format!("`{kind}` is not a valid connector kind"))
            .hint(format!("supported kinds: ldap, csv, {}", kinds.join(", ")))
    })
}

async fn dispatch(cli: CliArgs, stop: CancellationToken) -> Result<u8, CliError> {
    match &cli.command {
        CliCommand::Config(ConfigCommand::Example { kind }) => {
            output::print_result(find_example(kind.as_deref())?.trim_end())?;
            return Ok(0);
        }
        CliCommand::Config(ConfigCommand::Schema) => {
            let schema = rollcall_config::build_json_schema();
            let text =
                serde_json::to_string_pretty(&schema).map_err(|error| CliError::failed(error.to_string()))?;
            output::print_result(&text)?;
            return Ok(0);
        }
        CliCommand::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut build_command(), "rollcall", &mut script);
            output::print_result(String::from_utf8_lossy(&script).trim_end())?;
            return Ok(0);
        }
        CliCommand::Man { words, folder } => return man_page::man(words, folder.as_deref()),
        _ => {}
    }
    let config = command_context::load_config(cli.config.as_ref())?;
    if let CliCommand::Check { offline } = cli.command {
        return check::check(&Arc::new(config), offline, cli.json, &stop).await;
    }
    if let CliCommand::Migrate { status } = cli.command {
        return migrate::migrate(&config, status, cli.json).await;
    }
    let session = CommandContext::open(config, cli.json, stop).await?;
    let result = run_command(cli, session).await;
    result.map(|(status, _)| status)
}

async fn run_command(cli: CliArgs, session: CommandContext) -> Result<(u8, CommandContext), CliError> {
    let named = cli.config.clone();
    let status = match cli.command {
        CliCommand::Run => service::run(&session, named.as_ref()).await?,
        CliCommand::Worker { until_empty } => service::worker(&session, until_empty).await?,
        CliCommand::Health => service::health(&session).await?,
        CliCommand::Sync(args) => sync::sync(&session, args).await?,
        CliCommand::Groups(command) => groups::groups(&session, command).await?,
        CliCommand::Exclusions(command) => groups::exclusions(&session, command).await?,
        CliCommand::Courses(command) => courses::courses(&session, command).await?,
        CliCommand::Assign(args) => courses::assign(&session, args).await?,
        CliCommand::Unassign { course, target: whom, yes, drain } => {
            courses::unassign(&session, &course, &whom, yes, drain).await?
        }
        CliCommand::Learners(command) => learners::learners(&session, command).await?,
        CliCommand::Enrollments(command) => enrollments::enrollments(&session, command).await?,
        CliCommand::Explain(args) => explain::explain(&session, &args).await?,
        CliCommand::Connectors(args::ConnectorsCommand::List) => runs::connectors(&session).await?,
        CliCommand::Connectors(args::ConnectorsCommand::Retire { name, allow_removals, drain }) => {
            approval::retire(&session, &name, allow_removals, drain).await?
        }
        CliCommand::Runs(command) => runs::runs(&session, command).await?,
        CliCommand::Holds => holds::holds(&session).await?,
        CliCommand::Rules(command) => rules::rules(&session, command).await?,
        CliCommand::Approve { run, drain } => approval::approve(&session, run, drain).await?,
        CliCommand::Reject { run } => approval::reject(&session, run).await?,
        CliCommand::Undo { run, yes, drain } => undo::undo(&session, run, yes, drain).await?,
        CliCommand::Admin(command) => admin::admin(&session, command).await?,
        CliCommand::Audit { since, sign_ins: false } => runs::audit(&session, since).await?,
        CliCommand::Audit { since, sign_ins: true } => runs::audit_sign_ins(&session, since).await?,
        CliCommand::Jobs(command) => jobs::jobs(&session, command).await?,
        CliCommand::Verify { repair } => enrollments::verify(&session, repair).await?,
        CliCommand::Check { .. }
        | CliCommand::Migrate { .. }
        | CliCommand::Config(_)
        | CliCommand::Completions { .. }
        | CliCommand::Man { .. } => 0,
    };
    // A server that has become silent does not confirm the end of a connection.
    if tokio::time::timeout(CLOSE_TIMEOUT, session.store.close()).await.is_err() {
        tracing::warn!("the connections to the database did not end in time");
    }
    Ok((status, session))
}
