//! Held changes: changes that the reading requires and that were not applied, each with the limit that held it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::guard::Disposition;
use crate::ids::{AssignmentId, GroupId, LearnerId, RuleId};
use crate::names::{RuleName, fold};
use crate::people::RowIndex;
use crate::text_enum::text_enum;

/// The limits, by their names in the file, and other reasons to hold a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum HoldCause {
    /// Too many memberships, learners or enrollments would be removed.
    MaxRemovals,
    /// Too many people would lose something.
    MaxRemovalsTotal,
    /// Too large a share of one group would be removed.
    MaxGroupRemovals,
    /// The reading contains too few of the people of the last good reading.
    MinRead,
    /// An attribute became empty for too many people.
    MaxBlanked,
    /// Too many known addresses have new ids.
    MaxRekeyed,
    /// Too many groups would be created.
    MaxNewGroups,
    /// A group would grow too much because the file was edited.
    MaxGrowth,
    /// A rule matches a manually created group for the first time.
    HandMadeGroup,
    /// Nodes that share the database use different configurations.
    FilesDiffer,
    /// The change was rejected.
    Rejected,
    /// The change was undone.
    Undone,
    /// The change depends on another held change.
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

/// A limit that was exceeded, with a description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = HeldReason))]
pub struct LimitExceeded {
    /// The limit.
    pub limit: HoldCause,
    /// A description of the excess.
    pub message: String,
}

text_enum! {
    /// The kinds of change that can be held.
    ChangeKind {
        /// A learner leaves.
        Leave = "leave",
        /// A person's record changes.
        Record = "record",
        /// A known learner has a new id.
        Rekey = "rekey",
        /// A group is created.
        Group = "group",
        /// A rule starts to add members to a manually created group.
        Meet = "meet",
        /// A reason for a membership starts.
        Give = "give",
        /// A reason for a membership ends.
        End = "end",
        /// An assignment of the file matches a group.
        Assign = "assign",
        /// An assignment of the file ends.
        Unassign = "unassign",
    }
}

text_enum! {
    /// What became of a change that a run did not make.
    HeldChangeState {
        /// It waits for approval.
        Held = "held",
        /// A person rejected it.
        Rejected = "rejected",
        /// An undo took it back.
        Undone = "undone",
        /// The latest full reading no longer requires it.
        Dropped = "dropped",
    }
}

/// The subject of a held change: a learner, or a row of the reading without a learner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChangeSubject {
    /// A learner.
    Known(LearnerId),
    /// A new person who becomes a learner in the same run.
    New(RowIndex),
}

/// The group of a held change.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HeldGroup {
    /// An existing group.
    Known(GroupId),
    /// A group that does not exist yet, by its future name.
    New(String),
}

/// One change of a plan, with its disposition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedChange {
    /// The kind of change.
    pub kind: ChangeKind,
    /// The learner, if the change is about one.
    pub who: Option<ChangeSubject>,
    /// The source's id of the person, for changes of a record.
    pub external_id: Option<String>,
    /// The group, if the change is about one.
    pub group: Option<HeldGroup>,
    /// The rule, if the change is about one; none for manual changes.
    pub rule: Option<RuleName>,
    /// The assignment, if the change is about one.
    pub assignment: Option<AssignmentId>,
    /// Whether the change is applied, and the reason if it is not.
    pub disposition: Disposition,
    /// The fingerprint of the attributes and the rule: a decision on this change is valid while it is the same.
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
    /// The key that identifies this change: the text of `held_changes.change_key`.
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

/// The held changes of a run and their reasons.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HoldReport {
    /// What changed since the last good reading: the source, the file, an attribute.
    pub causes: Vec<String>,
    /// The limits that were reached.
    pub reasons: Vec<LimitExceeded>,
    /// The changes.
    pub changes: Vec<PlannedChange>,
    /// The enrollments that would lose access.
    pub enrollments: u64,
}

impl HoldReport {
    /// Returns true if a change waits for approval. Rejected and undone changes do not wait.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.changes.iter().any(PlannedChange::is_waiting)
    }

    /// The number of waiting changes of these kinds.
    #[must_use]
    pub fn count(&self, kinds: &[ChangeKind]) -> u64 {
        self.changes.iter().filter(|change| change.is_waiting() && kinds.contains(&change.kind)).count()
            as u64
    }

    /// The number of people with waiting changes.
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

impl PlannedChange {
    /// Returns true if the change waits for approval.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.disposition.is_waiting()
    }
}
