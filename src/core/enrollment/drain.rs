//! Processing of the job queue: claims a batch, writes the current enrollments, removes the batch from the queue.
//!
//! A batch is one transaction of two steps. The first step claims rows of the queue and locks them, so that changes for
//! the same learners and courses wait. The second step reads memberships and assignments after that, so it sees every
//! change whose job it has claimed. A batch that fails is halved until the failing job is alone. This job is retried
//! with increasing delays and then marked as failed.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use rollcall_model::ids::JobId;
use rollcall_model::progress::ReadProgress;
use rollcall_store::jobs::{self, JobBatch, QueueLength};
use rollcall_store::{Result, Store, StoreError, enrollments};

/// Jobs in a batch. Larger batches are not faster; this one takes less than a second.
const BATCH_SIZE: i64 = 5_000;

/// Delays before a job is retried, in seconds. After the last attempt the job is marked as failed.
const RETRY_DELAYS: [i64; 3] = [1, 5, 25];

/// A worker: goes through the queue from front to back, again and again.
#[derive(Debug)]
pub struct QueueWorker {
    store: Store,
    cursor: i64,
    /// Number of jobs that all workers have processed, for progress output.
    settled: ReadProgress,
}

/// Counts of the jobs that a worker processed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DrainResult {
    /// Processed jobs.
    pub done: u64,
    /// Jobs that were delayed or failed.
    pub failed: u64,
}

impl QueueWorker {
    /// A worker at the front of the queue.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, cursor: 0, settled: ReadProgress::default() }
    }

    /// Processes all ready jobs. Stops when none is left, or after the current batch if `stop` is cancelled.
    ///
    /// # Errors
    /// When the database does not answer; the batch in hand is still queued then.
    pub async fn drain(&mut self, stop: &CancellationToken) -> Result<DrainResult> {
        let mut drained = DrainResult::default();
        let mut from_the_front = self.cursor == 0;
        while !stop.is_cancelled() {
            let round = self.drain_batch(Utc::now()).await?;
            drained.done += round.done;
            drained.failed += round.failed;
            self.settled.add(round.done);
            if round == DrainResult::default() {
                if from_the_front {
                    break;
                }
                // Retried and late jobs have ids before the cursor.
                self.cursor = 0;
                from_the_front = true;
            } else {
                from_the_front = false;
            }
        }
        Ok(drained)
    }

    async fn drain_batch(&mut self, now: DateTime<Utc>) -> Result<DrainResult> {
        let mut tx = self.store.begin_drain().await?;
        let batch = jobs::claim_batch(&mut tx, self.cursor, now, BATCH_SIZE).await?;
        if batch.size == 0 {
            self.cursor = 0;
            tx.rollback().await?;
            return Ok(DrainResult::default());
        }
        let settled = async {
            enrollments::settle_batch(&mut tx, &batch, now).await?;
            jobs::complete_batch(&mut tx, &batch, now).await?;
            tx.commit().await
        };
        match settled.await {
            Ok(()) => {
                debug!(jobs = batch.size, "processed a batch");
                self.cursor = if batch.size < BATCH_SIZE.unsigned_abs() { 0 } else { batch.last };
                Ok(DrainResult { done: batch.size, failed: 0 })
            }
            Err(error) if error.is_transient() || matches!(error, StoreError::DatabaseFull { .. }) => {
                Err(error)
            }
            Err(error) => {
                warn!(jobs = batch.size, %error, "a batch failed; processing it in parts");
                let drained = self.drain_in_halves(now).await?;
                self.cursor = 0;
                Ok(drained)
            }
        }
    }

    /// Processes a failed batch in smaller and smaller parts, until the failing job is alone.
    async fn drain_in_halves(&mut self, now: DateTime<Utc>) -> Result<DrainResult> {
        let mut tx = self.store.begin_drain().await?;
        let ids = jobs::claim_ids(&mut tx, self.cursor, now, BATCH_SIZE).await?;
        tx.rollback().await?;
        let mut drained = DrainResult::default();
        let mut parts: Vec<&[JobId]> = vec![&ids];
        while let Some(part) = parts.pop() {
            match self.settle_part(part, now).await {
                Ok(done) => drained.done += done,
                Err(error) if error.is_transient() || matches!(error, StoreError::DatabaseFull { .. }) => {
                    return Err(error);
                }
                Err(error) => match part {
                    [] => {}
                    [job] => {
                        drained.failed += u64::from(self.postpone_job(*job, &error, now).await?);
                    }
                    [_, ..] => {
                        let (front, back) = part.split_at(part.len() / 2);
                        parts.push(back);
                        parts.push(front);
                    }
                },
            }
        }
        Ok(drained)
    }

    /// Processes these jobs, as far as they still exist.
    async fn settle_part(&self, part: &[JobId], now: DateTime<Utc>) -> Result<u64> {
        let (Some(first), Some(last)) = (part.first(), part.last()) else { return Ok(0) };
        let mut tx = self.store.begin_drain().await?;
        let most = i64::try_from(part.len()).unwrap_or(BATCH_SIZE);
        let claimed = jobs::claim_batch(&mut tx, first.0 - 1, now, most).await?;
        let ids: Vec<i64> = claimed.ids.iter().copied().filter(|id| *id <= last.0).collect();
        let batch = JobBatch { size: claimed.size, first: first.0, last: last.0, ids };
        enrollments::settle_batch(&mut tx, &batch, now).await?;
        let done = jobs::complete_batch(&mut tx, &batch, now).await?;
        tx.commit().await?;
        Ok(done)
    }

    async fn postpone_job(&self, job: JobId, error: &StoreError, now: DateTime<Utc>) -> Result<bool> {
        let mut tx = self.store.begin_write().await?;
        let Some(attempts) = jobs::get_attempts(&mut tx, job).await? else { return Ok(false) };
        let pause = usize::try_from(attempts).ok().and_then(|attempts| RETRY_DELAYS.get(attempts));
        let again = pause.map(|&seconds| now + TimeDelta::seconds(seconds));
        let cause = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
        let noted = jobs::record_failure(&mut tx, job, &cause, again, now).await?;
        tx.commit().await?;
        match again {
            _ if !noted => {}
            Some(_) => warn!(job = %job, attempts = attempts + 1, "a job failed; it will be retried"),
            None => tracing::error!(job = %job, "a job failed permanently: see `rollcall jobs list`"),
        }
        Ok(noted)
    }
}

