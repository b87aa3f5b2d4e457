//! The catalogue, by code.

use chrono::NaiveDate;

use crate::Result;
use crate::listing::{PageRequest, contains};
use crate::param::params;
use crate::sql::{Sql, list_statements};
use crate::transaction::Tx;
use rollcall_model::ids::CourseId;

/// A course in a list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct CourseListRow {
    /// The number.
    pub id: CourseId,
    /// The code.
    pub code: String,
    /// The code as it is compared.
    pub code_folded: String,
    /// The title.
    pub title: String,
    /// `hand` or `file`.
    pub source: rollcall_model::definition_source::DefinitionSource,
    /// To how many groups and learners it is assigned.
    pub assignments: i64,
}

macro_rules! columns {
    () => {
        "SELECT c.id, c.code, c.code_folded, c.title, c.source,
            (SELECT count(*) FROM assignments s WHERE s.course_id = c.id AND s.ended_run_id IS NULL) AS assignments
         FROM courses c WHERE "
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
            "(COALESCE(c.title_folded, ''), $1) > 0)
             AND (c.code_folded, c.id) > ($2, $3) ORDER BY c.code_folded, c.id LIMIT $4"
        )
    };
}

const PAGE: Sql = contains(of!("instr"), of!("strpos"));

/// A page of courses whose code or title contains a folded text.
pub async fn list(tx: &mut Tx, text: &str, from: PageRequest<'_>) -> Result<Vec<CourseListRow>> {
    tx.fetch_all("list courses", PAGE, params![text, from.text, from.id, from.limit]).await
}

const ONE: &str = concat!(columns!(), "c.id = $1");

/// A course.
pub async fn get(tx: &mut Tx, id: CourseId) -> Result<Option<CourseListRow>> {
    tx.fetch_optional("read a course", ONE, params![id]).await
}

/// Progress of all learners in a course.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, sqlx_macros::FromRow)]
pub struct CourseProgress {
    /// Account that may open it.
    pub enrolled: i64,
    /// Learners who have completed the course.
    pub completed: i64,
    /// Learners who are overdue.
    pub overdue: i64,
}

const PROGRESS: &str = "
    SELECT count(*) FILTER (WHERE state = 'active') AS enrolled,
        count(*) FILTER (WHERE completed_at IS NOT NULL) AS completed,
        count(*) FILTER (WHERE state = 'active' AND completed_at IS NULL AND due < $2) AS overdue
    FROM enrollments WHERE course_id = $1";

/// Progress of all learners in a course.
pub async fn get_progress(tx: &mut Tx, course: CourseId, today: NaiveDate) -> Result<CourseProgress> {
    tx.fetch_one("count the progress in a course", PROGRESS, params![course, today]).await
}

const PROGRESS_ALONE: &str = "
    SELECT count(*) FILTER (WHERE state = 'active') AS enrolled,
        count(*) FILTER (WHERE completed_at IS NOT NULL) AS completed,
        count(*) FILTER (WHERE state = 'active' AND completed_at IS NULL AND due < $3) AS overdue
    FROM enrollments WHERE course_id = $1 AND learner_id = $2";

/// Progress of one learner in a course.
pub async fn get_learner_progress(
    tx: &mut Tx,
    course: CourseId,
    learner: i64,
    today: NaiveDate,
) -> Result<CourseProgress> {
    tx.fetch_one("count the progress in a course", PROGRESS_ALONE, params![course, learner, today]).await
}

const PROGRESS_OF_GROUP: &str = "
    SELECT count(*) FILTER (WHERE e.state = 'active') AS enrolled,
        count(*) FILTER (WHERE e.completed_at IS NOT NULL) AS completed,
        count(*) FILTER (WHERE e.state = 'active' AND e.completed_at IS NULL AND e.due < $3) AS overdue
    FROM (SELECT DISTINCT learner_id FROM memberships WHERE group_id = $2) m
    JOIN enrollments e ON e.learner_id = m.learner_id AND e.course_id = $1";

/// Progress of the members of a group in a course.
pub async fn get_group_progress(
    tx: &mut Tx,
    course: CourseId,
    group: i64,
    today: NaiveDate,
) -> Result<CourseProgress> {
    tx.fetch_one("count a group's progress in a course", PROGRESS_OF_GROUP, params![course, group, today])
        .await
}

list_statements!(PAGE, ONE, PROGRESS, PROGRESS_ALONE, PROGRESS_OF_GROUP);
