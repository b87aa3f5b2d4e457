//! The catalogue, and which courses are assigned to whom.

use chrono::NaiveDate;
use serde::Serialize;

use super::Result;
use super::arg::args;
use super::engine::Tx;
use crate::model::due::Due;
use crate::model::ids::{AssignmentId, CourseId, GroupId, LearnerId, RunId};
use crate::model::names::fold;

/// A course as `courses list` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Course {
    /// The number.
    pub id: i64,
    /// The code that commands and files use.
    pub code: String,
    /// The title that learners see.
    pub title: String,
    /// `hand` or `file`.
    pub source: String,
}

const LIST: &str = "SELECT id, code, title, source FROM courses ORDER BY code_folded";

const BY_CODE: &str = "SELECT id, code, title, source FROM courses WHERE code_folded = $1";

const ADD: &str = "
    INSERT INTO courses (code, code_folded, title, source) VALUES ($1, $2, $3, $4)
    ON CONFLICT (code_folded) DO NOTHING RETURNING id";

const RETITLE: &str =
    "UPDATE courses SET title = $2, source = $3 WHERE id = $1 AND (title <> $2 OR source <> $3)";

/// All courses, by code.
///
/// # Errors
/// When the database refuses.
pub async fn list(tx: &mut Tx) -> Result<Vec<Course>> {
    tx.all("list courses", LIST, args![]).await
}

/// The course of a code, whatever the case.
///
/// # Errors
/// When the database refuses.
pub async fn by_code(tx: &mut Tx, code: &str) -> Result<Option<Course>> {
    tx.maybe("find a course", BY_CODE, args![fold(code)]).await
}

/// Adds a course; none when the code is there already.
///
/// # Errors
/// When the database refuses.
pub async fn add(tx: &mut Tx, code: &str, title: &str, source: &str) -> Result<Option<CourseId>> {
    let row: Option<(CourseId,)> =
        tx.maybe("add a course", ADD, args![code, fold(code), title, source]).await?;
    Ok(row.map(|(id,)| id))
}

/// Changes the title of a course.
///
/// # Errors
/// When the database refuses.
pub async fn retitle(tx: &mut Tx, course: CourseId, title: &str, source: &str) -> Result<bool> {
    Ok(tx.execute("change a course's title", RETITLE, args![course, title, source]).await? == 1)
}

/// Who an assignment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whom {
    /// Every member of a group.
    Group(GroupId),
    /// One learner.
    Learner(LearnerId),
}

/// An assignment in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The number.
    pub id: AssignmentId,
    /// The course.
    pub course: CourseId,
    /// Its code.
    pub code: String,
    /// For whom.
    pub whom: Whom,
    /// When it is due.
    pub due: Due,
    /// The time given to latecomers, in days.
    pub late_days: u32,
    /// The day from which it counts.
    pub assigned_on: NaiveDate,
    /// `hand` or `file`.
    pub source: String,
    /// What the file says of the groups; empty by hand.
    pub pattern: String,
}

#[derive(sqlx::FromRow)]
struct AssignmentRow {
    id: AssignmentId,
    course_id: CourseId,
    code: String,
    group_id: Option<i64>,
    learner_id: Option<i64>,
    due_kind: String,
    due_on: Option<NaiveDate>,
    due_days: Option<i32>,
    late_days: i32,
    assigned_on: NaiveDate,
    source: String,
    pattern: String,
}

impl From<AssignmentRow> for Assignment {
    fn from(row: AssignmentRow) -> Self {
        let days = row.due_days.map(i32::unsigned_abs);
        let whom = match (row.group_id, row.learner_id) {
            (Some(group), _) => Whom::Group(GroupId(group)),
            (None, learner) => Whom::Learner(LearnerId(learner.unwrap_or_default())),
        };
        Self {
            id: row.id,
            course: row.course_id,
            code: row.code,
            whom,
            // A CHECK of the table keeps kind, day and days together.
            due: Due::read(&row.due_kind, row.due_on, days).unwrap_or(Due::Never),
            late_days: row.late_days.unsigned_abs(),
            assigned_on: row.assigned_on,
            source: row.source,
            pattern: row.pattern,
        }
    }
}

