//! Claims of scheduled runs.
//!
//! The claim of the scheduled times, the lease of the connector and the start of the run are one transaction. If a
//! service is killed, either nothing was committed and another service starts the run, or the run has begun and the next
//! one closes it.

use chrono::{DateTime, Utc};

use crate::sync::File;
use crate::sync::begin_run::{StartedRun, begin_in};
use crate::sync::lease::{self, LeaseGuard};
use crate::sync::run_options::RunOptions;
use rollcall_model::ids::ConnectorId;
use rollcall_store::{Result, Store, connectors};

/// The scheduled times of a connector after `since`, up to and including `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueTimes {
    /// The connector.
    pub connector: ConnectorId,
    /// Times up to this one are done.
    pub since: DateTime<Utc>,
    /// Times up to this one are due.
    pub until: DateTime<Utc>,
}

/// The result of a claim.
#[derive(Debug)]
pub enum ClaimResult {
    /// The run has begun: see [`super::go_on`].
    Begun(Box<StartedRun>),
    /// The holder of the lease runs the connector already; no other run starts for these times.
    Skipped(String),
    /// Another service has claimed the times.
    Elsewhere,
}

/// Claims the due times of a schedule and begins the run, unless another service has claimed them.
///
/// # Errors
/// If the database fails. The times stay due then.
pub async fn claim(
    store: &Store,
    file: File<'_>,
    connector: usize,
    asked: &RunOptions,
    due: DueTimes,
) -> Result<ClaimResult> {
    let settings = &file.connectors[connector];
    let mut tx = store.begin_write().await?;
    // The holder is checked first, because acquiring the lease waits for a commit under it.
    let lease = match lease::find_holder(&mut tx, &settings.name).await? {
        Some(_) => None,
        None => lease::acquire_in(&mut tx, &settings.name).await?,
    };
    if !connectors::claim_schedule(&mut tx, due.connector, due.since, due.until).await? {
        tx.rollback().await?;
        return Ok(ClaimResult::Elsewhere);
    }
    let Some(lease) = lease else {
        let holder = lease::find_holder(&mut tx, &settings.name).await?;
        tx.commit().await?;
        return Ok(ClaimResult::Skipped(holder.unwrap_or_else(|| "somebody".to_owned())));
    };
    let (connector, number) = begin_in(&mut tx, file, settings, asked).await?;
    tx.commit().await?;
    Ok(ClaimResult::Begun(Box::new(StartedRun {
        lease: LeaseGuard::begin(store.clone(), lease),
        connector,
        number,
    })))
}
