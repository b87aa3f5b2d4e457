//! Words in: the command line.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand};

use rollcall_model::role::Role;

/// Keeps User Groups and course enrollments true to the company's directory.
#[derive(Debug, Parser)]
#[command(name = "rollcall", version, about, propagate_version = true)]
pub(crate) struct CliArgs {
    /// The file; without it $ROLLCALL_CONFIG, then ./rollcall.toml, then /etc/rollcall/rollcall.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print JSON: one document, or one object a line where a command streams
    #[arg(long, global = true)]
    pub json: bool,
    /// Say more on standard error; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do
    #[command(subcommand)]
    pub command: CliCommand,
}

/// Ten years, as in the file: a date beyond the calendar would be refused only when it is settled.
fn days_parser() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(0..=3650)
}

/// Every command.
#[derive(Debug, Subcommand)]
pub(crate) enum CliCommand {
    /// The service: schedules, connectors and workers, until SIGTERM
    Run,
    /// Read directories, plan, commit and drain; all connectors without a name
    Sync(SyncArgs),
    /// Find every mistake of the file, then walk each connector step by step
    Check {
        /// Look at the file alone
        #[arg(long)]
        offline: bool,
    },
    /// Drain jobs, on this machine or on another
    Worker {
        /// End when no job is ready, claimed or waiting for another try
        #[arg(long)]
        until_empty: bool,
    },
    /// User Groups and their members
    #[command(subcommand)]
    Groups(GroupsCommand),
    /// Who is kept out of what
    #[command(subcommand)]
    Exclusions(ExclusionsCommand),
    /// The catalogue
    #[command(subcommand)]
    Courses(CoursesCommand),
    /// Assign a course to a group or to one learner
    Assign(AssignArgs),
    /// End an assignment
    Unassign {
        /// The course's code
        course: String,
        #[command(flatten)]
        target: AssignTarget,
        #[command(flatten)]
        drain: DrainArgs,
    },
    /// People on the platform
    #[command(subcommand)]
    Learners(LearnersCommand),
    /// Access and progress
    #[command(subcommand)]
    Enrollments(EnrollmentsCommand),
    /// Why somebody is, or is not, in each group and course
    Explain(ExplainArgs),
    /// Sources, their last and next run
    #[command(subcommand)]
    Connectors(ConnectorsCommand),
    /// Past runs and changes by hand
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Do what a run held, as far as the latest reading still wants it
    Approve {
        /// The number of the run
        run: i64,
        #[command(flatten)]
        drain: DrainArgs,
    },
    /// Discard what a run held, until the source or the rules change for those learners
    Reject {
        /// The number of the run
        run: i64,
    },
    /// Take back what a run, an approval or a change by hand did to memberships, assignments and enrollments
    Undo {
        /// The number of the run
        run: i64,
        #[command(flatten)]
        drain: DrainArgs,
    },
    /// The queue, and what has failed for good
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// Prove that enrollments are what memberships and assignments say
    Verify {
        /// Enqueue a job for each difference and drain them
        #[arg(long)]
        repair: bool,
    },
    /// Who may use the pages and the API
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Who changed what: every run and every change by hand, oldest first
    Audit {
        /// From this day on
        #[arg(long, value_name = "DATE")]
        since: Option<NaiveDate>,
    },
    /// Whether the service on this machine is alive, for health checks
    Health,
    /// The configuration file
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Completions for a shell, on standard output
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// The manual page, on standard output
    Man,
}

/// `rollcall sync`.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// Which connectors; all without one
    #[arg(value_name = "CONNECTOR")]
    pub connectors: Vec<String>,
    /// Stop before anything is written, and print the plan
    #[arg(long)]
    pub dry_run: bool,
    /// With --dry-run: exit status 4 when the plan is not empty
    #[arg(long, requires = "dry_run")]
    pub exit_code: bool,
    /// Only the person with this address, in every connector that can look one up
    #[arg(long, value_name = "EMAIL")]
    pub only: Option<String>,
    /// Lift the limits on removals for this one run, never the proof of completeness
    #[arg(long)]
    pub allow_removals: bool,
    #[command(flatten)]
    pub drain: DrainArgs,
}

