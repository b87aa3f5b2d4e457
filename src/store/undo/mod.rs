//! What a run did, row by row, and what has been done to the same rows since.

pub(crate) mod learners;
pub(crate) mod manual;
pub(crate) mod taken_access;

pub use learners::{
    ChangedLearner, ChangedRecord, list_changed_learners, list_changed_records, list_released_learners,
};
pub use manual::{
    WaitingMembership, delete_empty_groups, end_waiting_memberships, list_ended_waiting, restore_waiting,
    revert_exclusions,
};
pub use taken_access::{TakenAccess, count_taken};

use chrono::NaiveDate;

use super::Result;
use super::learners::who;
use super::param::params;
use super::sql::{Sql, list_statements};
use super::staging::{StagingTable, staging_table};
use super::transaction::Tx;
use rollcall_model::ids::{AssignmentId, GroupId, LearnerId, RuleId, RunId};

/// A reason that a run gave or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct RunMembership {
    /// The group.
    pub group_id: GroupId,
    /// The rule.
    pub rule_id: RuleId,
    /// The learner.
    pub learner_id: LearnerId,
}

/// Those that the run gave; those by hand that the run let wait and that took effect since; and those that the run gave,
/// that another run ended, and that the undo of that run gave back.
const GIVEN: &str = "
    WITH RECURSIVE given_back (group_id, rule_id, learner_id, run_id) AS (
        SELECT e.group_id, e.rule_id, e.learner_id, u.id FROM ended_memberships e
        JOIN runs u ON u.subject_run_id = e.ended_run_id AND u.kind = 'undo'
        WHERE e.run_id = $1
        UNION
        SELECT e.group_id, e.rule_id, e.learner_id, u.id FROM given_back g
        JOIN ended_memberships e ON e.learner_id = g.learner_id AND e.group_id = g.group_id
            AND e.rule_id = g.rule_id AND e.run_id = g.run_id
        JOIN runs u ON u.subject_run_id = e.ended_run_id AND u.kind = 'undo')
    SELECT group_id, rule_id, learner_id FROM memberships WHERE run_id = $1
    UNION
    SELECT m.group_id, m.rule_id, m.learner_id FROM dormant_memberships d
    JOIN memberships m ON m.group_id = d.group_id AND m.rule_id = 0 AND m.learner_id = d.learner_id
        AND m.run_id = d.ended_run_id
    WHERE d.run_id = $1
    UNION
    SELECT m.group_id, m.rule_id, m.learner_id FROM given_back g
    JOIN memberships m ON m.group_id = g.group_id AND m.rule_id = g.rule_id AND m.learner_id = g.learner_id
        AND m.run_id = g.run_id
    ORDER BY 1, 2, 3";

/// Memberships that a run added and that are in force.
pub async fn list_given(tx: &mut Tx, run: RunId) -> Result<Vec<RunMembership>> {
    tx.fetch_all("read what a run gave", GIVEN, params![run]).await
}

/// A reason that a run ended, and what stands in the way of giving it back.
#[derive(Debug, Clone, sqlx_macros::FromRow)]
pub struct EndedMembershipRow {
    /// The group.
    pub group_id: GroupId,
    /// The rule.
    pub rule_id: RuleId,
    /// The learner.
    pub learner_id: LearnerId,
    /// True if it was given again and is there.
    pub is_there: bool,
    /// True if it was given again and ended again.
    pub ended_again: bool,
    /// The undo of the run that gave it.
    pub giver_undone_by: Option<RunId>,
    /// True if the group has been deleted.
    pub group_deleted: bool,
    /// The learner's state.
    pub status: rollcall_model::status::LearnerStatus,
}

/// An undo takes back what a run gave, so that it is not "given again and ended again".
const ENDED: &str = "
    SELECT e.group_id, e.rule_id, e.learner_id, m.learner_id IS NOT NULL AS is_there,
        again.learner_id IS NOT NULL AS ended_again, u.id AS giver_undone_by,
        g.deleted_run_id IS NOT NULL AS group_deleted, l.status
    FROM ended_memberships e JOIN groups g ON g.id = e.group_id JOIN learners l ON l.id = e.learner_id
    LEFT JOIN memberships m
        ON m.group_id = e.group_id AND m.rule_id = e.rule_id AND m.learner_id = e.learner_id
    LEFT JOIN (
        SELECT DISTINCT f.group_id, f.rule_id, f.learner_id
        FROM ended_memberships e JOIN ended_memberships f ON f.learner_id = e.learner_id
            AND f.group_id = e.group_id AND f.rule_id = e.rule_id AND f.ended_run_id > $1
        JOIN runs r ON r.id = f.ended_run_id
        WHERE e.ended_run_id = $1 AND NOT (r.kind = 'undo' AND r.subject_run_id = f.run_id)) again
        ON again.group_id = e.group_id AND again.rule_id = e.rule_id AND again.learner_id = e.learner_id
    LEFT JOIN (
        SELECT u.subject_run_id, max(u.id) AS id
        FROM (SELECT DISTINCT run_id FROM ended_memberships WHERE ended_run_id = $1) giver
        JOIN runs u ON u.subject_run_id = giver.run_id AND u.kind = 'undo'
        LEFT JOIN runs v ON v.subject_run_id = u.id AND v.kind = 'undo'
        WHERE u.id <> $1 AND v.id IS NULL GROUP BY u.subject_run_id) u
        ON u.subject_run_id = e.run_id
    WHERE e.ended_run_id = $1 ORDER BY e.group_id, e.rule_id, e.learner_id";

