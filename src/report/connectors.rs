//! Connectors of the file.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::config::Config;
use crate::model::schedule::Schedule;
use crate::store::{Result, Tx, connectors as table, persons, runs};
use crate::sync::Report;

/// A connector, its last run and its next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Connector {
    /// The name.
    pub name: String,
    /// `ldap`, `csv`, …
    pub kind: &'static str,
    /// How many people it holds.
    pub people: i64,
    /// The schedule; none for one that runs by hand only.
    pub schedule: Option<String>,
    /// The number of its last run.
    pub last_run: Option<i64>,
    /// How that ended.
    pub last_status: Option<String>,
    /// When that began.
    pub last_started_at: Option<DateTime<Utc>>,
    /// When the next one begins.
    pub next_run_at: Option<DateTime<Utc>>,
}

/// The connectors of the file, in its order; and the names of those that have left it.
///
/// # Errors
/// When the database refuses.
pub async fn connectors(
    tx: &mut Tx,
    config: &Config,
    now: DateTime<Utc>,
) -> Result<(Vec<Connector>, Vec<String>)> {
    let known = table::list(tx).await?;
    let last = runs::last_of_connectors(tx).await?;
    let people = persons::counts(tx).await?;
    let list = config.connectors.iter().map(|connector| {
        let name = connector.name.as_str();
        let id = known.iter().find(|row| row.name == name).map(|row| row.id);
        let last = last.iter().find(|run| run.connector.as_deref() == Some(name));
        Connector {
            name: name.to_owned(),
            kind: connector.kind(),
            people: people.iter().find(|(of, _)| Some(of.0) == id).map_or(0, |(_, count)| *count),
            schedule: connector.schedule.as_ref().map(|schedule| Schedule::text(schedule).to_owned()),
            last_run: last.map(|run| run.run),
            last_status: last.map(|run| run.status.clone()),
            last_started_at: last.map(|run| run.started_at),
            next_run_at: connector.schedule.as_ref().and_then(|schedule| schedule.next(now)),
        }
    });
    let list: Vec<Connector> = list.collect();
    let struck = known.iter().filter(|row| list.iter().all(|one| one.name != row.name));
    let struck = struck.map(|row| row.name.clone()).collect();
    Ok((list, struck))
}

/// What letting go of a connector's people came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Retired {
    /// The number of the run.
    pub run: i64,
    /// The connector.
    pub connector: String,
    /// `applied` or `held`.
    pub status: &'static str,
    /// Its people.
    pub people: RetiredPeople,
    /// Their memberships.
    pub memberships: RetiredMemberships,
}

/// People of a connector that is let go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RetiredPeople {
    /// Learners who left.
    pub left: u64,
    /// Learners who wait for an approval.
    pub held: u64,
}

/// Memberships of a connector that is let go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RetiredMemberships {
    /// Ended.
    pub remove: u64,
    /// Waiting for an approval.
    pub held: u64,
}

impl Retired {
    /// From the report of the run.
    #[must_use]
    pub fn new(name: &str, report: &Report) -> Self {
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
