//! Samples the length of the queue each minute and keeps a history of it.
//!
//! The history stays small. Services that share a database write one sample a minute in total, and one each quarter of an
//! hour while the queue does not change. After two days one sample an hour is kept, after 90 days none.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use rollcall_store::queue_samples::{self, QueueSample};
use rollcall_store::{Result, Store, leases};

/// Interval between two samples.
const SAMPLE_INTERVAL: Duration = Duration::from_mins(1);

/// Minutes after which a sample is written even if the queue has not changed.
const UNCHANGED_MINUTES: i64 = 15;

/// Minutes for which every sample is kept: two days.
const MINUTE_SAMPLES_KEPT: i64 = 2 * 24 * 60;

/// Takes a sample at once and then every minute, until `stop` is cancelled.
pub async fn sample_queue(store: Store, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let looked = async {
            let now = leases::database_time(&mut store.begin_read().await?).await?;
            record_sample(&store, now).await
        };
        if let Err(error) = looked.await {
            warn!(%error, "could not count the queue; next attempt in a minute");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(SAMPLE_INTERVAL) => {}
        }
    }
}

/// Counts the queue and stores a sample if the queue has changed. Returns true if it was stored.
pub async fn record_sample(store: &Store, now: DateTime<Utc>) -> Result<bool> {
    let mut tx = store.begin_read().await?;
    let sample = queue_samples::take_sample(&mut tx, now).await?;
    let last = queue_samples::get_latest(&mut tx).await?;
    tx.rollback().await?;
    if last.is_some_and(|last| !differs_from_last(sample, last)) {
        return Ok(false);
    }
    let mut tx = store.begin_write().await?;
    let kept = queue_samples::insert(&mut tx, sample).await?;
    tx.commit().await?;
    Ok(kept)
}

/// Returns true if the counts differ or a new quarter of an hour has begun.
fn differs_from_last(sample: QueueSample, last: QueueSample) -> bool {
    (sample.waiting, sample.failed) != (last.waiting, last.failed)
        || sample.minute.div_euclid(UNCHANGED_MINUTES) != last.minute.div_euclid(UNCHANGED_MINUTES)
}

/// Thins out samples older than two days and deletes those older than `retention`. Returns the number of deleted samples.
pub async fn thin_samples(store: &Store, now: DateTime<Utc>, retention: TimeDelta) -> Result<u64> {
    let minute = |at: DateTime<Utc>| at.timestamp().div_euclid(60);
    // Whole hours only: an hour that is thinned out gets no further samples.
    let fine = (minute(now) - MINUTE_SAMPLES_KEPT).div_euclid(60) * 60;
    let mut tx = store.begin_write().await?;
    let gone = queue_samples::thin_samples(&mut tx, fine, minute(now - retention)).await?;
    tx.commit().await?;
    Ok(gone)
}
