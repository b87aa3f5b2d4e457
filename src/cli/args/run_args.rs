//! Arguments of the commands for runs, connectors and jobs.

use clap::{Args, Subcommand};

use super::DrainArgs;

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
    /// Sync only the person with this e-mail address or id; exits with status 1 if no connector finds the person
    #[arg(long, value_name = "PERSON")]
    pub only: Option<String>,
    /// Disable the removal limits for this run; the source must still prove that the reading is complete
    #[arg(long)]
    pub allow_removals: bool,
    #[command(flatten)]
    pub drain: DrainArgs,
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
        /// List only runs with changes that wait for `rollcall approve` or `rollcall reject`
        #[arg(long)]
        waiting: bool,
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
