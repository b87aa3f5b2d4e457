//! Assignments of courses to groups and learners.

use chrono::NaiveDate;

use super::Result;
use super::param::params;
use super::sql::{Sql, list_statements};
use super::staging::{CopyBuffer, StagingTable, staging_table};
use super::transaction::Tx;
use rollcall_model::definition_source::DefinitionSource;
use rollcall_model::due_policy::DuePolicy;
use rollcall_model::ids::{AssignmentId, CourseId, GroupId, LearnerId, RunId};

/// Target of an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssignmentTarget {
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
    /// Target.
    pub target: AssignmentTarget,
    /// Due date policy.
    pub due: DuePolicy,
    /// The time given to latecomers, in days.
    pub late_days: u32,
    /// The day from which it counts.
    pub assigned_on: NaiveDate,
    /// `hand` or `file`.
    pub source: DefinitionSource,
    /// Group pattern of the configuration file; empty for manual assignments.
    pub pattern: String,
}

#[derive(sqlx_macros::FromRow)]
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
    source: DefinitionSource,
    pattern: String,
}

impl From<AssignmentRow> for Assignment {
    fn from(row: AssignmentRow) -> Self {
        let days = row.due_days.map(i32::unsigned_abs);
        let whom = match (row.group_id, row.learner_id) {
            (Some(group), _) => AssignmentTarget::Group(GroupId(group)),
            (None, learner) => AssignmentTarget::Learner(LearnerId(learner.unwrap_or_default())),
        };
        Self {
            id: row.id,
            course: row.course_id,
            code: row.code,
            target: whom,
            // A CHECK of the table keeps kind, day and days together.
            due: DuePolicy::from_parts(&row.due_kind, row.due_on, days).unwrap_or(DuePolicy::Never),
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
pub async fn list_active(
    tx: &mut Tx,
    whom: Option<AssignmentTarget>,
    course: Option<CourseId>,
) -> Result<Vec<Assignment>> {
    let (group, learner) = match whom {
        Some(AssignmentTarget::Group(group)) => (group.0, 0),
        Some(AssignmentTarget::Learner(learner)) => (0, learner.0),
        None => (0, 0),
    };
    let args = params![group, learner, course.map_or(0, |course| course.0)];
    let rows: Vec<AssignmentRow> = tx.fetch_all("read assignments", IN_FORCE, args).await?;
    Ok(rows.into_iter().map(Assignment::from).collect())
}

const ACTIVE_FOR: Sql = Sql::per_engine(
    "SELECT s.id, s.course_id, c.code, s.group_id, s.learner_id, s.due_kind, s.due_on, s.due_days, s.late_days,
        s.assigned_on, s.source, s.pattern
     FROM (
         SELECT a.id FROM json_each($1) g CROSS JOIN assignments a
         WHERE a.group_id = g.value AND a.group_id IS NOT NULL AND a.ended_run_id IS NULL
         UNION ALL
         SELECT a.id FROM json_each($2) l CROSS JOIN assignments a
         WHERE a.learner_id = l.value AND a.learner_id IS NOT NULL AND a.ended_run_id IS NULL
     ) found CROSS JOIN assignments s ON s.id = found.id JOIN courses c ON c.id = s.course_id
     ORDER BY c.code_folded, s.id",
    "SELECT s.id, s.course_id, c.code, s.group_id, s.learner_id, s.due_kind, s.due_on, s.due_days, s.late_days,
        s.assigned_on, s.source, s.pattern
     FROM assignments s JOIN courses c ON c.id = s.course_id
     WHERE s.ended_run_id IS NULL AND (s.group_id = ANY($1) OR s.learner_id = ANY($2))
     ORDER BY c.code_folded, s.id",
);

/// The assignments in force to these groups, and to these learners alone.
pub async fn list_active_for(tx: &mut Tx, groups: Vec<i64>, learners: Vec<i64>) -> Result<Vec<Assignment>> {
    let rows: Vec<AssignmentRow> =
        tx.fetch_all("read assignments", ACTIVE_FOR, params![groups, learners]).await?;
    Ok(rows.into_iter().map(Assignment::from).collect())
}

const BY_NUMBER: &str = "
    SELECT s.id, s.course_id, c.code, s.group_id, s.learner_id, s.due_kind, s.due_on, s.due_days, s.late_days,
        s.assigned_on, s.source, s.pattern
    FROM assignments s JOIN courses c ON c.id = s.course_id
    WHERE s.ended_run_id IS NULL AND s.id = $1";

/// An assignment, while it is in force.
pub async fn get_active(tx: &mut Tx, id: AssignmentId) -> Result<Option<Assignment>> {
    let row: Option<AssignmentRow> = tx.fetch_optional("find an assignment", BY_NUMBER, params![id]).await?;
    Ok(row.map(Assignment::from))
}

/// An assignment to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAssignment {
    /// The course.
    pub course: CourseId,
    /// Target.
    pub target: AssignmentTarget,
    /// Due date policy.
    pub due: DuePolicy,
    /// The time given to latecomers, in days.
    pub late_days: u32,
    /// `hand` or `file`.
    pub source: DefinitionSource,
    /// Group pattern of the configuration file; empty for manual assignments.
    pub pattern: String,
}

const NEW: StagingTable = staging_table!("stage_assignments": 0 "course_id" "BIGINT", 1 "group_id" "BIGINT", 2 "learner_id" "BIGINT",
    3 "due_kind" "TEXT", 4 "due_on" "DATE", 5 "due_days" "INT", 6 "late_days" "INT", 7 "source" "TEXT",
    8 "pattern" "TEXT");

const MAKE: &str = "
    INSERT INTO assignments (course_id, group_id, learner_id, due_kind, due_on, due_days, late_days, assigned_on,
        source, pattern, run_id)
    SELECT course_id, group_id, learner_id, due_kind, due_on, due_days, late_days, $1, source, pattern, $2
    FROM stage_assignments
    RETURNING id";

fn days(days: u32) -> i64 {
    i32::try_from(days).unwrap_or(i32::MAX).into()
}

/// The four cells of a due date.
fn push_due(rows: &mut CopyBuffer, due: DuePolicy, late_days: u32) -> &mut CopyBuffer {
    rows.text(due.kind()).day(due.fixed()).opt_int(due.days().map(days)).int(days(late_days))
}

/// Makes assignments.
pub async fn create(
    tx: &mut Tx,
    new: &[NewAssignment],
    today: NaiveDate,
    run: RunId,
) -> Result<Vec<AssignmentId>> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    tx.fill_staging_table(NEW, new, |rows, one| {
        let (group, learner) = match one.target {
            AssignmentTarget::Group(group) => (Some(group.0), None),
            AssignmentTarget::Learner(learner) => (None, Some(learner.0)),
        };
        rows.int(one.course.0).opt_int(group).opt_int(learner);
        push_due(rows, one.due, one.late_days).text(one.source.as_str()).text(&one.pattern).end_row();
    })
    .await?;
    let made: Vec<(AssignmentId,)> = tx.fetch_all("make assignments", MAKE, params![today, run]).await?;
    tx.drop_staging_table(NEW).await?;
    Ok(made.into_iter().map(|(id,)| id).collect())
}

/// Another due date for an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueDateUpdate {
    /// The assignment.
    pub assignment: AssignmentId,
    /// New due date policy.
    pub due: DuePolicy,
    /// The time given to latecomers, in days.
    pub late_days: u32,
}

