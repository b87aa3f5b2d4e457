//! Enrollments as `enrollments list` prints them and as `verify` compares them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::Result;
use crate::learners::who;
use crate::param::params;
use crate::sql::{Sql, list_statements};
use crate::transaction::Tx;
use rollcall_model::enrollment_state::EnrollmentState;

/// An enrollment as `enrollments list` prints it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct EnrollmentRow {
    /// The learner's number.
    pub learner_id: i64,
    /// The course's number.
    pub course_id: i64,
    /// The learner.
    pub email: String,
    /// The course's code.
    pub course: String,
    /// `active` or `revoked`.
    pub state: EnrollmentState,
    /// The due date.
    pub due: Option<NaiveDate>,
    /// Time of completion.
    pub completed_at: Option<DateTime<Utc>>,
    /// Time at which access was first given.
    pub enrolled_at: DateTime<Utc>,
    /// The groups that hold it up, line by line.
    pub groups: String,
}

/// Enrollments, each with the groups that hold it up, for SQLite.
macro_rules! listed_sqlite {
    ($order:literal) => {
        concat!(
        "SELECT e.learner_id, e.course_id, ",
        who!(),
        r#" AS email, c.code AS course, e.state, e.due, e.completed_at, e.enrolled_at,
             COALESCE((SELECT group_concat(name, char(10)) FROM (
                 SELECT DISTINCT g.name FROM memberships m JOIN groups g ON g.id = m.group_id
                 JOIN assignments s ON s.group_id = m.group_id
                 WHERE m.learner_id = e.learner_id AND s.course_id = e.course_id AND s.ended_run_id IS NULL
                 ORDER BY g.name)), '') AS "groups"
         FROM enrollments e JOIN learners l ON l.id = e.learner_id JOIN courses c ON c.id = e.course_id
         WHERE ($1 IS NULL OR e.learner_id = $1) AND ($2 IS NULL OR e.course_id = $2)
           AND ($3 IS NULL OR EXISTS (SELECT 1 FROM memberships m JOIN assignments s ON s.group_id = m.group_id
                WHERE m.learner_id = e.learner_id AND m.group_id = $3 AND s.course_id = e.course_id
                  AND s.ended_run_id IS NULL))
         "#,
        $order
    )
    };
}

/// The same for PostgreSQL.
macro_rules! listed_postgres {
    ($order:literal) => {
        concat!(
        "SELECT e.learner_id, e.course_id, ",
        who!(),
        r#" AS email, c.code AS course, e.state, e.due, e.completed_at, e.enrolled_at,
             COALESCE((SELECT string_agg(DISTINCT g.name, chr(10) ORDER BY g.name)
                 FROM memberships m JOIN groups g ON g.id = m.group_id
                 JOIN assignments s ON s.group_id = m.group_id
                 WHERE m.learner_id = e.learner_id AND s.course_id = e.course_id AND s.ended_run_id IS NULL), '') AS "groups"
         FROM enrollments e JOIN learners l ON l.id = e.learner_id JOIN courses c ON c.id = e.course_id
         WHERE ($1::bigint IS NULL OR e.learner_id = $1) AND ($2::bigint IS NULL OR e.course_id = $2)
           AND ($3::bigint IS NULL OR EXISTS (SELECT 1 FROM memberships m JOIN assignments s ON s.group_id = m.group_id
                WHERE m.learner_id = e.learner_id AND m.group_id = $3 AND s.course_id = e.course_id
                  AND s.ended_run_id IS NULL))
         "#,
        $order
    )
    };
}

/// By learner and course.
const LIST: Sql =
    Sql::per_engine(listed_sqlite!("ORDER BY 3, c.code"), listed_postgres!("ORDER BY 3, c.code"));

/// By the numbers of learner and course, from behind an enrollment on.
const PAGE: Sql = Sql::per_engine(
    listed_sqlite!("AND (e.learner_id, e.course_id) > ($4, $5) ORDER BY e.learner_id, e.course_id LIMIT $6"),
    listed_postgres!(
        "AND (e.learner_id, e.course_id) > ($4, $5) ORDER BY e.learner_id, e.course_id LIMIT $6"
    ),
);

/// Enrollments, of one learner, one course or one group where given.
pub async fn list(
    tx: &mut Tx,
    learner: Option<i64>,
    course: Option<i64>,
    group: Option<i64>,
) -> Result<Vec<EnrollmentRow>> {
    tx.fetch_all("list enrollments", LIST, params![learner, course, group]).await
}

/// Of which learner, course and group enrollments are listed; of all where none is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EnrollmentFilter {
    /// The learner's number.
    pub learner: Option<i64>,
    /// The course's number.
    pub course: Option<i64>,
    /// The group's number.
    pub group: Option<i64>,
}

/// A page of enrollments from behind a learner's number and a course's on.
pub async fn list_page(
    tx: &mut Tx,
    of: EnrollmentFilter,
    after: (i64, i64),
    most: i64,
) -> Result<Vec<EnrollmentRow>> {
    tx.fetch_all("list enrollments", PAGE, params![of.learner, of.course, of.group, after.0, after.1, most])
        .await
}

/// Enrollment with access, as `verify` compares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx_macros::FromRow)]
pub struct StoredEnrollment {
    /// The learner.
    pub learner_id: i64,
    /// The course.
    pub course_id: i64,
    /// The due date.
    pub due: Option<NaiveDate>,
    /// True if the course is done: its due date is frozen then.
    pub completed: bool,
}

const HELD: &str = "
    SELECT learner_id, course_id, due, completed_at IS NOT NULL AS completed FROM enrollments
    WHERE state = 'active' ORDER BY learner_id, course_id";

/// Hands over every enrollment with access, by learner and course.
pub async fn for_each_active(tx: &mut Tx, take: impl FnMut(StoredEnrollment)) -> Result<()> {
    tx.fetch_each("read enrollments", HELD, params![], take).await
}

list_statements!(LIST, PAGE, HELD);