/// Returns the current length of the queue.
pub async fn count_queue(store: &Store) -> Result<QueueLength> {
    let mut tx = store.begin_read().await?;
    jobs::count_queue(&mut tx, Utc::now()).await
}

/// Drains with as many workers as help, until no order is ready or claimed by others; what waits for another try goes
/// on waiting. SQLite has one writer, so one worker is all that helps it.
pub async fn drain_ready(
    store: &Store,
    workers: u32,
    settled: &ReadProgress,
    stop: &CancellationToken,
) -> Result<(DrainResult, QueueLength)> {
    let workers = if store.is_shared() { workers } else { 1 };
    let mut total = DrainResult::default();
    loop {
        let team = (0..workers).map(|_| {
            let mut worker = QueueWorker { store: store.clone(), cursor: 0, settled: settled.clone() };
            async move { worker.drain(stop).await }
        });
        for drained in futures_util::future::try_join_all(team).await? {
            total.done += drained.done;
            total.failed += drained.failed;
        }
        let length = count_queue(store).await?;
        if stop.is_cancelled() || length.ready == 0 {
            return Ok((total, length));
        }
        pause(stop, CLAIMED_POLL_INTERVAL).await;
    }
}

/// Drains until no order is ready, claimed by others, or waiting for another try; answers what is parked in the end.
pub async fn drain_until_empty(
    store: &Store,
    workers: u32,
    settled: &ReadProgress,
    stop: &CancellationToken,
) -> Result<(DrainResult, QueueLength)> {
    let mut total = DrainResult::default();
    loop {
        let (drained, length) = drain_ready(store, workers, settled, stop).await?;
        total.done += drained.done;
        total.failed += drained.failed;
        let Some(next) = length.next.filter(|_| !stop.is_cancelled()) else { return Ok((total, length)) };
        let wait = (next - Utc::now()).to_std().unwrap_or(Duration::ZERO);
        pause(stop, wait.min(MAX_POLL_INTERVAL)).await;
    }
}

/// Interval between two checks while other workers hold the remaining jobs.
const CLAIMED_POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Maximum wait, since a retry may make jobs ready at any time.
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(5);

async fn pause(stop: &CancellationToken, time: Duration) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(time) => {}
    }
}
