//! Forgetting, once a day, what has grown too old to be asked for.

use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::queue_metrics;
use rollcall_config::Config;
use rollcall_core::accounts;
use rollcall_core::enrollment::change::ChangeTime;
use rollcall_store::{Result, Store, retention};

/// How long it can be asked what was.
pub const RETENTION: TimeDelta = TimeDelta::days(90);

const PURGE_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// Forgets old history at once and then every day, until told to stop.
pub async fn purge_daily(store: Store, file: watch::Receiver<Arc<Config>>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let when = ChangeTime::at(Utc::now(), file.borrow().timezone);
        match purge_history(&store, when).await {
            Ok(0) => {}
            Ok(rows) => info!(rows, "forgot what is older than 90 days"),
            Err(error) => warn!(%error, "old history could not be forgotten, it is tried again tomorrow"),
        }
        if let Err(error) = queue_metrics::thin_samples(&store, when.now).await {
            warn!(%error, "the history of the queue could not be thinned out, it is tried again tomorrow");
        }
        if let Err(error) = accounts::purge_expired(&store, when.now).await {
            warn!(%error, "old sessions could not be forgotten, it is tried again tomorrow");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(PURGE_INTERVAL) => {}
        }
    }
}

/// Forgets what is older than [`RETENTION`]; answers how many rows that were.
///
/// # Errors
/// When the database does not answer.
pub async fn purge_history(store: &Store, when: ChangeTime) -> Result<u64> {
    let mut tx = store.begin_write().await?;
    let rows = retention::delete_before(&mut tx, when.now - RETENTION, when.today).await?;
    tx.commit().await?;
    Ok(rows)
}
