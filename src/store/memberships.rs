//! Memberships of groups and the reason for each. Only `rollcall_core::enrollment::change` calls the functions that
//! write.

use chrono::NaiveDate;

use super::Result;
use super::engine::{Sql, Tx};
use super::learners::who;
use super::param::params;
use super::staging::{StagingTable, staging_table};
use super::statements::list_statements;
use rollcall_model::ids::{GroupId, LearnerId, RuleId, RunId};

/// One reason for one membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MembershipReason {
    /// The group.
    pub group: GroupId,
    /// The rule, or [`RuleId::BY_HAND`].
    pub rule: RuleId,
    /// The member.
    pub learner: LearnerId,
}

const ADDED: StagingTable =
    staging_table!("stage_added": 0 "group_id" "BIGINT", 1 "rule_id" "BIGINT", 2 "learner_id" "BIGINT");
const REMOVED: StagingTable =
    staging_table!("stage_removed": 0 "group_id" "BIGINT", 1 "rule_id" "BIGINT", 2 "learner_id" "BIGINT");

const REMOVED_BY_LEARNER: Sql = Sql::per_engine(
    "CREATE INDEX temp.stage_removed_by_learner ON stage_removed (learner_id, group_id, rule_id)",
    "CREATE INDEX ON stage_removed (learner_id, group_id, rule_id)",
);
const ADDED_BY_LEARNER: Sql = Sql::per_engine(
    "CREATE INDEX temp.stage_added_by_learner ON stage_added (learner_id, group_id)",
    "CREATE INDEX ON stage_added (learner_id, group_id)",
);

/// All reasons, a row for each group and rule, the learners in one text: a row fetched costs more than a number read.
const ALL: Sql = Sql::per_engine(
    "SELECT group_id, rule_id, group_concat(learner_id, ' ') FROM memberships GROUP BY group_id, rule_id",
    "SELECT group_id, rule_id, string_agg(learner_id::text, ' ') FROM memberships GROUP BY group_id, rule_id",
);

/// Every reason of today: group, rule, and the numbers of its learners with spaces between them.
pub async fn list_all(tx: &mut Tx) -> Result<Vec<(GroupId, RuleId, String)>> {
    tx.fetch_all("read memberships", ALL, params![]).await
}

const ALL_OF: Sql = Sql::per_engine(
    "SELECT m.group_id, m.rule_id, m.learner_id FROM json_each($1) j
     CROSS JOIN memberships m ON m.learner_id = j.value ORDER BY m.group_id, m.rule_id, m.learner_id",
    "SELECT group_id, rule_id, learner_id FROM memberships WHERE learner_id = ANY($1)
     ORDER BY group_id, rule_id, learner_id",
);

/// Every reason of some learners, sorted.
pub async fn list_by_learners(tx: &mut Tx, learners: Vec<i64>) -> Result<Vec<(GroupId, RuleId, LearnerId)>> {
    tx.fetch_all("read memberships of learners", ALL_OF, params![learners]).await
}

/// Lays out what is to be given and what is to be ended, for the statements below.
pub async fn stage_changes(
    tx: &mut Tx,
    added: impl IntoIterator<Item = MembershipReason>,
    removed: impl IntoIterator<Item = MembershipReason>,
) -> Result<()> {
    let row = |rows: &mut super::staging::CopyBuffer, reason: MembershipReason| {
        rows.int(reason.group.0).int(reason.rule.0).int(reason.learner.0).end_row();
    };
    tx.fill_staging_table(ADDED, added, row).await?;
    tx.fill_staging_table(REMOVED, removed, row).await?;
    tx.execute("index what is removed", REMOVED_BY_LEARNER, params![]).await?;
    tx.execute("index what is added", ADDED_BY_LEARNER, params![]).await?;
    Ok(())
}

/// Clears away what [`stage_changes()`] laid out.
pub async fn unstage_changes(tx: &mut Tx) -> Result<()> {
    tx.drop_staging_table(ADDED).await?;
    tx.drop_staging_table(REMOVED).await
}

/// Gives the reasons that were laid out. A learner who is in the group already keeps the day of joining, even when the
/// reason so far ends in the same transaction: give first, end afterwards.
const GIVE_POSTGRES: &str = "
    INSERT INTO memberships (group_id, rule_id, learner_id, joined_on, run_id)
    SELECT a.group_id, a.rule_id, a.learner_id,
        COALESCE((SELECT min(m.joined_on) FROM memberships m
                  WHERE m.learner_id = a.learner_id AND m.group_id = a.group_id), CAST($1 AS DATE)), $2
    FROM stage_added a
    WHERE true
    ON CONFLICT (group_id, rule_id, learner_id) DO NOTHING";

