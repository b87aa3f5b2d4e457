//! Warnings of a run. They are reported and do not stop the run.

use serde::{Deserialize, Serialize};

use crate::resource_limits::{ResourceLimit, shorten_to};

/// A warning that should be reviewed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunWarning {
    /// The kind; stable, for scripts.
    pub kind: RunWarningKind,
    /// The subject: an external id, a group or an attribute.
    pub subject: String,
    /// The event and its consequence.
    pub message: String,
}

/// The kinds of [`RunWarning`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunWarningKind {
    /// A record without an id: rejected.
    NoId,
    /// A row with an id but without an address and a name, or a row of totals: rejected.
    NoName,
    /// A duplicate id: all its records are rejected.
    RepeatedId,
    /// An invalid e-mail address: the one last read is kept.
    BadAddress,
    /// An e-mail address of another active learner: the learner has none.
    AddressTaken,
    /// A new person with the address of a learner who left: a new learner is created.
    AddressHandedOn,
    /// An invalid date, or an end before the start: the dates last read are kept.
    BadDate,
    /// A cell of a spreadsheet whose formula failed: the value last read is kept.
    FailedFormula,
    /// An unmapped status: the one last read is kept, and a new person is active.
    UnknownStatus,
    /// A code that `[connector.values]` does not map: kept unchanged.
    UnknownCode,
    /// An attribute that the file maps and no record has.
    AttributeEmpty,
    /// A rule that could not be evaluated for a learner: memberships stay unchanged.
    RuleFailed,
    /// A group with an invalid name: not created.
    BadGroupName,
    /// A rule that matches no person.
    RuleUnmatched,
    /// A rule reads a group that does not exist: memberships of the rule stay unchanged.
    UnknownGroup,
    /// A rule's group that was deleted manually: not created again.
    GroupDeleted,
    /// An assignment of the file that names a group or a course that does not exist.
    AssignmentUnmet,
    /// A person who returned with a new id: the record of the former id says that the person left.
    Rehired,
    /// A person with a new id who is a suspended learner: the learner stays suspended.
    SuspensionKept,
    /// An attribute that nothing uses and that is empty for many people who had a value.
    AttributeBlank,
    /// A person who was asked for, and whom the source no longer holds.
    PersonGone,
    /// A person who was asked for and is not found.
    PersonNotFound,
    /// A row that looks like a second header: rejected.
    SecondHeader,
    /// A line of totals at the end of a file.
    TotalLine,
    /// A newer file than the one that was read: not complete.
    FileSkipped,
}

impl RunWarningKind {
    /// The kind for scripts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoId => "no_id",
            Self::NoName => "no_name",
            Self::RepeatedId => "repeated_id",
            Self::BadAddress => "bad_address",
            Self::AddressTaken => "address_taken",
            Self::AddressHandedOn => "address_handed_on",
            Self::BadDate => "bad_date",
            Self::FailedFormula => "failed_formula",
            Self::UnknownStatus => "unknown_status",
            Self::UnknownCode => "unknown_code",
            Self::AttributeEmpty => "attribute_empty",
            Self::RuleFailed => "rule_failed",
            Self::BadGroupName => "bad_group_name",
            Self::RuleUnmatched => "rule_unmatched",
            Self::UnknownGroup => "unknown_group",
            Self::GroupDeleted => "group_deleted",
            Self::AssignmentUnmet => "assignment_unmet",
            Self::Rehired => "rehired",
            Self::SuspensionKept => "suspension_kept",
            Self::AttributeBlank => "attribute_blank",
            Self::PersonGone => "person_gone",
            Self::PersonNotFound => "person_not_found",
            Self::SecondHeader => "second_header",
            Self::TotalLine => "total_line",
            Self::FileSkipped => "file_skipped",
        }
    }
}

impl RunWarning {
    /// Creates a warning. Texts that are too long are shortened.
    pub fn new(kind: RunWarningKind, subject: impl Into<String>, message: impl Into<String>) -> Self {
        let bounded = |text: String| shorten_to(ResourceLimit::ProblemCharacters, text);
        Self { kind, subject: bounded(subject.into()), message: bounded(message.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text of one character more than allowed is shortened, and counted.
    #[test]
    fn long_problem_texts_are_shortened() {
        let most = ResourceLimit::ProblemCharacters.default_size();
        let before = ResourceLimit::ProblemCharacters.times_reached();
        let warning = |length| RunWarning::new(RunWarningKind::BadAddress, "x".repeat(length), "y");
        assert_eq!(warning(most).subject, "x".repeat(most));
        assert_eq!(ResourceLimit::ProblemCharacters.times_reached(), before);
        assert_eq!(warning(most + 1).subject, format!("{}…", "x".repeat(most)));
        assert_eq!(ResourceLimit::ProblemCharacters.times_reached(), before + 1);
    }
}
