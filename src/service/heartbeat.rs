//! Heartbeat rows in the database: one for each running service, with the digest of its configuration.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use rollcall_config::Config;
use rollcall_core::sync::lease::holder_name;
use rollcall_store::{Result, Store, nodes};

/// Interval between two heartbeats.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(5);

/// Writes heartbeats until `stop` is cancelled, then deletes the row.
pub async fn write_heartbeats(store: Store, mut file: watch::Receiver<Arc<Config>>, stop: CancellationToken) {
    let started = Utc::now();
    let id = format!("{}/{}", holder_name(), started.timestamp_micros());
    while !stop.is_cancelled() {
        let digest = file.borrow_and_update().digest.clone();
        let beaten = async {
            let mut tx = store.begin_write().await?;
            nodes::write_heartbeat(&mut tx, &id, &host_name(), &digest, started).await?;
            tx.commit().await
        };
        if let Err(error) = beaten.await {
            warn!(%error, "could not write the heartbeat row");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(HEARTBEAT_INTERVAL) => {}
            // Commands compare their file with that of this service.
            Ok(()) = file.changed() => {}
        }
    }
    let gone: Result<()> = async {
        let mut tx = store.begin_write().await?;
        nodes::delete(&mut tx, &id).await?;
        tx.commit().await
    }
    .await;
    if let Err(error) = gone {
        warn!(%error, "could not remove the heartbeat row; it expires on its own");
    }
}

fn host_name() -> String {
    holder_name().split(':').next().unwrap_or("localhost").to_owned()
}

/// Returns true if a service on this machine has a recent heartbeat.
pub async fn is_service_alive(store: &Store) -> Result<bool> {
    let mut tx = store.begin_read().await?;
    nodes::is_host_alive(&mut tx, &host_name()).await
}