const GIVE_SQLITE: &str = "
    INSERT INTO memberships (group_id, rule_id, learner_id, joined_on, run_id)
    SELECT a.group_id, a.rule_id, a.learner_id,
        COALESCE((SELECT min(m.joined_on) FROM memberships m
                  WHERE m.learner_id = a.learner_id AND m.group_id = a.group_id), $1), $2
    FROM stage_added a
    WHERE true
    ORDER BY a.group_id, a.rule_id, a.learner_id
    ON CONFLICT (group_id, rule_id, learner_id) DO NOTHING";

/// Keeps what is about to end.
const REMEMBER_POSTGRES: &str = "
    INSERT INTO ended_memberships (ended_run_id, group_id, rule_id, learner_id, joined_on, run_id)
    SELECT $1, m.group_id, m.rule_id, m.learner_id, m.joined_on, m.run_id
    FROM stage_removed r
    JOIN memberships m ON m.group_id = r.group_id AND m.rule_id = r.rule_id AND m.learner_id = r.learner_id";

/// SQLite has no statistics of a stage; a CROSS JOIN keeps the few in front of the many.
const REMEMBER_SQLITE: &str = "
    INSERT INTO ended_memberships (ended_run_id, group_id, rule_id, learner_id, joined_on, run_id)
    SELECT $1, m.group_id, m.rule_id, m.learner_id, m.joined_on, m.run_id
    FROM stage_removed r
    CROSS JOIN memberships m ON m.group_id = r.group_id AND m.rule_id = r.rule_id AND m.learner_id = r.learner_id";

const GIVE: Sql = Sql::per_engine(GIVE_SQLITE, GIVE_POSTGRES);

const REMEMBER: Sql = Sql::per_engine(REMEMBER_SQLITE, REMEMBER_POSTGRES);

const END: &str = "
    DELETE FROM memberships
    WHERE (group_id, rule_id, learner_id) IN (SELECT group_id, rule_id, learner_id FROM stage_removed)";

/// Gives the staged reasons; answers how many were new.
pub async fn insert_staged(tx: &mut Tx, today: NaiveDate, run: RunId) -> Result<u64> {
    tx.execute("give memberships", GIVE, params![today, run]).await
}

/// Ends the staged reasons; answers how many there were.
pub async fn end_staged(tx: &mut Tx, run: RunId) -> Result<u64> {
    tx.execute("remember memberships", REMEMBER, params![run]).await?;
    tx.execute("end memberships", END, params![]).await
}

/// Groups that the stages touch, with the number of their members as it is now.
const RECOUNT: &str = "
    UPDATE groups SET members = counted.members, changed_run_id = $1
    FROM (
        SELECT touched.group_id, count(DISTINCT m.learner_id) AS members
        FROM (SELECT group_id FROM stage_added UNION SELECT group_id FROM stage_removed) touched
        LEFT JOIN memberships m ON m.group_id = touched.group_id
        GROUP BY touched.group_id
    ) counted
    WHERE groups.id = counted.group_id";

/// The same for few changes, by what the run gave and ended: its cost does not grow with the groups. A learner was a
/// member before when a membership is of another run, or the run ended one.
const ADJUST_COUNTS: &str = "
    UPDATE groups SET members = members + counted.more, changed_run_id = $1
    FROM (
        SELECT touched.group_id, CAST(sum(
            CASE WHEN EXISTS (SELECT 1 FROM memberships m
                WHERE m.learner_id = touched.learner_id AND m.group_id = touched.group_id) THEN 1 ELSE 0 END
            - CASE WHEN EXISTS (SELECT 1 FROM memberships m
                WHERE m.learner_id = touched.learner_id AND m.group_id = touched.group_id AND m.run_id <> $1)
              OR EXISTS (SELECT 1 FROM ended_memberships e WHERE e.ended_run_id = $1
                AND e.learner_id = touched.learner_id AND e.group_id = touched.group_id) THEN 1 ELSE 0 END
            ) AS BIGINT) AS more
        FROM (SELECT group_id, learner_id FROM stage_added UNION SELECT group_id, learner_id FROM stage_removed) touched
        GROUP BY touched.group_id
    ) counted
    WHERE groups.id = counted.group_id";

