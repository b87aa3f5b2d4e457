//! Learners: one row a human, with the merged attributes of the persons who are this learner.
//!
//! New learners get the numbers after the highest one; whoever adds some holds the head's lock.

use chrono::NaiveDate;
use serde::Serialize;

use super::Result;
use super::arg::args;
use super::engine::{Sql, Tx};
use super::stage::{Stage, stage};
use crate::model::ids::{LearnerId, RunId};
use crate::model::names::{fold, terms};
use crate::model::status::Status;

/// How a learner `l` is called: by the address, else as `CONNECTOR:ID`, else by name.
macro_rules! who {
    () => {
        "COALESCE(l.email, (SELECT min(c.name || ':' || p.external_id) FROM persons p
                            JOIN connectors c ON c.id = p.connector_id WHERE p.learner_id = l.id), l.name)"
    };
}
pub(super) use who;

/// A learner's row as a sync writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write<'a> {
    /// The number; for a fresh learner one that [`next_id`] gave.
    pub id: LearnerId,
    /// Whether the row is new.
    pub fresh: bool,
    /// The address, when nobody else holds it.
    pub email: Option<&'a str>,
    /// The address as it is compared.
    pub email_folded: Option<String>,
    /// The folded address that somebody else holds.
    pub email_contested: Option<String>,
    /// The name that is shown.
    pub name: String,
    /// `given_name`, `family_name`, `department`, `location`, `role`, `manager`, `employee_type`.
    pub texts: [&'a str; 7],
    /// The first day.
    pub start: Option<NaiveDate>,
    /// The last day.
    pub end: Option<NaiveDate>,
    /// The state today.
    pub status: Status,
    /// Every attribute, as a JSON object.
    pub attributes: String,
}

const WRITTEN: Stage = stage!(
    "stage_learners": 0 "id" "BIGINT", 1 "fresh" "BOOLEAN", 2 "email" "TEXT", 3 "email_folded" "TEXT",
    4 "email_contested" "TEXT", 5 "name" "TEXT", 6 "given_name" "TEXT", 7 "family_name" "TEXT",
    8 "department" "TEXT", 9 "location" "TEXT", 10 "role" "TEXT", 11 "manager" "TEXT", 12 "employee_type" "TEXT",
    13 "start_date" "DATE", 14 "end_date" "DATE", 15 "status" "TEXT", 16 "attributes" "JSONB",
    17 "name_folded" "TEXT", 18 "terms" "TEXT"
);

const NEXT: &str = "SELECT COALESCE(max(id), CAST(0 AS BIGINT)) + 1 FROM learners";

/// The first number that no learner has. Hold the head's lock.
///
/// # Errors
/// When the database refuses.
pub async fn next_id(tx: &mut Tx) -> Result<i64> {
    let (id,): (i64,) = tx.one("number learners", NEXT, args![]).await?;
    Ok(id)
}

/// Addresses that are given up, so that they still find the learner.
const FORMER: &str = "
    INSERT INTO former_addresses (email_folded, learner_id, run_id)
    SELECT l.email_folded, l.id, $1
    FROM stage_learners s JOIN learners l ON l.id = s.id
    WHERE NOT s.fresh AND l.email_folded IS NOT NULL AND l.email_folded IS DISTINCT FROM s.email_folded
    ON CONFLICT (email_folded, learner_id) DO NOTHING";

/// Two people may have swapped addresses, or one taken that of another who leaves: all let go before any takes.
const LET_GO: &str = "
    UPDATE learners SET email_folded = NULL
    FROM stage_learners s
    WHERE learners.id = s.id AND NOT s.fresh
      AND (s.status = 'left' OR learners.email_folded IS DISTINCT FROM s.email_folded)";

/// Who has left with an address that somebody comes with now: it still finds them, behind its new holder.
const HANDED_ON: &str = "
    INSERT INTO former_addresses (email_folded, learner_id, run_id)
    SELECT l.email_folded, l.id, $1
    FROM stage_learners s JOIN learners l ON l.email_folded = s.email_folded
    WHERE l.status = 'left' AND s.status <> 'left'
      AND NOT EXISTS (SELECT 1 FROM stage_learners o WHERE o.id = l.id)
    ON CONFLICT (email_folded, learner_id) DO NOTHING";

