//! The manager of each learner as the last complete run found it, for rules that read managers.

use super::Result;
use super::param::params;
use super::sql::{Sql, list_statements};
use super::staging::{StagingTable, staging_table};
use super::transaction::Tx;
use rollcall_model::ids::{ConnectorId, LearnerId};
use rollcall_model::status::LearnerStatus;

/// A line from a learner to a manager.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct ReportingLine {
    /// The learner.
    pub learner_id: LearnerId,
    /// The manager; the last one that was known if there is a problem.
    pub manager_id: Option<LearnerId>,
    /// `manager` as the source wrote it.
    pub written: String,
    /// The reason why the manager is not known; empty if it is.
    pub problem: String,
    /// The number of people below.
    pub reports: i64,
}

/// A learner who may be a manager, once for each id.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct PossibleManager {
    /// The learner.
    pub learner_id: LearnerId,
    /// The connector of the id; none for a learner whom no connector holds.
    pub connector_id: Option<ConnectorId>,
    /// The source's id.
    pub external_id: Option<String>,
    /// The folded address, or "".
    pub address: String,
    /// The name.
    pub name: String,
    /// `manager` as the source wrote it.
    pub manager: String,
    /// The status.
    pub status: LearnerStatus,
}

const ALL: &str =
    "SELECT learner_id, manager_id, written, problem, reports FROM reporting_lines ORDER BY learner_id";

/// Returns all lines.
pub async fn list(tx: &mut Tx) -> Result<Vec<ReportingLine>> {
    tx.fetch_all("read managers", ALL, params![]).await
}

const OF_LEARNERS: Sql = Sql::per_engine(
    "SELECT learner_id, manager_id, written, problem, reports FROM reporting_lines
     WHERE learner_id IN (SELECT value FROM json_each($1)) ORDER BY learner_id",
    "SELECT learner_id, manager_id, written, problem, reports FROM reporting_lines
     WHERE learner_id = ANY($1) ORDER BY learner_id",
);

/// Returns the lines of some learners.
pub async fn list_of(tx: &mut Tx, learners: Vec<i64>) -> Result<Vec<ReportingLine>> {
    if learners.is_empty() {
        return Ok(Vec::new());
    }
    tx.fetch_all("read managers", OF_LEARNERS, params![learners]).await
}

const OF_OTHER_CONNECTORS: &str = "
    SELECT l.id AS learner_id, p.connector_id, p.external_id, COALESCE(l.email_folded, '') AS address, l.name,
        l.manager, l.status
    FROM persons p JOIN learners l ON l.id = p.learner_id
    WHERE p.present AND p.connector_id <> $1
    ORDER BY l.id, p.connector_id, p.external_id";

/// Returns the people of the connectors other than this one.
pub async fn list_people_of_others(tx: &mut Tx, connector: ConnectorId) -> Result<Vec<PossibleManager>> {
    tx.fetch_all("read people of other connectors", OF_OTHER_CONNECTORS, params![connector]).await
}

const PEOPLE: Sql = Sql::per_engine(
    "SELECT l.id AS learner_id, p.connector_id, p.external_id, COALESCE(l.email_folded, '') AS address, l.name,
         l.manager, l.status
     FROM learners l LEFT JOIN persons p ON p.learner_id = l.id AND p.present
     WHERE l.id IN (SELECT value FROM json_each($1)) ORDER BY l.id, p.connector_id, p.external_id",
    "SELECT l.id AS learner_id, p.connector_id, p.external_id, COALESCE(l.email_folded, '') AS address, l.name,
         l.manager, l.status
     FROM learners l LEFT JOIN persons p ON p.learner_id = l.id AND p.present
     WHERE l.id = ANY($1) ORDER BY l.id, p.connector_id, p.external_id",
);

/// Returns some learners.
pub async fn list_people(tx: &mut Tx, learners: Vec<i64>) -> Result<Vec<PossibleManager>> {
    if learners.is_empty() {
        return Ok(Vec::new());
    }
    tx.fetch_all("read managers", PEOPLE, params![learners]).await
}

/// Each connector is asked by its index, because the ids of a connector begin with its number.
const NAMED: Sql = Sql::per_engine(
    "SELECT p.learner_id AS id FROM connectors c CROSS JOIN json_each($1) j CROSS JOIN persons p
     ON p.connector_id = c.id AND p.external_id = j.value AND p.present
     UNION SELECT l.id FROM json_each($2) j CROSS JOIN learners l ON l.email_folded = j.value ORDER BY 1",
    "SELECT p.learner_id AS id FROM connectors c JOIN persons p ON p.connector_id = c.id
     WHERE p.external_id = ANY($1) AND p.present
     UNION SELECT l.id FROM learners l WHERE l.email_folded = ANY($2) ORDER BY 1",
);

/// Returns the learners with one of these ids or folded addresses.
pub async fn list_named(tx: &mut Tx, ids: Vec<String>, addresses: Vec<String>) -> Result<Vec<LearnerId>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(LearnerId,)> = tx.fetch_all("find managers", NAMED, params![ids, addresses]).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

const CHANGED: StagingTable = staging_table!(
    "stage_lines": 0 "learner_id" "BIGINT", 1 "manager_id" "BIGINT", 2 "written" "TEXT", 3 "problem" "TEXT",
    4 "reports" "BIGINT");

const WRITE: &str = "
    INSERT INTO reporting_lines (learner_id, manager_id, written, problem, reports)
    SELECT learner_id, manager_id, written, problem, reports FROM stage_lines WHERE TRUE ORDER BY learner_id
    ON CONFLICT (learner_id) DO UPDATE SET manager_id = excluded.manager_id, written = excluded.written,
        problem = excluded.problem, reports = excluded.reports";

/// Writes lines that are new or changed.
pub async fn write(tx: &mut Tx, lines: impl IntoIterator<Item = ReportingLine>) -> Result<()> {
    tx.fill_staging_table(CHANGED, lines, |rows, line| {
        rows.int(line.learner_id.0).opt_int(line.manager_id.map(|id| id.0)).text(&line.written);
        rows.text(&line.problem).int(line.reports).end_row();
    })
    .await?;
    tx.execute("write managers", WRITE, params![]).await?;
    tx.drop_staging_table(CHANGED).await
}

list_statements!(ALL, OF_LEARNERS, OF_OTHER_CONNECTORS, PEOPLE, NAMED, CHANGED, WRITE);
