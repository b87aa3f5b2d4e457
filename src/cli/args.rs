//! Command-line arguments.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand};

use rollcall_model::role::Role;

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

/// Accepts 0 to 3,650 days (ten years), the same range as in the configuration file.
fn days_parser() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(0..=3650)
}

/// Every command.
#[derive(Debug, Subcommand)]
pub(crate) enum CliCommand {
    /// Run the service (schedules, workers, pages and API) until SIGTERM
    Run,
    /// Read sources, plan and commit changes, and process jobs
    Sync(SyncArgs),
    /// Report all errors of the configuration file, then test each connector step by step
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
    Undo {
        /// Number of the run
        run: i64,
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
        /// Start at this day
        #[arg(long, value_name = "DATE")]
        since: Option<NaiveDate>,
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
    /// Print the manual page
    Man,
}

/// `rollcall sync`.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// Connectors to sync [default: all]
    #[arg(value_name = "CONNECTOR")]
    pub connectors: Vec<String>,
    /// Print the plan without writing anything
    #[arg(long)]
    pub dry_run: bool,
    /// With --dry-run: exit with status 4 if the plan is not empty
    #[arg(long, requires = "dry_run")]
    pub exit_code: bool,
    /// Sync only the person with this e-mail address, in every connector that supports lookups
    #[arg(long, value_name = "EMAIL")]
    pub only: Option<String>,
    /// Disable the removal limits for this run; the source must still prove that the reading is complete
    #[arg(long)]
    pub allow_removals: bool,
    #[command(flatten)]
    pub drain: DrainArgs,
}

/// Options for processing the jobs of a change.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct DrainArgs {
    /// Leave the jobs to a worker process
    #[arg(long)]
    pub no_drain: bool,
}

/// The target of an assignment.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct AssignTarget {
    /// Assign to every member of this group
    #[arg(long)]
    pub group: Option<String>,
    /// Assign to this learner only
    #[arg(long, value_name = "EMAIL")]
    pub learner: Option<String>,
}

/// `rollcall assign`.
#[derive(Debug, Args)]
pub(crate) struct AssignArgs {
    /// Code of the course
    pub course: String,
    #[command(flatten)]
    pub target: AssignTarget,
    #[command(flatten)]
    pub due: DueDateArgs,
    /// Minimum number of days for learners who join late for a fixed date
    #[arg(long, value_name = "N", default_value_t = rollcall_model::due_policy::DEFAULT_LATE_DAYS, value_parser = days_parser())]
    pub late_days: u32,
    #[command(flatten)]
    pub drain: DrainArgs,
}

/// The due date of an assignment; none by default.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct DueDateArgs {
    /// Due date
    #[arg(long, value_name = "DATE")]
    pub due: Option<NaiveDate>,
    /// Number of days after joining the group
    #[arg(long, value_name = "N", value_parser = days_parser())]
    pub due_days: Option<u32>,
    /// Number of days after the learner's start date
    #[arg(long, value_name = "N", value_parser = days_parser())]
    pub due_days_after_start: Option<u32>,
}

/// `rollcall groups`.
#[derive(Debug, Subcommand)]
pub(crate) enum GroupsCommand {
    /// List all groups
    List,
    /// Show a group with its members and assignments
    Show {
        /// Name of the group
        name: String,
    },
    /// Create a group
    Create {
        /// Name of the group
        name: String,
        /// E-mail address of a member; may be repeated
        #[arg(long = "member", value_name = "EMAIL")]
        members: Vec<String>,
        #[command(flatten)]
        drain: DrainArgs,
    },
    /// Rename a group
    Rename {
        /// Name of the group
        name: String,
        /// New name
        new: String,
    },
    /// Delete a group; it can be restored for 30 days
    Delete {
        /// Name of the group
        name: String,
        /// Skip the confirmation
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        drain: DrainArgs,
    },
    /// Restore a deleted group with its members, assignments and due dates
    Restore {
        /// Name of the group
        name: String,
        #[command(flatten)]
        drain: DrainArgs,
    },
    /// Add learners to a group
    Add {
        /// Name of the group
        name: String,
        /// E-mail addresses of the learners
        #[arg(required = true, value_name = "EMAIL")]
        who: Vec<String>,
        #[command(flatten)]
        drain: DrainArgs,
    },
    /// Remove learners from a group
    Remove {
        /// Name of the group
        name: String,
        /// E-mail addresses of the learners
        #[arg(required = true, value_name = "EMAIL")]
        who: Vec<String>,
        /// Last day of the exclusion from the group's rules [default: until it is lifted]
        #[arg(long, value_name = "DATE")]
        until: Option<NaiveDate>,
        /// Reason of the exclusion
        #[arg(long, value_name = "TEXT", default_value = "removed by hand")]
        because: String,
        #[command(flatten)]
        drain: DrainArgs,
    },
}

/// `rollcall exclusions`.
#[derive(Debug, Subcommand)]
pub(crate) enum ExclusionsCommand {
    /// List all exclusions
    List,
    /// Remove an exclusion
    Lift {
        /// Name of the group
        name: String,
        /// E-mail address of the learner
        email: String,
        #[command(flatten)]
        drain: DrainArgs,
    },
}

