//! Learners whose access or first day a run changed, with their records before and after.

use crate::Result;
use crate::param::params;
use crate::sql::list_statements;
use crate::transaction::Tx;
use rollcall_model::ids::{ConnectorId, LearnerId, RunId};
use rollcall_model::status::LearnerStatus;

/// A learner whose access or first day a run changed, and whom no other run changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct ChangedLearner {
    /// The learner.
    pub learner_id: LearnerId,
    /// The status before the run.
    pub before: LearnerStatus,
    /// The status today.
    pub now: LearnerStatus,
    /// True if other runs gave memberships that are in force.
    pub joined_since: bool,
}

const CHANGED: &str = "
    SELECT c.learner_id, c.status AS before, l.status AS now, k.learner_id IS NOT NULL AS joined_since
    FROM learner_changes c CROSS JOIN learners l
    LEFT JOIN (
        SELECT DISTINCT m.learner_id FROM learner_changes d CROSS JOIN memberships m
        WHERE d.run_id = $1 AND m.learner_id = d.learner_id AND m.run_id <> $1) k ON k.learner_id = c.learner_id
    WHERE c.run_id = $1 AND l.id = c.learner_id AND l.run_id = $1 ORDER BY c.learner_id";

/// Learners whose access or first day a run changed, and whom no other run changed since.
pub async fn list_changed_learners(tx: &mut Tx, run: RunId) -> Result<Vec<ChangedLearner>> {
    tx.fetch_all("read whom a run changed", CHANGED, params![run]).await
}

const RELEASED: &str = "
    SELECT c.learner_id FROM learner_changes c CROSS JOIN learners l
    WHERE c.run_id = $1 AND c.status = 'suspended' AND l.id = c.learner_id AND l.status <> 'suspended'
    ORDER BY c.learner_id";

/// Learners whose suspension had ended before a run, and to whom the run gave access again.
pub async fn list_released_learners(tx: &mut Tx, run: RunId) -> Result<Vec<LearnerId>> {
    let rows: Vec<(LearnerId,)> =
        tx.fetch_all("read whose suspension ended before a run", RELEASED, params![run]).await?;
    Ok(rows.into_iter().map(|(learner,)| learner).collect())
}

/// A record of a learner, before and after a run.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct ChangedRecord {
    /// The learner.
    pub learner_id: LearnerId,
    /// The connector.
    pub connector_id: ConnectorId,
    /// The source's id.
    pub external_id: String,
    /// True if the source holds the person.
    pub present: bool,
    /// The attributes, as a JSON object.
    pub attributes: String,
    /// Their digest.
    pub digest: i64,
    /// True if the run was the first to read the person.
    pub is_first: bool,
    /// Whether the source held the person before the run; `None` if the run did not change the record.
    pub present_before: Option<bool>,
    /// The attributes before the run, where the run changed the record.
    pub before: Option<String>,
}

const RECORDS_SQLITE: &str = "
    SELECT p.learner_id, p.connector_id, p.external_id, p.present, p.attributes, p.digest,
        COALESCE(p.first_run_id, 0) = $1 AS is_first, b.present AS present_before, b.attributes AS before
    FROM learner_changes c CROSS JOIN persons p
    LEFT JOIN person_changes b
        ON b.run_id = $1 AND b.connector_id = p.connector_id AND b.external_id = p.external_id
    WHERE c.run_id = $1 AND p.learner_id = c.learner_id ORDER BY p.learner_id, p.connector_id, p.external_id";

const RECORDS_POSTGRES: &str = "
    SELECT p.learner_id, p.connector_id, p.external_id, p.present, p.attributes::text AS attributes, p.digest,
        COALESCE(p.first_run_id, 0) = $1 AS is_first, b.present AS present_before, b.attributes::text AS before
    FROM learner_changes c CROSS JOIN persons p
    LEFT JOIN person_changes b
        ON b.run_id = $1 AND b.connector_id = p.connector_id AND b.external_id = p.external_id
    WHERE c.run_id = $1 AND p.learner_id = c.learner_id ORDER BY p.learner_id, p.connector_id, p.external_id";

const RECORDS: crate::Sql = crate::Sql::per_engine(RECORDS_SQLITE, RECORDS_POSTGRES);

/// Every record of the learners whose access or first day a run changed.
pub async fn list_changed_records(tx: &mut Tx, run: RunId) -> Result<Vec<ChangedRecord>> {
    tx.fetch_all("read records before a run", RECORDS, params![run]).await
}

list_statements!(CHANGED, RELEASED, RECORDS);
