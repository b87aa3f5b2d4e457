//! Retry and deletion of permanently failed jobs. Each is a numbered change.

use serde_json::{Value, json};

use crate::enrollment::change::{ChangeTime, ChangeTransaction, CommittedChange};
use rollcall_store::listing::jobs::{self as listed, FailedJob};
use rollcall_store::runs::NewRun;
use rollcall_store::{Result, Store, jobs};

/// Maximum number of jobs that the audit log names; the rest is counted.
const MAX_LISTED_JOBS: usize = 100;

/// Result of a change of failed jobs.
#[derive(Debug, Clone, Copy)]
pub struct FailedJobsResult {
    /// The change.
    pub done: CommittedChange,
    /// Number of jobs.
    pub jobs: u64,
}

fn describe_jobs(failed: &[FailedJob]) -> Value {
    let named: Vec<String> =
        failed.iter().take(MAX_LISTED_JOBS).map(|one| format!("{} {}", one.email, one.course)).collect();
    json!({"failed": failed.len(), "jobs": named})
}

/// Makes failed jobs ready again: these, or all if `ids` is empty. If none of them has failed permanently, no change is
/// made.
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

/// Deletes failed jobs from the queue. If none of them has failed permanently, no change is made.
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
