//! A look at the queue each minute, kept for whoever asks how long it was.
//!
//! The history is small whatever happens: a minute has one sample on however many machines, and a queue that stays as
//! it is has one each quarter of an hour. After two days one is left for each hour, after 90 days none.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::service::history::KEPT;
use crate::store::queue::{self, Sample};
use crate::store::{Result, Store, leases};

/// How often the queue is looked at.
const LOOK: Duration = Duration::from_secs(60);

/// Minutes after which a queue that stays as it is is written down all the same: that somebody looked.
const QUARTER: i64 = 15;

/// Minutes for which each minute is kept: two days.
const FINE: i64 = 2 * 24 * 60;

/// Looks at once and then every minute, until told to stop.
pub async fn watch(store: Store, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let looked = async {
            let now = leases::clock(&mut store.read().await?).await?;
            look(&store, now).await
        };
        if let Err(error) = looked.await {
            warn!(%error, "the queue could not be counted, it is tried again in a minute");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Counts the queue, and keeps what it counted where that says anything new; answers whether it did.
///
/// # Errors
/// When the database does not answer.
pub async fn look(store: &Store, now: DateTime<Utc>) -> Result<bool> {
    let mut tx = store.read().await?;
    let sample = queue::count(&mut tx, now).await?;
    let last = queue::last(&mut tx).await?;
    tx.rollback().await?;
    if last.is_some_and(|last| !is_news(sample, last)) {
        return Ok(false);
    }
    let mut tx = store.write().await?;
    let kept = queue::keep(&mut tx, sample).await?;
    tx.commit().await?;
    Ok(kept)
}

/// Whether a sample says more than that the queue is as it was in this quarter of an hour.
fn is_news(sample: Sample, last: Sample) -> bool {
    (sample.waiting, sample.failed) != (last.waiting, last.failed)
        || sample.minute.div_euclid(QUARTER) != last.minute.div_euclid(QUARTER)
}

/// Thins out what is older than two days, and forgets what is older than 90; answers how many samples went.
///
/// # Errors
/// When the database does not answer.
pub async fn thin(store: &Store, now: DateTime<Utc>) -> Result<u64> {
    let minute = |at: DateTime<Utc>| at.timestamp().div_euclid(60);
    // Whole hours: one that is thinned out once is not added to later.
    let fine = (minute(now) - FINE).div_euclid(60) * 60;
    let mut tx = store.write().await?;
    let gone = queue::thin(&mut tx, fine, minute(now - KEPT)).await?;
    tx.commit().await?;
    Ok(gone)
}
