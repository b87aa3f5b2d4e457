//! Learners, by name.

use crate::Result;
use crate::learners::who;
use crate::listing::{PageRequest, SearchTerms, build_search_query, build_terms_query};
use crate::param::params;
use crate::sql::{Sql, list_statements};
use crate::transaction::Tx;
use rollcall_model::ids::{DraftId, LearnerId};

/// A learner in a list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct LearnerListRow {
    /// The number.
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
    /// True if another learner holds the address.
    pub contested: bool,
}

/// Search text.
#[derive(Debug, Clone, Copy, Default)]
pub struct LearnerSearch<'a> {
    /// Beginnings of words, or an id at a connector; all learners if it has no word.
    pub text: &'a str,
    /// Those who have left too.
    pub left: bool,
    /// Only learners whose address another learner holds.
    pub contested: bool,
    /// Only learners that are linked with another.
    pub linked: bool,
}

macro_rules! columns {
    () => {
        concat!(
            "SELECT l.id, ",
            who!(),
            " AS email, l.name, COALESCE(l.name_folded, '') AS name_folded, l.status, l.department, l.location,
                l.role, l.email_contested IS NOT NULL AS contested "
        )
    };
}

macro_rules! narrowed {
    () => {
        " (l.status <> 'left' OR $1) AND (NOT $2 OR l.email_contested IS NOT NULL)
          AND (NOT $3 OR EXISTS (SELECT 1 FROM learner_links k
                                 WHERE k.learner_id = l.id AND k.ended_run_id IS NULL)) "
    };
}

macro_rules! or_id {
    ($text:literal) => {
        concat!(
            " UNION SELECT p.learner_id FROM connectors c CROSS JOIN persons p
              WHERE p.connector_id = c.id AND p.external_id = ",
            $text
        )
    };
}

const PAGE: &str = concat!(
    columns!(),
    "FROM learners l WHERE ",
    narrowed!(),
    "AND (l.name_folded, l.id) > ($4, $5) ORDER BY l.name_folded, l.id LIMIT $6"
);

/// Learners whose words match, and those who have the whole text as their id at a connector.
const FOUND: Sql = Sql::per_engine(
    concat!(
        columns!(),
        "FROM (SELECT rowid AS id FROM learner_terms WHERE learner_terms MATCH $7",
        or_id!("$8"),
        ") f CROSS JOIN learners l WHERE l.id = f.id AND ",
        narrowed!(),
        "AND (l.name_folded, l.id) > ($4, $5) ORDER BY l.name_folded, l.id LIMIT $6"
    ),
    concat!(
        columns!(),
        "FROM (SELECT id FROM learners WHERE array_to_tsvector(string_to_array(terms, ' ')) @@ $7::tsquery",
        or_id!("$8"),
        ") f JOIN learners l ON l.id = f.id WHERE ",
        narrowed!(),
        "AND (l.name_folded, l.id) > ($4, $5) ORDER BY l.name_folded, l.id LIMIT $6"
    ),
);

/// A page of learners, by name.
pub async fn list(
    tx: &mut Tx,
    find: LearnerSearch<'_>,
    from: PageRequest<'_>,
) -> Result<Vec<LearnerListRow>> {
    let args = params![find.left, find.contested, find.linked, from.text, from.id, from.limit];
    match build_search_query(tx, find.text) {
        None => tx.fetch_all("list learners", PAGE, args).await,
        Some(words) => {
            tx.fetch_all("find learners", FOUND, [args, params![words, find.text.trim()]].concat()).await
        }
    }
}

const COUNT: &str = concat!("SELECT count(*) FROM learners l WHERE ", narrowed!());

const COUNT_FOUND: Sql = Sql::per_engine(
    concat!(
        "SELECT count(*) FROM (SELECT rowid AS id FROM learner_terms WHERE learner_terms MATCH $4",
        or_id!("$5"),
        ") f CROSS JOIN learners l WHERE l.id = f.id AND ",
        narrowed!()
    ),
    concat!(
        "SELECT count(*)
         FROM (SELECT id FROM learners WHERE array_to_tsvector(string_to_array(terms, ' ')) @@ $4::tsquery",
        or_id!("$5"),
        ") f JOIN learners l ON l.id = f.id WHERE ",
        narrowed!()
    ),
);

/// Returns the number of learners that match.
pub async fn count(tx: &mut Tx, find: LearnerSearch<'_>) -> Result<i64> {
    let args = params![find.left, find.contested, find.linked];
    let (count,): (i64,) = match build_search_query(tx, find.text) {
        None => tx.fetch_one("count learners", COUNT, args).await?,
        Some(words) => {
            tx.fetch_one(
                "count found learners",
                COUNT_FOUND,
                [args, params![words, find.text.trim()]].concat(),
            )
            .await?
        }
    };
    Ok(count)
}

const CHOOSE: &str = "
    INSERT INTO draft_choices (draft_id, chosen) SELECT $1, l.id FROM learners l WHERE l.status <> 'left'
    ON CONFLICT (draft_id, chosen) DO NOTHING";

const CHOOSE_FOUND: Sql = Sql::per_engine(
    "INSERT INTO draft_choices (draft_id, chosen)
     SELECT $1, l.id FROM learner_terms JOIN learners l ON l.id = learner_terms.rowid
     WHERE learner_terms MATCH $2 AND l.status <> 'left'
     ON CONFLICT (draft_id, chosen) DO NOTHING",
    "INSERT INTO draft_choices (draft_id, chosen)
     SELECT $1, l.id FROM learners l
     WHERE array_to_tsvector(string_to_array(l.terms, ' ')) @@ $2::tsquery AND l.status <> 'left'
     ON CONFLICT (draft_id, chosen) DO NOTHING",
);

/// Selects all matching learners who have not left.
pub async fn choose_matching(tx: &mut Tx, draft: DraftId, terms: &SearchTerms) -> Result<u64> {
    match build_terms_query(tx, terms) {
        None => tx.execute("choose everybody", CHOOSE, params![draft]).await,
        Some(words) => tx.execute("choose who is found", CHOOSE_FOUND, params![draft, words]).await,
    }
}

const LINKED_TO: &str = concat!(
    "SELECT COALESCE(k.email, ",
    who!(),
    ") FROM learner_links k JOIN learners l ON l.id = k.merged_id
      WHERE k.learner_id = $1 AND k.ended_run_id IS NULL ORDER BY 1"
);

/// Learners that were merged into this one, by their former address.
pub async fn list_linked(tx: &mut Tx, learner: LearnerId) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = tx.fetch_all("read who is linked", LINKED_TO, params![learner]).await?;
    Ok(rows.into_iter().map(|(email,)| email).collect())
}

const GROUPS: Sql = Sql::per_engine(
    "SELECT DISTINCT m.learner_id, g.name FROM memberships m JOIN groups g ON g.id = m.group_id
     WHERE m.learner_id IN (SELECT value FROM json_each($1)) ORDER BY m.learner_id, g.name",
    "SELECT DISTINCT m.learner_id, g.name FROM memberships m JOIN groups g ON g.id = m.group_id
     WHERE m.learner_id = ANY($1) ORDER BY m.learner_id, g.name",
);

/// The groups of these learners, by name.
pub async fn list_groups(tx: &mut Tx, learners: Vec<i64>) -> Result<Vec<(i64, String)>> {
    tx.fetch_all("read the groups of learners", GROUPS, params![learners]).await
}

list_statements!(PAGE, FOUND, COUNT, COUNT_FOUND, CHOOSE, CHOOSE_FOUND, LINKED_TO, GROUPS);
