//! Warnings of a plan, and the text of each.

use std::fmt;

use chrono::NaiveDate;

use rollcall_model::format::thousands;
use rollcall_model::names::{BadGroupName, RuleName};
use rollcall_model::run_warning::{RunWarning, RunWarningKind};

/// Something that the plan leaves out or does without.
#[derive(Debug, Clone)]
pub(crate) enum PlanWarning<'a> {
    /// An assignment of the file names a course that is not in the catalogue.
    UnknownCourse { code: &'a str },
    /// Another active learner has the person's address.
    AddressTaken { id: &'a str, address: &'a str, holder: &'a str },
    /// A new person has the address of a learner who left, or leaves.
    AddressHandedOn { id: &'a str, former: Option<&'a str> },
    /// A known person has the address of another known person.
    AddressMoved { id: &'a str, former: &'a str },
    /// Several known people got one address in this reading.
    SharedMailbox { id: &'a str, address: &'a str },
    /// The first day of a person who has access moved into the distant future.
    DistantStart { id: &'a str, start: NaiveDate },
    /// A person returned with a new id, and the record of the former id says that the person left.
    Rehired { id: &'a str, former: &'a str },
    /// A person with a new id is a suspended learner.
    SuspensionKept { id: &'a str },
    /// An attribute that nothing uses is empty for many people.
    AttributeBlank { attribute: &'a str, blank: u64, had: u64 },
    /// A rule could not be evaluated for a person.
    RuleFailed { id: &'a str, rule: &'a RuleName, why: &'a str },
    /// A rule reads a group that does not exist.
    UnknownGroup { rule: &'a RuleName, group: &'a str },
    /// A rule reads a group that it gives, directly or through other rules: groups were renamed.
    CircularRule { rule: &'a RuleName },
    /// A rule matches no learner.
    UnmatchedRule { rule: &'a RuleName },
    /// A rule names a group with an invalid name.
    BadGroupName { name: &'a str, why: BadGroupName },
}

impl PlanWarning<'_> {
    fn kind(&self) -> RunWarningKind {
        match self {
            Self::UnknownCourse { .. } => RunWarningKind::AssignmentUnmet,
            Self::AddressTaken { .. } | Self::SharedMailbox { .. } => RunWarningKind::AddressTaken,
            Self::AddressHandedOn { .. } | Self::AddressMoved { .. } => RunWarningKind::AddressHandedOn,
            Self::DistantStart { .. } => RunWarningKind::BadDate,
            Self::Rehired { .. } => RunWarningKind::Rehired,
            Self::SuspensionKept { .. } => RunWarningKind::SuspensionKept,
            Self::AttributeBlank { .. } => RunWarningKind::AttributeBlank,
            Self::RuleFailed { .. } | Self::CircularRule { .. } => RunWarningKind::RuleFailed,
            Self::UnknownGroup { .. } => RunWarningKind::UnknownGroup,
            Self::UnmatchedRule { .. } => RunWarningKind::RuleUnmatched,
            Self::BadGroupName { .. } => RunWarningKind::BadGroupName,
        }
    }

    fn subject(&self) -> &str {
        match self {
            Self::UnknownCourse { code } => code,
            Self::AddressTaken { id, .. }
            | Self::AddressHandedOn { id, .. }
            | Self::AddressMoved { id, .. }
            | Self::SharedMailbox { id, .. }
            | Self::DistantStart { id, .. }
            | Self::Rehired { id, .. }
            | Self::SuspensionKept { id }
            | Self::RuleFailed { id, .. } => id,
            Self::AttributeBlank { attribute, .. } => attribute,
            Self::UnknownGroup { rule, .. } | Self::CircularRule { rule } | Self::UnmatchedRule { rule } => {
                rule.as_str()
            }
            Self::BadGroupName { name, .. } => name,
        }
    }
}

impl fmt::Display for PlanWarning<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCourse { .. } => {
                f.write_str("no course has this code: the assignment waits for `rollcall courses add`")
            }
            Self::AddressTaken { address, holder, .. } => {
                write!(f, "{holder} has the address `{address}`: this learner is imported without it")
            }
            Self::AddressHandedOn { former, .. } => {
                match former {
                    Some(former) => {
                        write!(f, "the address belonged to the person with the id `{former}`, who is gone")?;
                    }
                    None => f.write_str("the address belonged to a learner who left")?,
                }
                f.write_str(
                    ": a new learner was created; if both are one person, run `rollcall learners link` or set `match`",
                )
            }
            Self::AddressMoved { former, .. } => {
                write!(
                    f,
                    "the address belonged to the person with the id `{former}`, who has another one now"
                )
            }
            Self::SharedMailbox { address, .. } => {
                write!(f, "several people got the address `{address}`: the address last read is kept")
            }
            Self::DistantStart { start, .. } => write!(
                f,
                "`start_date` {start} is more than five years ahead, and the person has access: the date last read is kept"
            ),
            Self::Rehired { former, .. } => {
                write!(
                    f,
                    "the person returned: the record `{former}` says that the person left, both are one learner"
                )
            }
            Self::SuspensionKept { .. } => f.write_str(
                "the record with this new id is of a suspended learner, by its address or `match`: the learner stays \
                 suspended until `rollcall learners restore`",
            ),
            Self::AttributeBlank { blank, had, .. } => {
                let (blank, had) = (thousands(*blank), thousands(*had));
                write!(
                    f,
                    "the attribute is empty for {blank} of the {had} people who had a value: no rule uses it, so that \
                     the values are removed"
                )
            }
            Self::RuleFailed { rule, why, .. } => {
                write!(
                    f,
                    "the rule `{rule}` could not be evaluated ({why}): its memberships stay as they are"
                )
            }
            Self::UnmatchedRule { .. } => f.write_str("the rule matches no person"),
            Self::CircularRule { .. } => f.write_str(
                "the rule reads a group that it gives, directly or through other rules: its memberships stay as they are",
            ),
            Self::UnknownGroup { group, .. } => write!(
                f,
                "the group `{group}` does not exist: `in_group` is not evaluated, and the memberships of the rule stay as \
                 they are until the group is created or the rule is changed"
            ),
            Self::BadGroupName { why, .. } => write!(f, "{why}: the group is not created"),
        }
    }
}

impl From<PlanWarning<'_>> for RunWarning {
    fn from(warning: PlanWarning<'_>) -> Self {
        Self::new(warning.kind(), warning.subject(), warning.to_string())
    }
}
