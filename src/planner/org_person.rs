//! A person of the chart of managers.

use rollcall_model::ids::LearnerId;

/// A person who has a manager, or is one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrgPerson {
    /// The learner; `None` for a new one.
    pub learner: Option<LearnerId>,
    /// The ids, each with the position of its connector in the file.
    pub ids: Vec<(usize, String)>,
    /// The folded address.
    pub address: String,
    /// The name.
    pub name: String,
    /// The managers, as the source writes them.
    pub managers: Vec<String>,
    /// True if the person left, and is not counted as a report.
    pub has_left: bool,
}
