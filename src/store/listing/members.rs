//! The members of one group, by name.

use chrono::NaiveDate;

use crate::Result;
use crate::learners::who;
use crate::listing::{PageRequest, build_search_query};
use crate::param::params;
use crate::sql::{Sql, list_statements};
use crate::transaction::Tx;
use rollcall_model::ids::{GroupId, RuleId};

/// A member in a list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct MemberListRow {
    /// The learner's number.
    pub id: i64,
    /// The address, or what stands for it.
    pub email: String,
    /// The name.
    pub name: String,
    /// Sort key.
    pub name_folded: String,
    /// `upcoming`, `active`, `leave` or `left`.
    pub status: rollcall_model::status::LearnerStatus,
    /// The department.
    pub department: String,
    /// The place.
    pub location: String,
    /// The role.
    pub role: String,
    /// The day of joining; none for who waits to have access.
    pub joined_on: Option<NaiveDate>,
}

/// Members and those who wait, each once.
macro_rules! members {
    () => {
        "(SELECT learner_id, min(joined_on) AS joined_on FROM memberships WHERE group_id = $1 GROUP BY learner_id
          UNION ALL SELECT learner_id, CAST(NULL AS DATE) FROM dormant_memberships
              WHERE group_id = $1 AND ended_run_id IS NULL) m"
    };
}

macro_rules! members_sqlite {
    () => {
        "(SELECT learner_id, min(joined_on) AS joined_on FROM memberships WHERE group_id = $1 GROUP BY learner_id
          UNION ALL SELECT learner_id, NULL FROM dormant_memberships
              WHERE group_id = $1 AND ended_run_id IS NULL) m"
    };
}

macro_rules! columns {
    () => {
        concat!(
            "SELECT l.id, ",
            who!(),
            " AS email, l.name, COALESCE(l.name_folded, '') AS name_folded, l.status, l.department, l.location,
                l.role, m.joined_on FROM "
        )
    };
}

macro_rules! order {
    () => {
        " (l.name_folded, l.id) > ($2, $3) ORDER BY l.name_folded, l.id LIMIT $4"
    };
}

const PAGE: Sql = Sql::per_engine(
    concat!(columns!(), members_sqlite!(), " JOIN learners l ON l.id = m.learner_id WHERE", order!()),
    concat!(columns!(), members!(), " JOIN learners l ON l.id = m.learner_id WHERE", order!()),
);

const FOUND: Sql = Sql::per_engine(
    concat!(
        columns!(),
        members_sqlite!(),
        " JOIN learners l ON l.id = m.learner_id
          WHERE l.id IN (SELECT rowid FROM learner_terms WHERE learner_terms MATCH $5) AND",
        order!()
    ),
    concat!(
        columns!(),
        members!(),
        " JOIN learners l ON l.id = m.learner_id
          WHERE array_to_tsvector(string_to_array(l.terms, ' ')) @@ $5::tsquery AND",
        order!()
    ),
);

/// A page of members, by name.
pub async fn list(
    tx: &mut Tx,
    group: GroupId,
    text: &str,
    from: PageRequest<'_>,
) -> Result<Vec<MemberListRow>> {
    let args = params![group, from.text, from.id, from.limit];
    match build_search_query(tx, text) {
        None => tx.fetch_all("list members", PAGE, args).await,
        Some(words) => tx.fetch_all("find members", FOUND, [args, params![words]].concat()).await,
    }
}

const REASONS: Sql = Sql::per_engine(
    "SELECT m.learner_id, m.rule_id, r.name FROM json_each($1) j
     CROSS JOIN memberships m ON m.learner_id = j.value AND m.group_id = $2
     JOIN rules r ON r.id = m.rule_id ORDER BY m.learner_id, m.rule_id",
    "SELECT m.learner_id, m.rule_id, r.name FROM memberships m JOIN rules r ON r.id = m.rule_id
     WHERE m.learner_id = ANY($1) AND m.group_id = $2 ORDER BY m.learner_id, m.rule_id",
);

/// Returns the reasons for which these learners are in a group: learner, rule and its name, a row for each reason.
pub async fn list_reasons(
    tx: &mut Tx,
    group: GroupId,
    learners: Vec<i64>,
) -> Result<Vec<(i64, RuleId, String)>> {
    tx.fetch_all("read reasons", REASONS, params![learners, group]).await
}

const NUMBERS: &str = "SELECT DISTINCT learner_id FROM memberships WHERE group_id = $1";

/// The numbers of a group's members.
pub async fn list_ids(tx: &mut Tx, group: GroupId) -> Result<Vec<i64>> {
    let rows: Vec<(i64,)> = tx.fetch_all("read a group's members", NUMBERS, params![group]).await?;
    Ok(rows.into_iter().map(|(learner,)| learner).collect())
}

list_statements!(PAGE, FOUND, REASONS, NUMBERS);
