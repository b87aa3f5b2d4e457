//! Access and progress, derived from memberships and assignments.
//!
//! [`settle_batch`] is the only statement that gives or takes access. It depends only on the current state, so it may be
//! repeated for the same learner and course.

pub(crate) mod list;

pub use list::{EnrollmentFilter, EnrollmentRow, StoredEnrollment, for_each_active, list, list_page};

use chrono::{DateTime, NaiveDate, Utc};

use crate::Result;
use crate::jobs::JobBatch;
use crate::param::params;
use crate::sql::{Sql, list_statements};
use crate::transaction::Tx;
use rollcall_model::ids::{CourseId, LearnerId, RunId};

/// The due date of assignment `s`, counted from `f.counts_from`, for a learner who starts on `f.start_date`: the same
/// arithmetic as [`rollcall_model::due_policy::DuePolicy::date`], in each engine's words.
macro_rules! due_sqlite {
    () => {
        "CASE f.due_kind
            WHEN 'fixed' THEN max(f.due_on, date(f.counts_from, '+' || f.late_days || ' days'))
            WHEN 'after_joining' THEN date(f.counts_from, '+' || f.due_days || ' days')
            WHEN 'after_start' THEN
                date(max(f.counts_from, COALESCE(f.start_date, f.counts_from)), '+' || f.due_days || ' days')
         END"
    };
}

macro_rules! due_postgres {
    () => {
        "CASE f.due_kind
            WHEN 'fixed' THEN GREATEST(f.due_on, f.counts_from + f.late_days)
            WHEN 'after_joining' THEN f.counts_from + f.due_days
            WHEN 'after_start' THEN GREATEST(f.counts_from, f.start_date) + f.due_days
         END"
    };
}

/// What holds up the pairs of `wanted (learner_id, course_id)`: a row for each membership and assignment, and for each
/// assignment to the learner alone. The order of the joins is part of it: from the few pairs to the many memberships.
macro_rules! found_sqlite {
    () => {
        "SELECT u.learner_id, s.course_id, max(m.joined_on, s.assigned_on) AS counts_from, s.due_kind, s.due_on,
                s.due_days, s.late_days, l.start_date, s.group_id
         FROM (SELECT DISTINCT learner_id FROM wanted) u CROSS JOIN learners l ON l.id = u.learner_id
         CROSS JOIN memberships m ON m.learner_id = u.learner_id
         CROSS JOIN assignments s
             ON s.group_id = m.group_id AND s.ended_run_id IS NULL AND s.group_id IS NOT NULL
         WHERE (u.learner_id, s.course_id) IN (SELECT learner_id, course_id FROM wanted)
         UNION ALL
         SELECT w.learner_id, w.course_id, max(l.active_since, s.assigned_on), s.due_kind, s.due_on, s.due_days,
                s.late_days, l.start_date, NULL
         FROM wanted w CROSS JOIN assignments s
             ON s.learner_id = w.learner_id AND s.course_id = w.course_id AND s.ended_run_id IS NULL
         CROSS JOIN learners l ON l.id = w.learner_id AND l.status IN ('active', 'leave')"
    };
}

macro_rules! found_postgres {
    () => {
        "SELECT w.learner_id, w.course_id, GREATEST(m.joined_on, s.assigned_on) AS counts_from, s.due_kind, s.due_on,
                s.due_days, s.late_days, l.start_date, s.group_id
         FROM wanted w JOIN memberships m ON m.learner_id = w.learner_id
         JOIN assignments s ON s.group_id = m.group_id AND s.course_id = w.course_id AND s.ended_run_id IS NULL
         JOIN learners l ON l.id = w.learner_id
         UNION ALL
         SELECT w.learner_id, w.course_id, GREATEST(l.active_since, s.assigned_on), s.due_kind, s.due_on, s.due_days,
                s.late_days, l.start_date, NULL
         FROM wanted w JOIN assignments s
             ON s.learner_id = w.learner_id AND s.course_id = w.course_id AND s.ended_run_id IS NULL
         JOIN learners l ON l.id = w.learner_id AND l.status IN ('active', 'leave')"
    };
}

