//! The JSON documents of the command and the API.
//!
//! The command prints these types with `--json`, the API returns and describes them ([`utoipa::ToSchema`]). They are a
//! stable interface: fields may be added, but not changed or removed. The crates below read the data; this crate does
//! not write.

mod accounts;
mod connectors;
mod courses;
mod enrollments;
mod groups;
mod learners;
mod rule_preview;
mod runs;
mod sync;
mod waiting_holds;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use accounts::{AccountView, TokenView};
pub use connectors::{ConnectorView, RetirementResult, list_connectors};
pub use courses::AssignedCourseView;
pub use enrollments::EnrollmentView;
pub use groups::{
    GroupView, MemberResult, MemberView, MembersChange, format_reason, list_groups, list_members,
};
pub use learners::{LearnerDetailsView, LearnerView, load_learner_details};
pub use rule_preview::{GroupPreviewView, PeopleSampleView, PreviewedPersonView, RulePreviewView};
pub use runs::{
    DecisionResult, RelatedRun, RunDetails, UndoResultView, find_superseding_run, load_run_details,
};
pub use sync::{HoldView, SyncFailureView, SyncJobCounts, SyncView};
pub use waiting_holds::{WaitingHoldView, list_waiting_holds};

/// Memberships added and ended by a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = Memberships)]
pub struct MembershipCounts {
    /// Added memberships.
    pub add: u64,
    /// Ended memberships.
    pub remove: u64,
}

/// Jobs enqueued by a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = Jobs)]
pub struct JobCounts {
    /// The number of jobs.
    pub enqueued: u64,
}

/// Formats an error and its causes, a line each. Further lines of a cause are indented: a text of a server cannot look like
/// a hint of rollcall.
#[must_use]
pub fn format_error_chain(error: &dyn std::error::Error) -> String {
    let mut text = indent_further_lines(&error.to_string());
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = indent_further_lines(&error.to_string());
        if !text.contains(&next) {
            text.push_str("\n  because: ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

fn indent_further_lines(text: &str) -> String {
    text.replace('\n', "\n    ")
}

/// Splits a text with several lines that a query returned.
fn split_lines(text: &str) -> Vec<String> {
    text.split('\n').filter(|line| !line.is_empty()).map(str::to_owned).collect()
}
