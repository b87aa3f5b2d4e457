//! Deletes history that is older than the retention period, once a day.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::queue_metrics;
use rollcall_config::Config;
use rollcall_core::accounts;
use rollcall_core::enrollment::change::ChangeTime;
use rollcall_store::{Result, Store, retention, tokens};

/// Retention period of history.
pub const RETENTION: TimeDelta = TimeDelta::days(90);

const PURGE_INTERVAL: Duration = Duration::from_hours(24);

/// Deletes old history at once and then every day, until `stop` is cancelled.
pub async fn purge_daily(store: Store, file: watch::Receiver<Arc<Config>>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let when = ChangeTime::at(Utc::now(), file.borrow().timezone);
        match purge_history(&store, when).await {
            Ok(0) => {}
            Ok(rows) => info!(rows, "deleted history older than 90 days"),
            Err(error) => warn!(%error, "could not delete old history; next attempt tomorrow"),
        }
        if let Err(error) = queue_metrics::thin_samples(&store, when.now, RETENTION).await {
            warn!(%error, "could not thin out the history of the queue; next attempt tomorrow");
        }
        if let Err(error) = accounts::purge_expired(&store, when.now).await {
            warn!(%error, "could not delete expired sessions; next attempt tomorrow");
        }
        if let Err(error) = warn_of_ending_tokens(&store, when.now).await {
            warn!(%error, "could not look for API tokens that end soon; next attempt tomorrow");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(PURGE_INTERVAL) => {}
        }
    }
}

/// Logs a warning for each API token that ends soon.
async fn warn_of_ending_tokens(store: &Store, now: DateTime<Utc>) -> Result<()> {
    let mut tx = store.begin_read().await?;
    for (token, end) in tokens::list_ending(&mut tx, now, now + accounts::EXPIRY_WARNING).await? {
        let days = (end - now).num_days();
        warn!(token = token.0, days, "an API token ends soon: `rollcall admin list` shows it");
    }
    Ok(())
}

/// Deletes history older than [`RETENTION`]. Returns the number of deleted rows.
pub async fn purge_history(store: &Store, when: ChangeTime) -> Result<u64> {
    let mut tx = store.begin_write().await?;
    let rows = retention::delete_before(&mut tx, when.now - RETENTION, when.today).await?;
    tx.commit().await?;
    Ok(rows)
}
