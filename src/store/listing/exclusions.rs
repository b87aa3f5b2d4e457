//! Exclusions, by group.

use chrono::NaiveDate;

use crate::Result;
use crate::learners::who;
use crate::listing::PageRequest;
use crate::param::params;
use crate::sql::list_statements;
use crate::transaction::Tx;
use rollcall_model::ids::{GroupId, LearnerId};

/// An exclusion in a list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct ExclusionListRow {
    /// The group's number.
    pub group_id: i64,
    /// The group.
    pub name: String,
    /// Sort key.
    pub name_folded: String,
    /// The learner's number.
    pub learner_id: i64,
    /// The learner's name.
    pub learner: String,
    /// The address, or what stands for it.
    pub email: String,
    /// Why.
    pub reason: String,
    /// Actor that removed the learner.
    pub actor: String,
    /// Last day of the exclusion; none if it has no end.
    pub until: Option<NaiveDate>,
}

macro_rules! columns {
    () => {
        concat!(
            "SELECT x.group_id, g.name, g.name_folded, x.learner_id, l.name AS learner, ",
            who!(),
            " AS email, x.reason, r.actor, x.until
             FROM exclusions x JOIN groups g ON g.id = x.group_id JOIN learners l ON l.id = x.learner_id
             JOIN runs r ON r.id = x.run_id
             WHERE g.deleted_run_id IS NULL AND x.lifted_run_id IS NULL AND "
        )
    };
}

const PAGE: &str = concat!(
    columns!(),
    "(g.name_folded, x.learner_id) > ($1, $2) ORDER BY g.name_folded, x.learner_id LIMIT $3"
);

/// A page of exclusions, by group.
pub async fn list(tx: &mut Tx, from: PageRequest<'_>) -> Result<Vec<ExclusionListRow>> {
    tx.fetch_all("list exclusions", PAGE, params![from.text, from.id, from.limit]).await
}

const OF_GROUP: &str = concat!(
    columns!(),
    "x.group_id = $1 AND x.learner_id > $2 AND (x.until IS NULL OR x.until >= $4)
     ORDER BY x.learner_id LIMIT $3"
);

/// Exclusions from a group on a day, of the learners after a number.
pub async fn list_by_group(
    tx: &mut Tx,
    group: GroupId,
    after: LearnerId,
    limit: i64,
    today: NaiveDate,
) -> Result<Vec<ExclusionListRow>> {
    tx.fetch_all("list the exclusions from a group", OF_GROUP, params![group, after, limit, today]).await
}

const OF_LEARNER: &str = concat!(
    columns!(),
    "x.learner_id = $1 AND (x.until IS NULL OR x.until >= $2) ORDER BY g.name_folded LIMIT $3"
);

/// The first exclusions of a learner on a day, by group.
pub async fn list_by_learner(
    tx: &mut Tx,
    learner: LearnerId,
    today: NaiveDate,
    limit: i64,
) -> Result<Vec<ExclusionListRow>> {
    tx.fetch_all("list the exclusions of a learner", OF_LEARNER, params![learner, today, limit]).await
}

list_statements!(PAGE, OF_GROUP, OF_LEARNER);
