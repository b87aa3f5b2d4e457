//! What command and API say in JSON, each shape in one place.
//!
//! The command prints these with `--json`, the API answers with them and describes them ([`utoipa::ToSchema`]). They are
//! promises to scripts: they may grow, they may not change. What they are made of is read by the rooms below; nothing
//! here writes or decides.

mod accounts;
mod connectors;
mod courses;
mod enrollments;
mod groups;
mod learners;
mod runs;
mod sync;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use accounts::{Account, Token};
pub use connectors::{Connector, Retired, connectors};
pub use courses::Assigned;
pub use enrollments::Enrollment;
pub use groups::{Changed, Group, Member, Touched, members_of, reason, summaries};
pub use learners::{Known, Learner, known};
pub use runs::{Decided, Decision, Shown, Undone, shown};
pub use sync::{Drained, Failure, Held, Sync};

/// Memberships that a change gave and ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Memberships {
    /// Given.
    pub add: u64,
    /// Ended.
    pub remove: u64,
}

/// Jobs that a change left to workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Jobs {
    /// How many.
    pub enqueued: u64,
}

/// An error and its causes, a line each.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str("\n  because: ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

/// The lines of a text that a query put together.
fn lines(text: &str) -> Vec<String> {
    text.split('\n').filter(|line| !line.is_empty()).map(str::to_owned).collect()
}
