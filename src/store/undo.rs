//! What a run did, row by row, and what has been done to the same rows since.

use chrono::{DateTime, NaiveDate, Utc};

use super::Result;
use super::learners::who;
use super::param::params;
use super::sql::{Sql, list_statements};
use super::staging::{StagingTable, staging_table};
use super::transaction::Tx;
use rollcall_model::ids::{AssignmentId, ConnectorId, GroupId, LearnerId, RuleId, RunId};

/// A learner who left in a run, with the person's record before and after.
#[derive(Debug, Clone, sqlx_macros::FromRow)]
pub struct LeaverRow {
    /// The learner.
    pub learner_id: LearnerId,
    /// The source's id.
    pub external_id: String,
    /// True if the source still holds the person.
    pub present: bool,
    /// The record as it stands.
    pub attributes: String,
    /// Its digest.
    pub digest: i64,
    /// The record before the run, where the run changed it.
    pub before: Option<String>,
    /// True if the run ended memberships of the learner.
    pub lost_something: bool,
}

const LEAVERS: Sql = Sql::per_engine(
    "SELECT l.id AS learner_id, p.external_id, p.present, p.attributes, p.digest, c.attributes AS before,
         EXISTS (SELECT 1 FROM ended_memberships e WHERE e.ended_run_id = $1 AND e.learner_id = l.id) AS lost_something
     FROM learners l JOIN persons p ON p.learner_id = l.id AND p.connector_id = $2
     LEFT JOIN person_changes c
         ON c.run_id = $1 AND c.connector_id = p.connector_id AND c.external_id = p.external_id AND c.present
     WHERE l.run_id = $1 AND l.status = 'left' ORDER BY l.id, p.external_id",
    "SELECT l.id AS learner_id, p.external_id, p.present, p.attributes::text AS attributes, p.digest,
         c.attributes::text AS before,
         EXISTS (SELECT 1 FROM ended_memberships e WHERE e.ended_run_id = $1 AND e.learner_id = l.id) AS lost_something
     FROM learners l JOIN persons p ON p.learner_id = l.id AND p.connector_id = $2
     LEFT JOIN person_changes c
         ON c.run_id = $1 AND c.connector_id = p.connector_id AND c.external_id = p.external_id AND c.present
     WHERE l.run_id = $1 AND l.status = 'left' ORDER BY l.id, p.external_id",
);

/// Learners who left in a run of a connector and were not changed since.
pub async fn list_leavers(tx: &mut Tx, run: RunId, connector: ConnectorId) -> Result<Vec<LeaverRow>> {
    tx.fetch_all("read who left in a run", LEAVERS, params![run, connector]).await
}

const BACK: StagingTable = staging_table!("stage_back": 0 "learner_id" "BIGINT", 1 "status" "TEXT");

/// An address that another learner holds by now is not returned.
const COME_BACK: &str = "
    UPDATE learners
    SET status = (SELECT s.status FROM stage_back s WHERE s.learner_id = learners.id), run_id = $1,
        email = CASE WHEN EXISTS (SELECT 1 FROM learners o WHERE o.email_folded = learners.email_folded
                                  AND o.status <> 'left' AND o.id <> learners.id) THEN NULL ELSE email END,
        email_folded = CASE WHEN EXISTS (SELECT 1 FROM learners o WHERE o.email_folded = learners.email_folded
                                  AND o.status <> 'left' AND o.id <> learners.id) THEN NULL ELSE email_folded END
    WHERE id IN (SELECT learner_id FROM stage_back)";

