//! Assignments that reach one learner, enrollments and jobs, for `rollcall_core::explain`.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::Result;
use super::param::params;
use super::sql::{Sql, list_statements};
use super::transaction::Tx;
use rollcall_model::due_policy::DuePolicy;
use rollcall_model::enrollment_state::{EnrollmentState, JobKind, JobState};
use rollcall_model::ids::{AssignmentId, CourseId, GroupId, LearnerId};

/// An assignment.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
#[expect(missing_docs, reason = "the columns of the table `assignments`, whose comments say what they are")]
pub struct LearnerAssignment {
    pub id: AssignmentId,
    pub course_id: CourseId,
    pub group_id: Option<i64>,
    /// The name of the group.
    pub group_name: Option<String>,
    pub due_kind: String,
    pub due_on: Option<NaiveDate>,
    pub due_days: Option<i32>,
    pub late_days: i32,
    pub assigned_on: NaiveDate,
    pub source: rollcall_model::definition_source::DefinitionSource,
    pub pattern: String,
    pub run_id: i64,
    pub ended_run_id: Option<i64>,
}

impl LearnerAssignment {
    /// Due date policy.
    #[must_use]
    pub fn due(&self) -> DuePolicy {
        // A CHECK of the table keeps kind, day and days together.
        let days = self.due_days.map(i32::unsigned_abs);
        DuePolicy::from_parts(&self.due_kind, self.due_on, days).unwrap_or(DuePolicy::Never)
    }

    /// The group.
    #[must_use]
    pub fn group(&self) -> Option<GroupId> {
        self.group_id.map(GroupId)
    }
}

macro_rules! columns {
    () => {
        "SELECT s.id, s.course_id, s.group_id, g.name AS group_name, s.due_kind, s.due_on, s.due_days, s.late_days,
             s.assigned_on, s.source, s.pattern, s.run_id, s.ended_run_id "
    };
}

macro_rules! from {
    () => {
        "FROM assignments s LEFT JOIN groups g ON g.id = s.group_id "
    };
}

/// SQLite uses a partial index only where the query repeats its condition, and statistics that lag behind mislead it: a
/// CROSS JOIN keeps the few in front of the many.
const REACHING: Sql = Sql::per_engine(
    concat!(
        columns!(),
        "FROM json_each($2) j CROSS JOIN assignments s ON s.group_id = j.value LEFT JOIN groups g ON g.id = s.group_id
         WHERE s.ended_run_id IS NULL AND s.group_id IS NOT NULL
         UNION ALL ",
        columns!(),
        from!(),
        "WHERE s.ended_run_id IS NULL AND s.learner_id IS NOT NULL AND s.learner_id = $1"
    ),
    concat!(
        columns!(),
        from!(),
        "WHERE s.ended_run_id IS NULL AND s.group_id = ANY($2) UNION ALL ",
        columns!(),
        from!(),
        "WHERE s.ended_run_id IS NULL AND s.learner_id = $1"
    ),
);

/// Assignments to a learner or to one of these groups.
pub async fn list_reaching(
    tx: &mut Tx,
    learner: LearnerId,
    groups: Vec<i64>,
) -> Result<Vec<LearnerAssignment>> {
    tx.fetch_all("read what reaches a learner", REACHING, params![learner, groups]).await
}

const ENDED: Sql = Sql::per_engine(
    concat!(
        columns!(),
        from!(),
        "WHERE s.ended_run_id IS NOT NULL AND s.ended_run_id > $3
           AND (s.learner_id = $1 OR s.group_id IN (SELECT value FROM json_each($2)))"
    ),
    concat!(
        columns!(),
        from!(),
        "WHERE s.ended_run_id IS NOT NULL AND s.ended_run_id > $3 AND (s.learner_id = $1 OR s.group_id = ANY($2))"
    ),
);

/// Assignments to a learner or to one of these groups that ended after `run`.
pub async fn list_ended_since(
    tx: &mut Tx,
    learner: LearnerId,
    groups: Vec<i64>,
    run: i64,
) -> Result<Vec<LearnerAssignment>> {
    tx.fetch_all("read what ended since", ENDED, params![learner, groups, run]).await
}

const OF_COURSES: Sql = Sql::per_engine(
    concat!(
        columns!(),
        "FROM json_each($2) j CROSS JOIN assignments s ON s.course_id = j.value LEFT JOIN groups g ON g.id = s.group_id
         WHERE (s.group_id IS NOT NULL OR s.learner_id = $1) ORDER BY s.id"
    ),
    concat!(
        columns!(),
        from!(),
        "WHERE s.course_id = ANY($2) AND (s.group_id IS NOT NULL OR s.learner_id = $1) ORDER BY s.id"
    ),
);