const GIVE_UP: &str = "
    UPDATE learners SET email = NULL, email_folded = NULL, run_id = $1
    FROM stage_learners s
    WHERE learners.email_folded = s.email_folded AND learners.status = 'left' AND s.status <> 'left'
      AND NOT EXISTS (SELECT 1 FROM stage_learners o WHERE o.id = learners.id)";

/// Whose due dates may move with the first day.
const NOTE_STARTS: &str = "
    INSERT INTO stage_starts (learner_id)
    SELECT s.id FROM stage_learners s JOIN learners l ON l.id = s.id
    WHERE NOT s.fresh AND s.start_date IS DISTINCT FROM l.start_date";

const UPDATE: &str = "
    UPDATE learners
    SET email = s.email, email_folded = s.email_folded, email_contested = s.email_contested, name = s.name,
        given_name = s.given_name, family_name = s.family_name, department = s.department, location = s.location,
        role = s.role, manager = s.manager, employee_type = s.employee_type, start_date = s.start_date,
        end_date = s.end_date, attributes = s.attributes, run_id = $1, by_hand = FALSE, status = s.status,
        name_folded = s.name_folded, terms = s.terms,
        active_since = CASE WHEN learners.status IN ('left', 'upcoming') AND s.status IN ('active', 'leave')
            THEN $2 ELSE learners.active_since END
    FROM stage_learners s
    WHERE learners.id = s.id AND NOT s.fresh";

const INSERT: &str = "
    INSERT INTO learners (id, email, email_folded, email_contested, name, given_name, family_name, department,
        location, role, manager, employee_type, start_date, end_date, status, active_since, attributes, name_folded,
        terms, run_id)
    SELECT id, email, email_folded, email_contested, name, given_name, family_name, department, location, role,
        manager, employee_type, start_date, end_date, status, CAST($2 AS DATE), attributes, name_folded, terms, $1
    FROM stage_learners WHERE fresh ORDER BY id";

const INSERT_SQLITE: &str = "
    INSERT INTO learners (id, email, email_folded, email_contested, name, given_name, family_name, department,
        location, role, manager, employee_type, start_date, end_date, status, active_since, attributes, name_folded,
        terms, run_id)
    SELECT id, email, email_folded, email_contested, name, given_name, family_name, department, location, role,
        manager, employee_type, start_date, end_date, status, $2, attributes, name_folded, terms, $1
    FROM stage_learners WHERE fresh ORDER BY id";

/// Writes rows of learners, new and changed, between [`stage_changes`] and what follows from it.
///
/// # Errors
/// When the database refuses.
pub async fn write<'a>(
    tx: &mut Tx,
    learners: impl IntoIterator<Item = Write<'a>>,
    today: NaiveDate,
    run: RunId,
) -> Result<()> {
    tx.stage(WRITTEN, learners, |rows, one| {
        rows.int(one.id.0).flag(one.fresh).opt_text(one.email).opt_text(one.email_folded.as_deref());
        rows.opt_text(one.email_contested.as_deref()).text(&one.name);
        for text in one.texts {
            rows.text(text);
        }
        rows.day(one.start).day(one.end).text(one.status.as_str()).text(&one.attributes);
        let [_, _, department, location, role, ..] = one.texts;
        let terms = terms([&one.name, one.email.unwrap_or_default(), department, location, role]);
        rows.text(&fold(&one.name)).text(&terms).end();
    })
    .await?;
    tx.execute("keep former addresses", FORMER, args![run]).await?;
    tx.execute("let addresses go", LET_GO, args![]).await?;
    tx.execute("keep addresses that are handed on", HANDED_ON, args![run]).await?;
    tx.execute("hand addresses on", GIVE_UP, args![run]).await?;
    tx.execute("note new start dates", NOTE_STARTS, args![]).await?;
    tx.execute("change learners", UPDATE, args![run, today]).await?;
    tx.execute("add learners", Sql::each(INSERT_SQLITE, INSERT), args![run, today]).await?;
    tx.drop_stage(WRITTEN).await
}