/// Up to so many changes, counts are adjusted; above, groups are counted.
const FEW: u64 = 1_000;

/// RunCounts the members of the groups in which a run gave and ended `changes` memberships.
pub async fn update_member_counts(tx: &mut Tx, run: RunId, changes: u64) -> Result<()> {
    let sql = if changes <= FEW { ADJUST_COUNTS } else { RECOUNT };
    tx.execute("count members", sql, params![run]).await.map(|_| ())
}

/// Memberships by hand of those who go: they come back with the learner. A CROSS JOIN keeps SQLite from reading every
/// learner.
const TO_DORMANT: &str = "
    INSERT INTO dormant_memberships (learner_id, group_id, run_id)
    SELECT r.learner_id, r.group_id, $1
    FROM stage_removed r CROSS JOIN learners l
    WHERE l.id = r.learner_id AND r.rule_id = 0 AND l.status IN ('left', 'upcoming')
    ON CONFLICT (learner_id, group_id) DO NOTHING";

/// Memberships by hand that have come back to life.
const WAKE: &str = "
    DELETE FROM dormant_memberships
    WHERE (learner_id, group_id) IN (SELECT learner_id, group_id FROM stage_added WHERE rule_id = 0)";

/// Moves the staged memberships by hand of learners without access to rest, and those of learners with access from it.
pub async fn move_dormant(tx: &mut Tx, run: RunId) -> Result<()> {
    tx.execute("put memberships to rest", TO_DORMANT, params![run]).await?;
    tx.execute("wake memberships", WAKE, params![]).await.map(|_| ())
}

/// Memberships at rest in groups that still exist.
const DORMANT: &str = "
    SELECT d.group_id, d.learner_id FROM dormant_memberships d
    JOIN groups g ON g.id = d.group_id
    WHERE g.deleted_run_id IS NULL
    ORDER BY d.learner_id, d.group_id";

/// Memberships by hand that wait for their learner.
pub async fn list_dormant(tx: &mut Tx) -> Result<Vec<(GroupId, LearnerId)>> {
    tx.fetch_all("read resting memberships", DORMANT, params![]).await
}

const DORMANT_OF: Sql = Sql::per_engine(
    "SELECT d.group_id, d.learner_id FROM dormant_memberships d JOIN groups g ON g.id = d.group_id
     WHERE g.deleted_run_id IS NULL AND d.learner_id IN (SELECT value FROM json_each($1))
     ORDER BY d.learner_id, d.group_id",
    "SELECT d.group_id, d.learner_id FROM dormant_memberships d JOIN groups g ON g.id = d.group_id
     WHERE g.deleted_run_id IS NULL AND d.learner_id = ANY($1) ORDER BY d.learner_id, d.group_id",
);

/// Memberships by hand of some learners that wait for them.
pub async fn list_dormant_of(tx: &mut Tx, learners: Vec<i64>) -> Result<Vec<(GroupId, LearnerId)>> {
    tx.fetch_all("read resting memberships", DORMANT_OF, params![learners]).await
}

const LAY_DORMANT: Sql = Sql::per_engine(
    "INSERT INTO dormant_memberships (learner_id, group_id, run_id)
     SELECT value, $2, $3 FROM json_each($1) WHERE true
     ON CONFLICT (learner_id, group_id) DO NOTHING",
    "INSERT INTO dormant_memberships (learner_id, group_id, run_id)
     SELECT value, $2, $3 FROM UNNEST($1::bigint[]) AS j (value)
     ON CONFLICT (learner_id, group_id) DO NOTHING",
);

const DROP_DORMANT: Sql = Sql::per_engine(
    "DELETE FROM dormant_memberships WHERE group_id = $2 AND learner_id IN (SELECT value FROM json_each($1))
     RETURNING learner_id",
    "DELETE FROM dormant_memberships WHERE group_id = $2 AND learner_id = ANY($1) RETURNING learner_id",
);

/// Puts down a membership by hand for learners who have no access today: they wait.
pub async fn insert_dormant(tx: &mut Tx, learners: Vec<i64>, group: GroupId, run: RunId) -> Result<()> {
    if learners.is_empty() {
        return Ok(());
    }
    tx.execute("put memberships to rest", LAY_DORMANT, params![learners, group, run]).await.map(|_| ())
}