/// Rows of `found` with their due dates. A retained date applies to learners who returned in time.
macro_rules! dated_sqlite {
    () => {
        concat!(
            "SELECT d.learner_id, d.course_id, d.group_id,
                 CASE WHEN k.due IS NULL THEN d.due WHEN d.due IS NULL OR k.due < d.due THEN k.due ELSE d.due END AS due
             FROM (SELECT f.learner_id, f.course_id, f.group_id, f.counts_from, ",
            due_sqlite!(),
            " AS due FROM found f) d
             LEFT JOIN kept_dues k ON k.learner_id = d.learner_id AND k.course_id = d.course_id
                 AND k.lost_on BETWEEN date(d.counts_from, '-30 days') AND d.counts_from AND k.ended_run_id IS NULL"
        )
    };
}

macro_rules! dated_postgres {
    () => {
        concat!(
            "SELECT d.learner_id, d.course_id, d.group_id, LEAST(k.due, d.due) AS due
             FROM (SELECT f.learner_id, f.course_id, f.group_id, f.counts_from, ",
            due_postgres!(),
            " AS due FROM found f) d
             LEFT JOIN kept_dues k ON k.learner_id = d.learner_id AND k.course_id = d.course_id
                 AND k.lost_on BETWEEN d.counts_from - 30 AND d.counts_from AND k.ended_run_id IS NULL"
        )
    };
}

macro_rules! upsert {
    () => {
        " ON CONFLICT (learner_id, course_id) DO UPDATE
          SET state = excluded.state, revoked_at = excluded.revoked_at,
              due = CASE WHEN excluded.state = 'revoked' OR enrollments.completed_at IS NOT NULL
                  THEN enrollments.due ELSE excluded.due END
          WHERE enrollments.state <> excluded.state
             OR (excluded.state = 'active' AND enrollments.completed_at IS NULL
                 AND enrollments.due IS DISTINCT FROM excluded.due)"
    };
}

/// Updates the enrollments of a batch: learners with a membership or an assignment have access, with the earliest due
/// date; the others lose it.
const SETTLE: Sql = Sql::per_engine(
    concat!(
        "INSERT INTO enrollments (learner_id, course_id, state, due, enrolled_at, revoked_at)
         WITH wanted AS (
             SELECT learner_id, course_id FROM jobs
             WHERE id BETWEEN $1 AND $2 AND state = 'ready' AND run_at <= $3 AND $4 = $4),
         found AS (", found_sqlite!(), "),
         dated AS (", dated_sqlite!(), ")
         SELECT learner_id, course_id, CASE WHEN max(held) = 1 THEN 'active' ELSE 'revoked' END, min(due), $3,
             CASE WHEN max(held) = 1 THEN NULL ELSE $3 END
         FROM (
             SELECT learner_id, course_id, 1 AS held, due FROM dated
             UNION ALL
             SELECT w.learner_id, w.course_id, 0, NULL
             FROM wanted w CROSS JOIN enrollments e
                 ON e.learner_id = w.learner_id AND e.course_id = w.course_id AND e.state = 'active')
         GROUP BY learner_id, course_id", upsert!()
    ),
    concat!(
        "INSERT INTO enrollments (learner_id, course_id, state, due, enrolled_at, revoked_at)
         WITH wanted AS MATERIALIZED (
             SELECT learner_id, course_id FROM jobs
             WHERE id = ANY($4) AND $1 <= $2),
         found AS (", found_postgres!(), "),
         dated AS (", dated_postgres!(), ")
         SELECT learner_id, course_id, CASE WHEN max(held) = 1 THEN 'active' ELSE 'revoked' END, min(due),
             $3::timestamptz, CASE WHEN max(held) = 1 THEN NULL ELSE $3::timestamptz END
         FROM (
             SELECT learner_id, course_id, 1 AS held, due FROM dated
             UNION ALL
             SELECT w.learner_id, w.course_id, 0, NULL
             FROM wanted w JOIN enrollments e
                 ON e.learner_id = w.learner_id AND e.course_id = w.course_id AND e.state = 'active') all_of_it
         GROUP BY learner_id, course_id", upsert!()
    ),
);

/// Statistics lag behind a large commit; with them out of date, PostgreSQL would read whole tables for each batch.
const BY_INDEX: Sql = Sql::for_postgres("SET LOCAL enable_seqscan = off");

/// Gives and takes access for the learners and courses of a claimed batch.
pub async fn settle_batch(tx: &mut Tx, batch: &JobBatch, now: DateTime<Utc>) -> Result<u64> {
    tx.execute("choose indexes", BY_INDEX, params![]).await?;
    tx.execute("settle enrollments", SETTLE, params![batch.first, batch.last, now, batch.ids.clone()]).await
}

/// Due dates that are about to be given up: those of the groups in `stage_removed` that the learner really leaves, and
/// those of learners in `stage_status` who go. Call it before memberships end and learners' states are written.
const KEEP_DUES: Sql = Sql::per_engine(
    concat!(
        "INSERT INTO kept_dues (learner_id, course_id, lost_on, run_id, group_id, due)
         WITH lost AS (
             SELECT DISTINCT r.learner_id, r.group_id, m.joined_on
             FROM stage_removed r CROSS JOIN memberships m
                 ON m.group_id = r.group_id AND m.rule_id = r.rule_id AND m.learner_id = r.learner_id
             WHERE NOT EXISTS (SELECT 1 FROM stage_added a
                               WHERE a.learner_id = r.learner_id AND a.group_id = r.group_id)
               AND NOT EXISTS (SELECT 1 FROM memberships o
                               WHERE o.learner_id = r.learner_id AND o.group_id = r.group_id
                                 AND NOT EXISTS (SELECT 1 FROM stage_removed e WHERE e.learner_id = o.learner_id
                                                 AND e.group_id = o.group_id AND e.rule_id = o.rule_id))),
         found AS (
             SELECT t.learner_id, s.course_id, max(t.joined_on, s.assigned_on) AS counts_from, s.due_kind,
                 s.due_on, s.due_days, s.late_days, l.start_date, s.group_id
             FROM lost t CROSS JOIN assignments s ON s.group_id = t.group_id AND s.ended_run_id IS NULL
             CROSS JOIN learners l ON l.id = t.learner_id
             UNION ALL
             SELECT c.learner_id, s.course_id, max(l.active_since, s.assigned_on), s.due_kind, s.due_on,
                 s.due_days, s.late_days, l.start_date, NULL
             FROM stage_status c CROSS JOIN assignments s ON s.learner_id = c.learner_id AND s.ended_run_id IS NULL
             CROSS JOIN learners l ON l.id = c.learner_id AND l.status IN ('active', 'leave')),
         dated AS (", dated_sqlite!(), ")
         SELECT learner_id, course_id, $1, $2, COALESCE(group_id, 0), min(due) FROM dated WHERE due IS NOT NULL
         GROUP BY learner_id, course_id, COALESCE(group_id, 0)
         ON CONFLICT (learner_id, course_id, lost_on, run_id, group_id) DO NOTHING"
    ),
    concat!(
        "INSERT INTO kept_dues (learner_id, course_id, lost_on, run_id, group_id, due)
         WITH lost AS MATERIALIZED (
             SELECT DISTINCT r.learner_id, r.group_id, m.joined_on
             FROM stage_removed r JOIN memberships m
                 ON m.group_id = r.group_id AND m.rule_id = r.rule_id AND m.learner_id = r.learner_id
             WHERE NOT EXISTS (SELECT 1 FROM stage_added a
                               WHERE a.learner_id = r.learner_id AND a.group_id = r.group_id)
               AND NOT EXISTS (SELECT 1 FROM memberships o
                               WHERE o.learner_id = r.learner_id AND o.group_id = r.group_id
                                 AND NOT EXISTS (SELECT 1 FROM stage_removed e WHERE e.learner_id = o.learner_id
                                                 AND e.group_id = o.group_id AND e.rule_id = o.rule_id))),
         found AS (
             SELECT t.learner_id, s.course_id, GREATEST(t.joined_on, s.assigned_on) AS counts_from, s.due_kind,
                 s.due_on, s.due_days, s.late_days, l.start_date, s.group_id
             FROM lost t JOIN assignments s ON s.group_id = t.group_id AND s.ended_run_id IS NULL
             JOIN learners l ON l.id = t.learner_id
             UNION ALL
             SELECT c.learner_id, s.course_id, GREATEST(l.active_since, s.assigned_on), s.due_kind, s.due_on,
                 s.due_days, s.late_days, l.start_date, NULL
             FROM stage_status c JOIN assignments s ON s.learner_id = c.learner_id AND s.ended_run_id IS NULL
             JOIN learners l ON l.id = c.learner_id AND l.status IN ('active', 'leave')),
         dated AS (", dated_postgres!(), ")
         SELECT learner_id, course_id, $1, $2, COALESCE(group_id, 0), min(due) FROM dated WHERE due IS NOT NULL
         GROUP BY learner_id, course_id, COALESCE(group_id, 0)
         ON CONFLICT (learner_id, course_id, lost_on, run_id, group_id) DO NOTHING"
    ),
);

/// Remembers the due dates that the staged removals give up.
pub async fn retain_due_dates(tx: &mut Tx, today: NaiveDate, run: RunId) -> Result<u64> {
    tx.execute("keep due dates", KEEP_DUES, params![today, run]).await
}

/// Due dates that a run gave up with the memberships of `stage_added` and the access of `stage_status`.
const RELEASE_DUES: &str = "
    UPDATE kept_dues SET ended_run_id = $2
    WHERE run_id = $1 AND ended_run_id IS NULL
      AND ((group_id <> 0 AND (learner_id, group_id) IN (SELECT learner_id, group_id FROM stage_added))
           OR (group_id = 0 AND learner_id IN (SELECT learner_id FROM stage_status)))";

/// Due dates that an undo put out of force, with the memberships of `stage_removed` and the access of `stage_status`.
const RETAIN_AGAIN: &str = "
    UPDATE kept_dues SET ended_run_id = NULL
    WHERE ended_run_id = $1
      AND ((group_id <> 0 AND (learner_id, group_id) IN (SELECT learner_id, group_id FROM stage_removed))
           OR (group_id = 0 AND learner_id IN (SELECT learner_id FROM stage_status)))";

/// Puts the due dates out of force that `undone` gave up with what is staged, and those in force again that it put out.
pub async fn undo_retained_due_dates(tx: &mut Tx, undone: RunId, undo: RunId) -> Result<()> {
    tx.execute("forget due dates that were given up", RELEASE_DUES, params![undone, undo]).await?;
    tx.execute("keep due dates again", RETAIN_AGAIN, params![undone]).await.map(|_| ())
}

/// Due dates that a change of an assignment's due date put out of force.
const RETAIN_UNCHANGED: Sql = Sql::per_engine(
    "UPDATE kept_dues SET ended_run_id = NULL WHERE ended_run_id = $2 AND course_id IN (
         SELECT course_id FROM assignments WHERE id IN (SELECT value FROM json_each($1)))",
    "UPDATE kept_dues SET ended_run_id = NULL WHERE ended_run_id = $2 AND course_id IN (
         SELECT course_id FROM assignments WHERE id = ANY($1))",
);

