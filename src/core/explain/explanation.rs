//! The explanation of a learner, as printed by `--json`.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use rollcall_model::definition_source::DefinitionSource;
use rollcall_model::guard::{ChangeKind, HeldChangeState};
use rollcall_model::status::{EmploymentStatus, LearnerStatus};
use rollcall_store::explain::RunReference;
use rollcall_store::learner_assignments::{LearnerJob, RetainedDueDate};

/// The reasons why a learner is or is not in each group and course.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The requested past day.
    pub at: Option<NaiveDate>,
    /// The learner.
    pub learner: ExplainedLearner,
    /// Groups, by name.
    pub groups: Vec<ExplainedGroup>,
    /// Courses, by code.
    pub courses: Vec<ExplainedCourse>,
    /// A note about the limits of the answer.
    pub notes: Vec<String>,
}

/// The learner.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedLearner {
    /// The e-mail address, or a substitute.
    pub email: String,
    /// The name.
    pub name: String,
    /// The state; none on a day before the learner was known.
    pub status: Option<LearnerStatus>,
    /// The reason of the state.
    pub because: StatusReason,
    /// The state that the next run will set, if a date was reached since the last one.
    pub next_status: Option<LearnerStatus>,
    /// Former addresses, folded, that still identify the learner.
    pub former_addresses: Vec<String>,
    /// The address of the directory that another learner has.
    pub contested: Option<EmailConflict>,
    /// The persons of this learner, in the order of their connectors in the file.
    pub persons: Vec<ExplainedPerson>,
    /// Every attribute with a value.
    pub attributes: Vec<ExplainedAttribute>,
    /// Held, rejected and undone changes of the learner itself.
    pub decisions: Vec<ChangeDecision>,
}

/// An address that two learners claim.
#[derive(Debug, Clone, Serialize)]
pub struct EmailConflict {
    /// The folded address.
    pub address: String,
    /// The learner who has it.
    pub holder: Option<String>,
}

/// The reason of a learner's state.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the variants say what the fields are")]
pub enum StatusReason {
    /// The learner was not known yet.
    Unknown,
    /// No source contains the learner.
    AddedByHand,
    /// The learner has no person any more.
    NoPerson,
    /// The last complete reading did not contain the person.
    Absent { connector: String, external_id: String, run: Option<RunReference> },
    /// The mapped status of the source determines it.
    Says { connector: String, external_id: String, status: EmploymentStatus },
    /// The last day is over.
    Ended { connector: String, end_date: NaiveDate },
    /// The first day, minus the pre-hire days, is in the future.
    Starts { connector: String, start_date: NaiveDate, prehire_days: u32 },
    /// Connectors contain the person and give no other status.
    HeldBy { connectors: Vec<String> },
    /// The learner was suspended by hand, whatever the sources say.
    Suspended { run: Option<RunReference> },
}

/// A person of a connector.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedPerson {
    /// The connector.
    pub connector: String,
    /// The source's id.
    pub external_id: String,
    /// True if the last good reading contains the person.
    pub present: bool,
    /// True if the file defines the connector.
    pub in_file: bool,
    /// The run that last changed the record; for an absent person, the run that found the absence.
    pub run: Option<RunReference>,
}

/// An attribute with its source.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedAttribute {
    /// The name.
    pub name: String,
    /// The values, in byte order.
    pub values: Vec<String>,
    /// The source of the value.
    #[serde(flatten)]
    pub origin: ValueOrigin,
    /// The values of connectors that come later in the file.
    pub lost: Vec<SourceValue>,
}

/// The source of a value; none if no connector provides it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ValueOrigin {
    /// The connector.
    pub connector: Option<String>,
    /// The source's id.
    pub external_id: Option<String>,
}

/// The values of another connector.
#[derive(Debug, Clone, Serialize)]
pub struct SourceValue {
    /// The connector.
    #[serde(flatten)]
    pub origin: ValueOrigin,
    /// Its values.
    pub values: Vec<String>,
}

/// A held, rejected or undone change.
#[derive(Debug, Clone, Serialize)]
pub struct ChangeDecision {
    /// The kind: `give`, `end`, `leave`, `record` or `rekey`.
    pub change: ChangeKind,
    /// The rule.
    pub rule: Option<String>,
    /// `held`, `rejected` or `undone`.
    pub state: HeldChangeState,
    /// The limit that held it.
    pub limit: String,
    /// The first run that showed it; for an undone change, the undo.
    pub first_run: Option<RunReference>,
    /// The last run that showed it.
    pub last_run: Option<RunReference>,
}

/// The membership of the learner in a group, with its reasons.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedGroup {
    /// The name.
    pub group: String,
    /// True if the group exists.
    pub exists: bool,
    /// True if it was created manually.
    pub by_hand: bool,
    /// True if the learner is a member.
    pub member: bool,
    /// The start of the membership.
    pub joined_on: Option<NaiveDate>,
    /// The reasons for and against the membership.
    pub because: Vec<MembershipCause>,
    /// The rules that can give the membership, each with its result for the learner.
    pub rules: Vec<ExplainedRule>,
    /// The run that last ended a membership of the learner in it.
    pub ended: Option<RunReference>,
}