/// Memberships that a run ended.
pub async fn list_ended(tx: &mut Tx, run: RunId) -> Result<Vec<EndedMembershipRow>> {
    tx.fetch_all("read what a run ended", ENDED, params![run]).await
}

/// Returns sentences on memberships that a run added and that were ended since, except where that was undone.
const GIVEN_AND_ENDED: &str = concat!(
    "SELECT ",
    who!(),
    " || ' has left ' || g.name || ' since (run ' || e.ended_run_id || ')'
     FROM ended_memberships e JOIN learners l ON l.id = e.learner_id JOIN groups g ON g.id = e.group_id
     LEFT JOIN runs u ON u.subject_run_id = e.ended_run_id AND u.kind = 'undo'
     WHERE e.run_id = $1 AND e.ended_run_id <> $1 AND u.id IS NULL ORDER BY 1"
);

/// Memberships that a run added and that were ended since, a sentence each.
pub async fn describe_given_and_ended(tx: &mut Tx, run: RunId) -> Result<Vec<String>> {
    let rows: Vec<(String,)> =
        tx.fetch_all("read what was touched since", GIVEN_AND_ENDED, params![run]).await?;
    Ok(rows.into_iter().map(|(text,)| text).collect())
}

const NAMES: StagingTable =
    staging_table!("stage_names": 0 "learner_id" "BIGINT", 1 "group_id" "BIGINT", 2 "why" "TEXT");

const NAMED: &str = concat!(
    "SELECT ",
    who!(),
    " || ' in ' || g.name || ': ' || s.why
     FROM stage_names s JOIN learners l ON l.id = s.learner_id JOIN groups g ON g.id = s.group_id ORDER BY 1"
);