/// Puts the retained due dates in force again that `undone` ended with a change of these assignments.
pub async fn restore_retained_due_dates(tx: &mut Tx, assignments: Vec<i64>, undone: RunId) -> Result<u64> {
    tx.execute("keep due dates again", RETAIN_UNCHANGED, params![assignments, undone]).await
}

/// A new due date is not shortened by a retained one.
const FORGET_DUES: Sql = Sql::per_engine(
    "UPDATE kept_dues SET ended_run_id = $2 WHERE ended_run_id IS NULL AND (learner_id, course_id) IN (
         SELECT m.learner_id, s.course_id FROM assignments s JOIN memberships m ON m.group_id = s.group_id
         WHERE s.id IN (SELECT value FROM json_each($1))
         UNION
         SELECT s.learner_id, s.course_id FROM assignments s
         WHERE s.learner_id IS NOT NULL AND s.id IN (SELECT value FROM json_each($1)))",
    "UPDATE kept_dues SET ended_run_id = $2 WHERE ended_run_id IS NULL AND (learner_id, course_id) IN (
         SELECT m.learner_id, s.course_id FROM assignments s JOIN memberships m ON m.group_id = s.group_id
         WHERE s.id = ANY($1)
         UNION
         SELECT s.learner_id, s.course_id FROM assignments s WHERE s.learner_id IS NOT NULL AND s.id = ANY($1))",
);