/// Every assignment in force, or those of one group, learner or course.
const IN_FORCE: &str = "
    SELECT s.id, s.course_id, c.code, s.group_id, s.learner_id, s.due_kind, s.due_on, s.due_days, s.late_days,
        s.assigned_on, s.source, s.pattern
    FROM assignments s JOIN courses c ON c.id = s.course_id
    WHERE s.ended_run_id IS NULL AND ($1 = 0 OR s.group_id = $1) AND ($2 = 0 OR s.learner_id = $2)
      AND ($3 = 0 OR s.course_id = $3)
    ORDER BY c.code_folded, s.id";

/// The assignments in force, all of them or only a group's, a learner's or a course's.
///
/// # Errors
/// When the database refuses.
pub async fn assignments(
    tx: &mut Tx,
    whom: Option<Whom>,
    course: Option<CourseId>,
) -> Result<Vec<Assignment>> {
    let (group, learner) = match whom {
        Some(Whom::Group(group)) => (group.0, 0),
        Some(Whom::Learner(learner)) => (0, learner.0),
        None => (0, 0),
    };
    let args = args![group, learner, course.map_or(0, |course| course.0)];
    let rows: Vec<AssignmentRow> = tx.all("read assignments", IN_FORCE, args).await?;
    Ok(rows.into_iter().map(Assignment::from).collect())
}

/// An assignment to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAssignment {
    /// The course.
    pub course: CourseId,
    /// For whom.
    pub whom: Whom,
    /// When it is due.
    pub due: Due,
    /// The time given to latecomers, in days.
    pub late_days: u32,
    /// `hand` or `file`.
    pub source: &'static str,
    /// What the file says of the groups; empty by hand.
    pub pattern: String,
}

const MAKE: &str = "
    INSERT INTO assignments (course_id, group_id, learner_id, due_kind, due_on, due_days, late_days, assigned_on,
        source, pattern, run_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    RETURNING id";

fn days(days: u32) -> i32 {
    i32::try_from(days).unwrap_or(i32::MAX)
}

/// Makes an assignment.
///
/// # Errors
/// When the database refuses.
pub async fn make(tx: &mut Tx, new: &NewAssignment, today: NaiveDate, run: RunId) -> Result<AssignmentId> {
    let (group, learner) = match new.whom {
        Whom::Group(group) => (Some(group.0), None),
        Whom::Learner(learner) => (None, Some(learner.0)),
    };
    let args = args![
        new.course,
        group,
        learner,
        new.due.kind(),
        new.due.fixed(),
        new.due.days().map(days),
        days(new.late_days),
        today,
        new.source,
        new.pattern.as_str(),
        run
    ];
    let (id,): (AssignmentId,) = tx.one("make an assignment", MAKE, args).await?;
    Ok(id)
}

const CHANGE: &str = "
    UPDATE assignments SET due_kind = $2, due_on = $3, due_days = $4, late_days = $5 WHERE id = $1";

const REMEMBER_DUE: &str = "
    INSERT INTO assignment_changes (run_id, assignment_id, due_kind, due_on, due_days, late_days)
    SELECT $2, id, due_kind, due_on, due_days, late_days FROM assignments WHERE id = $1
    ON CONFLICT (run_id, assignment_id) DO NOTHING";

/// Gives an assignment another due date; the one so far is remembered under the run.
///
/// # Errors
/// When the database refuses.
pub async fn change_due(tx: &mut Tx, id: AssignmentId, due: Due, late_days: u32, run: RunId) -> Result<()> {
    tx.execute("remember a due date", REMEMBER_DUE, args![id, run]).await?;
    let args = args![id, due.kind(), due.fixed(), due.days().map(days), days(late_days)];
    tx.execute("change an assignment", CHANGE, args).await.map(|_| ())
}

const END: &str = "UPDATE assignments SET ended_run_id = $2 WHERE id = $1 AND ended_run_id IS NULL";

/// Ends an assignment.
///
/// # Errors
/// When the database refuses.
pub async fn end(tx: &mut Tx, id: AssignmentId, run: RunId) -> Result<()> {
    tx.execute("end an assignment", END, args![id, run]).await.map(|_| ())
}

/// Takes back what the deletion of a group did to its assignments.
const UNEND: &str = "
    UPDATE assignments SET ended_run_id = NULL WHERE group_id = $1 AND ended_run_id = $2 RETURNING id";

/// Restores the assignments of a group that a run ended.
///
/// # Errors
/// When the database refuses.
pub async fn unend(tx: &mut Tx, group: GroupId, ended: RunId) -> Result<Vec<AssignmentId>> {
    let rows: Vec<(AssignmentId,)> = tx.all("restore assignments", UNEND, args![group, ended]).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