/// `rollcall courses`.
#[derive(Debug, Subcommand)]
pub(crate) enum CoursesCommand {
    /// List all courses
    List,
    /// Add a course or change its title
    Add {
        /// Code of the course, as used in commands and files
        code: String,
        /// Title shown to learners
        title: String,
    },
    /// Add courses from a CSV file with the columns code and title
    Import {
        /// CSV file
        file: PathBuf,
    },
}

/// `rollcall learners`.
#[derive(Debug, Subcommand)]
pub(crate) enum LearnersCommand {
    /// List all learners
    List,
    /// Show a learner
    Show {
        /// E-mail address of the learner
        email: String,
    },
    /// Merge two learners; the first one is kept
    Link {
        /// Learner to keep
        one: String,
        /// Learner to merge into the first one
        other: String,
        #[command(flatten)]
        drain: DrainArgs,
    },
    /// Undo the merge of two learners
    Unlink {
        /// One of the learners
        one: String,
        /// The other learner
        other: String,
        #[command(flatten)]
        drain: DrainArgs,
    },
    /// Add a learner who is not in any source
    Add {
        /// E-mail address
        email: String,
        /// Name
        #[arg(long)]
        name: String,
    },
}

/// `rollcall enrollments`.
#[derive(Debug, Subcommand)]
pub(crate) enum EnrollmentsCommand {
    /// List enrollments
    List {
        /// Only enrollments of this learner
        #[arg(long, value_name = "EMAIL")]
        learner: Option<String>,
        /// Only enrollments in this course
        #[arg(long, value_name = "CODE")]
        course: Option<String>,
        /// Only enrollments that this group grants
        #[arg(long, value_name = "NAME")]
        group: Option<String>,
    },
    /// Record the completion of a course
    Complete {
        /// E-mail address of the learner
        email: String,
        /// Code of the course
        course: String,
        /// Date or RFC 3339 time of the completion [default: now]
        #[arg(long, value_name = "DATE")]
        at: Option<String>,
    },
}

/// `rollcall explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The learner: an e-mail address, a former e-mail address, or CONNECTOR:ID
    pub email: String,
    /// Explain only this group, even if it is unrelated to the learner
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// Explain only this course
    #[arg(long, value_name = "CODE")]
    pub course: Option<String>,
    /// Explain the state at the end of this day (up to 90 days ago)
    #[arg(long, value_name = "DATE")]
    pub at: Option<NaiveDate>,
}

/// `rollcall connectors`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConnectorsCommand {
    /// List all connectors with their last and next run
    List,
    /// Release all people of a connector that was removed from the file
    Retire {
        /// Name of the connector
        name: String,
        /// Disable the removal limits for this run
        #[arg(long)]
        allow_removals: bool,
        #[command(flatten)]
        drain: DrainArgs,
    },
}

/// `rollcall runs`.
#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// List the latest runs
    List {
        /// Maximum number of entries
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show a run and its changes
    Show {
        /// Number of the run
        run: i64,
    },
    /// Stop a run in progress; it changes nothing
    Cancel {
        /// Number of the run
        run: i64,
    },
}

/// `rollcall jobs`.
#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// List the queue, permanently failed jobs first
    List {
        /// Maximum number of entries
        #[arg(long, default_value_t = 1000)]
        limit: u32,
    },
    /// Retry failed jobs: the given ones, or all
    Retry {
        /// Numbers of the jobs
        ids: Vec<i64>,
        #[command(flatten)]
        drain: DrainArgs,
    },
    /// Remove failed jobs from the queue
    Drop {
        /// Numbers of the jobs
        #[arg(required = true)]
        ids: Vec<i64>,
    },
}

/// `rollcall admin`.
#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// List all accounts and tokens
    List,
    /// Create an account; without a password, print a link to set one that is valid for 24 hours
    Create {
        /// E-mail address of the account
        email: String,
        /// Role: license_holder, operator, manager or viewer
        #[arg(long)]
        role: Role,
        /// Name shown on the pages
        #[arg(long, default_value = "")]
        name: String,
        /// Read the password from one line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Change the role of an account
    Role {
        /// E-mail address of the account
        email: String,
        /// New role
        #[arg(long)]
        role: Role,
    },
    /// Create a link to set a new password that is valid for 24 hours
    Invite {
        /// E-mail address of the account
        email: String,
    },
    /// Revoke an account or a token
    Revoke {
        /// E-mail address of the account, or name of the token
        who: String,
    },
    /// Manage API tokens
    #[command(subcommand)]
    Token(TokenCommand),
}

/// `rollcall admin token`.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Create a token; its key is printed once and is not stored
    Create {
        /// Name of the token, such as its purpose
        name: String,
        /// Role: license_holder, operator, manager or viewer
        #[arg(long)]
        role: Role,
        /// Last day of validity [default: until it is revoked]
        #[arg(long, value_name = "DATE")]
        until: Option<NaiveDate>,
    },
    /// Revoke a token
    Revoke {
        /// Name of the token
        name: String,
    },
}

/// `rollcall config`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print a complete configuration file with comments, or the section of one connector kind
    Example {
        /// Connector kind, such as `okta`
        kind: Option<String>,
    },
    /// Print the JSON Schema of the configuration file
    Schema,
}
