//! What an explanation says, as `--json` prints it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use rollcall_model::status::{EmploymentStatus, LearnerStatus};
use rollcall_store::explain::RunReference;
use rollcall_store::learner_assignments::{LearnerJob, RetainedDueDate};

/// Why a learner is, or is not, in each group and course.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The past day that was asked about.
    pub at: Option<NaiveDate>,
    /// The learner.
    pub learner: ExplainedLearner,
    /// Groups, by name.
    pub groups: Vec<ExplainedGroup>,
    /// Courses, by code.
    pub courses: Vec<ExplainedCourse>,
    /// What to know about the answer.
    pub notes: Vec<String>,
}

/// Who the learner is.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedLearner {
    /// The address, or what stands for it.
    pub email: String,
    /// The name.
    pub name: String,
    /// The state; none on a day on which nobody knew the learner.
    pub status: Option<LearnerStatus>,
    /// Why that is the state.
    pub because: StatusReason,
    /// The state that the next run will find, where dates have moved on since the last one.
    pub next_status: Option<LearnerStatus>,
    /// Folded addresses that still find the learner.
    pub former_addresses: Vec<String>,
    /// The address that the directory gives and somebody else holds.
    pub contested: Option<EmailConflict>,
    /// The persons who are this learner, as the file has their connectors.
    pub persons: Vec<ExplainedPerson>,
    /// Every attribute with a value.
    pub attributes: Vec<ExplainedAttribute>,
    /// What is held, rejected or taken back of the learner as a whole.
    pub decisions: Vec<ChangeDecision>,
}

/// An address that two want.
#[derive(Debug, Clone, Serialize)]
pub struct EmailConflict {
    /// The folded address.
    pub address: String,
    /// Who holds it.
    pub holder: Option<String>,
}

/// Why a learner is in a state.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the variants say what the fields are")]
pub enum StatusReason {
    /// Nobody knew the learner yet.
    Unknown,
    /// No directory keeps the learner.
    AddedByHand,
    /// No person is this learner any longer.
    NoPerson,
    /// The last complete reading did not hold the person.
    Absent { connector: String, external_id: String, run: Option<RunReference> },
    /// The source maps a status and says so.
    Says { connector: String, external_id: String, status: EmploymentStatus },
    /// The last day is over.
    Ended { connector: String, end_date: NaiveDate },
    /// The first day, less the days before it, is still to come.
    Starts { connector: String, start_date: NaiveDate, prehire_days: u32 },
    /// Connectors hold the person and none says more.
    HeldBy { connectors: Vec<String> },
}

/// A person of a connector.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedPerson {
    /// The connector.
    pub connector: String,
    /// The source's id.
    pub external_id: String,
    /// Whether the last good reading holds the person.
    pub present: bool,
    /// Whether the file names the connector.
    pub in_file: bool,
    /// The run that last changed the record: of somebody absent, the one since which that is so.
    pub run: Option<RunReference>,
}

/// An attribute and where it comes from.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedAttribute {
    /// The name.
    pub name: String,
    /// The values, in byte order.
    pub values: Vec<String>,
    /// Whose value it is.
    #[serde(flatten)]
    pub origin: ValueOrigin,
    /// What other connectors say that come later in the file.
    pub lost: Vec<SourceValue>,
}

/// Where a value comes from; nothing where no connector gives it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ValueOrigin {
    /// The connector.
    pub connector: Option<String>,
    /// The source's id.
    pub external_id: Option<String>,
}

/// What another connector says.
#[derive(Debug, Clone, Serialize)]
pub struct SourceValue {
    /// Which one.
    #[serde(flatten)]
    pub origin: ValueOrigin,
    /// Its values.
    pub values: Vec<String>,
}

/// A change that was held, rejected or taken back.
#[derive(Debug, Clone, Serialize)]
pub struct ChangeDecision {
    /// What it would do: `give`, `end`, `leave`, `record`, `rekey`.
    pub change: String,
    /// The rule.
    pub rule: Option<String>,
    /// `held`, `rejected` or `undone`.
    pub state: String,
    /// The limit that held it.
    pub limit: String,
    /// The first run that showed it; of what was taken back, the undo.
    pub first_run: Option<RunReference>,
    /// The last run that showed it.
    pub last_run: Option<RunReference>,
}

