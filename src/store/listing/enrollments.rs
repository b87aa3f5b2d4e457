//! Enrollments in one course, by the learner's name.

use chrono::{DateTime, NaiveDate, Utc};

use crate::Result;
use crate::learners::who;
use crate::listing::PageRequest;
use crate::param::params;
use crate::sql::list_statements;
use crate::transaction::Tx;
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
    /// Sort key.
    pub name_folded: String,
    /// `active` or `revoked`.
    pub state: rollcall_model::enrollment_state::EnrollmentState,
    /// The last day.
    pub due: Option<NaiveDate>,
    /// Time of completion.
    pub completed_at: Option<DateTime<Utc>>,
}

/// Selection of enrollments.
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

/// The enrollments of a group's members.
macro_rules! of_group {
    ($which:literal) => {
        page!(
            "FROM (SELECT DISTINCT learner_id FROM memberships WHERE group_id = $1) m
             JOIN enrollments e ON e.learner_id = m.learner_id AND e.course_id = $2
             JOIN learners l ON l.id = e.learner_id WHERE true",
            $which
        )
    };
}

/// The enrollments of one learner, or of every learner where `$1` is 0.
macro_rules! of_learner {
    ($which:literal) => {
        page!(
            "FROM enrollments e JOIN learners l ON l.id = e.learner_id
             WHERE e.course_id = $2 AND ($1 = 0 OR e.learner_id = $1)",
            $which
        )
    };
}

const ENROLLED_OF_GROUP: &str = of_group!("e.state = 'active'");

const COMPLETED_OF_GROUP: &str = of_group!("e.completed_at IS NOT NULL");

const OVERDUE_OF_GROUP: &str = of_group!("e.state = 'active' AND e.completed_at IS NULL AND e.due < $6");

const ENROLLED_OF_LEARNER: &str = of_learner!("e.state = 'active'");

const COMPLETED_OF_LEARNER: &str = of_learner!("e.completed_at IS NOT NULL");

const OVERDUE_OF_LEARNER: &str = of_learner!("e.state = 'active' AND e.completed_at IS NULL AND e.due < $6");

const fn of_group(filter: EnrollmentListFilter) -> &'static str {
    match filter {
        EnrollmentListFilter::Enrolled => ENROLLED_OF_GROUP,
        EnrollmentListFilter::Completed => COMPLETED_OF_GROUP,
        EnrollmentListFilter::Overdue => OVERDUE_OF_GROUP,
    }
}

const fn of_learner(filter: EnrollmentListFilter) -> &'static str {
    match filter {
        EnrollmentListFilter::Enrolled => ENROLLED_OF_LEARNER,
        EnrollmentListFilter::Completed => COMPLETED_OF_LEARNER,
        EnrollmentListFilter::Overdue => OVERDUE_OF_LEARNER,
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

/// Returns a page of enrollments in a course, of a group's members or of all learners, by name.
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
        Some(group) => list_with(tx, of_group(which), group.0, course, overdue, from).await,
        None => list_with(tx, of_learner(which), 0, course, overdue, from).await,
    }
}

/// The same for one learner.
pub async fn list_of_learner(
    tx: &mut Tx,
    course: CourseId,
    learner: i64,
    which: EnrollmentListFilter,
    today: NaiveDate,
    from: PageRequest<'_>,
) -> Result<Vec<EnrollmentListRow>> {
    let overdue = (which == EnrollmentListFilter::Overdue).then_some(today);
    list_with(tx, of_learner(which), learner, course, overdue, from).await
}

list_statements!(
    ENROLLED_OF_GROUP,
    COMPLETED_OF_GROUP,
    OVERDUE_OF_GROUP,
    ENROLLED_OF_LEARNER,
    COMPLETED_OF_LEARNER,
    OVERDUE_OF_LEARNER
);
