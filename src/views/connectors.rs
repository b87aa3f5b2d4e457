//! Views of connectors.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use rollcall_config::Config;
use rollcall_core::sync::RunReport;
use rollcall_core::sync::connector_status::{ConnectorStatus, overview};
use rollcall_store::{Result, Tx};

/// A connector with its last and its next run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Connector)]
pub struct ConnectorView {
    /// The name.
    pub name: String,
    /// `ldap`, `csv`, …
    pub kind: &'static str,
    /// The number of people present.
    pub people: i64,
    /// The schedule; null if the connector runs by hand only.
    pub schedule: Option<String>,
    /// The number of its last run.
    pub last_run: Option<i64>,
    /// The status of the last run.
    pub last_status: Option<String>,
    /// The start of the last run.
    pub last_started_at: Option<DateTime<Utc>>,
    /// The start of the next scheduled run.
    pub next_run_at: Option<DateTime<Utc>>,
}

/// Returns the connectors of the file in its order, and the names of removed ones.
pub async fn list_connectors(
    tx: &mut Tx,
    config: &Config,
    now: DateTime<Utc>,
) -> Result<(Vec<ConnectorView>, Vec<String>)> {
    let overview = overview(tx, &config.connectors, now).await?;
    let connector = |one: ConnectorStatus| ConnectorView {
        name: one.name,
        kind: one.kind,
        people: one.people,
        schedule: one.schedule,
        last_run: one.last_run,
        last_status: one.last_status.map(|status| status.to_string()),
        last_started_at: one.last_started_at,
        next_run_at: one.next_run_at,
    };
    Ok((overview.connectors.into_iter().map(connector).collect(), overview.struck))
}

/// The result of retiring a connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Retired)]
pub struct RetirementResult {
    /// The number of the run.
    pub run: i64,
    /// The connector.
    pub connector: String,
    /// `applied` or `held`.
    pub status: &'static str,
    /// The people of the connector.
    pub people: RetiredPeople,
    /// The memberships of the people.
    pub memberships: RetiredMemberships,
}

/// People of a retired connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RetiredPeople {
    /// Learners who left.
    pub left: u64,
    /// Learners whose leaving waits for approval.
    pub held: u64,
}

/// Memberships of a retired connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RetiredMemberships {
    /// Ended memberships.
    pub remove: u64,
    /// Memberships whose end waits for approval.
    pub held: u64,
}

impl RetirementResult {
    /// Creates the view from the report of the run.
    #[must_use]
    pub fn new(name: &str, report: &RunReport) -> Self {
        let counts = &report.counts;
        Self {
            run: report.run.map_or(0, |run| run.0),
            connector: name.to_owned(),
            status: if report.is_held() { "held" } else { "applied" },
            people: RetiredPeople { left: counts.people_left, held: counts.people_held },
            memberships: RetiredMemberships {
                remove: counts.memberships_removed,
                held: counts.memberships_held,
            },
        }
    }
}
