//! Workers: each drains the queue, and looks again in a moment.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use rollcall_core::enrollment::drain::{DrainResult, QueueWorker};
use rollcall_store::Store;

/// How often an empty queue is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// The pause after the database did not answer.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Runs `concurrency` workers until told to stop; SQLite has one writer, so one worker is all that helps it.
pub async fn run_workers(store: &Store, concurrency: u32, stop: &CancellationToken) {
    run_owned_workers(store.clone(), concurrency, stop.clone()).await;
}

/// [`run_workers`] with values of its own, for a task.
pub async fn run_owned_workers(store: Store, concurrency: u32, stop: CancellationToken) {
    let workers = if store.is_shared() { concurrency } else { 1 };
    let mut set = JoinSet::new();
    for _ in 0..workers {
        set.spawn(run_worker(QueueWorker::new(store.clone()), stop.clone()));
    }
    while set.join_next().await.is_some() {}
}

async fn run_worker(mut worker: QueueWorker, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let pause = match worker.drain(&stop).await {
            Ok(drained) => {
                if drained != DrainResult::default() {
                    info!(done = drained.done, failed = drained.failed, "drained jobs");
                }
                POLL_INTERVAL
            }
            Err(error) => {
                warn!(%error, "the queue could not be drained, trying again in a moment");
                RETRY_DELAY
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