/// Puts memberships and what is to be said of each into sentences.
pub async fn describe_memberships(
    tx: &mut Tx,
    rows: &[(LearnerId, GroupId, &'static str)],
) -> Result<Vec<String>> {
    tx.fill_staging_table(NAMES, rows, |out, (learner, group, why)| {
        out.int(learner.0).int(group.0).text(why).end_row();
    })
    .await?;
    let named: Vec<(String,)> = tx.fetch_all("name memberships", NAMED, params![]).await?;
    tx.drop_staging_table(NAMES).await?;
    Ok(named.into_iter().map(|(text,)| text).collect())
}

/// Gives back the days of joining of what `undo` gave back. Who has come back to the group by another reason meanwhile
/// has been in it since the earlier day, too: the day is the same for all reasons.
const REJOIN: &str = "
    UPDATE memberships SET joined_on = before.joined_on
    FROM (SELECT e.learner_id, e.group_id, min(e.joined_on) AS joined_on
          FROM ended_memberships e JOIN memberships m
              ON m.group_id = e.group_id AND m.rule_id = e.rule_id AND m.learner_id = e.learner_id AND m.run_id = $2
          WHERE e.ended_run_id = $1 GROUP BY e.learner_id, e.group_id) before
    WHERE memberships.learner_id = before.learner_id AND memberships.group_id = before.group_id
      AND memberships.joined_on > before.joined_on";

/// Gives back the days of joining.
pub async fn restore_join_dates(tx: &mut Tx, run: RunId, undo: RunId) -> Result<u64> {
    tx.execute("restore days of joining", REJOIN, params![run, undo]).await
}

/// An assignment that a run made, ended or changed.
#[derive(Debug, Clone, sqlx_macros::FromRow)]
pub struct RunAssignment {
    /// The number.
    pub id: AssignmentId,
    /// The course's code.
    pub code: String,
    /// The group.
    pub group_id: Option<i64>,
    /// The group's name, or the learner.
    pub whom: String,
    /// Origin: `file` or `hand`.
    pub source: rollcall_model::definition_source::DefinitionSource,
    /// Group pattern of the configuration file.
    pub pattern: String,
    /// True if the run made or restored it and it is in force.
    pub made: bool,
    /// True if the run ended it.
    pub ended: bool,
    /// True if its group is deleted, or the same course is assigned again.
    pub blocked: bool,
}

const ASSIGNMENTS: &str = concat!(
    "SELECT s.id, c.code, s.group_id, COALESCE(g.name, (SELECT ",
    who!(),
    " FROM learners l WHERE l.id = s.learner_id), '') AS whom, s.source, s.pattern,
        (s.run_id = $1 OR COALESCE(s.restored_run_id, 0) = $1) AND s.ended_run_id IS NULL AS made,
        COALESCE(s.ended_run_id, 0) = $1 AND s.run_id <> $1 AS ended,
        g.deleted_run_id IS NOT NULL OR EXISTS (
            SELECT 1 FROM assignments o WHERE o.ended_run_id IS NULL AND o.id <> s.id AND o.course_id = s.course_id
              AND o.source = s.source AND o.pattern = s.pattern
              AND (o.group_id = s.group_id OR o.learner_id = s.learner_id)) AS blocked
     FROM assignments s JOIN courses c ON c.id = s.course_id LEFT JOIN groups g ON g.id = s.group_id
     WHERE s.run_id = $1 OR s.ended_run_id = $1 OR s.restored_run_id = $1 ORDER BY s.id"
);

/// Returns the assignments that a run created, changed or ended.
pub async fn list_assignments(tx: &mut Tx, run: RunId) -> Result<Vec<RunAssignment>> {
    tx.fetch_all("read what a run did to assignments", ASSIGNMENTS, params![run]).await
}

const REVIVE: Sql = Sql::per_engine(
    "UPDATE assignments SET ended_run_id = NULL, restored_run_id = $2 WHERE id IN (SELECT value FROM json_each($1))",
    "UPDATE assignments SET ended_run_id = NULL, restored_run_id = $2 WHERE id = ANY($1)",
);

/// Puts ended assignments in force again.
pub async fn reactivate_assignments(tx: &mut Tx, ids: &[AssignmentId], undo: RunId) -> Result<u64> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    tx.execute("restore assignments", REVIVE, params![ids, undo]).await
}

/// An assignment's due date before a run changed it.
#[derive(Debug, Clone, sqlx_macros::FromRow)]
pub struct RunDueDate {
    /// The assignment.
    pub assignment_id: AssignmentId,
    /// The kind of due date.
    pub due_kind: String,
    /// The fixed day.
    pub due_on: Option<NaiveDate>,
    /// The days.
    pub due_days: Option<i32>,
    /// The time given to latecomers.
    pub late_days: i32,
    /// `hand` or `file`.
    pub source: rollcall_model::definition_source::DefinitionSource,
    /// The course's code.
    pub code: String,
    /// True if it was changed again, or has ended.
    pub touched: bool,
}

const DUES: &str = "
    SELECT a.assignment_id, a.due_kind, a.due_on, a.due_days, a.late_days, s.source, c.code,
        s.ended_run_id IS NOT NULL OR EXISTS (SELECT 1 FROM assignment_changes b
            WHERE b.assignment_id = a.assignment_id AND b.run_id > a.run_id) AS touched
    FROM assignment_changes a JOIN assignments s ON s.id = a.assignment_id JOIN courses c ON c.id = s.course_id
    WHERE a.run_id = $1 ORDER BY a.assignment_id";

/// The due dates that a run changed.
pub async fn list_due_dates(tx: &mut Tx, run: RunId) -> Result<Vec<RunDueDate>> {
    tx.fetch_all("read what a run did to due dates", DUES, params![run]).await
}

const DELETED_GROUPS: &str = "
    SELECT id, name, EXISTS (SELECT 1 FROM groups o WHERE o.deleted_run_id IS NULL AND o.name_folded = g.name_folded)
    FROM groups g WHERE deleted_run_id = $1 ORDER BY id";

/// Groups that a run deleted: number, name, whether another one has the name by now.
pub async fn list_deleted_groups(tx: &mut Tx, run: RunId) -> Result<Vec<(GroupId, String, bool)>> {
    tx.fetch_all("read which groups a run deleted", DELETED_GROUPS, params![run]).await
}

const RULE_NAMES: &str = "SELECT id, name FROM rules";

/// The names of all rules.
pub async fn list_rule_names(tx: &mut Tx) -> Result<Vec<(RuleId, String)>> {
    tx.fetch_all("read rules", RULE_NAMES, params![]).await
}

list_statements!(
    GIVEN,
    ENDED,
    GIVEN_AND_ENDED,
    NAMES,
    NAMED,
    REJOIN,
    ASSIGNMENTS,
    REVIVE,
    DUES,
    DELETED_GROUPS,
    RULE_NAMES
);
