//! A run that a schedule asks for.
//!
//! The instants that it serves, the lease of its connector and its beginning are one transaction: a service that is
//! killed leaves either nothing, and another one begins the run, or a run that has begun, which the next one closes.

use chrono::{DateTime, Utc};

use crate::sync::File;
use crate::sync::lease::{self, LeaseGuard};
use crate::sync::run::{RunOptions, begin_in};
use rollcall_model::ids::{ConnectorId, RunId};
use rollcall_store::{Result, Store, connectors};

/// The instants of a connector's schedule after `since`, up to and with `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueTimes {
    /// The connector.
    pub connector: ConnectorId,
    /// Up to here they were served already.
    pub since: DateTime<Utc>,
    /// Up to here they are served now.
    pub until: DateTime<Utc>,
}

/// A run that has begun, under its lease.
#[derive(Debug)]
pub struct StartedRun {
    pub(super) lease: LeaseGuard,
    pub(super) connector: ConnectorId,
    pub(super) number: RunId,
}

impl StartedRun {
    /// Its number.
    #[must_use]
    pub fn number(&self) -> RunId {
        self.number
    }
}

/// What came of claiming what is due.
#[derive(Debug)]
pub enum ClaimResult {
    /// The run has begun: see [`super::go_on`].
    Begun(Box<StartedRun>),
    /// Whoever this is runs the connector already; there is no other run for these instants.
    Skipped(String),
    /// Another machine has claimed them.
    Elsewhere,
}

/// Claims what is due on a schedule and begins the run, unless another machine was quicker.
///
/// # Errors
/// When the database does not answer; then what is due stays so.
pub async fn claim(
    store: &Store,
    file: File<'_>,
    connector: usize,
    asked: &RunOptions,
    due: DueTimes,
) -> Result<ClaimResult> {
    let settings = &file.connectors[connector];
    let mut tx = store.begin_write().await?;
    // Looked at first, because taking waits for a commit under the lease.
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
