//! Jobs that failed for good: tried once more, or dropped, each time as a numbered change.

use serde_json::{Value, json};

use crate::enrollment::change::{ChangeTime, ChangeTransaction, CommittedChange};
use rollcall_store::listing::jobs::{self as listed, FailedJob};
use rollcall_store::runs::NewRun;
use rollcall_store::{Result, Store, jobs};

/// Jobs that the note of a change names; the rest is counted.
const MAX_LISTED_JOBS: usize = 100;

/// What became of jobs.
#[derive(Debug, Clone, Copy)]
pub struct FailedJobsResult {
    /// The change.
    pub done: CommittedChange,
    /// How many jobs it was about.
    pub jobs: u64,
}

fn describe_jobs(failed: &[FailedJob]) -> Value {
    let named: Vec<String> =
        failed.iter().take(MAX_LISTED_JOBS).map(|one| format!("{} {}", one.email, one.course)).collect();
    json!({"failed": failed.len(), "jobs": named})
}

/// Makes failed jobs ready again: these, or all where none is named. Nothing happens, and no change is numbered, where
/// none of them has failed for good.
///
/// # Errors
/// When the database refuses; nothing is changed then.
pub async fn retry_jobs(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    ids: &[i64],
) -> Result<Option<FailedJobsResult>> {
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let failed = listed::list_failed_by_ids(&mut change.tx, ids).await?;
    if failed.is_empty() {
        return Ok(None);
    }
    let jobs = jobs::retry_failed(&mut change.tx, ids, when.now).await?;
    change.record_before_after(&describe_jobs(&failed), &json!({"ready": jobs})).await?;
    Ok(Some(FailedJobsResult { done: change.commit().await?, jobs }))
}

/// Takes failed jobs off the queue for good. Nothing happens where none of them has failed for good.
///
/// # Errors
/// When the database refuses; nothing is changed then.
pub async fn drop_jobs(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    ids: &[i64],
) -> Result<Option<FailedJobsResult>> {
    if ids.is_empty() {
        return Ok(None);
    }
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let failed = listed::list_failed_by_ids(&mut change.tx, ids).await?;
    if failed.is_empty() {
        return Ok(None);
    }
    let jobs = jobs::delete_failed(&mut change.tx, ids).await?;
    change.record_before_after(&describe_jobs(&failed), &Value::Null).await?;
    Ok(Some(FailedJobsResult { done: change.commit().await?, jobs }))
}
