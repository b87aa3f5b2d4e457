//! What waits for approval.

use chrono::{DateTime, Utc};

use crate::Result;
use crate::param::params;
use crate::sql::{Sql, list_statements};
use crate::transaction::Tx;

/// The changes that wait for approval, and that one run showed last.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct WaitingHold {
    /// The run.
    pub run: i64,
    /// The connector.
    pub connector: String,
    /// When the first of the changes was held.
    pub since: DateTime<Utc>,
    /// The number of learners, and of people who are not learners yet.
    pub learners: i64,
    /// The number of memberships that are added or removed.
    pub memberships: i64,
    /// The number of enrollments that the memberships concern.
    pub enrollments: i64,
    /// The causes and the limits, as a JSON object.
    pub guard: String,
}

macro_rules! waiting_holds {
    ($guard:literal) => {
        concat!(
            "SELECT w.run, c.name AS connector, f.started_at AS since, w.learners, w.memberships,
                r.enrollments_held AS enrollments, ",
            $guard,
            " AS guard
             FROM (
                SELECT h.connector_id, h.last_run_id AS run, min(h.first_run_id) AS first_run,
                    count(DISTINCT COALESCE(CAST(h.learner_id AS TEXT), h.external_id)) AS learners,
                    count(*) FILTER (WHERE h.kind IN ('give', 'end')) AS memberships
                FROM held_changes h WHERE h.state = 'held' GROUP BY h.connector_id, h.last_run_id
             ) w
             JOIN connectors c ON c.id = w.connector_id
             JOIN runs f ON f.id = w.first_run
             JOIN runs r ON r.id = w.run
             ORDER BY w.run"
        )
    };
}

const WAITING: Sql = Sql::per_engine(waiting_holds!("r.guard"), waiting_holds!("r.guard::text"));

/// Everything that waits for approval, the oldest run first.
pub async fn list(tx: &mut Tx) -> Result<Vec<WaitingHold>> {
    tx.fetch_all("read what waits", WAITING, params![]).await
}

list_statements!(WAITING);
