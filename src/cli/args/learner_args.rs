//! Arguments of the commands for learners.

use chrono::NaiveDate;
use clap::{Args, Subcommand};

use super::{DrainArgs, parse_day};
use rollcall_model::status::LearnerStatus;

/// `rollcall learners`.
#[derive(Debug, Subcommand)]
pub(crate) enum LearnersCommand {
    /// List learners
    List(LearnerFilterArgs),
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
    /// End all access of a learner now, until the learner is restored; no sync gives it back
    Suspend {
        /// E-mail address of the learner
        email: String,
        #[command(flatten)]
        drain: DrainArgs,
    },
    /// End the suspension of a learner; the rules are evaluated from the data as last read
    Restore {
        /// E-mail address of the learner
        email: String,
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

/// Which learners `rollcall learners list` prints.
#[derive(Debug, Args)]
pub(crate) struct LearnerFilterArgs {
    /// Only learners with this status: upcoming, active, leave, left or suspended
    #[arg(long, value_parser = parse_status)]
    pub status: Option<LearnerStatus>,
    /// Only members of this group
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// Only learners of this department; case does not matter
    #[arg(long, value_name = "NAME")]
    pub department: Option<String>,
}

fn parse_status(text: &str) -> Result<LearnerStatus, String> {
    LearnerStatus::read(text)
        .ok_or_else(|| "the status is `upcoming`, `active`, `leave`, `left` or `suspended`".to_owned())
}

/// `rollcall explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The learner: an e-mail address, a former e-mail address, CONNECTOR:ID, an id at any connector, or a name
    pub email: String,
    /// Explain only this group, even if it is unrelated to the learner
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// Explain only this course
    #[arg(long, value_name = "CODE")]
    pub course: Option<String>,
    /// Explain the state at the end of this day, such as 2026-12-31 (up to 90 days ago)
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    pub at: Option<NaiveDate>,
}
