//! Arguments of the commands for groups and exclusions.

use chrono::NaiveDate;
use clap::Subcommand;

use super::{DrainArgs, parse_day};

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
        #[arg(long, value_name = "DATE", value_parser = parse_day)]
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
