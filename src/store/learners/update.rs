//! Rows of learners as syncs and people write them.

use chrono::NaiveDate;

use crate::param::params;
use crate::sql::list_statements;
use crate::staging::{StagingTable, staging_table};
use crate::{Result, Sql, Tx};
use rollcall_model::ids::{LearnerId, RunId};
use rollcall_model::names::{fold, terms};
use rollcall_model::status::LearnerStatus;

/// A learner's row as a sync writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearnerRowUpdate<'a> {
    /// The number; for a fresh learner one that [`next_id`] gave.
    pub id: LearnerId,
    /// True if the row is new.
    pub fresh: bool,
    /// Address, unless another learner holds it.
    pub email: Option<&'a str>,
    /// The address as it is compared.
    pub email_folded: Option<String>,
    /// Folded address that another learner holds.
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
    pub status: LearnerStatus,
    /// Every attribute, as a JSON object.
    pub attributes: String,
}

const WRITTEN: StagingTable = staging_table!(
    "stage_learners": 0 "id" "BIGINT", 1 "fresh" "BOOLEAN", 2 "email" "TEXT", 3 "email_folded" "TEXT",
    4 "email_contested" "TEXT", 5 "name" "TEXT", 6 "given_name" "TEXT", 7 "family_name" "TEXT",
    8 "department" "TEXT", 9 "location" "TEXT", 10 "role" "TEXT", 11 "manager" "TEXT", 12 "employee_type" "TEXT",
    13 "start_date" "DATE", 14 "end_date" "DATE", 15 "status" "TEXT", 16 "attributes" "JSONB",
    17 "name_folded" "TEXT", 18 "terms" "TEXT"
);

const NEXT: &str = "SELECT COALESCE(max(id), CAST(0 AS BIGINT)) + 1 FROM learners";

/// The first number that no learner has. Hold the head's lock.
pub async fn next_id(tx: &mut Tx) -> Result<i64> {
    let (id,): (i64,) = tx.fetch_one("number learners", NEXT, params![]).await?;
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

/// Keeps an address that a learner who left hands over to a new holder: it still finds both.
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

/// Learners whose due dates may change with the start date.
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
        active_since = CASE WHEN learners.status IN ('left', 'upcoming', 'suspended') AND s.status IN ('active', 'leave')
            THEN $2 ELSE learners.active_since END
    FROM stage_learners s
    WHERE learners.id = s.id AND NOT s.fresh";

const INSERT_POSTGRES: &str = "
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

const INSERT: Sql = Sql::per_engine(INSERT_SQLITE, INSERT_POSTGRES);

/// Writes rows of learners, new and changed, between [`stage_changes`] and what follows from it.
pub async fn write_rows<'a>(
    tx: &mut Tx,
    learners: impl IntoIterator<Item = LearnerRowUpdate<'a>>,
    today: NaiveDate,
    run: RunId,
) -> Result<()> {
    tx.fill_staging_table(WRITTEN, learners, |rows, one| {
        rows.int(one.id.0).flag(one.fresh).opt_text(one.email).opt_text(one.email_folded.as_deref());
        rows.opt_text(one.email_contested.as_deref()).text(&one.name);
        for text in one.texts {
            rows.text(text);
        }
        rows.day(one.start).day(one.end).text(one.status.as_str()).text(&one.attributes);
        let [_, _, department, location, role, ..] = one.texts;
        let terms = terms([&one.name, one.email.unwrap_or_default(), department, location, role]);
        rows.text(&fold(&one.name)).text(&terms).end_row();
    })
    .await?;
    tx.execute("keep former addresses", FORMER, params![run]).await?;
    tx.execute("let addresses go", LET_GO, params![]).await?;
    tx.execute("keep addresses that are handed on", HANDED_ON, params![run]).await?;
    tx.execute("hand addresses on", GIVE_UP, params![run]).await?;
    if tx.execute("note new start dates", NOTE_STARTS, params![]).await? > 0 {
        tx.execute("remember start dates", REMEMBER_STARTS, params![run]).await?;
    }
    tx.execute("change learners", UPDATE, params![run, today]).await?;
    tx.execute("add learners", INSERT, params![run, today]).await?;
    tx.drop_staging_table(WRITTEN).await
}

const UNWRITTEN: &str = "
    SELECT id, name, COALESCE(email, '') AS email, department, location, role FROM learners WHERE terms IS NULL";

const TERMS: StagingTable =
    staging_table!("stage_terms": 0 "id" "BIGINT", 1 "name_folded" "TEXT", 2 "terms" "TEXT");

const WRITE_TERMS: &str = "
    UPDATE learners SET name_folded = s.name_folded, terms = s.terms FROM stage_terms s WHERE learners.id = s.id";

/// Writes the words by which learners are found, where an older program did not.
pub async fn write_terms(tx: &mut Tx) -> Result<()> {
    let all: Vec<(i64, String, String, String, String, String)> =
        tx.fetch_all("read learners without terms", UNWRITTEN, params![]).await?;
    tx.fill_staging_table(TERMS, all, |rows, (id, name, email, department, location, role)| {
        let found = terms([&name, &email, &department, &location, &role].map(String::as_str));
        rows.int(id).text(&fold(&name)).text(&found).end_row();
    })
    .await?;
    tx.execute("write the terms of learners", WRITE_TERMS, params![]).await?;
    tx.drop_staging_table(TERMS).await
}