/// Forgets memberships by hand that wait; answers whose they were.
pub async fn delete_dormant(tx: &mut Tx, learners: Vec<i64>, group: GroupId) -> Result<Vec<LearnerId>> {
    let dropped: Vec<(LearnerId,)> =
        tx.fetch_all("drop resting memberships", DROP_DORMANT, params![learners, group]).await?;
    Ok(dropped.into_iter().map(|(learner,)| learner).collect())
}

/// Exclusions that are in force today.
const EXCLUDED: &str = "
    SELECT group_id, learner_id FROM exclusions
    WHERE lifted_run_id IS NULL AND (until IS NULL OR until >= $1) ORDER BY group_id, learner_id";

/// The exclusions in force.
pub async fn list_active_exclusions(tx: &mut Tx, today: NaiveDate) -> Result<Vec<(GroupId, LearnerId)>> {
    tx.fetch_all("read exclusions", EXCLUDED, params![today]).await
}

const EXCLUDED_OF: Sql = Sql::per_engine(
    "SELECT group_id, learner_id FROM exclusions
     WHERE lifted_run_id IS NULL AND (until IS NULL OR until >= $1)
       AND learner_id IN (SELECT value FROM json_each($2)) ORDER BY group_id, learner_id",
    "SELECT group_id, learner_id FROM exclusions
     WHERE lifted_run_id IS NULL AND (until IS NULL OR until >= $1) AND learner_id = ANY($2)
     ORDER BY group_id, learner_id",
);

/// The exclusions in force of some learners.
pub async fn list_active_exclusions_of(
    tx: &mut Tx,
    today: NaiveDate,
    learners: Vec<i64>,
) -> Result<Vec<(GroupId, LearnerId)>> {
    tx.fetch_all("read exclusions", EXCLUDED_OF, params![today, learners]).await
}

const OF: Sql = Sql::per_engine(
    "SELECT m.learner_id, m.rule_id FROM json_each($1) j
     CROSS JOIN memberships m ON m.learner_id = j.value AND m.group_id = $2 ORDER BY m.learner_id, m.rule_id",
    "SELECT learner_id, rule_id FROM memberships WHERE learner_id = ANY($1) AND group_id = $2
     ORDER BY learner_id, rule_id",
);

/// Returns the reasons for which these learners are in a group, a pair for each reason.
pub async fn list_reasons(
    tx: &mut Tx,
    learners: Vec<i64>,
    group: GroupId,
) -> Result<Vec<(LearnerId, RuleId)>> {
    tx.fetch_all("read reasons", OF, params![learners, group]).await
}

/// Every reason in one group.
const IN_GROUP: &str = "SELECT group_id, rule_id, learner_id FROM memberships WHERE group_id = $1";

/// Every reason for every member of a group.
pub async fn list_by_group(tx: &mut Tx, group: GroupId) -> Result<Vec<MembershipReason>> {
    let rows: Vec<(GroupId, RuleId, LearnerId)> =
        tx.fetch_all("read a group's memberships", IN_GROUP, params![group]).await?;
    Ok(rows.into_iter().map(|(group, rule, learner)| MembershipReason { group, rule, learner }).collect())
}

/// Memberships that a run ended in one group, of learners who may have access again.
const ENDED_BY: &str = "
    SELECT e.group_id, e.rule_id, e.learner_id FROM ended_memberships e
    JOIN learners l ON l.id = e.learner_id
    WHERE e.ended_run_id = $1 AND e.group_id = $2 AND l.status IN ('active', 'leave')";

/// Returns the memberships that a deletion ended, to restore the group.
pub async fn list_ended_by(tx: &mut Tx, run: RunId, group: GroupId) -> Result<Vec<MembershipReason>> {
    let rows: Vec<(GroupId, RuleId, LearnerId)> =
        tx.fetch_all("read ended memberships", ENDED_BY, params![run, group]).await?;
    Ok(rows.into_iter().map(|(group, rule, learner)| MembershipReason { group, rule, learner }).collect())
}

/// Gives back the day of joining that a membership had before `ended_run_id` ended it.
const REJOIN: &str = "
    UPDATE memberships
    SET joined_on = (SELECT min(e.joined_on) FROM ended_memberships e
                     WHERE e.ended_run_id = $1 AND e.group_id = memberships.group_id
                       AND e.learner_id = memberships.learner_id)
    WHERE group_id = $2
      AND EXISTS (SELECT 1 FROM ended_memberships e
                  WHERE e.ended_run_id = $1 AND e.group_id = memberships.group_id
                    AND e.learner_id = memberships.learner_id)";