/// Brings learners back in these states.
pub async fn restore_learners(
    tx: &mut Tx,
    learners: &[(LearnerId, &'static str)],
    run: RunId,
) -> Result<u64> {
    tx.fill_staging_table(BACK, learners, |rows, (id, status)| rows.int(id.0).text(status).end_row()).await?;
    let back = tx.execute("bring learners back", COME_BACK, params![run]).await?;
    tx.drop_staging_table(BACK).await?;
    Ok(back)
}

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

const GIVEN: &str = "
    SELECT group_id, rule_id, learner_id FROM memberships WHERE run_id = $1 ORDER BY group_id, rule_id, learner_id";

/// Memberships that a run added and that are still in force.
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
    /// True if the group has been deleted.
    pub group_deleted: bool,
    /// The learner's state.
    pub status: rollcall_model::status::LearnerStatus,
}

const ENDED: &str = "
    SELECT e.group_id, e.rule_id, e.learner_id,
        EXISTS (SELECT 1 FROM memberships m WHERE m.group_id = e.group_id AND m.rule_id = e.rule_id
                AND m.learner_id = e.learner_id) AS is_there,
        EXISTS (SELECT 1 FROM ended_memberships f WHERE f.learner_id = e.learner_id AND f.group_id = e.group_id
                AND f.rule_id = e.rule_id AND f.ended_run_id > e.ended_run_id) AS ended_again,
        g.deleted_run_id IS NOT NULL AS group_deleted, l.status
    FROM ended_memberships e JOIN groups g ON g.id = e.group_id JOIN learners l ON l.id = e.learner_id
    WHERE e.ended_run_id = $1 ORDER BY e.group_id, e.rule_id, e.learner_id";

/// Memberships that a run ended.
pub async fn list_ended(tx: &mut Tx, run: RunId) -> Result<Vec<EndedMembershipRow>> {
    tx.fetch_all("read what a run ended", ENDED, params![run]).await
}

/// Returns sentences on memberships that a run added and that were ended since.
const GIVEN_AND_ENDED: &str = concat!(
    "SELECT ",
    who!(),
    " || ' has left ' || g.name || ' since (run ' || e.ended_run_id || ')'
     FROM ended_memberships e JOIN learners l ON l.id = e.learner_id JOIN groups g ON g.id = e.group_id
     WHERE e.run_id = $1 AND e.ended_run_id <> $1 ORDER BY 1"
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
    UPDATE memberships
    SET joined_on = (SELECT min(e.joined_on) FROM ended_memberships e
        WHERE e.ended_run_id = $1 AND e.learner_id = memberships.learner_id AND e.group_id = memberships.group_id)
    WHERE EXISTS (SELECT 1 FROM memberships u
                  WHERE u.run_id = $2 AND u.learner_id = memberships.learner_id AND u.group_id = memberships.group_id)
      AND EXISTS (SELECT 1 FROM ended_memberships e
                  WHERE e.ended_run_id = $1 AND e.learner_id = memberships.learner_id
                    AND e.group_id = memberships.group_id AND e.joined_on < memberships.joined_on)";

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
    /// True if the run made it and it is in force.
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
        s.run_id = $1 AND s.ended_run_id IS NULL AS made, COALESCE(s.ended_run_id, 0) = $1 AND s.run_id <> $1 AS ended,
        g.deleted_run_id IS NOT NULL OR EXISTS (
            SELECT 1 FROM assignments o WHERE o.ended_run_id IS NULL AND o.id <> s.id AND o.course_id = s.course_id
              AND o.source = s.source AND o.pattern = s.pattern
              AND (o.group_id = s.group_id OR o.learner_id = s.learner_id)) AS blocked
     FROM assignments s JOIN courses c ON c.id = s.course_id LEFT JOIN groups g ON g.id = s.group_id
     WHERE s.run_id = $1 OR s.ended_run_id = $1 ORDER BY s.id"
);

/// Returns the assignments that a run created, changed or ended.
pub async fn list_assignments(tx: &mut Tx, run: RunId) -> Result<Vec<RunAssignment>> {
    tx.fetch_all("read what a run did to assignments", ASSIGNMENTS, params![run]).await
}

const REVIVE: Sql = Sql::per_engine(
    "UPDATE assignments SET ended_run_id = NULL WHERE id IN (SELECT value FROM json_each($1))",
    "UPDATE assignments SET ended_run_id = NULL WHERE id = ANY($1)",
);

/// Puts ended assignments in force again.
pub async fn reactivate_assignments(tx: &mut Tx, ids: &[AssignmentId]) -> Result<u64> {
    tx.execute("restore assignments", REVIVE, params![ids.iter().map(|id| id.0).collect::<Vec<_>>()]).await
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

/// Empty groups that a manual change created.
const EMPTY_GROUPS: &str = "
    UPDATE groups SET deleted_run_id = $2, deleted_at = $3
    WHERE run_id = $1 AND by_hand AND deleted_run_id IS NULL
      AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.group_id = groups.id)
      AND NOT EXISTS (SELECT 1 FROM assignments s WHERE s.group_id = groups.id AND s.ended_run_id IS NULL)";

/// Deletes the groups that a person made in a run, where they are empty now.
pub async fn delete_empty_groups(tx: &mut Tx, run: RunId, undo: RunId, now: DateTime<Utc>) -> Result<u64> {
    tx.execute("delete empty groups", EMPTY_GROUPS, params![run, undo, now]).await
}

const LIFT: &str = "UPDATE exclusions SET lifted_run_id = $2 WHERE run_id = $1 AND lifted_run_id IS NULL";

const EXCLUDE_AGAIN: &str = "
    UPDATE exclusions SET lifted_run_id = NULL, run_id = $2 WHERE lifted_run_id = $1";

const DROP_RESTING: &str = "DELETE FROM dormant_memberships WHERE run_id = $1";

/// Takes back what a change by hand did to exclusions, and to memberships that wait; answers how many exclusions.
pub async fn revert_exclusions(tx: &mut Tx, run: RunId, undo: RunId, by_hand: bool) -> Result<u64> {
    let lifted = tx.execute("lift exclusions", LIFT, params![run, undo]).await?;
    let again = tx.execute("exclude again", EXCLUDE_AGAIN, params![run, undo]).await?;
    if by_hand {
        tx.execute("drop resting memberships", DROP_RESTING, params![run]).await?;
    }
    Ok(lifted + again)
}

const COMPLETED: &str = "SELECT learner_id, course_id FROM enrollments WHERE completed_run_id = $1 ORDER BY learner_id, course_id";

const OPEN_AGAIN: &str =
    "UPDATE enrollments SET completed_at = NULL, completed_run_id = NULL WHERE completed_run_id = $1";

/// Takes back what a change by hand noted as done; answers the learners and courses.
pub async fn revert_completions(tx: &mut Tx, run: RunId) -> Result<Vec<(i64, i64)>> {
    let pairs = tx.fetch_all("read what a run noted as done", COMPLETED, params![run]).await?;
    tx.execute("take completions back", OPEN_AGAIN, params![run]).await?;
    Ok(pairs)
}

const RULE_NAMES: &str = "SELECT id, name FROM rules";

/// The names of all rules.
pub async fn list_rule_names(tx: &mut Tx) -> Result<Vec<(RuleId, String)>> {
    tx.fetch_all("read rules", RULE_NAMES, params![]).await
}

list_statements!(
    LEAVERS,
    BACK,
    COME_BACK,
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
    EMPTY_GROUPS,
    LIFT,
    EXCLUDE_AGAIN,
    DROP_RESTING,
    COMPLETED,
    OPEN_AGAIN,
    RULE_NAMES
);
