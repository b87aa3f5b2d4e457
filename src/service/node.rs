//! A sign of life in the database: who serves, and by which file.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::config::Config;
use crate::store::{Result, Store, nodes};
use crate::sync::lease::holder;

/// How often a service gives a sign of life.
const BEAT: Duration = Duration::from_secs(5);

/// Gives signs of life until told to stop, then takes its row back.
pub async fn beat(store: Store, file: watch::Receiver<Arc<Config>>, stop: CancellationToken) {
    let started = Utc::now();
    let id = format!("{}/{}", holder(), started.timestamp_micros());
    while !stop.is_cancelled() {
        let digest = file.borrow().digest.clone();
        let beaten = async {
            let mut tx = store.write().await?;
            nodes::beat(&mut tx, &id, &host(), &digest, started).await?;
            tx.commit().await
        };
        if let Err(error) = beaten.await {
            warn!(%error, "no sign of life could be given");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(BEAT) => {}
        }
    }
    let gone: Result<()> = async {
        let mut tx = store.write().await?;
        nodes::leave(&mut tx, &id).await?;
        tx.commit().await
    }
    .await;
    if let Err(error) = gone {
        warn!(%error, "the last sign of life stays in the database until it is old");
    }
}

fn host() -> String {
    holder().split(':').next().unwrap_or("localhost").to_owned()
}

/// Whether a service on this machine has given a sign of life lately.
///
/// # Errors
/// When the database does not answer.
pub async fn alive_here(store: &Store) -> Result<bool> {
    let mut tx = store.read().await?;
    nodes::alive(&mut tx, &host()).await
}
