//! Learners: one row a human, with the merged attributes of the persons who are this learner.
//!
//! New learners get the ids after the highest one. The caller must hold the lock of the head.

pub(crate) mod lookup;
pub(crate) mod update;

use chrono::NaiveDate;
use serde::Serialize;

use super::param::params;
use super::sql::list_statements;
use super::{Result, Sql, Tx};
use rollcall_model::ids::LearnerId;
use rollcall_model::status::LearnerStatus;

pub use lookup::{
    EmailHolderRow, Learner, find, find_all, find_by_id_or_name, get, list_by_ids, list_email_holders,
};
pub use update::{
    LearnerRowUpdate, create_manual, mark_left, next_id, set_statuses, stage_changes, unstage_changes,
    write_rows, write_terms,
};

/// Label of a learner `l`: the address, else `CONNECTOR:ID`, else the name.
macro_rules! who {
    () => {
        "COALESCE(l.email, (SELECT min(c.name || ':' || p.external_id) FROM persons p
                            JOIN connectors c ON c.id = p.connector_id WHERE p.learner_id = l.id), l.name)"
    };
}
pub(super) use who;

const WITH_ACCESS: &str = "SELECT count(*) FROM learners WHERE status IN ('active', 'leave')";

/// Returns the number of learners with access.
pub async fn count_with_access(tx: &mut Tx) -> Result<i64> {
    let (count,): (i64,) = tx.fetch_one("count learners with access", WITH_ACCESS, params![]).await?;
    Ok(count)
}

const STATUS: &str = "SELECT status FROM learners WHERE id = $1";

/// The state of a learner.
pub async fn get_status(tx: &mut Tx, id: LearnerId) -> Result<LearnerStatus> {
    let (status,): (String,) = tx.fetch_one("read the status of a learner", STATUS, params![id]).await?;
    Ok(LearnerStatus::read(&status).unwrap_or(LearnerStatus::Left))
}

/// A learner that was added manually and is in no directory.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct ManualLearner {
    /// The number.
    pub id: LearnerId,
    /// The address.
    pub email: Option<String>,
    /// The name.
    pub name: String,
}

const BY_HAND: &str = "SELECT id, email, name FROM learners WHERE by_hand AND status <> 'left' ORDER BY id";

/// Returns all manually added learners.
pub async fn list_manual(tx: &mut Tx) -> Result<Vec<ManualLearner>> {
    tx.fetch_all("read learners added by hand", BY_HAND, params![]).await
}

const ATTRIBUTES: Sql = Sql::per_engine(
    "SELECT id, attributes FROM learners WHERE id IN (SELECT value FROM json_each($1))",
    "SELECT id, attributes::text FROM learners WHERE id = ANY($1)",
);

/// The attributes of these learners, as JSON objects.
pub async fn list_attributes(tx: &mut Tx, learners: Vec<i64>) -> Result<Vec<(LearnerId, String)>> {
    if learners.is_empty() {
        return Ok(Vec::new());
    }
    tx.fetch_all("read attributes of learners", ATTRIBUTES, params![learners]).await
}

const LABELS: Sql = Sql::per_engine(
    concat!("SELECT l.id, ", who!(), " FROM learners l WHERE l.id IN (SELECT value FROM json_each($1))"),
    concat!("SELECT l.id, ", who!(), " FROM learners l WHERE l.id = ANY($1)"),
);

/// Returns the labels of these learners.
pub async fn list_labels(tx: &mut Tx, learners: Vec<i64>) -> Result<Vec<(LearnerId, String)>> {
    if learners.is_empty() {
        return Ok(Vec::new());
    }
    tx.fetch_all("name learners", LABELS, params![learners]).await
}

const STATES: &str = "SELECT id, status FROM learners WHERE status <> 'left'";

/// Returns the status of all learners who have not left.
pub async fn list_statuses(tx: &mut Tx) -> Result<Vec<(LearnerId, LearnerStatus)>> {
    tx.fetch_all("read the states of learners", STATES, params![]).await
}

const COUNT: &str = "SELECT count(*) FROM learners";

/// Returns the number of learners.
pub async fn count(tx: &mut Tx) -> Result<i64> {
    let (count,): (i64,) = tx.fetch_one("count learners", COUNT, params![]).await?;
    Ok(count)
}

const ANY: &str = "SELECT count(*) FROM (SELECT 1 FROM learners LIMIT 1) one";

/// Returns true if there is any learner.
pub async fn has_learners(tx: &mut Tx) -> Result<bool> {
    let (count,): (i64,) = tx.fetch_one("look for learners", ANY, params![]).await?;
    Ok(count > 0)
}

/// A learner as `learners list` prints one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx_macros::FromRow)]
pub struct LearnerSummary {
    /// The number.
    #[serde(skip)]
    pub id: i64,
    /// The address, or what stands for it.
    pub email: String,
    /// The name.
    pub name: String,
    /// `upcoming`, `active`, `leave`, `left` or `suspended`.
    pub status: LearnerStatus,
    /// The department.
    pub department: String,
    /// The place.
    pub location: String,
    /// The role.
    pub role: String,
    /// The groups, line by line.
    #[serde(skip)]
    pub groups: String,
}

const LIST: Sql = Sql::per_engine(
    concat!(
        "SELECT l.id, ",
        who!(),
        r#" AS email, l.name, l.status, l.department, l.location, l.role,
             COALESCE((SELECT group_concat(name, char(10)) FROM (
                 SELECT DISTINCT g.name, g.name_folded FROM memberships m JOIN groups g ON g.id = m.group_id
                 WHERE m.learner_id = l.id ORDER BY g.name_folded)), '') AS "groups"
         FROM learners l WHERE $1 = 0 OR l.id = $1 ORDER BY 2, l.id"#
    ),
    concat!(
        "SELECT l.id, ",
        who!(),
        r#" AS email, l.name, l.status, l.department, l.location, l.role,
             COALESCE((SELECT string_agg(name, chr(10) ORDER BY name_folded) FROM (
                 SELECT DISTINCT g.name, g.name_folded FROM memberships m JOIN groups g ON g.id = m.group_id
                 WHERE m.learner_id = l.id) named), '') AS "groups"
         FROM learners l WHERE $1 = 0 OR l.id = $1 ORDER BY 2, l.id"#
    ),
);

/// Returns all learners, or one.
pub async fn list(tx: &mut Tx, only: Option<LearnerId>) -> Result<Vec<LearnerSummary>> {
    tx.fetch_all("list learners", LIST, params![only.map_or(0, |id| id.0)]).await
}

/// Details that `learners show` adds to the list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct LearnerDetails {
    /// The attributes, as a JSON object.
    pub attributes: String,
    /// The first day.
    pub start_date: Option<NaiveDate>,
    /// The last day.
    pub end_date: Option<NaiveDate>,
    /// Address that another learner holds.
    pub email_contested: Option<String>,
}

const DETAILS: Sql = Sql::per_engine(
    "SELECT attributes, start_date, end_date, email_contested FROM learners WHERE id = $1",
    "SELECT attributes::text AS attributes, start_date, end_date, email_contested FROM learners WHERE id = $1",
);

/// The attributes of one learner.
pub async fn get_details(tx: &mut Tx, id: LearnerId) -> Result<LearnerDetails> {
    tx.fetch_one("show a learner", DETAILS, params![id]).await
}

list_statements!(WITH_ACCESS, STATUS, BY_HAND, ATTRIBUTES, LABELS, STATES, COUNT, ANY, LIST, DETAILS);
