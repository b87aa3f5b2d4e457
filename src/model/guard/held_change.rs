//! What was held: changes that the reading wants and that were not made, each with the limit that held it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::guard::Disposition;
use crate::ids::{AssignmentId, GroupId, LearnerId, RuleId};
use crate::names::{RuleName, fold};
use crate::people::RowIndex;

/// The limits, by the names that they have in the file; and what holds without a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum HoldCause {
    /// Too many memberships, learners or enrollments would go.
    MaxRemovals,
    /// Too many people would lose something.
    MaxRemovalsTotal,
    /// Too large a part of one group would go.
    MaxGroupRemovals,
    /// The reading holds too few of the people of the last good one.
    MinRead,
    /// An attribute went blank for too many.
    MaxBlanked,
    /// Too many known addresses came under new ids.
    MaxRekeyed,
    /// Too many groups would be made.
    MaxNewGroups,
    /// A group would grow too much because the file was edited.
    MaxGrowth,
    /// A rule meets a group made by hand for the first time.
    HandMadeGroup,
    /// Machines that share the database go by different files.
    FilesDiffer,
    /// Somebody rejected it.
    Rejected,
    /// Somebody took it back.
    Undone,
    /// It goes with another held change.
    Together,
}

impl HoldCause {
    /// The word in tables and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MaxRemovals => "max_removals",
            Self::MaxRemovalsTotal => "max_removals_total",
            Self::MaxGroupRemovals => "max_group_removals",
            Self::MinRead => "min_read",
            Self::MaxBlanked => "max_blanked",
            Self::MaxRekeyed => "max_rekeyed",
            Self::MaxNewGroups => "max_new_groups",
            Self::MaxGrowth => "max_growth",
            Self::HandMadeGroup => "hand_made_group",
            Self::FilesDiffer => "files_differ",
            Self::Rejected => "rejected",
            Self::Undone => "undone",
            Self::Together => "together",
        }
    }
}

/// A limit that was reached, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = HeldReason))]
pub struct LimitExceeded {
    /// Which one.
    pub limit: HoldCause,
    /// How far the plan is beyond it.
    pub message: String,
}

/// The kinds of change that can be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChangeKind {
    /// A learner leaves.
    Leave,
    /// A person's record changes.
    Record,
    /// A known learner comes under a new id.
    Rekey,
    /// A group is made.
    Group,
    /// A rule begins to feed a group made by hand.
    Meet,
    /// A reason for a membership is given.
    Give,
    /// A reason for a membership ends.
    End,
    /// An assignment of the file meets a group.
    Assign,
    /// An assignment of the file ends.
    Unassign,
}

impl ChangeKind {
    /// The word in tables and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Leave => "leave",
            Self::Record => "record",
            Self::Rekey => "rekey",
            Self::Group => "group",
            Self::Meet => "meet",
            Self::Give => "give",
            Self::End => "end",
            Self::Assign => "assign",
            Self::Unassign => "unassign",
        }
    }
}

/// Who a held change is about: a learner, or a row of the reading that is none yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChangeSubject {
    /// A learner.
    Known(LearnerId),
    /// Somebody new, who becomes a learner in the same run.
    New(RowIndex),
}

/// Which group a held change is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HeldGroup {
    /// One that exists.
    Known(GroupId),
    /// One that is not made yet, by the name that it would get.
    New(String),
}

/// One change that was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldChange {
    /// What kind of change.
    pub kind: ChangeKind,
    /// The learner, where it is about one.
    pub who: Option<ChangeSubject>,
    /// The source's id of the person, for changes of a record.
    pub external_id: Option<String>,
    /// The group, where it is about one.
    pub group: Option<HeldGroup>,
    /// The rule, where it is about one; none for by hand.
    pub rule: Option<RuleName>,
    /// The assignment, where it is about one.
    pub assignment: Option<AssignmentId>,
    /// Why it is not made.
    pub disposition: Disposition,
    /// Of the attributes and the rule: while it is the same, a decision on this change stands.
    pub fingerprint: i64,
}

/// A change named by the numbers of the database.
#[derive(Debug, Clone, Copy, Default)]
pub struct ChangeKey<'a> {
    /// The connector, for changes of a record.
    pub connector: i64,
    /// The learner.
    pub who: Option<LearnerId>,
    /// The source's id of the person, for changes of a record.
    pub external_id: Option<&'a str>,
    /// The group.
    pub group: Option<&'a HeldGroup>,
    /// The rule.
    pub rule: Option<RuleId>,
    /// The assignment.
    pub assignment: Option<AssignmentId>,
}

impl ChangeKey<'_> {
    /// What tells this change from another: the text of `held_changes.change_key`.
    #[must_use]
    pub fn key(&self, kind: ChangeKind) -> String {
        let number = |id: Option<i64>| id.map_or_else(String::new, |id| id.to_string());
        let group = match self.group {
            Some(HeldGroup::Known(id)) => id.to_string(),
            Some(HeldGroup::New(name)) => format!("+{}", fold(name)),
            None => String::new(),
        };
        let (who, rule) = (number(self.who.map(|id| id.0)), number(self.rule.map(|id| id.0)));
        let word = kind.as_str();
        match kind {
            ChangeKind::Leave => format!("{word}:{who}"),
            ChangeKind::Record | ChangeKind::Rekey => {
                format!("{word}:{}:{}", self.connector, self.external_id.unwrap_or_default())
            }
            ChangeKind::Group => format!("{word}:{group}"),
            ChangeKind::Meet => format!("{word}:{rule}:{group}"),
            ChangeKind::Give | ChangeKind::End => format!("{word}:{rule}:{who}:{group}"),
            ChangeKind::Assign => format!("{word}:{group}:{}", self.external_id.unwrap_or_default()),
            ChangeKind::Unassign => format!("{word}:{}", number(self.assignment.map(|id| id.0))),
        }
    }
}

/// Everything that a run did not do, and why.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HoldReport {
    /// What changed since the last good reading: the source, the file, an attribute.
    pub causes: Vec<String>,
    /// The limits that were reached.
    pub reasons: Vec<LimitExceeded>,
    /// The changes.
    pub changes: Vec<HeldChange>,
    /// Enrollments with access that would go with them.
    pub enrollments: u64,
}

impl HoldReport {
    /// Whether something waits for approval. What was rejected or taken back waits for nothing.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.changes.iter().any(HeldChange::is_waiting)
    }

    /// How many changes of these kinds wait.
    #[must_use]
    pub fn count(&self, kinds: &[ChangeKind]) -> u64 {
        self.changes.iter().filter(|change| change.is_waiting() && kinds.contains(&change.kind)).count()
            as u64
    }

    /// How many people waiting changes are about.
    #[must_use]
    pub fn people(&self) -> u64 {
        let people: BTreeSet<_> = self
            .changes
            .iter()
            .filter(|change| change.is_waiting())
            .filter_map(|change| change.who)
            .collect();
        people.len() as u64
    }
}

impl HeldChange {
    /// Whether it waits for approval.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.disposition.is_waiting()
    }
}
