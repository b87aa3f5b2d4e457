//! A look at the queue each minute, kept for whoever asks how long it was.
//!
//! The history is small whatever happens: a minute has one sample on however many machines, and a queue that stays as
//! it is has one each quarter of an hour. After two days one is left for each hour, after 90 days none.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::retention::RETENTION;
use rollcall_store::queue_samples::{self, QueueSample};
use rollcall_store::{Result, Store, leases};

/// How often the queue is looked at.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(60);

/// Minutes after which a queue that stays as it is is written down all the same: that somebody looked.
const UNCHANGED_MINUTES: i64 = 15;

/// Minutes for which each minute is kept: two days.
const MINUTE_SAMPLES_KEPT: i64 = 2 * 24 * 60;

/// Looks at once and then every minute, until told to stop.
pub async fn sample_queue(store: Store, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let looked = async {
            let now = leases::database_time(&mut store.begin_read().await?).await?;
            record_sample(&store, now).await
        };
        if let Err(error) = looked.await {
            warn!(%error, "the queue could not be counted, it is tried again in a minute");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(SAMPLE_INTERVAL) => {}
        }
    }
}

/// Counts the queue, and keeps what it counted where that says anything new; answers whether it did.
///
/// # Errors
/// When the database does not answer.
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

/// Whether a sample says more than that the queue is as it was in this quarter of an hour.
fn differs_from_last(sample: QueueSample, last: QueueSample) -> bool {
    (sample.waiting, sample.failed) != (last.waiting, last.failed)
        || sample.minute.div_euclid(UNCHANGED_MINUTES) != last.minute.div_euclid(UNCHANGED_MINUTES)
}

/// Thins out what is older than two days, and forgets what is older than 90; answers how many samples went.
///
/// # Errors
/// When the database does not answer.
pub async fn thin_samples(store: &Store, now: DateTime<Utc>) -> Result<u64> {
    let minute = |at: DateTime<Utc>| at.timestamp().div_euclid(60);
    // Whole hours: one that is thinned out once is not added to later.
    let fine = (minute(now) - MINUTE_SAMPLES_KEPT).div_euclid(60) * 60;
    let mut tx = store.begin_write().await?;
    let gone = queue_samples::thin_samples(&mut tx, fine, minute(now - RETENTION)).await?;
    tx.commit().await?;
    Ok(gone)
}