/// Everything that gives or gave these courses to groups, or to the learner alone.
pub async fn list_by_courses(
    tx: &mut Tx,
    learner: LearnerId,
    courses: Vec<i64>,
) -> Result<Vec<LearnerAssignment>> {
    tx.fetch_all("read what gives courses", OF_COURSES, params![learner, courses]).await
}

/// Due date of an assignment before a run.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
#[expect(missing_docs, reason = "the columns of `assignment_changes`, whose comment says what they are")]
pub struct PreviousDueDate {
    pub assignment_id: AssignmentId,
    pub due_kind: String,
    pub due_on: Option<NaiveDate>,
    pub due_days: Option<i32>,
    pub late_days: i32,
}

const DUES_BEFORE: Sql = Sql::per_engine(
    "SELECT assignment_id, due_kind, due_on, due_days, late_days FROM assignment_changes
     WHERE run_id > $1 AND assignment_id IN (SELECT value FROM json_each($2)) ORDER BY run_id DESC",
    "SELECT assignment_id, due_kind, due_on, due_days, late_days FROM assignment_changes
     WHERE run_id > $1 AND assignment_id = ANY($2) ORDER BY run_id DESC",
);

/// Due dates of these assignments before each run after `run` that changed them, newest first.
pub async fn list_previous_due_dates(
    tx: &mut Tx,
    assignments: Vec<i64>,
    run: i64,
) -> Result<Vec<PreviousDueDate>> {
    tx.fetch_all("read due dates before a run", DUES_BEFORE, params![run, assignments]).await
}

/// A learner's enrollment.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
#[expect(missing_docs, reason = "the columns of the table `enrollments`, whose comments say what they are")]
pub struct LearnerEnrollment {
    pub course_id: CourseId,
    pub state: EnrollmentState,
    pub due: Option<NaiveDate>,
    pub enrolled_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub completed_at: Option<DateTime<Utc>>,
    pub progress: i32,
}

const ENROLLMENTS: &str = "
    SELECT course_id, state, due, enrolled_at, revoked_at, completed_at, progress FROM enrollments
    WHERE learner_id = $1";

/// A learner's enrollments.
pub async fn list_enrollments(tx: &mut Tx, id: LearnerId) -> Result<Vec<LearnerEnrollment>> {
    tx.fetch_all("read a learner's enrollments", ENROLLMENTS, params![id]).await
}

/// A due date that ended with a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx_macros::FromRow)]
#[expect(missing_docs, reason = "the columns of the table `kept_dues`, whose comment says what they are")]
pub struct RetainedDueDate {
    #[serde(skip)]
    pub course_id: CourseId,
    pub lost_on: NaiveDate,
    pub due: NaiveDate,
}

const KEPT: &str = "
    SELECT DISTINCT course_id, lost_on, due FROM kept_dues WHERE learner_id = $1 AND ended_run_id IS NULL
     ORDER BY course_id, lost_on, due";

/// The due dates that a learner gave up.
pub async fn list_retained_due_dates(tx: &mut Tx, id: LearnerId) -> Result<Vec<RetainedDueDate>> {
    tx.fetch_all("read a learner's kept due dates", KEPT, params![id]).await
}

/// A job of a learner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx_macros::FromRow)]
#[expect(missing_docs, reason = "the columns of the table `jobs`, whose comments say what they are")]
pub struct LearnerJob {
    #[serde(skip)]
    pub course_id: CourseId,
    pub id: i64,
    pub kind: JobKind,
    pub state: JobState,
    pub attempts: i32,
    pub error: Option<String>,
}

const JOBS: &str = "SELECT course_id, id, kind, state, attempts, error FROM jobs WHERE learner_id = $1";

/// A learner's jobs.
pub async fn list_jobs(tx: &mut Tx, id: LearnerId) -> Result<Vec<LearnerJob>> {
    tx.fetch_all("read a learner's jobs", JOBS, params![id]).await
}

const COURSES: Sql = Sql::per_engine(
    "SELECT id, code, title FROM courses WHERE id IN (SELECT value FROM json_each($1)) ORDER BY code_folded",
    "SELECT id, code, title FROM courses WHERE id = ANY($1) ORDER BY code_folded",
);

/// Numbers, codes and titles of courses, by code.
pub async fn list_courses(tx: &mut Tx, ids: Vec<i64>) -> Result<Vec<(CourseId, String, String)>> {
    tx.fetch_all("read courses", COURSES, params![ids]).await
}

list_statements!(REACHING, ENDED, OF_COURSES, DUES_BEFORE, ENROLLMENTS, KEPT, JOBS, COURSES);