const NEW_DUES: StagingTable = staging_table!("stage_dues": 0 "id" "BIGINT", 1 "due_kind" "TEXT", 2 "due_on" "DATE",
    3 "due_days" "INT", 4 "late_days" "INT");

const CHANGE: &str = "
    UPDATE assignments SET due_kind = d.due_kind, due_on = d.due_on, due_days = d.due_days, late_days = d.late_days
    FROM stage_dues d WHERE d.id = assignments.id";

const REMEMBER_DUES: &str = "
    INSERT INTO assignment_changes (run_id, assignment_id, due_kind, due_on, due_days, late_days)
    SELECT $1, a.id, a.due_kind, a.due_on, a.due_days, a.late_days
    FROM assignments a JOIN stage_dues d ON d.id = a.id WHERE true
    ON CONFLICT (run_id, assignment_id) DO NOTHING";

/// Gives assignments other due dates; those so far are remembered under the run.
pub async fn update_due_dates(tx: &mut Tx, new: &[DueDateUpdate], run: RunId) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    tx.fill_staging_table(NEW_DUES, new, |rows, one| {
        rows.int(one.assignment.0);
        push_due(rows, one.due, one.late_days).end_row();
    })
    .await?;
    tx.execute("remember due dates", REMEMBER_DUES, params![run]).await?;
    tx.execute("change assignments", CHANGE, params![]).await?;
    tx.drop_staging_table(NEW_DUES).await
}

const END: Sql = Sql::per_engine(
    "UPDATE assignments SET ended_run_id = $2
     WHERE id IN (SELECT value FROM json_each($1)) AND ended_run_id IS NULL",
    "UPDATE assignments SET ended_run_id = $2 WHERE id = ANY($1) AND ended_run_id IS NULL",
);

/// Ends assignments.
pub async fn end(tx: &mut Tx, ids: &[AssignmentId], run: RunId) -> Result<()> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    tx.execute("end assignments", END, params![ids, run]).await.map(|_| ())
}

/// Takes back what the deletion of a group did to its assignments.
const UNEND: &str = "
    UPDATE assignments SET ended_run_id = NULL, restored_run_id = $3
    WHERE group_id = $1 AND ended_run_id = $2 RETURNING id";

/// Restores the assignments of a group that a run ended.
pub async fn restore_ended(
    tx: &mut Tx,
    group: GroupId,
    ended: RunId,
    run: RunId,
) -> Result<Vec<AssignmentId>> {
    let rows: Vec<(AssignmentId,)> =
        tx.fetch_all("restore assignments", UNEND, params![group, ended, run]).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Learners who have a course through an assignment, and those of them who have it through nothing else.
const LOSING: &str = "
    WITH reached AS (
        SELECT m.learner_id FROM assignments s JOIN memberships m ON m.group_id = s.group_id WHERE s.id = $1
        UNION SELECT s.learner_id FROM assignments s WHERE s.id = $1 AND s.learner_id IS NOT NULL
    ), others AS (
        SELECT o.group_id, o.learner_id FROM assignments s JOIN assignments o ON o.course_id = s.course_id
        WHERE s.id = $1 AND o.id <> s.id AND o.ended_run_id IS NULL
    ), kept AS (
        SELECT m.learner_id FROM others o JOIN memberships m ON m.group_id = o.group_id
        UNION SELECT o.learner_id FROM others o WHERE o.learner_id IS NOT NULL
    )
    SELECT count(*), count(*) - count(k.learner_id)
    FROM reached r LEFT JOIN kept k ON k.learner_id = r.learner_id";

/// Returns the number of learners who have a course through an assignment, and the number of those who would lose it.
pub async fn count_lost_access(tx: &mut Tx, id: AssignmentId) -> Result<(i64, i64)> {
    tx.fetch_one("count who would lose the course", LOSING, params![id]).await
}

list_statements!(
    LOSING,
    IN_FORCE,
    ACTIVE_FOR,
    BY_NUMBER,
    NEW,
    MAKE,
    NEW_DUES,
    CHANGE,
    REMEMBER_DUES,
    END,
    UNEND
);
