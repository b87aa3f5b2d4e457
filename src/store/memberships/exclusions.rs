//! Exclusions: learners who are kept out of a group, whatever the rules say.

use chrono::NaiveDate;

use crate::Result;
use crate::learners::who;
use crate::param::params;
use crate::sql::{Sql, list_statements};
use crate::transaction::Tx;
use rollcall_model::ids::{GroupId, LearnerId, RunId};

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

const EXCLUDE: Sql = Sql::per_engine(
    "INSERT INTO exclusions (group_id, learner_id, run_id, reason, until)
     SELECT $2, value, $3, $4, $5 FROM json_each($1) WHERE true
     ON CONFLICT (group_id, learner_id) DO UPDATE
     SET run_id = excluded.run_id, reason = excluded.reason, until = excluded.until, lifted_run_id = NULL,
         restored_run_id = NULL",
    "INSERT INTO exclusions (group_id, learner_id, run_id, reason, until)
     SELECT $2, value, $3, $4, $5 FROM UNNEST($1::bigint[]) AS j (value)
     ON CONFLICT (group_id, learner_id) DO UPDATE
     SET run_id = excluded.run_id, reason = excluded.reason, until = excluded.until, lifted_run_id = NULL,
         restored_run_id = NULL",
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

list_statements!(EXCLUDED, EXCLUDED_OF, EXCLUDE, LIFT, EXCLUSIONS);