/// One reason for or against a membership.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the variants say what the fields are")]
pub enum MembershipCause {
    /// The learner was added manually.
    ByHand { run: Option<RunReference> },
    /// A rule gives the membership since that run.
    Rule { rule: String, run: Option<RunReference>, in_file: bool },
    /// The rule no longer gives it: the next run ends it.
    EndsNext { rule: String },
    /// The learner has left, or was not known yet.
    Left,
    /// The learner has not started.
    Upcoming,
    /// The learner is suspended.
    Suspended,
    /// A manual membership waits until the learner has access.
    Waits { run: Option<RunReference> },
    /// The learner is excluded.
    Excluded { run: Option<RunReference>, reason: String, until: Option<NaiveDate> },
    /// The group was deleted manually, and rules do not create it again.
    DeletedGroup { run: Option<RunReference> },
    /// A rule matches a manually created group, which requires approval; no run if none has found it yet.
    HandMadeGroup { rule: String, run: Option<RunReference> },
    /// It waits for approval.
    Held(ChangeDecision),
    /// It was rejected.
    Rejected(ChangeDecision),
    /// It was undone.
    Undone(ChangeDecision),
    /// A clause of the rule is false.
    ClauseFalse { rule: String, clauses: Vec<String> },
    /// The rule could not be evaluated: its memberships stay unchanged.
    RuleFailed { rule: String, why: String },
    /// The rule is restricted to people of other connectors.
    OtherConnectors { rule: String, connectors: Vec<String> },
    /// The rule names other groups for this learner.
    OtherGroups { rule: String, groups: Vec<String> },
    /// An attribute in the rule's group name is empty.
    NoValue { rule: String, attributes: Vec<String> },
    /// The rule gives it; no run has applied that yet.
    NextRun { rule: String },
    /// The learner was not added, and no rule of the file adds members to the group.
    Nothing,
}

/// The result of a rule for the learner.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedRule {
    /// The name.
    pub rule: String,
    /// The expression.
    pub when: String,
    /// The group, or the template.
    pub group: String,
    /// `true`, `false`, `no_date` or `failed`.
    pub outcome: &'static str,
    /// The clauses that must all be true; one if there is no `&&`.
    pub clauses: Vec<ExplainedClause>,
    /// The attributes that expression and template read.
    pub values: Vec<ExplainedVariable>,
}

/// A clause of a rule.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedClause {
    /// The text of the rule.
    pub text: String,
    /// `true`, `false`, `no_date` (false, because a date is empty) or `failed`.
    pub outcome: &'static str,
    /// The reason why the evaluation failed.
    pub why: Option<String>,
    /// The variables that it reads.
    pub values: Vec<ExplainedVariable>,
    /// `all` or `any` of the parts must be true; none if there are no parts.
    pub joined: Option<&'static str>,
    /// The parts.
    pub parts: Vec<ExplainedClause>,
}

/// A variable of an expression for this learner.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedVariable {
    /// The name in the expression.
    pub variable: String,
    /// All values of the attribute.
    pub values: Vec<String>,
    /// The source of the value.
    #[serde(flatten)]
    pub origin: ValueOrigin,
}

/// The access of the learner to a course, with its reasons.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedCourse {
    /// The code.
    pub course: String,
    /// The title.
    pub title: String,
    /// True if the learner has access.
    pub access: bool,
    /// The assignments that give access.
    pub through: Vec<GrantingAssignment>,
    /// The due date.
    pub due: Option<NaiveDate>,
    /// The index in `through` of the assignment that sets it; none if it is frozen or waits for a job.
    pub due_from: Option<usize>,
    /// The time at which access was first given.
    pub enrolled_at: Option<DateTime<Utc>>,
    /// The time at which access was removed.
    pub revoked_at: Option<DateTime<Utc>>,
    /// The time of completion.
    pub completed_at: Option<DateTime<Utc>>,
    /// Percent.
    pub progress: Option<i32>,
    /// Former assignments that gave access.
    pub lost: Vec<LostGrant>,
    /// A waiting or failed job.
    pub job: Option<LearnerJob>,
    /// Groups that give access and of which the learner is not a member.
    pub other_groups: Vec<String>,
}

/// An assignment that gives a course to the learner.
#[derive(Debug, Clone, Serialize)]
pub struct GrantingAssignment {
    /// Its number.
    pub assignment: i64,
    /// The group; none for an assignment to the learner alone.
    pub group: Option<String>,
    /// `hand` or `file`.
    pub source: DefinitionSource,
    /// The run that made it.
    pub run: Option<RunReference>,
    /// The day of the assignment.
    pub assigned_on: NaiveDate,
    /// The day the learner joined the group.
    pub joined_on: Option<NaiveDate>,
    /// The day from which days are counted.
    pub counts_from: NaiveDate,
    /// `none`, `fixed`, `after_joining` or `after_start`.
    pub due_kind: &'static str,
    /// The fixed day.
    pub due_on: Option<NaiveDate>,
    /// The days.
    pub due_days: Option<u32>,
    /// The learner's first day, if the policy uses it.
    pub start_date: Option<NaiveDate>,
    /// The minimum number of days for learners who join late.
    pub late_days: u32,
    /// The resulting date.
    pub due: Option<NaiveDate>,
    /// An earlier date that applies instead, because the learner moved or returned.
    pub kept: Option<RetainedDueDate>,
}

/// A former reason for access to a course.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the variants say what the fields are")]
pub enum LostGrant {
    /// The learner is no longer in the group.
    Membership { group: String, run: Option<RunReference> },
    /// The assignment has ended; to the learner alone where there is no group.
    Assignment { group: Option<String>, run: Option<RunReference> },
}