const COMING_AND_GOING: StagingTable = staging_table!("stage_status": 0 "learner_id" "BIGINT");
const STARTS: StagingTable = staging_table!("stage_starts": 0 "learner_id" "BIGINT");

/// The state of those who come or go, before the run changes it.
const REMEMBER_ACCESS: &str = "
    INSERT INTO learner_changes (run_id, learner_id, status)
    SELECT $1, l.id, l.status FROM stage_status s CROSS JOIN learners l WHERE l.id = s.learner_id
    ON CONFLICT (run_id, learner_id) DO NOTHING";

/// Those whose first day moves: their records are restored with it.
const REMEMBER_STARTS: &str = "
    INSERT INTO learner_changes (run_id, learner_id, status)
    SELECT $1, l.id, l.status FROM stage_starts s CROSS JOIN learners l WHERE l.id = s.learner_id
    ON CONFLICT (run_id, learner_id) DO NOTHING";

/// Lays out who comes or goes, and makes room for whose `start_date` moves, for
/// `rollcall_core::enrollment::change`.
pub async fn stage_changes(
    tx: &mut Tx,
    comes_or_goes: impl IntoIterator<Item = LearnerId>,
    run: RunId,
) -> Result<()> {
    let staged =
        tx.fill_staging_table(COMING_AND_GOING, comes_or_goes, |rows, id| rows.int(id.0).end_row()).await?;
    if staged > 0 {
        tx.execute("remember who comes and goes", REMEMBER_ACCESS, params![run]).await?;
    }
    tx.fill_staging_table(STARTS, [], |rows, id: LearnerId| rows.int(id.0).end_row()).await?;
    Ok(())
}

/// Clears away what [`stage_changes`] laid out.
pub async fn unstage_changes(tx: &mut Tx) -> Result<()> {
    tx.drop_staging_table(COMING_AND_GOING).await?;
    tx.drop_staging_table(STARTS).await
}

const STATES: StagingTable = staging_table!("stage_states": 0 "learner_id" "BIGINT", 1 "status" "TEXT");

/// An address that another learner holds by now is not returned. A CROSS JOIN keeps SQLite from reading every learner.
const GIVE_UP_ADDRESSES: &str = "
    UPDATE learners SET email = NULL, email_folded = NULL
    FROM stage_states s CROSS JOIN learners l CROSS JOIN learners o
    WHERE learners.id = s.learner_id AND l.id = s.learner_id AND l.status = 'left' AND s.status <> 'left'
      AND o.email_folded = l.email_folded AND o.status <> 'left' AND o.id <> l.id";

const SET_STATES: &str = "
    UPDATE learners SET status = s.status, run_id = $1 FROM stage_states s WHERE learners.id = s.learner_id";

/// Gives learners other statuses.
pub async fn set_statuses(
    tx: &mut Tx,
    learners: impl IntoIterator<Item = (LearnerId, LearnerStatus)>,
    run: RunId,
) -> Result<u64> {
    tx.fill_staging_table(STATES, learners, |rows, (id, status)| {
        rows.int(id.0).text(status.as_str()).end_row();
    })
    .await?;
    tx.execute("give up addresses", GIVE_UP_ADDRESSES, params![]).await?;
    let set = tx.execute("set statuses", SET_STATES, params![run]).await?;
    tx.drop_staging_table(STATES).await?;
    Ok(set)
}

const LEAVE: Sql = Sql::per_engine(
    "UPDATE learners SET status = 'left', run_id = $2 WHERE id IN (SELECT value FROM json_each($1))",
    "UPDATE learners SET status = 'left', run_id = $2 WHERE id = ANY($1)",
);

/// Marks learners as left; their rows keep everything else.
pub async fn mark_left(tx: &mut Tx, learners: Vec<i64>, run: RunId) -> Result<u64> {
    if learners.is_empty() {
        return Ok(0);
    }
    tx.execute("let learners leave", LEAVE, params![learners, run]).await
}

const ADD: &str = "
    INSERT INTO learners (id, email, email_folded, name, name_folded, terms, status, active_since, by_hand, run_id)
    VALUES ($1, $2, $3, $4, $5, $6, 'active', $7, TRUE, $8)";

/// Adds a learner by hand. Hold the head's lock.
pub async fn create_manual(
    tx: &mut Tx,
    email: &str,
    name: &str,
    today: NaiveDate,
    run: RunId,
) -> Result<LearnerId> {
    let id = next_id(tx).await?;
    let args = params![id, email, fold(email), name, fold(name), terms([name, email]), today, run];
    tx.execute("add a learner", ADD, args).await?;
    Ok(LearnerId(id))
}

list_statements!(
    WRITTEN,
    NEXT,
    FORMER,
    LET_GO,
    HANDED_ON,
    GIVE_UP,
    NOTE_STARTS,
    UPDATE,
    INSERT,
    UNWRITTEN,
    TERMS,
    WRITE_TERMS,
    COMING_AND_GOING,
    STARTS,
    REMEMBER_ACCESS,
    REMEMBER_STARTS,
    STATES,
    GIVE_UP_ADDRESSES,
    SET_STATES,
    LEAVE,
    ADD
);
