//! Lookup of learners by label, id or address.

use rustc_hash::FxHashMap;

use super::who;
use crate::param::params;
use crate::sql::list_statements;
use crate::{Result, Sql, Tx};
use rollcall_model::ids::{ConnectorId, LearnerId};
use rollcall_model::names::fold;
use rollcall_model::status::LearnerStatus;

/// A learner as commands need one.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct Learner {
    /// The number.
    pub id: LearnerId,
    /// The address, or what stands for it.
    pub email: String,
    /// The name.
    pub name: String,
    /// The state.
    pub status: LearnerStatus,
    /// True if the learner was added by hand and no directory keeps the row.
    pub by_hand: bool,
}

/// A learner, and the text that was looked for.
#[derive(sqlx_macros::FromRow)]
struct LearnerMatch {
    looked_for: String,
    #[sqlx(flatten)]
    learner: Learner,
}

/// By address: who holds it now, then who left with it, then who had it once.
const BY_ADDRESS: Sql = Sql::per_engine(
    concat!(
        "SELECT f.looked_for, l.id, ",
        who!(),
        " AS email, l.name, l.status, l.by_hand
         FROM (
             SELECT looked_for, id, ROW_NUMBER() OVER (PARTITION BY looked_for ORDER BY place, id DESC) AS nth
             FROM (
                 SELECT email_folded AS looked_for, id, CASE WHEN status <> 'left' THEN 1 ELSE 2 END AS place
                 FROM learners WHERE email_folded IN (SELECT value FROM json_each($1))
                 UNION ALL
                 SELECT email_folded, learner_id, 3 FROM former_addresses
                 WHERE email_folded IN (SELECT value FROM json_each($1))
             ) a
         ) f JOIN learners l ON l.id = f.id
         WHERE f.nth = 1"
    ),
    concat!(
        "SELECT f.looked_for, l.id, ",
        who!(),
        " AS email, l.name, l.status, l.by_hand
         FROM (
             SELECT looked_for, id, ROW_NUMBER() OVER (PARTITION BY looked_for ORDER BY place, id DESC) AS nth
             FROM (
                 SELECT email_folded AS looked_for, id, CASE WHEN status <> 'left' THEN 1 ELSE 2 END AS place
                 FROM learners WHERE email_folded = ANY($1)
                 UNION ALL
                 SELECT email_folded, learner_id, 3 FROM former_addresses WHERE email_folded = ANY($1)
             ) a
         ) f JOIN learners l ON l.id = f.id
         WHERE f.nth = 1"
    ),
);

/// By connector and id. The caller separates the pairs: ids are looked up in all given connectors.
const BY_PERSON: Sql = Sql::per_engine(
    concat!(
        "SELECT c.name || ':' || p.external_id AS looked_for, l.id, ", who!(), " AS email, l.name, l.status, l.by_hand
         FROM connectors c JOIN persons p ON p.connector_id = c.id JOIN learners l ON l.id = p.learner_id
         WHERE c.name IN (SELECT value FROM json_each($1)) AND p.external_id IN (SELECT value FROM json_each($2))"
    ),
    concat!(
        "SELECT c.name || ':' || p.external_id AS looked_for, l.id, ", who!(), " AS email, l.name, l.status, l.by_hand
         FROM connectors c JOIN persons p ON p.connector_id = c.id JOIN learners l ON l.id = p.learner_id
         WHERE c.name = ANY($1) AND p.external_id = ANY($2)"
    ),
);

/// The learners of these addresses, former addresses or `CONNECTOR:ID`, one for each text, in their order.
pub async fn find_all(tx: &mut Tx, texts: &[String]) -> Result<Vec<Option<Learner>>> {
    let folded: Vec<String> = texts.iter().map(|text| fold(text)).collect();
    let found: Vec<LearnerMatch> = tx.fetch_all("find learners", BY_ADDRESS, params![folded.clone()]).await?;
    let by_address: FxHashMap<String, Learner> =
        found.into_iter().map(|one| (one.looked_for, one.learner)).collect();
    let others = texts.iter().zip(&folded).filter(|(_, folded)| !by_address.contains_key(*folded));
    let (connectors, ids): (Vec<String>, Vec<String>) = others
        .filter_map(|(text, _)| text.split_once(':'))
        .map(|(connector, id)| (connector.to_owned(), id.to_owned()))
        .unzip();
    let mut by_person = FxHashMap::default();
    if !ids.is_empty() {
        let found: Vec<LearnerMatch> =
            tx.fetch_all("find people", BY_PERSON, params![connectors, ids]).await?;
        by_person.extend(found.into_iter().map(|one| (one.looked_for, one.learner)));
    }
    let one =
        |(text, folded): (&String, &String)| by_address.get(folded).or_else(|| by_person.get(text)).cloned();
    Ok(texts.iter().zip(&folded).map(one).collect())
}

