//! Reasons why a manager is not known, and the text of each.

use std::fmt;

/// The maximum number of managers above a person. No organization is so deep; the data is wrong.
pub const MAX_LEVELS: usize = 100;

/// The reason why a manager, or what follows from managers, is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ManagerProblem<'a> {
    /// No person has this id, address or name.
    Unknown { text: &'a str },
    /// Several people have this id, address or name.
    Ambiguous { text: &'a str },
    /// The values of `manager` name different people.
    Several,
    /// Too many managers are above the person.
    TooManyLevels,
    /// A set of people is loaded, and no complete run has found the managers.
    NotStored,
    /// The number of people below is lower than before, and known people are missing from the plan.
    LacksPeople,
}

impl fmt::Display for ManagerProblem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { text } => write!(f, "the manager `{text}` is unknown"),
            Self::Ambiguous { text } => write!(f, "the manager `{text}` may be one of several people"),
            Self::Several => f.write_str("the person has several managers"),
            Self::TooManyLevels => write!(f, "more than {MAX_LEVELS} managers are above the person"),
            Self::LacksPeople => f.write_str(
                "the number of people below is not known, because records of other people wait or were set aside",
            ),
            Self::NotStored => f.write_str("the managers are known after the next complete run"),
        }
    }
}
