//! Enrollments in one course, by the learner's name.

use chrono::{DateTime, NaiveDate, Utc};

use crate::Result;
use crate::engine::Tx;
use crate::learners::who;
use crate::listing::PageRequest;
use crate::param::params;
use rollcall_model::ids::{CourseId, GroupId};

/// An enrollment in a list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct EnrollmentListRow {
    /// The learner's number.
    pub id: i64,
    /// The address, or what stands for it.
    pub email: String,
    /// The name.
    pub name: String,
    /// What the list is sorted by.
    pub name_folded: String,
    /// `active` or `revoked`.
    pub state: String,
    /// The last day.
    pub due: Option<NaiveDate>,
    /// When it was done.
    pub completed_at: Option<DateTime<Utc>>,
}

/// Which enrollments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EnrollmentListFilter {
    /// All with access.
    #[default]
    Enrolled,
    /// Those that are done.
    Completed,
    /// Those that should be done and are not.
    Overdue,
}

macro_rules! page {
    ($from:literal, $which:literal) => {
        concat!(
            "SELECT l.id, ",
            who!(),
            " AS email, l.name, COALESCE(l.name_folded, '') AS name_folded, e.state, e.due, e.completed_at ",
            $from,
            " AND (l.name_folded, l.id) > ($3, $4) AND ",
            $which,
            " ORDER BY l.name_folded, l.id LIMIT $5"
        )
    };
}

macro_rules! which {
    ($name:ident, $which:literal) => {
        /// Of a group's members; of one learner, or of everybody where that is 0.
        const $name: (&str, &str) = (
            page!(
                "FROM (SELECT DISTINCT learner_id FROM memberships WHERE group_id = $1) m
                 JOIN enrollments e ON e.learner_id = m.learner_id AND e.course_id = $2
                 JOIN learners l ON l.id = e.learner_id WHERE true",
                $which
            ),
            page!(
                "FROM enrollments e JOIN learners l ON l.id = e.learner_id
                 WHERE e.course_id = $2 AND ($1 = 0 OR e.learner_id = $1)",
                $which
            ),
        );
    };
}

which!(ENROLLED, "e.state = 'active'");
which!(COMPLETED, "e.completed_at IS NOT NULL");
which!(OVERDUE, "e.state = 'active' AND e.completed_at IS NULL AND e.due < $6");

const fn sql(which: EnrollmentListFilter) -> (&'static str, &'static str) {
    match which {
        EnrollmentListFilter::Enrolled => ENROLLED,
        EnrollmentListFilter::Completed => COMPLETED,
        EnrollmentListFilter::Overdue => OVERDUE,
    }
}

async fn list_with(
    tx: &mut Tx,
    sql: &'static str,
    of: i64,
    course: CourseId,
    overdue: Option<NaiveDate>,
    from: PageRequest<'_>,
) -> Result<Vec<EnrollmentListRow>> {
    let mut args = params![of, course, from.text, from.id, from.limit];
    args.extend(overdue.map(crate::Param::from));
    tx.fetch_all("list enrollments", sql, args).await
}

/// A page of enrollments in a course, of a group's members or of everybody, by name.
///
/// # Errors
/// When the database refuses.
pub async fn list(
    tx: &mut Tx,
    course: CourseId,
    group: Option<GroupId>,
    which: EnrollmentListFilter,
    today: NaiveDate,
    from: PageRequest<'_>,
) -> Result<Vec<EnrollmentListRow>> {
    let overdue = (which == EnrollmentListFilter::Overdue).then_some(today);
    match group {
        Some(group) => list_with(tx, sql(which).0, group.0, course, overdue, from).await,
        None => list_with(tx, sql(which).1, 0, course, overdue, from).await,
    }
}

/// The same for one learner.
///
/// # Errors
/// When the database refuses.
pub async fn list_of_learner(
    tx: &mut Tx,
    course: CourseId,
    learner: i64,
    which: EnrollmentListFilter,
    today: NaiveDate,
    from: PageRequest<'_>,
) -> Result<Vec<EnrollmentListRow>> {
    let overdue = (which == EnrollmentListFilter::Overdue).then_some(today);
    list_with(tx, sql(which).1, learner, course, overdue, from).await
}
