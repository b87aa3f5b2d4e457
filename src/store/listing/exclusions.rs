//! Exclusions, by group.

use chrono::NaiveDate;

use crate::Result;
use crate::learners::who;
use crate::listing::PageRequest;
use crate::param::params;
use crate::sql::list_statements;
use crate::transaction::Tx;

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
    /// The address, or what stands for it.
    pub email: String,
    /// Why.
    pub reason: String,
    /// Actor that removed the learner.
    pub actor: String,
    /// Last day of the exclusion; none if it has no end.
    pub until: Option<NaiveDate>,
}

const PAGE: &str = concat!(
    "SELECT x.group_id, g.name, g.name_folded, x.learner_id, ",
    who!(),
    " AS email, x.reason, r.actor, x.until
     FROM exclusions x JOIN groups g ON g.id = x.group_id JOIN learners l ON l.id = x.learner_id
     JOIN runs r ON r.id = x.run_id
     WHERE g.deleted_run_id IS NULL AND x.lifted_run_id IS NULL AND (g.name_folded, x.learner_id) > ($1, $2)
     ORDER BY g.name_folded, x.learner_id LIMIT $3"
);

/// A page of exclusions, by group.
pub async fn list(tx: &mut Tx, from: PageRequest<'_>) -> Result<Vec<ExclusionListRow>> {
    tx.fetch_all("list exclusions", PAGE, params![from.text, from.id, from.limit]).await
}

list_statements!(PAGE);