/// Whether the jobs of a change are drained before the command ends.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct DrainArgs {
    /// Leave the jobs to a worker
    #[arg(long)]
    pub no_drain: bool,
}

/// For whom an assignment is.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct AssignTarget {
    /// Every member of this group
    #[arg(long)]
    pub group: Option<String>,
    /// This learner alone
    #[arg(long, value_name = "EMAIL")]
    pub learner: Option<String>,
}

/// `rollcall assign`.
#[derive(Debug, Args)]
pub(crate) struct AssignArgs {
    /// The course's code
    pub course: String,
    #[command(flatten)]
    pub target: AssignTarget,
    #[command(flatten)]
    pub due: DueDateArgs,
    /// Days that whoever joins late for a fixed date has at least
    #[arg(long, value_name = "N", default_value_t = rollcall_model::due_policy::DEFAULT_LATE_DAYS, value_parser = days_parser())]
    pub late_days: u32,
    #[command(flatten)]
    pub drain: DrainArgs,
}

/// When an assignment is due; never without any of these.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct DueDateArgs {
    /// On this day
    #[arg(long, value_name = "DATE")]
    pub due: Option<NaiveDate>,
    /// Days after joining the group
    #[arg(long, value_name = "N", value_parser = days_parser())]
    pub due_days: Option<u32>,
    /// Days after the learner's start date
    #[arg(long, value_name = "N", value_parser = days_parser())]
    pub due_days_after_start: Option<u32>,
}

/// `rollcall groups`.
#[derive(Debug, Subcommand)]
pub(crate) enum GroupsCommand {
    /// Every group
    List,
    /// One group with its members and assignments
    Show {
        /// The group
        name: String,
    },
    /// Make a group
    Create {
        /// The group
        name: String,
        /// A member; may be given several times
        #[arg(long = "member", value_name = "EMAIL")]
        members: Vec<String>,
        #[command(flatten)]
        drain: DrainArgs,
    },
    /// Give a group another name
    Rename {
        /// The group
        name: String,
        /// Its new name
        new: String,
    },
    /// Delete a group; it can be restored for 30 days
    Delete {
        /// The group
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        drain: DrainArgs,
    },
    /// Restore a deleted group with its members, assignments and due dates
    Restore {
        /// The group
        name: String,
        #[command(flatten)]
        drain: DrainArgs,
    },
    /// Add learners to a group by hand
    Add {
        /// The group
        name: String,
        /// The learners
        #[arg(required = true, value_name = "EMAIL")]
        who: Vec<String>,
        #[command(flatten)]
        drain: DrainArgs,
    },
    /// Remove learners from a group by hand
    Remove {
        /// The group
        name: String,
        /// The learners
        #[arg(required = true, value_name = "EMAIL")]
        who: Vec<String>,
        /// The last day on which rules do not bring them back; without it until somebody lifts it
        #[arg(long, value_name = "DATE")]
        until: Option<NaiveDate>,
        /// Why they are kept out
        #[arg(long, value_name = "TEXT", default_value = "removed by hand")]
        because: String,
        #[command(flatten)]
        drain: DrainArgs,
    },
}

/// `rollcall exclusions`.
#[derive(Debug, Subcommand)]
pub(crate) enum ExclusionsCommand {
    /// Everybody who is kept out of a group by hand
    List,
    /// Let a learner in again
    Lift {
        /// The group
        name: String,
        /// The learner
        email: String,
        #[command(flatten)]
        drain: DrainArgs,
    },
}

/// `rollcall courses`.
#[derive(Debug, Subcommand)]
pub(crate) enum CoursesCommand {
    /// Every course
    List,
    /// Add a course, or change its title
    Add {
        /// The code that commands and files use
        code: String,
        /// The title that learners see
        title: String,
    },
    /// Add courses from a CSV file with the columns code and title
    Import {
        /// The file
        file: PathBuf,
    },
}