/// The learner of an address, a former address, or `CONNECTOR:ID`.
pub async fn find(tx: &mut Tx, text: &str) -> Result<Option<Learner>> {
    Ok(find_all(tx, &[text.to_owned()]).await?.pop().flatten())
}

const BY_NUMBERS: Sql = Sql::per_engine(
    concat!(
        "SELECT l.id, ",
        who!(),
        " AS email, l.name, l.status, l.by_hand
         FROM learners l WHERE l.id IN (SELECT value FROM json_each($1)) ORDER BY l.id"
    ),
    concat!(
        "SELECT l.id, ",
        who!(),
        " AS email, l.name, l.status, l.by_hand FROM learners l WHERE l.id = ANY($1) ORDER BY l.id"
    ),
);

/// The learners of these numbers, in order.
pub async fn list_by_ids(tx: &mut Tx, numbers: Vec<i64>) -> Result<Vec<Learner>> {
    tx.fetch_all("find learners", BY_NUMBERS, params![numbers]).await
}

/// The learner with a number.
pub async fn get(tx: &mut Tx, id: LearnerId) -> Result<Option<Learner>> {
    Ok(list_by_ids(tx, vec![id.0]).await?.pop())
}

/// Holder of an address.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct EmailHolderRow {
    /// The address.
    pub email_folded: String,
    /// Holder of the lease.
    pub id: LearnerId,
    /// In which state.
    pub status: LearnerStatus,
    /// The id under which this connector has known the learner, present or not.
    pub external_id: Option<String>,
    /// True if the connector's last good reading held that person.
    pub present: Option<bool>,
}

const HOLDERS: Sql = Sql::per_engine(
    "SELECT l.email_folded, l.id, l.status, p.external_id, p.present
     FROM json_each($1) j JOIN learners l ON l.email_folded = j.value
     LEFT JOIN persons p ON p.learner_id = l.id AND p.connector_id = $2
     ORDER BY l.id",
    "SELECT l.email_folded, l.id, l.status, p.external_id, p.present
     FROM UNNEST($1::text[]) AS j (value) JOIN learners l ON l.email_folded = j.value
     LEFT JOIN persons p ON p.learner_id = l.id AND p.connector_id = $2
     ORDER BY l.id",
);

/// Current and former holders of these folded addresses.
pub async fn list_email_holders(
    tx: &mut Tx,
    folded: Vec<String>,
    connector: ConnectorId,
) -> Result<Vec<EmailHolderRow>> {
    if folded.is_empty() {
        return Ok(Vec::new());
    }
    tx.fetch_all("find who holds addresses", HOLDERS, params![folded, connector]).await
}

/// By the id at any connector, or by the folded name.
const BY_ID_OR_NAME: &str = concat!(
    "SELECT l.id, ",
    who!(),
    " AS email, l.name, l.status, l.by_hand
     FROM (
         SELECT p.learner_id AS id FROM connectors c CROSS JOIN persons p
         WHERE p.connector_id = c.id AND p.external_id = $1
         UNION
         SELECT id FROM learners WHERE name_folded = $2
     ) f JOIN learners l ON l.id = f.id
     ORDER BY l.id LIMIT $3"
);

/// Learners who have an id at a connector, or a name; at most `most` of them.
pub async fn find_by_id_or_name(tx: &mut Tx, text: &str, most: i64) -> Result<Vec<Learner>> {
    tx.fetch_all("find learners by id or name", BY_ID_OR_NAME, params![text.trim(), fold(text), most]).await
}

list_statements!(BY_ADDRESS, BY_PERSON, BY_ID_OR_NAME, BY_NUMBERS, HOLDERS);