/// Restores the days of joining in a group whose memberships `ended` had ended.
pub async fn restore_join_dates(tx: &mut Tx, ended: RunId, group: GroupId) -> Result<u64> {
    tx.execute("restore days of joining", REJOIN, params![ended, group]).await
}

const EXCLUDE: Sql = Sql::per_engine(
    "INSERT INTO exclusions (group_id, learner_id, run_id, reason, until)
     SELECT $2, value, $3, $4, $5 FROM json_each($1) WHERE true
     ON CONFLICT (group_id, learner_id) DO UPDATE
     SET run_id = excluded.run_id, reason = excluded.reason, until = excluded.until, lifted_run_id = NULL",
    "INSERT INTO exclusions (group_id, learner_id, run_id, reason, until)
     SELECT $2, value, $3, $4, $5 FROM UNNEST($1::bigint[]) AS j (value)
     ON CONFLICT (group_id, learner_id) DO UPDATE
     SET run_id = excluded.run_id, reason = excluded.reason, until = excluded.until, lifted_run_id = NULL",
);

const LIFT: Sql = Sql::per_engine(
    "UPDATE exclusions SET lifted_run_id = $3
     WHERE group_id = $2 AND learner_id IN (SELECT value FROM json_each($1)) AND lifted_run_id IS NULL",
    "UPDATE exclusions SET lifted_run_id = $3
     WHERE group_id = $2 AND learner_id = ANY($1) AND lifted_run_id IS NULL",
);

/// Reason and end of an exclusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewExclusion<'a> {
    /// Why.
    pub reason: &'a str,
    /// Last day of the exclusion; none if it has no end.
    pub until: Option<NaiveDate>,
}

impl Default for NewExclusion<'_> {
    fn default() -> Self {
        Self { reason: "removed by hand", until: None }
    }
}

/// Keeps learners out of a group, whatever the rules say.
pub async fn exclude(
    tx: &mut Tx,
    learners: Vec<i64>,
    group: GroupId,
    keep: NewExclusion<'_>,
    run: RunId,
) -> Result<()> {
    if learners.is_empty() {
        return Ok(());
    }
    let args = params![learners, group, run, keep.reason, keep.until];
    tx.execute("make exclusions", EXCLUDE, args).await.map(|_| ())
}

/// Lets learners in again; answers how many were kept out.
pub async fn lift_exclusions(tx: &mut Tx, learners: Vec<i64>, group: GroupId, run: RunId) -> Result<u64> {
    tx.execute("lift exclusions", LIFT, params![learners, group, run]).await
}

/// An exclusion as `exclusions list` prints it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, sqlx_macros::FromRow, utoipa::ToSchema)]
pub struct Exclusion {
    /// The group.
    pub group: String,
    /// The learner.
    pub email: String,
    /// Why.
    pub reason: String,
    /// Actor.
    pub actor: String,
    /// The last day.
    pub until: Option<NaiveDate>,
}

const EXCLUSIONS: &str = concat!(
    r#"SELECT g.name AS "group", "#,
    who!(),
    " AS email, x.reason, r.actor, x.until
     FROM exclusions x JOIN groups g ON g.id = x.group_id JOIN learners l ON l.id = x.learner_id
     JOIN runs r ON r.id = x.run_id
     WHERE g.deleted_run_id IS NULL AND x.lifted_run_id IS NULL ORDER BY g.name_folded, 2"
);

/// Every exclusion, by group.
pub async fn list_exclusions(tx: &mut Tx) -> Result<Vec<Exclusion>> {
    tx.fetch_all("list exclusions", EXCLUSIONS, params![]).await
}

list_statements!(
    ADDED,
    REMOVED,
    REMOVED_BY_LEARNER,
    ADDED_BY_LEARNER,
    ALL,
    ALL_OF,
    GIVE,
    REMEMBER,
    END,
    RECOUNT,
    ADJUST_COUNTS,
    TO_DORMANT,
    WAKE,
    DORMANT,
    DORMANT_OF,
    LAY_DORMANT,
    DROP_DORMANT,
    EXCLUDED,
    EXCLUDED_OF,
    OF,
    IN_GROUP,
    ENDED_BY,
    REJOIN,
    EXCLUDE,
    LIFT,
    EXCLUSIONS
);
