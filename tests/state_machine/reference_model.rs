//! What the model knows: plain maps, no SQL, and nothing of rollcall's own planning.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

/// A learner, by the person who made one: `hr:p01`; `hand:guest` for one added by hand.
pub(super) type LearnerKey = String;
/// The number of a run or a change.
pub(super) type RunNumber = i64;
/// What a connector says of a person: attributes with their values, sorted; none without a value.
pub(super) type ModelRecord = BTreeMap<&'static str, Vec<String>>;

/// The connectors, in the order of the file.
pub(super) const CONNECTORS: [&str; 2] = ["hr", "it"];

/// Why somebody is a member: the rule's name, or nothing for by hand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MembershipKey {
    pub group: usize,
    pub rule: &'static str,
    pub who: LearnerKey,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ModelStatus {
    Upcoming,
    Active,
    Leave,
    Left,
    /// By hand, whatever the sources say.
    Suspended,
}

impl ModelStatus {
    pub(super) fn has_access(self) -> bool {
        matches!(self, Self::Active | Self::Leave)
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Upcoming => "upcoming",
            Self::Active => "active",
            Self::Leave => "leave",
            Self::Left => "left",
            Self::Suspended => "suspended",
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct ModelLearner {
    pub status: ModelStatus,
    pub active_since: NaiveDate,
    /// The run that last changed the state.
    pub run: RunNumber,
    /// The attributes as they were last merged.
    pub record: ModelRecord,
    pub by_hand: bool,
}

#[derive(Debug, Clone)]
pub(super) struct ModelPerson {
    pub who: LearnerKey,
    pub present: bool,
    pub record: ModelRecord,
    /// The first run that read the person, and the last one in which the person was there again.
    pub first_run: RunNumber,
}

#[derive(Debug, Clone)]
pub(super) struct ModelGroup {
    pub name: String,
    pub by_hand: bool,
    pub made: RunNumber,
    pub deleted: Option<(RunNumber, NaiveDate)>,
    pub restored: Option<RunNumber>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct MembershipStart {
    pub joined: NaiveDate,
    pub run: RunNumber,
}

#[derive(Debug, Clone)]
pub(super) struct EndedMembership {
    pub run: RunNumber,
    pub reason: MembershipKey,
    pub given: MembershipStart,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct ModelExclusion {
    pub run: RunNumber,
    pub lifted: Option<RunNumber>,
    pub restored: Option<RunNumber>,
}

/// A membership by hand that waits for its learner, or did.
#[derive(Debug, Clone, Copy)]
pub(super) struct ModelWaiting {
    /// The change by hand that it comes from.
    pub run: RunNumber,
    /// The run in which it took effect, or was removed.
    pub ended: Option<RunNumber>,
}

/// A date that was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ModelKeptDue {
    pub lost: NaiveDate,
    pub due: NaiveDate,
    pub run: RunNumber,
    /// The group that gave it; none for an assignment to the learner.
    pub group: Option<usize>,
    /// Since when it does not stand.
    pub ended: Option<RunNumber>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ModelDueDate {
    Never,
    On(NaiveDate),
    AfterJoining(u32),
    AfterStart(u32),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ModelAssignmentTarget {
    Group(usize),
    Learner(LearnerKey),
}

#[derive(Debug, Clone)]
pub(super) struct ModelAssignment {
    pub course: &'static str,
    pub whom: ModelAssignmentTarget,
    pub due: ModelDueDate,
    pub assigned: NaiveDate,
    /// What the file says of the groups; none for an assignment by hand.
    pub pattern: Option<&'static str>,
    pub run: RunNumber,
    pub ended: Option<RunNumber>,
    pub restored: Option<RunNumber>,
    /// What it was due before a change by hand gave it another date.
    pub changed: Vec<(RunNumber, ModelDueDate)>,
}

#[derive(Debug, Clone)]
pub(super) struct ModelEnrollment {
    pub active: bool,
    pub due: Option<NaiveDate>,
    /// The change that noted the completion.
    pub completed: Option<RunNumber>,
    /// The undo that took the last completion back, and the change that had noted it.
    pub reopened: Option<(RunNumber, RunNumber)>,
}

/// A change that a run can hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ModelChange {
    Leave(LearnerKey),
    /// What a connector says of a person changes.
    Record(usize, String),
    Give(MembershipKey),
    End(MembershipKey),
    /// A group that is not there yet is made.
    Make(String),
    /// Somebody is given a group that is not there yet.
    GiveNew(String, &'static str, LearnerKey),
    Assign(usize, &'static str, &'static str),
    Unassign(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ModelDecision {
    Held,
    /// By the rejection of this number.
    Rejected(RunNumber),
    /// By the undo of this number.
    Undone(RunNumber),
    Dropped,
}

/// What a decision is about: it stands while the person's attributes and the rule are the same.
pub(super) type ModelFingerprint = (Option<ModelRecord>, String);

#[derive(Debug, Clone)]
pub(super) struct ModelHold {
    pub decision: ModelDecision,
    pub print: ModelFingerprint,
    pub first: RunNumber,
    pub last: RunNumber,
}

/// How much may be lost, or was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ModelLoss {
    pub memberships: usize,
    pub learners: usize,
    pub enrollments: usize,
}

/// What there was before the first run of which something waits.
#[derive(Debug, Clone)]
pub(super) struct ModelHoldBaseline {
    pub run: RunNumber,
    pub had: ModelLoss,
    pub groups: BTreeMap<usize, usize>,
}

/// Rules, by name.
pub(super) type ModelRuleTexts = BTreeMap<&'static str, String>;

/// What the guard knows of one connector.
#[derive(Debug, Clone, Default)]
pub(super) struct ModelGuardState {
    pub holds: BTreeMap<ModelChange, ModelHold>,
    /// What the last complete reading says of people who stay as they were; nothing where it does not have them.
    pub kept_out: BTreeMap<String, Option<ModelRecord>>,
    /// The rules by which the last good run went; none before there was one.
    pub baseline: Option<ModelRuleTexts>,
    /// The same of the last run of which something waits.
    pub held_baseline: Option<ModelRuleTexts>,
    pub before: Option<ModelHoldBaseline>,
    /// What runs of the last 24 hours took away.
    pub charged: BTreeMap<RunNumber, ModelLoss>,
    /// The number from which on runs are less than 24 hours ago.
    pub day: RunNumber,
}

/// A run that is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ModelRunKind {
    /// A run, or an approval, of a connector.
    Of(usize),
    /// An undo of something of a connector.
    Undo(usize),
    /// An undo of a change by hand.
    UndoByHand,
    /// A suspension of a learner, or the end of one.
    Suspension,
    /// The rules for one learner, after the end of a suspension.
    Resync(usize),
    /// A rejection of what a connector's run held.
    Rejection(usize),
    ByHand,
    Failed,
}

/// Everything.
#[derive(Debug, Clone, Default)]
pub(super) struct ReferenceModel {
    pub learners: BTreeMap<LearnerKey, ModelLearner>,
    pub persons: BTreeMap<(usize, String), ModelPerson>,
    pub groups: Vec<ModelGroup>,
    /// Which group a rule feeds for which value, and what the template called it.
    pub links: BTreeMap<(&'static str, String), (usize, String)>,
    pub members: BTreeMap<MembershipKey, MembershipStart>,
    pub ended: Vec<EndedMembership>,
    /// Memberships by hand that wait for their learner.
    pub resting: BTreeMap<(usize, LearnerKey), ModelWaiting>,
    /// Who is suspended, and by which change.
    pub suspended: BTreeMap<LearnerKey, RunNumber>,
    pub exclusions: BTreeMap<(usize, LearnerKey), ModelExclusion>,
    pub assignments: Vec<ModelAssignment>,
    /// Dates that were given up.
    pub kept: BTreeMap<(LearnerKey, &'static str), Vec<ModelKeptDue>>,
    pub enrollments: BTreeMap<(LearnerKey, &'static str), ModelEnrollment>,
    pub guarded: [ModelGuardState; 2],
    /// What connectors said of people before a run changed it; none where the person was not there.
    pub records_before: BTreeMap<(RunNumber, usize, String), Option<ModelRecord>>,
    /// The states that runs changed, and those of whose first day they moved.
    pub states_before: BTreeMap<(RunNumber, LearnerKey), ModelStatus>,
    /// What each undo is about.
    pub undone: BTreeMap<RunNumber, RunNumber>,
    pub runs: BTreeMap<RunNumber, ModelRunKind>,
}

impl ReferenceModel {
    /// The group of this name that is not deleted.
    pub(super) fn find_group(&self, name: &str) -> Option<usize> {
        self.groups.iter().position(|group| group.deleted.is_none() && group.name == name)
    }

    /// The rules for which somebody is in a group.
    pub(super) fn reasons(&self, group: usize, who: &str) -> Vec<MembershipKey> {
        let of = self.members.keys().filter(|reason| reason.group == group && reason.who == who);
        of.cloned().collect()
    }

    /// The groups that somebody is in.
    pub(super) fn groups_of(&self, who: &str) -> BTreeSet<usize> {
        self.members.keys().filter(|reason| reason.who == who).map(|reason| reason.group).collect()
    }

    /// Everybody in a group.
    pub(super) fn members_of(&self, group: usize) -> BTreeSet<LearnerKey> {
        self.members.keys().filter(|reason| reason.group == group).map(|reason| reason.who.clone()).collect()
    }

    pub(super) fn is_excluded(&self, group: usize, who: &str) -> bool {
        self.exclusions.get(&(group, who.to_owned())).is_some_and(|one| one.lifted.is_none())
    }
}