const UNWRITTEN: &str = "
    SELECT id, name, COALESCE(email, '') AS email, department, location, role FROM learners WHERE terms IS NULL";

const TERMS: Stage = stage!("stage_terms": 0 "id" "BIGINT", 1 "name_folded" "TEXT", 2 "terms" "TEXT");

const WRITE_TERMS: &str = "
    UPDATE learners SET name_folded = s.name_folded, terms = s.terms FROM stage_terms s WHERE learners.id = s.id";

/// Writes the words by which learners are found, where an older program did not.
///
/// # Errors
/// When the database refuses.
pub async fn write_terms(tx: &mut Tx) -> Result<()> {
    let all: Vec<(i64, String, String, String, String, String)> =
        tx.all("read learners without terms", UNWRITTEN, args![]).await?;
    tx.stage(TERMS, all, |rows, (id, name, email, department, location, role)| {
        let found = terms([&name, &email, &department, &location, &role].map(String::as_str));
        rows.int(id).text(&fold(&name)).text(&found).end();
    })
    .await?;
    tx.execute("write the terms of learners", WRITE_TERMS, args![]).await?;
    tx.drop_stage(TERMS).await
}

const COMING_AND_GOING: Stage = stage!("stage_status": 0 "learner_id" "BIGINT");
const STARTS: Stage = stage!("stage_starts": 0 "learner_id" "BIGINT");

/// Lays out who comes or goes, and makes room for whose `start_date` moves, for [`crate::enrollment::change`].
///
/// # Errors
/// When the database refuses.
pub async fn stage_changes(tx: &mut Tx, comes_or_goes: impl IntoIterator<Item = LearnerId>) -> Result<()> {
    tx.stage(COMING_AND_GOING, comes_or_goes, |rows, id| rows.int(id.0).end()).await?;
    tx.stage(STARTS, [], |rows, id: LearnerId| rows.int(id.0).end()).await?;
    Ok(())
}

/// Clears away what [`stage_changes`] laid out.
///
/// # Errors
/// When the database refuses.
pub async fn unstage_changes(tx: &mut Tx) -> Result<()> {
    tx.drop_stage(COMING_AND_GOING).await?;
    tx.drop_stage(STARTS).await
}

const LEAVE: Sql = Sql::each(
    "UPDATE learners SET status = 'left', run_id = $2 WHERE id IN (SELECT value FROM json_each($1))",
    "UPDATE learners SET status = 'left', run_id = $2 WHERE id = ANY($1)",
);

/// Marks learners as left; their rows keep everything else.
///
/// # Errors
/// When the database refuses.
pub async fn leave(tx: &mut Tx, learners: Vec<i64>, run: RunId) -> Result<u64> {
    if learners.is_empty() {
        return Ok(0);
    }
    tx.execute("let learners leave", LEAVE, args![learners, run]).await
}

/// A learner as commands need one.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Learner {
    /// The number.
    pub id: LearnerId,
    /// The address, or what stands for it.
    pub email: String,
    /// The name.
    pub name: String,
    /// The state.
    pub status: String,
    /// Whether the learner was added by hand and no directory keeps the row.
    pub by_hand: bool,
}

impl Learner {
    /// The state, read.
    #[must_use]
    pub fn status(&self) -> Status {
        Status::read(&self.status).unwrap_or(Status::Left)
    }
}

/// By address: who holds it now, then who left with it, then who had it once.
const BY_ADDRESS: &str = concat!(
    "SELECT l.id, ", who!(), " AS email, l.name, l.status, l.by_hand
     FROM (
         SELECT id, CASE WHEN status <> 'left' THEN 1 ELSE 2 END AS place FROM learners WHERE email_folded = $1
         UNION ALL
         SELECT learner_id, 3 FROM former_addresses WHERE email_folded = $1
     ) f JOIN learners l ON l.id = f.id
     ORDER BY f.place, l.id DESC LIMIT 1"
);