/// Ends the retained due dates of the learners that these assignments reach.
pub async fn end_retained_due_dates(tx: &mut Tx, assignments: Vec<i64>, run: RunId) -> Result<u64> {
    tx.execute("forget due dates", FORGET_DUES, params![assignments, run]).await
}

const COMPLETE: &str = "
    UPDATE enrollments SET completed_at = $3, completed_run_id = $4
    WHERE learner_id = $1 AND course_id = $2 AND completed_at IS NULL";

const EXISTS: &str = "SELECT completed_at FROM enrollments WHERE learner_id = $1 AND course_id = $2";

/// Returns the time of completion of an enrollment; the outer none if there is no enrollment.
pub async fn get_completion(
    tx: &mut Tx,
    learner: LearnerId,
    course: CourseId,
) -> Result<Option<Option<DateTime<Utc>>>> {
    let row: Option<(Option<DateTime<Utc>>,)> =
        tx.fetch_optional("read an enrollment", EXISTS, params![learner, course]).await?;
    Ok(row.map(|(at,)| at))
}

/// Notes that a course is done; a completion that is there already stays.
pub async fn record_completion(
    tx: &mut Tx,
    learner: LearnerId,
    course: CourseId,
    at: DateTime<Utc>,
    run: RunId,
) -> Result<bool> {
    Ok(tx.execute("complete an enrollment", COMPLETE, params![learner, course, at, run]).await? == 1)
}

list_statements!(
    SETTLE,
    BY_INDEX,
    KEEP_DUES,
    RELEASE_DUES,
    RETAIN_AGAIN,
    RETAIN_UNCHANGED,
    FORGET_DUES,
    COMPLETE,
    EXISTS
);
