//! Command-line arguments.

mod admin_args;
pub(crate) mod command_help;
mod course_args;
mod group_args;
mod learner_args;
mod rule_args;
mod run_args;

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand};

pub(crate) use admin_args::{AdminCommand, ConfigCommand, TokenCommand, TokenEnd};
pub(crate) use course_args::{AssignArgs, AssignTarget, CoursesCommand, EnrollmentsCommand};
pub(crate) use group_args::{ExclusionsCommand, GroupsCommand};
pub(crate) use learner_args::{ExplainArgs, LearnerFilterArgs, LearnersCommand};
pub(crate) use rule_args::RulesCommand;
pub(crate) use run_args::{ConnectorsCommand, JobsCommand, RunsCommand, SyncArgs};

/// Keeps User Groups and course enrollments true to the company's directory.
#[derive(Debug, Parser)]
#[command(name = "rollcall", version, about, propagate_version = true)]
pub(crate) struct CliArgs {
    /// Configuration file [default: $ROLLCALL_CONFIG, ./rollcall.toml or /etc/rollcall/rollcall.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print JSON: one document, or one object per line for commands that stream
    #[arg(long, global = true)]
    pub json: bool,
    /// Increase the verbosity of the log on standard error; repeat for debug output
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// The command to run
    #[command(subcommand)]
    pub command: CliCommand,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub(crate) enum CliCommand {
    /// Run the service (schedules, workers, pages and API) until SIGTERM
    Run,
    /// Read sources, plan and commit changes, and process jobs
    Sync(SyncArgs),
    /// Report all errors of the configuration file, then test the database and each connector step by step
    Check {
        /// Check only the file
        #[arg(long)]
        offline: bool,
    },
    /// Process jobs, on this or another machine
    Worker {
        /// Exit when no job is ready, running or waiting for a retry
        #[arg(long)]
        until_empty: bool,
    },
    /// Manage User Groups and their members
    #[command(subcommand)]
    Groups(GroupsCommand),
    /// Manage exclusions from groups
    #[command(subcommand)]
    Exclusions(ExclusionsCommand),
    /// Manage the course catalogue
    #[command(subcommand)]
    Courses(CoursesCommand),
    /// Assign a course to a group or to one learner
    Assign(AssignArgs),
    /// End an assignment
    Unassign {
        /// Code of the course
        course: String,
        #[command(flatten)]
        target: AssignTarget,
        /// Skip the confirmation if the end exceeds the safety limits
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        drain: DrainArgs,
    },
    /// Manage learners
    #[command(subcommand)]
    Learners(LearnersCommand),
    /// Manage enrollments and completion
    #[command(subcommand)]
    Enrollments(EnrollmentsCommand),
    /// Explain why a learner is or is not in each group and course
    Explain(ExplainArgs),
    /// Manage connectors
    #[command(subcommand)]
    Connectors(ConnectorsCommand),
    /// Show past runs and manual changes
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Try out rules
    #[command(subcommand)]
    Rules(RulesCommand),
    /// List what waits for a decision; exit with status 3 if anything waits
    Holds,
    /// Apply the held changes of a run that the latest reading still requires
    Approve {
        /// Number of the run
        run: i64,
        #[command(flatten)]
        drain: DrainArgs,
    },
    /// Discard the held changes of a run until the source data or the rules change for these learners
    Reject {
        /// Number of the run
        run: i64,
    },
    /// Undo the changes of a run, an approval or a manual change
    ///
    /// An undo that takes memberships or courses from more people than the safety limits allow needs a confirmation.
    Undo {
        /// Number of the run
        run: i64,
        /// Skip the confirmation
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        drain: DrainArgs,
    },
    /// Manage the job queue
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// Verify that enrollments match memberships and assignments
    Verify {
        /// Enqueue a job for each difference and process the jobs
        #[arg(long)]
        repair: bool,
    },
    /// Manage accounts and API tokens
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Print the audit log: every run and manual change, oldest first
    Audit {
        /// Start at this day, such as 2026-12-31
        #[arg(long, value_name = "DATE", value_parser = parse_day)]
        since: Option<NaiveDate>,
        /// Print sign-ins, sign-outs and refusals instead of changes
        #[arg(long)]
        sign_ins: bool,
    },
    /// Apply the migrations that the database lacks
    Migrate {
        /// List the migrations and apply none; exit with status 1 if one is missing
        #[arg(long)]
        status: bool,
    },
    /// Check that the service on this machine is running, for health checks
    Health,
    /// Print examples and the schema of the configuration file
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print shell completions
    Completions {
        /// Name of the shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page of the program or of a command
    Man {
        /// Words of the command, such as `groups add` [default: the program]
        #[arg(value_name = "COMMAND")]
        words: Vec<String>,
        /// Write the pages of all commands to this folder
        #[arg(long, value_name = "FOLDER", conflicts_with = "words")]
        folder: Option<PathBuf>,
    },
}

/// Options for processing the jobs of a change.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct DrainArgs {
    /// Leave the jobs to a worker process
    #[arg(long)]
    pub no_drain: bool,
}

/// Parses a day in the form of RFC 3339.
fn parse_day(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| "write the day as 2026-12-31".to_owned())
}

/// Accepts 0 to 3,650 days (ten years), the same range as in the configuration file.
fn days_parser() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(0..=3650)
}