const BY_PERSON: &str = concat!(
    "SELECT l.id, ",
    who!(),
    " AS email, l.name, l.status, l.by_hand
     FROM persons p JOIN connectors c ON c.id = p.connector_id JOIN learners l ON l.id = p.learner_id
     WHERE c.name = $1 AND p.external_id = $2"
);

/// The learner of an address, a former address, or `CONNECTOR:ID`.
///
/// # Errors
/// When the database refuses.
pub async fn find(tx: &mut Tx, text: &str) -> Result<Option<Learner>> {
    let folded = fold(text);
    let by_address: Option<Learner> = tx.maybe("find a learner", BY_ADDRESS, args![folded]).await?;
    if by_address.is_some() {
        return Ok(by_address);
    }
    match text.split_once(':') {
        Some((connector, id)) => tx.maybe("find a person", BY_PERSON, args![connector, id]).await,
        None => Ok(None),
    }
}

const BY_NUMBERS: Sql = Sql::each(
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
///
/// # Errors
/// When the database refuses.
pub async fn by_numbers(tx: &mut Tx, numbers: Vec<i64>) -> Result<Vec<Learner>> {
    tx.all("find learners", BY_NUMBERS, args![numbers]).await
}

/// The learner with a number.
///
/// # Errors
/// When the database refuses.
pub async fn by_number(tx: &mut Tx, id: LearnerId) -> Result<Option<Learner>> {
    Ok(by_numbers(tx, vec![id.0]).await?.pop())
}

const WITH_ACCESS: &str = "SELECT count(*) FROM learners WHERE status IN ('active', 'leave')";

/// How many learners have access.
///
/// # Errors
/// When the database refuses.
pub async fn with_access(tx: &mut Tx) -> Result<i64> {
    let (count,): (i64,) = tx.one("count learners with access", WITH_ACCESS, args![]).await?;
    Ok(count)
}

const STATUS: &str = "SELECT status FROM learners WHERE id = $1";

/// The state of a learner.
///
/// # Errors
/// When the database refuses.
pub async fn status(tx: &mut Tx, id: LearnerId) -> Result<Status> {
    let (status,): (String,) = tx.one("read a learner's state", STATUS, args![id]).await?;
    Ok(Status::read(&status).unwrap_or(Status::Left))
}

const ADD: &str = "
    INSERT INTO learners (id, email, email_folded, name, name_folded, terms, status, active_since, by_hand, run_id)
    VALUES ($1, $2, $3, $4, $5, $6, 'active', $7, TRUE, $8)";

/// Adds a learner by hand. Hold the head's lock.
///
/// # Errors
/// When the database refuses.
pub async fn add(tx: &mut Tx, email: &str, name: &str, today: NaiveDate, run: RunId) -> Result<LearnerId> {
    let id = next_id(tx).await?;
    let args = args![id, email, fold(email), name, fold(name), terms([name, email]), today, run];
    tx.execute("add a learner", ADD, args).await?;
    Ok(LearnerId(id))
}

/// A learner who was added by hand and whom no directory keeps.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ByHand {
    /// The number.
    pub id: LearnerId,
    /// The address.
    pub email: Option<String>,
    /// The name.
    pub name: String,
}

const BY_HAND: &str = "SELECT id, email, name FROM learners WHERE by_hand AND status <> 'left' ORDER BY id";

/// Everybody who was added by hand.
///
/// # Errors
/// When the database refuses.
pub async fn by_hand(tx: &mut Tx) -> Result<Vec<ByHand>> {
    tx.all("read learners added by hand", BY_HAND, args![]).await
}

/// A holder of an address, for whoever wants to join or to take it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Holder {
    /// The address.
    pub email_folded: String,
    /// Who holds it.
    pub id: LearnerId,
    /// In which state.
    pub status: String,
    /// The id under which this connector has known the learner, present or not.
    pub external_id: Option<String>,
    /// Whether the connector's last good reading held that person.
    pub present: Option<bool>,
}

