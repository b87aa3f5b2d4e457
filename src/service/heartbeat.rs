//! A sign of life in the database: who serves, and by which file.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use rollcall_config::Config;
use rollcall_core::sync::lease::holder_name;
use rollcall_store::{Result, Store, nodes};

/// How often a service gives a sign of life.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(5);

/// Gives signs of life until told to stop, then takes its row back.
pub async fn write_heartbeats(store: Store, file: watch::Receiver<Arc<Config>>, stop: CancellationToken) {
    let started = Utc::now();
    let id = format!("{}/{}", holder_name(), started.timestamp_micros());
    while !stop.is_cancelled() {
        let digest = file.borrow().digest.clone();
        let beaten = async {
            let mut tx = store.begin_write().await?;
            nodes::write_heartbeat(&mut tx, &id, &host_name(), &digest, started).await?;
            tx.commit().await
        };
        if let Err(error) = beaten.await {
            warn!(%error, "no sign of life could be given");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(HEARTBEAT_INTERVAL) => {}
        }
    }
    let gone: Result<()> = async {
        let mut tx = store.begin_write().await?;
        nodes::delete(&mut tx, &id).await?;
        tx.commit().await
    }
    .await;
    if let Err(error) = gone {
        warn!(%error, "the last sign of life stays in the database until it is old");
    }
}

fn host_name() -> String {
    holder_name().split(':').next().unwrap_or("localhost").to_owned()
}

/// Whether a service on this machine has given a sign of life lately.
///
/// # Errors
/// When the database does not answer.
pub async fn is_service_alive(store: &Store) -> Result<bool> {
    let mut tx = store.begin_read().await?;
    nodes::is_host_alive(&mut tx, &host_name()).await
}
