//! Assigned courses.

use chrono::NaiveDate;

use crate::Result;
use crate::learners::who;
use crate::listing::{PageRequest, contains};
use crate::param::params;
use crate::sql::{Sql, list_statements};
use crate::transaction::Tx;
use rollcall_model::due_policy::DuePolicy;
use rollcall_model::ids::{AssignmentId, CourseId, GroupId};

/// An assignment in a list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct AssignmentListRow {
    /// The number.
    pub id: AssignmentId,
    /// The course's number.
    pub course_id: CourseId,
    /// The course's code.
    pub code: String,
    /// The code as it is compared.
    pub code_folded: String,
    /// The course's title.
    pub title: String,
    /// The group's number; none for an assignment to one learner.
    pub group_id: Option<i64>,
    /// The learner's number; none for an assignment to a group.
    pub learner_id: Option<i64>,
    /// The group, or the learner.
    pub whom: String,
    /// Number of learners that it reaches.
    pub reaches: i64,
    /// Kind of the due date policy.
    pub due_kind: String,
    /// The day, where it is fixed.
    pub due_on: Option<NaiveDate>,
    /// The days, where they are counted.
    pub due_days: Option<i32>,
    /// Minimum number of days for late joiners of a fixed due date.
    pub late_days: i32,
    /// Day of assignment.
    pub assigned_on: NaiveDate,
    /// `hand` or `file`.
    pub source: rollcall_model::definition_source::DefinitionSource,
}

impl AssignmentListRow {
    /// Due date policy.
    #[must_use]
    pub fn due(&self) -> DuePolicy {
        let days = self.due_days.and_then(|days| u32::try_from(days).ok());
        DuePolicy::from_parts(&self.due_kind, self.due_on, days).unwrap_or(DuePolicy::Never)
    }

    /// Minimum number of days for late joiners.
    #[must_use]
    pub fn late_days(&self) -> u32 {
        u32::try_from(self.late_days).unwrap_or_default()
    }
}

macro_rules! columns {
    () => {
        concat!(
            "SELECT s.id, s.course_id, c.code, c.code_folded, c.title, s.group_id, s.learner_id,
                CASE WHEN g.id IS NOT NULL THEN g.name ELSE ",
            who!(),
            " END AS whom, COALESCE(g.members, CAST(1 AS BIGINT)) AS reaches, s.due_kind, s.due_on, s.due_days,
                s.late_days, s.assigned_on, s.source
             FROM assignments s JOIN courses c ON c.id = s.course_id
             LEFT JOIN groups g ON g.id = s.group_id LEFT JOIN learners l ON l.id = s.learner_id
             WHERE s.ended_run_id IS NULL AND "
        )
    };
}

macro_rules! of {
    ($contains:literal) => {
        concat!(
            columns!(),
            "($1 = '' OR ",
            $contains,
            "(c.code_folded, $1) > 0 OR ",
            $contains,
            "(COALESCE(c.title_folded, ''), $1) > 0 OR ",
            $contains,
            "(COALESCE(g.name_folded, l.email_folded, ''), $1) > 0)
             AND (c.code_folded, s.id) > ($2, $3) ORDER BY c.code_folded, s.id LIMIT $4"
        )
    };
}

const PAGE: Sql = contains(of!("instr"), of!("strpos"));

/// A page of assignments in force, by course, with the folded text in course, group or learner.
pub async fn list(tx: &mut Tx, text: &str, from: PageRequest<'_>) -> Result<Vec<AssignmentListRow>> {
    tx.fetch_all("list assignments", PAGE, params![text, from.text, from.id, from.limit]).await
}

const ONE: &str = concat!(columns!(), "s.id = $1");

/// An assignment in force.
pub async fn get(tx: &mut Tx, id: AssignmentId) -> Result<Option<AssignmentListRow>> {
    tx.fetch_optional("read an assignment", ONE, params![id]).await
}

const OF_GROUP: &str = concat!(columns!(), "s.group_id = $1 ORDER BY c.code_folded, s.id");

/// The assignments of a group.
pub async fn list_by_group(tx: &mut Tx, group: GroupId) -> Result<Vec<AssignmentListRow>> {
    tx.fetch_all("read a group's assignments", OF_GROUP, params![group]).await
}

/// Returns the progress of the members of a group in one of its courses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct AssignmentProgress {
    /// The course.
    pub course_id: CourseId,
    /// Account that may open it.
    pub enrolled: i64,
    /// Learners who have completed the course.
    pub completed: i64,
    /// Learners who are overdue.
    pub overdue: i64,
}

const PROGRESS: &str = "
    SELECT e.course_id,
        count(*) FILTER (WHERE e.state = 'active') AS enrolled,
        count(*) FILTER (WHERE e.completed_at IS NOT NULL) AS completed,
        count(*) FILTER (WHERE e.state = 'active' AND e.completed_at IS NULL AND e.due < $2) AS overdue
    FROM (SELECT DISTINCT learner_id FROM memberships WHERE group_id = $1) m
    JOIN enrollments e ON e.learner_id = m.learner_id
    WHERE e.course_id IN (SELECT course_id FROM assignments WHERE group_id = $1 AND ended_run_id IS NULL)
    GROUP BY e.course_id";

/// Returns the progress of the members of a group in each course that is assigned to it.
pub async fn list_progress(tx: &mut Tx, group: GroupId, today: NaiveDate) -> Result<Vec<AssignmentProgress>> {
    tx.fetch_all("count a group's progress", PROGRESS, params![group, today]).await
}

/// Effect that an assignment to groups would have today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct AssignmentPreview {
    /// Members of the groups, each once.
    pub members: i64,
    /// Of them, who may open the course already.
    pub enrolled: i64,
    /// Of them, who has completed it already.
    pub completed: i64,
}

const PREVIEW: Sql = Sql::per_engine(
    "SELECT count(*) AS members, count(*) FILTER (WHERE e.state = 'active') AS enrolled,
        count(*) FILTER (WHERE e.completed_at IS NOT NULL) AS completed
     FROM (SELECT DISTINCT learner_id FROM memberships
           WHERE group_id IN (SELECT value FROM json_each($1))) m
     LEFT JOIN enrollments e ON e.learner_id = m.learner_id AND e.course_id = $2",
    "SELECT count(*) AS members, count(*) FILTER (WHERE e.state = 'active') AS enrolled,
        count(*) FILTER (WHERE e.completed_at IS NOT NULL) AS completed
     FROM (SELECT DISTINCT learner_id FROM memberships WHERE group_id = ANY($1)) m
     LEFT JOIN enrollments e ON e.learner_id = m.learner_id AND e.course_id = $2",
);

/// Number of learners that an assignment of a course to groups would reach today.
pub async fn preview_assignment(
    tx: &mut Tx,
    groups: Vec<i64>,
    course: CourseId,
) -> Result<AssignmentPreview> {
    tx.fetch_one("count who would be enrolled", PREVIEW, params![groups, course]).await
}

list_statements!(PAGE, ONE, OF_GROUP, PROGRESS, PREVIEW);
