//! Memberships of groups and the reason for each. Only `rollcall_core::enrollment::change` calls the functions that
//! write.

pub(crate) mod dormant;
pub(crate) mod exclusions;

pub use dormant::{end_dormant, insert_dormant, list_dormant, list_dormant_of, move_dormant};
pub use exclusions::{
    Exclusion, NewExclusion, exclude, lift_exclusions, list_active_exclusions, list_active_exclusions_of,
    list_exclusions,
};

use chrono::NaiveDate;

use crate::Result;
use crate::param::params;
use crate::sql::{Sql, list_statements};
use crate::staging::{StagingTable, staging_table};
use crate::transaction::Tx;
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
    let row = |rows: &mut crate::staging::CopyBuffer, reason: MembershipReason| {
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

/// Counts the members of the groups in which a run gave and ended `changes` memberships.
pub async fn update_member_counts(tx: &mut Tx, run: RunId, changes: u64) -> Result<()> {
    let sql = if changes <= FEW { ADJUST_COUNTS } else { RECOUNT };
    tx.execute("count members", sql, params![run]).await.map(|_| ())
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
    UPDATE memberships SET joined_on = e.joined_on
    FROM (SELECT learner_id, min(joined_on) AS joined_on FROM ended_memberships
          WHERE ended_run_id = $1 AND group_id = $2 GROUP BY learner_id) e
    WHERE memberships.group_id = $2 AND memberships.learner_id = e.learner_id";

/// Restores the days of joining in a group whose memberships `ended` had ended.
pub async fn restore_join_dates(tx: &mut Tx, ended: RunId, group: GroupId) -> Result<u64> {
    tx.execute("restore days of joining", REJOIN, params![ended, group]).await
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
    OF,
    IN_GROUP,
    ENDED_BY,
    REJOIN
);
