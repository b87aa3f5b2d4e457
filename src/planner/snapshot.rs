//! The state of the database on which a plan is based, as plain values.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::correlation::KnownPeople;
use crate::managers::StoredManagers;
use crate::records::SuspensionState;
use crate::run_baseline::RunBaseline;
use rollcall_model::due_policy::DuePolicy;
use rollcall_model::guard::Disposition;
use rollcall_model::guard::{AccessTotals, HoldBaseline};
use rollcall_model::ids::{AssignmentId, ConnectorId, CourseId, GroupId, LearnerId, RuleId};
use rollcall_model::names::{GroupName, RuleName};
use rollcall_model::other_config::OtherConfigService;

/// The state of the database: of all learners, or of those whom a set of records concerns.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// The people whom it contains.
    pub extent: SnapshotExtent,
    /// The plan version: a commit compares it to detect changes that were committed since.
    pub version: i64,
    /// The connector's number; `None` in a dry run before the first run.
    pub connector: Option<ConnectorId>,
    /// The positions in the file of the connectors, by their numbers in the database.
    pub places: FxHashMap<ConnectorId, usize>,
    /// The people of this connector.
    pub known: KnownPeople,
    /// The records that other connectors have of the same learners.
    pub others: Vec<StoredRecord>,
    /// The learners who hold the addresses of a set of people; empty if it contains all learners.
    pub holders: Vec<(String, LearnerId)>,
    /// All learners whom a set of people concerns; empty if it contains all learners.
    pub touched: Vec<LearnerId>,
    /// What the connector's people have who did not come in the last 24 hours, for a set of people: at least so much, and
    /// enough for the limits. `None` if the snapshot contains all learners.
    pub totals: Option<AccessTotals>,
    /// Learners whom no connector holds.
    pub manual: Vec<ManualPerson>,
    /// The managers as last found, if a rule reads attributes that are computed from them.
    pub managers: StoredManagers,
    /// True if there are learners.
    pub has_learners: bool,
    /// Groups that are not deleted.
    pub groups: Vec<StoredGroup>,
    /// All known rules.
    pub rules: Vec<(RuleId, RuleName)>,
    /// Rule, key: group, name, deleted.
    pub links: FxHashMap<(RuleId, String), (GroupId, String, bool)>,
    /// Memberships, by group and rule.
    pub members: Vec<(GroupId, RuleId, Vec<LearnerId>)>,
    /// Manual memberships of learners without access.
    pub dormant: Vec<(GroupId, LearnerId)>,
    /// Learners who are excluded from groups.
    pub exclusions: Vec<(GroupId, LearnerId)>,
    /// Learners who were suspended by hand, all of them.
    pub suspended: FxHashSet<LearnerId>,
    /// Courses.
    pub courses: Vec<StoredCourse>,
    /// Assignments in force.
    pub assignments: Vec<StoredAssignment>,
    /// The baseline of the last good run; `None` before the first one.
    pub baseline: Option<RunBaseline>,
    /// True if a run of this connector has been applied.
    pub has_good_run: bool,
    /// Removals of this connector's runs in the last 24 hours that were not approved.
    pub charged: AccessTotals,
    /// The number of people whom those removals concerned.
    pub charged_people: u64,
    /// People who came, or came again, in the last 24 hours, after the first run of the connector.
    pub recent: FxHashSet<String>,
    /// The totals before the first run with held changes; `None` if no changes are held.
    pub hold_baseline: Option<HoldBaseline>,
    /// The part of `charged` since that run began.
    pub charged_since: AccessTotals,
    /// People who came since that run began.
    pub newcomers: FxHashSet<String>,
    /// Decisions in force, by the key of each change; runs of several connectors may have held the same change.
    pub decisions: FxHashMap<String, Vec<StandingDecision>>,
    /// True if held changes of this connector are stored.
    pub any_held: bool,
    /// Services that use another configuration file.
    pub other_files: Vec<OtherConfigService>,
}

impl Snapshot {
    /// Returns whether a learner was suspended by hand; `None` is a new learner.
    #[must_use]
    pub fn suspension_of(&self, learner: Option<LearnerId>) -> SuspensionState {
        if learner.is_some_and(|learner| self.suspended.contains(&learner)) {
            SuspensionState::Suspended
        } else {
            SuspensionState::NotSuspended
        }
    }
}

/// The people whom a snapshot contains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SnapshotExtent {
    /// All learners.
    #[default]
    All,
    /// Only those whom a set of records concerns.
    Touched,
}

/// A record as a connector last read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// The connector.
    pub connector: ConnectorId,
    /// The learner.
    pub learner: LearnerId,
    /// True if the last good reading contained this person.
    pub present: bool,
    /// The attributes, as a JSON object.
    pub attributes: String,
}

/// A learner who was added manually and whom no connector holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManualPerson {
    /// The learner.
    pub learner: LearnerId,
    /// The address.
    pub email: Option<String>,
    /// The name.
    pub name: String,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredGroup {
    /// The number.
    pub id: GroupId,
    /// The name.
    pub name: GroupName,
    /// True if a person created it.
    pub by_hand: bool,
    /// The number of members.
    pub members: u64,
}

/// A course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCourse {
    /// The code.
    pub code: String,
    /// The title.
    pub title: String,
    /// True if it comes from the file.
    pub of_file: bool,
}

/// The learners that an assignment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssignmentScope {
    /// Every member of a group.
    Group(GroupId),
    /// One learner.
    Learner(LearnerId),
}

/// An assignment in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAssignment {
    /// The number.
    pub id: AssignmentId,
    /// The course.
    pub course: CourseId,
    /// The code of the course.
    pub code: String,
    /// The learners.
    pub scope: AssignmentScope,
    /// When it is due.
    pub due: DuePolicy,
    /// The time given to latecomers, in days.
    pub late_days: u32,
    /// True if it comes from the file.
    pub of_file: bool,
    /// The pattern of the file; empty for a manual assignment.
    pub pattern: String,
}

/// A decision on a change, in force as long as the fingerprint is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandingDecision {
    /// The decision: rejected or reverted.
    pub disposition: Disposition,
    /// The fingerprint of the attributes and the rule when it was decided.
    pub fingerprint: i64,
}

impl Snapshot {
    /// Returns true if the person came after changes were held.
    pub(crate) fn is_newcomer(&self, id: &str) -> bool {
        !self.newcomers.is_empty() && self.newcomers.contains(id)
    }
}

/// Groups the records of other connectors by learner.
pub(crate) fn records_by_learner(records: &[StoredRecord]) -> FxHashMap<LearnerId, Vec<&StoredRecord>> {
    let mut by_learner: FxHashMap<LearnerId, Vec<&StoredRecord>> = FxHashMap::default();
    for record in records {
        by_learner.entry(record.learner).or_default().push(record);
    }
    by_learner
}
