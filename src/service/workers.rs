//! Workers that process the job queue.

use std::time::Duration;

use chrono::Utc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use rollcall_core::enrollment::drain::{DrainResult, QueueWorker};
use rollcall_model::heartbeat::Heartbeat;
use rollcall_store::Store;

/// Interval between two checks of an empty queue.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Delay after an error of the database.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Runs `concurrency` workers until `stop` is cancelled. On SQLite, which has one writer, one worker runs.
pub async fn run_workers(store: &Store, concurrency: u32, stop: &CancellationToken) {
    run_owned_workers(store.clone(), concurrency, Heartbeat::default(), stop.clone()).await;
}

/// [`run_workers`] with owned arguments, for a spawned task. `pulse` is beaten whenever a worker has looked for jobs.
///
/// # Panics
/// If a worker panics. The others end with it, so that the whole is started again.
pub async fn run_owned_workers(store: Store, concurrency: u32, pulse: Heartbeat, stop: CancellationToken) {
    let workers = if store.is_shared() { concurrency } else { 1 };
    let mut set = JoinSet::new();
    for _ in 0..workers {
        set.spawn(run_worker(QueueWorker::new(store.clone()), pulse.clone(), stop.clone()));
    }
    while let Some(ended) = set.join_next().await {
        if let Err(failure) = ended
            && let Ok(panic) = failure.try_into_panic()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

async fn run_worker(mut worker: QueueWorker, pulse: Heartbeat, stop: CancellationToken) {
    while !stop.is_cancelled() {
        pulse.beat(Utc::now());
        let pause = match worker.drain(&stop).await {
            Ok(drained) => {
                if drained != DrainResult::default() {
                    info!(done = drained.done, failed = drained.failed, "processed jobs");
                }
                POLL_INTERVAL
            }
            Err(error) => {
                warn!(%error, "could not process the queue; retrying");
                RETRY_DELAY
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