const HOLDERS: Sql = Sql::each(
    "SELECT l.email_folded, l.id, l.status, p.external_id, p.present
     FROM json_each($1) j JOIN learners l ON l.email_folded = j.value
     LEFT JOIN persons p ON p.learner_id = l.id AND p.connector_id = $2
     ORDER BY l.id",
    "SELECT l.email_folded, l.id, l.status, p.external_id, p.present
     FROM UNNEST($1) AS j (value) JOIN learners l ON l.email_folded = j.value
     LEFT JOIN persons p ON p.learner_id = l.id AND p.connector_id = $2
     ORDER BY l.id",
);

/// Who holds these folded addresses now, or left with them.
///
/// # Errors
/// When the database refuses.
pub async fn holders(
    tx: &mut Tx,
    folded: Vec<String>,
    connector: crate::model::ids::ConnectorId,
) -> Result<Vec<Holder>> {
    if folded.is_empty() {
        return Ok(Vec::new());
    }
    tx.all("find who holds addresses", HOLDERS, args![folded, connector]).await
}

const ATTRIBUTES: Sql = Sql::each(
    "SELECT id, attributes FROM learners WHERE id IN (SELECT value FROM json_each($1))",
    "SELECT id, attributes::text FROM learners WHERE id = ANY($1)",
);

/// The attributes of these learners, as JSON objects.
///
/// # Errors
/// When the database refuses.
pub async fn attributes(tx: &mut Tx, learners: Vec<i64>) -> Result<Vec<(LearnerId, String)>> {
    if learners.is_empty() {
        return Ok(Vec::new());
    }
    tx.all("read attributes of learners", ATTRIBUTES, args![learners]).await
}

const LABELS: Sql = Sql::each(
    concat!("SELECT l.id, ", who!(), " FROM learners l WHERE l.id IN (SELECT value FROM json_each($1))"),
    concat!("SELECT l.id, ", who!(), " FROM learners l WHERE l.id = ANY($1)"),
);

/// How these learners are called.
///
/// # Errors
/// When the database refuses.
pub async fn labels(tx: &mut Tx, learners: Vec<i64>) -> Result<Vec<(LearnerId, String)>> {
    if learners.is_empty() {
        return Ok(Vec::new());
    }
    tx.all("name learners", LABELS, args![learners]).await
}

const STATES: &str = "SELECT id, status FROM learners WHERE status <> 'left'";

/// The state of everybody who has not left.
///
/// # Errors
/// When the database refuses.
pub async fn states(tx: &mut Tx) -> Result<Vec<(LearnerId, Status)>> {
    tx.all("read the states of learners", STATES, args![]).await
}

const COUNT: &str = "SELECT count(*) FROM learners";

/// How many learners there are.
///
/// # Errors
/// When the database refuses.
pub async fn count(tx: &mut Tx) -> Result<i64> {
    let (count,): (i64,) = tx.one("count learners", COUNT, args![]).await?;
    Ok(count)
}

/// A learner as `learners list` prints one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Summary {
    /// The number.
    #[serde(skip)]
    pub id: i64,
    /// The address, or what stands for it.
    pub email: String,
    /// The name.
    pub name: String,
    /// `upcoming`, `active`, `leave` or `left`.
    pub status: String,
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

const LIST: Sql = Sql::each(
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

/// Everybody, or one learner.
///
/// # Errors
/// When the database refuses.
pub async fn list(tx: &mut Tx, only: Option<LearnerId>) -> Result<Vec<Summary>> {
    tx.all("list learners", LIST, args![only.map_or(0, |id| id.0)]).await
}

/// What `learners show` adds to the list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Details {
    /// The attributes, as a JSON object.
    pub attributes: String,
    /// The first day.
    pub start_date: Option<NaiveDate>,
    /// The last day.
    pub end_date: Option<NaiveDate>,
    /// The address that somebody else holds.
    pub email_contested: Option<String>,
}

const DETAILS: Sql = Sql::each(
    "SELECT attributes, start_date, end_date, email_contested FROM learners WHERE id = $1",
    "SELECT attributes::text AS attributes, start_date, end_date, email_contested FROM learners WHERE id = $1",
);

/// The attributes of one learner.
///
/// # Errors
/// When the database refuses.
pub async fn details(tx: &mut Tx, id: LearnerId) -> Result<Details> {
    tx.one("show a learner", DETAILS, args![id]).await
}
