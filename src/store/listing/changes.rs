//! Result of a manual change.

use chrono::{DateTime, Utc};

use crate::Result;
use crate::learners::who;
use crate::param::params;
use crate::sql::list_statements;
use crate::transaction::Tx;
use rollcall_model::ids::RunId;
use rollcall_model::run_record::{RunRecordKind, RunStatus};

/// A change.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct ManualChangeRow {
    /// Its number.
    pub id: i64,
    /// `hand`, `undo`, `approval`, …
    pub kind: RunRecordKind,
    /// Status.
    pub status: RunStatus,
    /// Actor.
    pub actor: String,
    /// Description of the change.
    pub what: String,
    /// Reasons for memberships given.
    pub memberships_added: i64,
    /// Reasons for memberships ended.
    pub memberships_removed: i64,
    /// Jobs for workers.
    pub jobs_enqueued: i64,
    /// Jobs that no worker has done yet.
    pub jobs_left: i64,
    /// True if a later run has undone it.
    pub undone: bool,
    /// Time of creation.
    pub started_at: DateTime<Utc>,
}

const CHANGE: &str = "
    SELECT r.id, r.kind, r.status, r.actor, r.what, r.memberships_added, r.memberships_removed, r.jobs_enqueued,
        CASE WHEN r.jobs_enqueued = 0 THEN CAST(0 AS BIGINT)
             ELSE (SELECT count(*) FROM jobs j WHERE j.run_id = r.id AND j.state = 'ready') END AS jobs_left,
        EXISTS (SELECT 1 FROM runs u WHERE u.subject_run_id = r.id AND u.kind = 'undo') AS undone, r.started_at
    FROM runs r WHERE r.id = $1";

/// A change, with how far its jobs are.
pub async fn get_change(tx: &mut Tx, run: RunId) -> Result<Option<ManualChangeRow>> {
    tx.fetch_optional("read a change", CHANGE, params![run]).await
}

/// A learner who left a group and keeps one of its courses.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct KeptCourse {
    /// The learner.
    pub email: String,
    /// The course.
    pub code: String,
    /// The group that still gives it; none where it is assigned to the learner alone.
    pub through: Option<String>,
}

/// Learners whom a run removed from a group, with each course of the group that they keep.
const KEPT: &str = concat!(
    "SELECT ",
    who!(),
    " AS email, kept.code, kept.through
     FROM (
         SELECT DISTINCT e.learner_id, c.code, g.name AS through
         FROM ended_memberships e
         JOIN assignments s ON s.group_id = e.group_id AND (s.ended_run_id IS NULL OR s.ended_run_id = $1)
         JOIN courses c ON c.id = s.course_id
         JOIN assignments o ON o.course_id = s.course_id AND o.ended_run_id IS NULL
             AND o.group_id <> e.group_id
         JOIN memberships k ON k.group_id = o.group_id AND k.learner_id = e.learner_id
         JOIN groups g ON g.id = o.group_id
         WHERE e.ended_run_id = $1
           AND NOT EXISTS (SELECT 1 FROM memberships m
                           WHERE m.learner_id = e.learner_id AND m.group_id = e.group_id)
         UNION
         SELECT DISTINCT e.learner_id, c.code, CAST(NULL AS TEXT)
         FROM ended_memberships e
         JOIN assignments s ON s.group_id = e.group_id AND (s.ended_run_id IS NULL OR s.ended_run_id = $1)
         JOIN courses c ON c.id = s.course_id
         JOIN assignments o ON o.course_id = s.course_id AND o.ended_run_id IS NULL
             AND o.learner_id = e.learner_id
         WHERE e.ended_run_id = $1
     ) kept JOIN learners l ON l.id = kept.learner_id
     ORDER BY 1, 2, 3 LIMIT $2"
);

/// Courses that learners keep after a run removed them from a group, and the reason for each.
pub async fn list_kept_courses(tx: &mut Tx, run: RunId, limit: i64) -> Result<Vec<KeptCourse>> {
    tx.fetch_all("find who keeps a course", KEPT, params![run, limit]).await
}

/// An exclusion that a run made.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct ExcludedLearner {
    /// The group's number.
    pub group_id: i64,
    /// The learner's number.
    pub learner_id: i64,
    /// The learner.
    pub email: String,
}

const EXCLUDED: &str = concat!(
    "SELECT x.group_id, x.learner_id, ",
    who!(),
    " AS email FROM exclusions x JOIN learners l ON l.id = x.learner_id
      WHERE x.run_id = $1 AND x.lifted_run_id IS NULL ORDER BY 3 LIMIT $2"
);

/// Learners that a run excluded from a group and whose exclusion is still in force.
pub async fn list_excluded_learners(tx: &mut Tx, run: RunId, limit: i64) -> Result<Vec<ExcludedLearner>> {
    tx.fetch_all("read the exclusions of a run", EXCLUDED, params![run, limit]).await
}

list_statements!(CHANGE, KEPT, EXCLUDED);
