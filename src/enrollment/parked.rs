//! Jobs that failed for good: tried once more, or dropped, each time as a numbered change.

use serde_json::{Value, json};

use crate::enrollment::change::{Change, Done, When};
use crate::store::listing::jobs::{self as listed, Failed};
use crate::store::runs::About;
use crate::store::{Result, Store, jobs};

/// Jobs that the note of a change names; the rest is counted.
const NAMED: usize = 100;

/// What became of jobs.
#[derive(Debug, Clone, Copy)]
pub struct Settled {
    /// The change.
    pub done: Done,
    /// How many jobs it was about.
    pub jobs: u64,
}

fn note(failed: &[Failed]) -> Value {
    let named: Vec<String> =
        failed.iter().take(NAMED).map(|one| format!("{} {}", one.email, one.course)).collect();
    json!({"failed": failed.len(), "jobs": named})
}

/// Makes failed jobs ready again: these, or all where none is named. Nothing happens, and no change is numbered, where
/// none of them has failed for good.
///
/// # Errors
/// When the database refuses; nothing is changed then.
pub async fn retry(store: &Store, about: &About, when: When, ids: &[i64]) -> Result<Option<Settled>> {
    let mut change = Change::begin(store, about, when).await?;
    let failed = listed::these(&mut change.tx, ids).await?;
    if failed.is_empty() {
        return Ok(None);
    }
    let jobs = jobs::retry(&mut change.tx, ids, when.now).await?;
    change.note(&note(&failed), &json!({"ready": jobs})).await?;
    Ok(Some(Settled { done: change.commit().await?, jobs }))
}

/// Takes failed jobs off the queue for good. Nothing happens where none of them has failed for good.
///
/// # Errors
/// When the database refuses; nothing is changed then.
pub async fn drop(store: &Store, about: &About, when: When, ids: &[i64]) -> Result<Option<Settled>> {
    if ids.is_empty() {
        return Ok(None);
    }
    let mut change = Change::begin(store, about, when).await?;
    let failed = listed::these(&mut change.tx, ids).await?;
    if failed.is_empty() {
        return Ok(None);
    }
    let jobs = jobs::drop(&mut change.tx, ids).await?;
    change.note(&note(&failed), &Value::Null).await?;
    Ok(Some(Settled { done: change.commit().await?, jobs }))
}
