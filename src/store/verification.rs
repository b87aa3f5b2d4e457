//! Data that the verification of enrollments reads. It shares no statement with the workers.

use chrono::NaiveDate;

use super::Result;
use super::param::params;
use super::sql::{Sql, list_statements};
use super::transaction::Tx;
use rollcall_model::ids::{CourseId, GroupId, LearnerId};
use rollcall_model::status::LearnerStatus;

/// A learner in a group, once for each day of joining.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct StoredMembership {
    /// The learner.
    pub learner_id: LearnerId,
    /// The group.
    pub group_id: GroupId,
    /// The day of joining.
    pub joined_on: NaiveDate,
    /// The learner's first day.
    pub start_date: Option<NaiveDate>,
    /// The learner's status.
    pub status: LearnerStatus,
}

const MEMBERSHIPS: &str = "
    SELECT DISTINCT m.learner_id, m.group_id, m.joined_on, l.start_date, l.status
    FROM memberships m JOIN learners l ON l.id = m.learner_id
    ORDER BY m.learner_id, m.group_id";

/// Passes every membership to `take`, by learner and group.
pub async fn for_each_membership(tx: &mut Tx, take: impl FnMut(StoredMembership)) -> Result<()> {
    tx.fetch_each("read memberships", MEMBERSHIPS, params![], take).await
}

const PENDING: &str = "SELECT learner_id, course_id FROM jobs WHERE state = 'ready'";

/// Learner and course of every job in the queue.
pub async fn list_pending_pairs(tx: &mut Tx) -> Result<Vec<(LearnerId, CourseId)>> {
    tx.fetch_all("read the queue", PENDING, params![]).await
}

const DIRECTLY_ASSIGNED: &str = "
    SELECT l.id, l.active_since, l.start_date FROM learners l
    WHERE l.status IN ('active', 'leave')
      AND l.id IN (SELECT a.learner_id FROM assignments a WHERE a.learner_id IS NOT NULL AND a.ended_run_id IS NULL)";

/// Learners with access who have an assignment of their own: id, first day of the current access, start date.
pub async fn list_directly_assigned(tx: &mut Tx) -> Result<Vec<(LearnerId, NaiveDate, Option<NaiveDate>)>> {
    tx.fetch_all("read learners", DIRECTLY_ASSIGNED, params![]).await
}

/// A due date that a learner gave up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct RetainedDueDate {
    /// The learner.
    pub learner_id: LearnerId,
    /// The course.
    pub course_id: CourseId,
    /// The day on which access ended.
    pub lost_on: NaiveDate,
    /// The due date.
    pub due: NaiveDate,
}

const RETAINED: &str = "SELECT learner_id, course_id, lost_on, due FROM kept_dues WHERE ended_run_id IS NULL";

/// Every retained due date.
pub async fn list_retained_due_dates(tx: &mut Tx) -> Result<Vec<RetainedDueDate>> {
    tx.fetch_all("read retained due dates", RETAINED, params![]).await
}

const LEARNER_NAMES: Sql = Sql::per_engine(
    "SELECT id, COALESCE(email, name) FROM learners WHERE id IN (SELECT value FROM json_each($1))",
    "SELECT id, COALESCE(email, name) FROM learners WHERE id = ANY($1)",
);

/// E-mail addresses of these learners; the name of a learner without an address.
pub async fn list_learner_names(tx: &mut Tx, learners: Vec<i64>) -> Result<Vec<(LearnerId, String)>> {
    tx.fetch_all("read names of learners", LEARNER_NAMES, params![learners]).await
}

const COURSE_CODES: Sql = Sql::per_engine(
    "SELECT id, code FROM courses WHERE id IN (SELECT value FROM json_each($1))",
    "SELECT id, code FROM courses WHERE id = ANY($1)",
);

/// Codes of these courses.
pub async fn list_course_codes(tx: &mut Tx, courses: Vec<i64>) -> Result<Vec<(CourseId, String)>> {
    tx.fetch_all("read codes of courses", COURSE_CODES, params![courses]).await
}

list_statements!(MEMBERSHIPS, PENDING, DIRECTLY_ASSIGNED, RETAINED, LEARNER_NAMES, COURSE_CODES);
