//! Liveness and readiness checks.

use std::path::PathBuf;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{TimeDelta, Utc};
use serde_json::json;

use crate::WebContext;
use rollcall_model::heartbeat::Heartbeat;
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_store::metrics;

/// Maximum response time of the database. If it is exceeded, the service is not ready.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(3);

/// Maximum age of the scheduler's heartbeat. The scheduler updates it twice a second.
const SCHEDULER_TIMEOUT: TimeDelta = TimeDelta::seconds(30);

/// Maximum age of the workers' heartbeat. A worker beats between two batches, which take seconds.
const WORKER_TIMEOUT: TimeDelta = TimeDelta::seconds(180);

/// Time that a run which was told to stop may take to end.
const RUN_END_TIME: TimeDelta = TimeDelta::minutes(1);

/// Free space below which SQLite may fail at the next large commit, in bytes.
const MIN_FREE_BYTES: u64 = 64 << 20;

/// An SQLite file counts as full if less than this share of `max_size` is free: one in a hundred.
const FULL_SHARE: u64 = 100;

/// Returns true if a path is that of a check of this module.
pub(super) fn is_health_path(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// Liveness check.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Readiness check: reports the state of database, connections, disk, scheduler, workers and scheduled runs.
pub(super) async fn readyz(State(web): State<WebContext>) -> Response {
    let answers = tokio::time::timeout(DATABASE_TIMEOUT, async {
        let mut tx = web.store.begin_read().await?;
        metrics::ping(&mut tx).await?;
        metrics::used_bytes(&mut tx).await
    });
    let database = match answers.await {
        Ok(Ok(used)) => check_size(&web, used),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no response within {} s", DATABASE_TIMEOUT.as_secs())),
    };
    // A pool that is full for a moment is no fault: the database was asked through it.
    let pool = if database.is_ok() { Ok(()) } else { check_pool(&web) };
    let parts = [
        ("database", database),
        ("pool", pool),
        ("disk", check_disk(&web)),
        ("scheduler", check_pulse(&web.vitals.scheduler, SCHEDULER_TIMEOUT)),
        ("workers", check_pulse(&web.vitals.workers, WORKER_TIMEOUT)),
        ("runs", check_runs(&web)),
    ];
    let ready = parts.iter().all(|(_, state)| state.is_ok());
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let states =
        parts.map(|(name, state)| (name.to_owned(), json!(state.err().unwrap_or_else(|| "ok".to_owned()))));
    let states: serde_json::Map<String, serde_json::Value> = states.into_iter().collect();
    (status, axum::Json(states)).into_response()
}

/// Checks that an SQLite file is not as large as the file of the configuration lets it become.
fn check_size(web: &WebContext, used: i64) -> Result<(), String> {
    let used = u64::try_from(used).unwrap_or_default();
    match web.config().database.max_size {
        Some(most) if most.saturating_sub(used) < most / FULL_SHARE => {
            Err(format!("the database is full: {used} of at most {most} bytes are used (`max_size`)"))
        }
        Some(_) | None => Ok(()),
    }
}

fn check_pulse(pulse: &Heartbeat, timeout: TimeDelta) -> Result<(), String> {
    match pulse.age(Utc::now()) {
        None => Err("not started".to_owned()),
        Some(age) if age > timeout => Err(format!("no activity for {} s", age.num_seconds())),
        Some(_) => Ok(()),
    }
}

/// Checks that a connection is free.
fn check_pool(web: &WebContext) -> Result<(), String> {
    let (used, most) = web.store.connections_in_use();
    if used < most { Ok(()) } else { Err(format!("all {most} connections to the database are in use")) }
}

/// Checks that no scheduled run is in progress after its deadline.
fn check_runs(web: &WebContext) -> Result<(), String> {
    let Some((connector, since)) = web.vitals.runs.oldest() else { return Ok(()) };
    let age = Utc::now() - since;
    let minutes = web.config().limits.get(ResourceLimit::RunMinutes);
    let deadline = TimeDelta::minutes(i64::try_from(minutes).unwrap_or(i64::MAX / 60_000)) + RUN_END_TIME;
    if age <= deadline {
        return Ok(());
    }
    Err(format!("the run of connector `{connector}` has not ended after {} minutes", age.num_minutes()))
}

/// Checks the free space for an SQLite database. The disk of a PostgreSQL server is not checked.
fn check_disk(web: &WebContext) -> Result<(), String> {
    let config = web.config();
    let Some(path) = config.database.url.reveal().strip_prefix("sqlite://") else { return Ok(()) };
    let path = PathBuf::from(path.split('?').next().unwrap_or_default());
    let folder = path.parent().map(PathBuf::from).unwrap_or_default();
    let room = rustix::fs::statvfs(&folder).map_err(|error| format!("free space is unknown: {error}"))?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    if free < MIN_FREE_BYTES {
        return Err(format!("only {} MiB free on the disk of the database", free >> 20));
    }
    Ok(())
}