/// Whether and why the learner is in a group.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedGroup {
    /// The name.
    pub group: String,
    /// Whether the group has been made.
    pub exists: bool,
    /// Whether a person made it.
    pub by_hand: bool,
    /// Whether the learner is in it.
    pub member: bool,
    /// Since when.
    pub joined_on: Option<NaiveDate>,
    /// Everything that decides it.
    pub because: Vec<MembershipCause>,
    /// The rules that could give it, with what each makes of the learner.
    pub rules: Vec<ExplainedRule>,
    /// The run that last ended a membership of the learner in it.
    pub ended: Option<RunReference>,
}

/// One thing that decides on a membership.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the variants say what the fields are")]
pub enum MembershipCause {
    /// Somebody added the learner.
    ByHand { run: Option<RunReference> },
    /// A rule gives the membership since that run.
    Rule { rule: String, run: Option<RunReference>, in_file: bool },
    /// The rule that gives it no longer does: the next run ends it.
    EndsNext { rule: String },
    /// The learner has left, or nobody knew the learner yet.
    Left,
    /// The learner has not started.
    Upcoming,
    /// A membership by hand waits for the learner to have access.
    Waits { run: Option<RunReference> },
    /// Somebody keeps the learner out.
    Excluded { run: Option<RunReference>, reason: String, until: Option<NaiveDate> },
    /// Somebody deleted the group, and rules do not make it again.
    DeletedGroup { run: Option<RunReference> },
    /// A rule meets a group made by hand, which waits for approval; no run where none has seen it yet.
    HandMadeGroup { rule: String, run: Option<RunReference> },
    /// It waits for approval.
    Held(ChangeDecision),
    /// Somebody rejected it.
    Rejected(ChangeDecision),
    /// Somebody took it back.
    Undone(ChangeDecision),
    /// A clause of the rule is false.
    ClauseFalse { rule: String, clauses: Vec<String> },
    /// The rule could not be evaluated: what it gives stays as it is.
    RuleFailed { rule: String, why: String },
    /// The rule is restricted to people of connectors that do not hold the learner.
    OtherConnectors { rule: String, connectors: Vec<String> },
    /// The rule names other groups for this learner.
    OtherGroups { rule: String, groups: Vec<String> },
    /// An attribute in the rule's group name is empty.
    NoValue { rule: String, attributes: Vec<String> },
    /// The rule gives it; no run has acted on that.
    NextRun { rule: String },
    /// Nobody added the learner, and no rule of the file feeds the group.
    Nothing,
}

/// What a rule makes of the learner.
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
    /// The clauses that must all be true; one where nothing joins them.
    pub clauses: Vec<ExplainedClause>,
    /// The attributes that expression and template read.
    pub values: Vec<ExplainedVariable>,
}

/// A clause of a rule.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedClause {
    /// The words of the rule.
    pub text: String,
    /// `true`, `false`, `no_date` (false, because a date is empty) or `failed`.
    pub outcome: &'static str,
    /// Why it could not be evaluated.
    pub why: Option<String>,
    /// The variables that it reads.
    pub values: Vec<ExplainedVariable>,
    /// `all` or `any` of the parts must be true; none where there are no parts.
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
    /// Whose value it is.
    #[serde(flatten)]
    pub origin: ValueOrigin,
}

/// Whether and why the learner may open a course.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedCourse {
    /// The code.
    pub course: String,
    /// The title.
    pub title: String,
    /// Whether the learner may open it.
    pub access: bool,
    /// What gives it.
    pub through: Vec<GrantingAssignment>,
    /// The due date.
    pub due: Option<NaiveDate>,
    /// Which of `through` it comes from; none where it is frozen, or waits for a job.
    pub due_from: Option<usize>,
    /// When access was first given.
    pub enrolled_at: Option<DateTime<Utc>>,
    /// When it was taken.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When the course was completed.
    pub completed_at: Option<DateTime<Utc>>,
    /// Percent.
    pub progress: Option<i32>,
    /// What gave it and no longer does.
    pub lost: Vec<LostGrant>,
    /// A job that will settle it, or has failed.
    pub job: Option<LearnerJob>,
    /// Groups that would give it and that the learner is not in.
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
    pub source: String,
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
    /// The learner's first day, where it counts.
    pub start_date: Option<NaiveDate>,
    /// The time given to latecomers, in days.
    pub late_days: u32,
    /// The date that follows.
    pub due: Option<NaiveDate>,
    /// An earlier date that stands in its place, because the learner moved or came back.
    pub kept: Option<RetainedDueDate>,
}

/// Something that gave a course and no longer does.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the variants say what the fields are")]
pub enum LostGrant {
    /// The learner is no longer in the group.
    Membership { group: String, run: Option<RunReference> },
    /// The assignment has ended; to the learner alone where there is no group.
    Assignment { group: Option<String>, run: Option<RunReference> },
}
