//! What a run noticed and went on without: reported, and never a reason to stop.

use serde::{Deserialize, Serialize};

/// One thing that somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunWarning {
    /// What kind of thing it is; stable, for scripts.
    pub kind: RunWarningKind,
    /// Who or what it is about: an external id, a group, an attribute.
    pub subject: String,
    /// What happened and what rollcall did about it.
    pub message: String,
}

/// The kinds of [`RunWarning`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunWarningKind {
    /// A record without an id: set aside.
    NoId,
    /// An id that came more than once: all its records are set aside.
    RepeatedId,
    /// An address that is none: the learner goes without.
    BadAddress,
    /// An address that another active learner holds: the learner goes without.
    AddressTaken,
    /// A new person under the address of somebody who left: made a new learner.
    AddressHandedOn,
    /// A date that cannot be read: taken as empty.
    BadDate,
    /// A status that no mapping names: taken as active.
    UnknownStatus,
    /// A code that `[connector.values]` does not translate: kept as it is.
    UnknownCode,
    /// A rule that could not be evaluated for a learner: memberships left as they are.
    RuleFailed,
    /// A group whose name cannot be one: not made.
    BadGroupName,
    /// A rule's group that was deleted by hand: not made again.
    GroupDeleted,
    /// An assignment of the file that names a group or a course that does not exist.
    AssignmentUnmet,
}

impl RunWarningKind {
    /// The kind for scripts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoId => "no_id",
            Self::RepeatedId => "repeated_id",
            Self::BadAddress => "bad_address",
            Self::AddressTaken => "address_taken",
            Self::AddressHandedOn => "address_handed_on",
            Self::BadDate => "bad_date",
            Self::UnknownStatus => "unknown_status",
            Self::UnknownCode => "unknown_code",
            Self::RuleFailed => "rule_failed",
            Self::BadGroupName => "bad_group_name",
            Self::GroupDeleted => "group_deleted",
            Self::AssignmentUnmet => "assignment_unmet",
        }
    }
}

impl RunWarning {
    /// Puts one together.
    pub fn new(kind: RunWarningKind, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, subject: subject.into(), message: message.into() }
    }
}