/// `rollcall learners`.
#[derive(Debug, Subcommand)]
pub(crate) enum LearnersCommand {
    /// Everybody
    List,
    /// One learner
    Show {
        /// The learner
        email: String,
    },
    /// Make two learners one: the first one stays
    Link {
        /// The learner who stays
        one: String,
        /// The learner who becomes part of the first
        other: String,
        #[command(flatten)]
        drain: DrainArgs,
    },
    /// Part two learners who were linked
    Unlink {
        /// One of them
        one: String,
        /// The other
        other: String,
        #[command(flatten)]
        drain: DrainArgs,
    },
    /// Add somebody whom no directory has
    Add {
        /// The address
        email: String,
        /// The name
        #[arg(long)]
        name: String,
    },
}

/// `rollcall enrollments`.
#[derive(Debug, Subcommand)]
pub(crate) enum EnrollmentsCommand {
    /// Enrollments, all or some
    List {
        /// Only this learner's
        #[arg(long, value_name = "EMAIL")]
        learner: Option<String>,
        /// Only in this course
        #[arg(long, value_name = "CODE")]
        course: Option<String>,
        /// Only those that this group holds up
        #[arg(long, value_name = "NAME")]
        group: Option<String>,
    },
    /// Note that a course is done
    Complete {
        /// The learner
        email: String,
        /// The course's code
        course: String,
        /// When, as a date or an RFC 3339 time; now without it
        #[arg(long, value_name = "DATE")]
        at: Option<String>,
    },
}

/// `rollcall explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The learner: an address, a former address, or CONNECTOR:ID
    pub email: String,
    /// Only this group, even where nothing connects the learner with it
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// Only this course
    #[arg(long, value_name = "CODE")]
    pub course: Option<String>,
    /// As it was at the end of this day, of the last 90
    #[arg(long, value_name = "DATE")]
    pub at: Option<NaiveDate>,
}

/// `rollcall connectors`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConnectorsCommand {
    /// Every connector with its last and next run
    List,
    /// Let go of everybody whom a connector held that has left the file
    Retire {
        /// The connector
        name: String,
        /// Lift the limits on removals for this once
        #[arg(long)]
        allow_removals: bool,
        #[command(flatten)]
        drain: DrainArgs,
    },
}

/// `rollcall runs`.
#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// The newest runs
    List {
        /// How many
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// One run with what it changed
    Show {
        /// The number
        run: i64,
    },
}

/// `rollcall jobs`.
#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// The queue, what has failed for good first
    List {
        /// How many
        #[arg(long, default_value_t = 1000)]
        limit: u32,
    },
    /// Try failed jobs again: these, or all
    Retry {
        /// The jobs
        ids: Vec<i64>,
        #[command(flatten)]
        drain: DrainArgs,
    },
    /// Take failed jobs off the queue
    Drop {
        /// The jobs
        #[arg(required = true)]
        ids: Vec<i64>,
    },
}

/// `rollcall admin`.
#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Every account and every token
    List,
    /// Make an account; without a password it is given a link to set one, good for a day
    Create {
        /// The address that signs in
        email: String,
        /// What it may do: license_holder, operator, manager or viewer
        #[arg(long)]
        role: Role,
        /// The name that pages show
        #[arg(long, default_value = "")]
        name: String,
        /// Read the password from standard input, one line
        #[arg(long)]
        password_stdin: bool,
    },
    /// Give an account another role
    Role {
        /// The account
        email: String,
        /// What it may do from now on
        #[arg(long)]
        role: Role,
    },
    /// Make a link for an account to set a new password, good for a day
    Invite {
        /// The account
        email: String,
    },
    /// Take the right to sign in from an account, or to use the API from a token
    Revoke {
        /// The account's address, or the token's name
        who: String,
    },
    /// Keys of programs that use the API
    #[command(subcommand)]
    Token(TokenCommand),
}

/// `rollcall admin token`.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token; its key is printed once and kept nowhere
    Create {
        /// What it is for
        name: String,
        /// What it may do: license_holder, operator, manager or viewer
        #[arg(long)]
        role: Role,
        /// The last day on which it is good; without it until somebody revokes it
        #[arg(long, value_name = "DATE")]
        until: Option<NaiveDate>,
    },
    /// Revoke a token
    Revoke {
        /// Its name
        name: String,
    },
}

/// `rollcall config`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// A complete, commented file; or the section of one kind of connector
    Example {
        /// The kind of connector, such as `okta`
        kind: Option<String>,
    },
    /// The JSON Schema of the file
    Schema,
}
