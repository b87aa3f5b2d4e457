//! Words in, words out: the one place that wires the rooms together.
//!
//! Each command is a function that gets what it needs, does one thing through the rooms below, and prints. Rooms below
//! know neither exit codes nor tables; here is no decision that is not about words.

mod admin;
mod args;
mod check;
mod courses;
mod enrollments;
mod explain;
mod failure;
mod groups;
mod holds;
mod jobs;
mod learners;
mod logging;
mod output;
mod runs;
mod service;
mod session;
mod sync;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use tokio_util::sync::CancellationToken;

use args::{Cli, Command, Config};
use failure::Failure;
use session::Session;

/// Interrupted by Ctrl-C or SIGTERM.
const INTERRUPTED: u8 = 130;

/// Parses the command line, runs the command, and answers with its exit status.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    logging::start(cli.verbose, matches!(cli.command, Command::Run | Command::Worker { .. }));
    // One TLS provider for the whole program, before anybody connects; a second call would be the mistake.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::talk(&format!("error: the program could not start: {error}"));
            return ExitCode::from(1);
        }
    };
    let status = runtime.block_on(async {
        let stop = CancellationToken::new();
        if !matches!(cli.command, Command::Run | Command::Worker { .. }) {
            tokio::spawn(interrupt(stop.clone()));
        }
        match dispatch(cli, stop.clone()).await {
            Ok(_) | Err(_) if stop.is_cancelled() => {
                output::talk("interrupted: what was under way was taken back");
                INTERRUPTED
            }
            Ok(status) => status,
            Err(failure) => {
                output::talk(&failure.render());
                failure.status
            }
        }
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    ExitCode::from(status)
}

/// The first Ctrl-C or SIGTERM ends what is under way in order, the second one at once.
async fn interrupt(stop: CancellationToken) {
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
    std::process::exit(i32::from(INTERRUPTED));
}

/// The example of a kind of connector, or of a whole file.
fn example(kind: Option<&str>) -> Result<&'static str, Failure> {
    use crate::config::{EXAMPLE, KIND_EXAMPLES};
    let Some(kind) = kind.filter(|kind| !["ldap", "csv"].contains(kind)) else { return Ok(EXAMPLE) };
    let found = KIND_EXAMPLES.iter().find(|(name, _)| *name == kind);
    found.map(|(_, example)| *example).ok_or_else(|| {
        let kinds: Vec<&str> = KIND_EXAMPLES.iter().map(|(name, _)| *name).collect();
        Failure::usage(format!("there is no kind of connector `{kind}`"))
            .hint(format!("there are ldap, csv, {}", kinds.join(", ")))
    })
}

async fn dispatch(cli: Cli, stop: CancellationToken) -> Result<u8, Failure> {
    match &cli.command {
        Command::Config(Config::Example { kind }) => {
            output::facts(example(kind.as_deref())?.trim_end())?;
            return Ok(0);
        }
        Command::Config(Config::Schema) => {
            let schema = crate::config::schema();
            let text =
                serde_json::to_string_pretty(&schema).map_err(|error| Failure::failed(error.to_string()))?;
            output::facts(&text)?;
            return Ok(0);
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "rollcall", &mut script);
            output::facts(String::from_utf8_lossy(&script).trim_end())?;
            return Ok(0);
        }
        Command::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            output::facts(String::from_utf8_lossy(&page).trim_end())?;
            return Ok(0);
        }
        _ => {}
    }
    let config = session::load(cli.config.as_ref())?;
    if let Command::Check { offline } = cli.command {
        return check::check(&config, offline, cli.json, &stop).await;
    }
    let session = Session::open(config, cli.json, stop).await?;
    let result = with_session(cli, session).await;
    result.map(|(status, _)| status)
}

async fn with_session(cli: Cli, session: Session) -> Result<(u8, Session), Failure> {
    let named = cli.config.clone();
    let status = match cli.command {
        Command::Run => service::run(&session, named.as_ref()).await?,
        Command::Worker { until_empty } => service::worker(&session, until_empty).await?,
        Command::Health => service::health(&session).await?,
        Command::Sync(args) => sync::sync(&session, args).await?,
        Command::Groups(command) => groups::groups(&session, command).await?,
        Command::Exclusions(command) => groups::exclusions(&session, command).await?,
        Command::Courses(command) => courses::courses(&session, command).await?,
        Command::Assign(args) => courses::assign(&session, args).await?,
        Command::Unassign { course, whom, drain } => {
            courses::unassign(&session, &course, &whom, drain).await?
        }
        Command::Learners(command) => learners::learners(&session, command).await?,
        Command::Enrollments(command) => enrollments::enrollments(&session, command).await?,
        Command::Explain(args) => explain::explain(&session, &args).await?,
        Command::Connectors(args::Connectors::List) => runs::connectors(&session).await?,
        Command::Connectors(args::Connectors::Retire { name, allow_removals, drain }) => {
            holds::retire(&session, &name, allow_removals, drain).await?
        }
        Command::Runs(command) => runs::runs(&session, command).await?,
        Command::Approve { run, drain } => holds::approve(&session, run, drain).await?,
        Command::Reject { run } => holds::reject(&session, run).await?,
        Command::Undo { run, drain } => holds::undo(&session, run, drain).await?,
        Command::Admin(command) => admin::admin(&session, command).await?,
        Command::Audit { since } => runs::audit(&session, since).await?,
        Command::Jobs(command) => jobs::jobs(&session, command).await?,
        Command::Verify { repair } => enrollments::verify(&session, repair).await?,
        Command::Check { .. } | Command::Config(_) | Command::Completions { .. } | Command::Man => 0,
    };
    session.store.close().await;
    Ok((status, session))
}
