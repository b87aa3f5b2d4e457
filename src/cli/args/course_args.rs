//! Arguments of the commands for courses, assignments and enrollments.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Subcommand};

use super::{DrainArgs, days_parser, parse_day};

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

/// The due date of an assignment; none by default.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct DueDateArgs {
    /// Due date, such as 2026-12-31
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    pub due: Option<NaiveDate>,
    /// Number of days after joining the group
    #[arg(long, value_name = "N", value_parser = days_parser())]
    pub due_days: Option<u32>,
    /// Number of days after the learner's start date
    #[arg(long, value_name = "N", value_parser = days_parser())]
    pub due_days_after_start: Option<u32>,
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
        /// Only active enrollments that are not completed and whose due date has passed
        #[arg(long)]
        overdue: bool,
        /// Only active enrollments that are not completed and that are due before this day, such as 2026-12-31
        #[arg(long, value_name = "DATE", value_parser = parse_day)]
        due_before: Option<NaiveDate>,
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
    /// Take the completion of a course back; certificates that a learning platform issued stay as they are
    Reopen {
        /// E-mail address of the learner
        email: String,
        /// Code of the course
        course: String,
        #[command(flatten)]
        drain: DrainArgs,
    },
}
