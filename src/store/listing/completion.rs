//! Completion of courses over the whole company: what is overdue or due soon, by course and by group.

use chrono::NaiveDate;

use crate::Result;
use crate::param::params;
use crate::sql::list_statements;
use crate::transaction::Tx;

/// Enrollments of a course or a group, by how far they are.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct CompletionRow {
    /// Number of the course or group.
    pub id: i64,
    /// Title of the course, or name of the group.
    pub name: String,
    /// Code of the course; empty for a group.
    pub code: String,
    /// Enrollments with access.
    pub enrolled: i64,
    /// Enrollments with access that are completed.
    pub completed: i64,
    /// Enrollments with access that are overdue.
    pub overdue: i64,
    /// Enrollments with access that are due within the days asked for.
    pub due_soon: i64,
}

macro_rules! counts {
    () => {
        "count(*) AS enrolled,
         count(*) FILTER (WHERE e.completed_at IS NOT NULL) AS completed,
         count(*) FILTER (WHERE e.completed_at IS NULL AND e.due < $1) AS overdue,
         count(*) FILTER (WHERE e.completed_at IS NULL AND e.due >= $1 AND e.due <= $2) AS due_soon"
    };
}

const BY_COURSE: &str = concat!(
    "SELECT c.id, c.title AS name, c.code, ",
    counts!(),
    " FROM enrollments e JOIN courses c ON c.id = e.course_id WHERE e.state = 'active'
      GROUP BY c.id, c.title, c.code ORDER BY overdue DESC, due_soon DESC, c.title, c.id"
);

/// Counts the enrollments of each course; the course with the most that are overdue comes first. Due soon is what is due
/// from `today` to `soon`.
pub async fn count_by_course(tx: &mut Tx, today: NaiveDate, soon: NaiveDate) -> Result<Vec<CompletionRow>> {
    tx.fetch_all("count completion by course", BY_COURSE, params![today, soon]).await
}

const BY_GROUP: &str = concat!(
    "SELECT g.id, g.name, '' AS code, ",
    counts!(),
    " FROM (SELECT DISTINCT group_id, course_id FROM assignments WHERE group_id IS NOT NULL AND ended_run_id IS NULL) a
      JOIN groups g ON g.id = a.group_id
      JOIN (SELECT DISTINCT group_id, learner_id FROM memberships) m ON m.group_id = a.group_id
      JOIN enrollments e ON e.learner_id = m.learner_id AND e.course_id = a.course_id
      WHERE e.state = 'active'
      GROUP BY g.id, g.name ORDER BY overdue DESC, due_soon DESC, g.name LIMIT $3"
);

/// Counts the enrollments that groups give; the `limit` groups with the most that are overdue.
pub async fn count_by_group(
    tx: &mut Tx,
    today: NaiveDate,
    soon: NaiveDate,
    limit: i64,
) -> Result<Vec<CompletionRow>> {
    tx.fetch_all("count completion by group", BY_GROUP, params![today, soon, limit]).await
}

const NEWCOMERS: &str = "
    SELECT count(*) FROM learners WHERE status IN ('active', 'leave') AND active_since >= $1";

/// Counts the learners who have had access since a day or later.
pub async fn count_newcomers(tx: &mut Tx, since: NaiveDate) -> Result<i64> {
    let (count,): (i64,) = tx.fetch_one("count new learners", NEWCOMERS, params![since]).await?;
    Ok(count)
}

const UNASSIGNED: &str = "
    SELECT c.title FROM courses c
    LEFT JOIN (SELECT DISTINCT course_id FROM assignments WHERE ended_run_id IS NULL) a ON a.course_id = c.id
    WHERE a.course_id IS NULL ORDER BY c.title, c.id LIMIT $1";

/// The titles of courses that are not assigned to anyone, at most `limit`.
pub async fn list_unassigned(tx: &mut Tx, limit: i64) -> Result<Vec<String>> {
    let rows: Vec<(String,)> =
        tx.fetch_all("list courses without an assignment", UNASSIGNED, params![limit]).await?;
    Ok(rows.into_iter().map(|(title,)| title).collect())
}

list_statements!(BY_COURSE, BY_GROUP, NEWCOMERS, UNASSIGNED);
