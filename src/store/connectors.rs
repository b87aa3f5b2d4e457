//! Connectors that a configuration file has ever contained, and the time up to which their schedules are processed.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Result;
use super::param::params;
use super::sql::{Sql, list_statements};
use super::transaction::Tx;
use rollcall_model::ids::{ConnectorId, RunId};

/// A row of the table.
#[derive(Debug, Clone, Serialize, sqlx_macros::FromRow)]
pub struct ConnectorRow {
    /// The number.
    pub id: i64,
    /// The name in the file.
    pub name: String,
    /// The kind of source.
    pub kind: String,
    /// The schedule that `scheduled_until` belongs to.
    pub schedule: Option<String>,
    /// Every scheduled instant up to here is served.
    pub scheduled_until: DateTime<Utc>,
    /// The last run that was applied or found nothing to do.
    pub good_run_id: Option<i64>,
    /// Time of retirement.
    pub retired_at: Option<DateTime<Utc>>,
}

/// Makes a connector known. One that is new, or has another schedule than before, owes nothing from the past.
const KNOW: &str = "
    INSERT INTO connectors (name, kind, schedule, scheduled_until) VALUES ($1, $2, $3, $4)
    ON CONFLICT (name) DO UPDATE
    SET kind = excluded.kind, retired_at = NULL, schedule = excluded.schedule,
        scheduled_until = CASE WHEN connectors.schedule IS NOT DISTINCT FROM excluded.schedule
            THEN connectors.scheduled_until ELSE excluded.scheduled_until END
    RETURNING id, name, kind, schedule, scheduled_until, good_run_id, retired_at";

const LIST: &str = "
    SELECT id, name, kind, schedule, scheduled_until, good_run_id, retired_at FROM connectors ORDER BY name";

/// Serves a schedule up to an instant, unless another machine was quicker.
const SERVE: &str = "UPDATE connectors SET scheduled_until = $3 WHERE id = $1 AND scheduled_until = $2";

const GOOD_RUN: Sql = Sql::per_engine(
    "UPDATE connectors SET good_run_id = $2, baseline = $3, held_run_id = NULL, held_baseline = NULL,
         before_hold = NULL
     WHERE id = $1",
    "UPDATE connectors SET good_run_id = $2, baseline = $3::jsonb, held_run_id = NULL, held_baseline = NULL,
         before_hold = NULL
     WHERE id = $1",
);

const HELD_RUN: Sql = Sql::per_engine(
    "UPDATE connectors SET held_run_id = $2, held_baseline = $3, before_hold = COALESCE(before_hold, $4) WHERE id = $1",
    "UPDATE connectors
     SET held_run_id = $2, held_baseline = $3::jsonb, before_hold = COALESCE(before_hold, $4::jsonb) WHERE id = $1",
);

/// The reading of a hold becomes the one that later ones are measured against, once all of it is approved.
const PROMOTE: &str = "
    UPDATE connectors
    SET good_run_id = held_run_id, baseline = held_baseline, held_run_id = NULL, held_baseline = NULL, before_hold = NULL
    WHERE id = $1 AND held_run_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM held_changes h WHERE h.connector_id = $1 AND h.state = 'held')";

const BASELINE: Sql = Sql::per_engine(
    "SELECT COALESCE(baseline, '') FROM connectors WHERE id = $1",
    "SELECT COALESCE(baseline::text, '') FROM connectors WHERE id = $1",
);

const BEFORE_HOLD: Sql = Sql::per_engine(
    "SELECT COALESCE(before_hold, '') FROM connectors WHERE id = $1",
    "SELECT COALESCE(before_hold::text, '') FROM connectors WHERE id = $1",
);

/// Retires a connector that no longer holds any people.
const RETIRE: &str = "
    UPDATE connectors SET retired_at = $2
    WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM persons p WHERE p.connector_id = $1 AND p.present)";

/// Marks a connector that is no longer configured as retired, unless it still holds people.
pub async fn retire(tx: &mut Tx, id: ConnectorId, now: DateTime<Utc>) -> Result<bool> {
    Ok(tx.execute("retire a connector", RETIRE, params![id, now]).await? == 1)
}

/// Makes a connector of the file known and answers its row.
pub async fn ensure_connector(
    tx: &mut Tx,
    name: &str,
    kind: &str,
    schedule: Option<&str>,
    now: DateTime<Utc>,
) -> Result<ConnectorRow> {
    tx.fetch_one("make a connector known", KNOW, params![name, kind, schedule, now]).await
}

/// All connectors, by name.
pub async fn list(tx: &mut Tx) -> Result<Vec<ConnectorRow>> {
    tx.fetch_all("list connectors", LIST, params![]).await
}

/// Claims the scheduled instants between `since` and `until`; false when another machine has claimed them.
pub async fn claim_schedule(
    tx: &mut Tx,
    id: ConnectorId,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<bool> {
    Ok(tx.execute("claim a schedule", SERVE, params![id, since, until]).await? == 1)
}

/// Remembers the last good run of a connector, and what it measured.
pub async fn record_good_run(tx: &mut Tx, id: ConnectorId, run: RunId, baseline: &str) -> Result<()> {
    tx.execute("remember a good run", GOOD_RUN, params![id, run, baseline]).await.map(|_| ())
}

/// Remembers the last complete run of which something is held, and what it measured; of the first one also what there
/// was before it.
pub async fn record_held_run(
    tx: &mut Tx,
    id: ConnectorId,
    run: RunId,
    baseline: &str,
    before: Option<&str>,
) -> Result<()> {
    tx.execute("remember a held run", HELD_RUN, params![id, run, baseline, before]).await.map(|_| ())
}

/// Makes the held run the last good one, when nothing of it waits any longer.
pub async fn promote_held_run(tx: &mut Tx, id: ConnectorId) -> Result<()> {
    tx.execute("remember an approved run", PROMOTE, params![id]).await.map(|_| ())
}

/// Baseline of the last good run, as a JSON object; empty before the first one.
pub async fn get_baseline(tx: &mut Tx, id: ConnectorId) -> Result<String> {
    let (json,): (String,) =
        tx.fetch_one("read what the last good run measured", BASELINE, params![id]).await?;
    Ok(json)
}

/// Baseline before the first run that has held changes, as a JSON object; empty if nothing is held.
pub async fn get_hold_baseline(tx: &mut Tx, id: ConnectorId) -> Result<String> {
    let (json,): (String,) =
        tx.fetch_one("read what there was before a hold", BEFORE_HOLD, params![id]).await?;
    Ok(json)
}

list_statements!(KNOW, LIST, SERVE, GOOD_RUN, HELD_RUN, PROMOTE, BASELINE, BEFORE_HOLD, RETIRE);
