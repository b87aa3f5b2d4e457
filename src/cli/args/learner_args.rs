//! Arguments of the commands for learners.

use chrono::NaiveDate;
use clap::{Args, Subcommand};

use super::DrainArgs;

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
