//! The status of each connector: its people, its last run and its next one.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::sync::lease::find_holder;
use rollcall_connectors::Connector;
use rollcall_model::schedule::CronSchedule;
use rollcall_store::{Result, Tx, connectors as table, persons, runs};

/// The status of a connector of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectorStatus {
    /// The name.
    pub name: String,
    /// The kind.
    pub kind: &'static str,
    /// The number of its people.
    pub people: i64,
    /// The schedule, as written in the file.
    pub schedule: Option<String>,
    /// The number of its newest run.
    pub last_run: Option<i64>,
    /// The status of that run.
    pub last_status: Option<runs::RunStatus>,
    /// The start of that run.
    pub last_started_at: Option<DateTime<Utc>>,
    /// The next scheduled run.
    pub next_run_at: Option<DateTime<Utc>>,
    /// Host and process of the current run.
    #[serde(skip)]
    pub holder: Option<String>,
}

/// The status of all connectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorOverview {
    /// The connectors of the file, in its order.
    pub connectors: Vec<ConnectorStatus>,
    /// Connectors that were removed from the file and whose people stay as last read.
    pub struck: Vec<String>,
}

/// Returns the status of all connectors.
///
/// # Errors
/// If the database fails.
pub async fn overview(tx: &mut Tx, file: &[Connector], now: DateTime<Utc>) -> Result<ConnectorOverview> {
    let known = table::list(tx).await?;
    let last = runs::list_latest_of_connectors(tx).await?;
    let people = persons::count_present(tx).await?;
    let mut connectors = Vec::new();
    for connector in file {
        let name = connector.name.as_str();
        let id = known.iter().find(|row| row.name == name).map(|row| row.id);
        let last = last.iter().find(|run| run.connector.as_deref() == Some(name));
        connectors.push(ConnectorStatus {
            name: name.to_owned(),
            kind: connector.kind(),
            people: people.iter().find(|(of, _)| Some(of.0) == id).map_or(0, |(_, count)| *count),
            schedule: connector.schedule.as_ref().map(|schedule| CronSchedule::text(schedule).to_owned()),
            last_run: last.map(|run| run.run),
            last_status: last.map(|run| run.status),
            last_started_at: last.map(|run| run.started_at),
            next_run_at: connector.schedule.as_ref().and_then(|schedule| schedule.next(now)),
            holder: find_holder(tx, &connector.name).await?,
        });
    }
    let in_file = |name: &str| file.iter().any(|one| one.name.as_str() == name);
    // A retired connector has no people.
    let left = known.into_iter().filter(|row| row.retired_at.is_none());
    let struck = left.map(|row| row.name).filter(|name| !in_file(name)).collect();
    Ok(ConnectorOverview { connectors, struck })
}
