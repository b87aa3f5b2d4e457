//! For operations: whether the service lives, whether it is ready, and numbers for whoever watches.

use axum::Extension;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{TimeDelta, Utc};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use serde_json::json;

use crate::WebContext;
use crate::error::PageError;
use rollcall_core::accounts::Principal;
use rollcall_store::metrics::{self, ConnectorMetrics, DURATION_BUCKETS, RunDurationBucket, TableSizes};

/// How long the database may take before the service counts as not ready.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(3);

/// The scheduler looks twice a second; after this it is not alive.
const SCHEDULER_TIMEOUT: TimeDelta = TimeDelta::seconds(30);

/// Free space below which SQLite may fail at the next large commit, in bytes.
const MIN_FREE_BYTES: u64 = 64 << 20;

/// Whether the process answers at all.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether database, disk and scheduler are there, each by name.
pub(super) async fn readyz(State(web): State<WebContext>) -> Response {
    let answers = tokio::time::timeout(DATABASE_TIMEOUT, async {
        let mut tx = web.store.begin_read().await?;
        metrics::ping(&mut tx).await
    });
    let database = match answers.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("it did not answer within {} s", DATABASE_TIMEOUT.as_secs())),
    };
    let parts = [("database", database), ("disk", check_disk(&web)), ("scheduler", check_scheduler(&web))];
    let ready = parts.iter().all(|(_, state)| state.is_ok());
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let said =
        parts.map(|(name, state)| (name.to_owned(), json!(state.err().unwrap_or_else(|| "ok".to_owned()))));
    let said: serde_json::Map<String, serde_json::Value> = said.into_iter().collect();
    (status, axum::Json(said)).into_response()
}

fn check_scheduler(web: &WebContext) -> Result<(), String> {
    match web.heartbeat.age(Utc::now()) {
        None => Err("it has not begun".to_owned()),
        Some(age) if age > SCHEDULER_TIMEOUT => {
            Err(format!("it has stood still for {} s", age.num_seconds()))
        }
        Some(_) => Ok(()),
    }
}

/// Whether there is room for SQLite to grow; a server's disk is not this machine's.
fn check_disk(web: &WebContext) -> Result<(), String> {
    let config = web.config();
    let Some(path) = config.database.url.reveal().strip_prefix("sqlite://") else { return Ok(()) };
    let path = PathBuf::from(path.split('?').next().unwrap_or_default());
    let folder = path.parent().map(PathBuf::from).unwrap_or_default();
    let room = rustix::fs::statvfs(&folder).map_err(|error| format!("its space is not known: {error}"))?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    if free < MIN_FREE_BYTES {
        return Err(format!("{} MiB are left where the database lies", free >> 20));
    }
    Ok(())
}

/// Numbers in the text format of OpenMetrics 1.0.
pub(super) async fn metrics(
    State(web): State<WebContext>,
    _: Extension<Principal>,
) -> Result<Response, PageError> {
    let numbers = {
        let mut tx = web.store.begin_read().await?;
        MetricsSnapshot {
            connectors: metrics::list_connector_metrics(&mut tx).await?,
            sizes: metrics::get_table_sizes(&mut tx).await?,
            durations: metrics::list_run_durations(&mut tx).await?,
        }
    };
    let mut registry = Registry::with_prefix("rollcall");
    registry.register_collector(Box::new(numbers));
    let mut out = String::new();
    text::encode(&mut out, &registry).map_err(|error| PageError::Broken { what: error.to_string() })?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], out).into_response())
}

/// What one look at the database has found.
#[derive(Debug)]
struct MetricsSnapshot {
    connectors: Vec<ConnectorMetrics>,
    sizes: TableSizes,
    durations: Vec<RunDurationBucket>,
}

type MetricLabels<'l> = Vec<(&'static str, &'l str)>;

/// Writes one gauge with a value for each set of labels.
fn write_gauges<'l>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (MetricLabels<'l>, f64)>,
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (labels, value) in values {
        if labels.is_empty() {
            metric.encode_gauge(&value)?;
        } else {
            metric.encode_family(&labels)?.encode_gauge(&value)?;
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn gauge_value(count: i64) -> f64 {
    count as f64
}

impl Collector for MetricsSnapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        let of_connectors = |value: fn(&ConnectorMetrics) -> Option<f64>| {
            self.connectors
                .iter()
                .filter_map(move |one| Some((vec![("connector", one.name.as_str())], value(one)?)))
        };
        let seconds = |one: &ConnectorMetrics| one.good_at.map(|at| gauge_value(at.timestamp()));
        let help = "When the last good run ended";
        write_gauges(encoder, "connector_last_success_timestamp_seconds", help, of_connectors(seconds))?;
        let help = "People whom the last good run read";
        write_gauges(encoder, "connector_people", help, of_connectors(|one| Some(gauge_value(one.people))))?;
        let help = "Whether the last run failed";
        write_gauges(
            encoder,
            "connector_last_run_failed",
            help,
            of_connectors(|one| Some(one.has_failed.into())),
        )?;
        let help = "Whether changes wait for approval";
        write_gauges(encoder, "connector_held", help, of_connectors(|one| Some(one.is_held.into())))?;
        let alone = |value: i64| [(Vec::new(), gauge_value(value))];
        write_gauges(encoder, "learners", "Learners with access", alone(self.sizes.learners))?;
        write_gauges(encoder, "groups", "User Groups", alone(self.sizes.groups))?;
        write_gauges(encoder, "memberships", "Learners in groups", alone(self.sizes.memberships))?;
        let jobs = [("ready", self.sizes.ready), ("failed", self.sizes.failed)];
        let jobs = jobs.map(|(state, count)| (vec![("state", state)], gauge_value(count)));
        write_gauges(encoder, "jobs", "Jobs by state", jobs)?;
        let age = self.sizes.oldest.map_or(0, |oldest| (Utc::now() - oldest).num_seconds().max(0));
        write_gauges(encoder, "job_oldest_age_seconds", "How long the oldest job has waited", alone(age))?;
        self.write_durations(encoder)
    }
}

impl MetricsSnapshot {
    fn write_durations(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "How long runs took, by connector and how they ended";
        let mut metric =
            encoder.encode_descriptor("run_duration_seconds", help, None, MetricType::Histogram)?;
        for runs in
            self.durations.chunk_by(|one, next| (&one.name, &one.status) == (&next.name, &next.status))
        {
            let Some(first) = runs.first() else { continue };
            let labels = vec![("connector", first.name.as_str()), ("status", first.status.as_str())];
            let (sum, mut all) = (runs.iter().map(|one| one.seconds).sum(), 0);
            let mut buckets = DURATION_BUCKETS.map(|end| (end, 0));
            for one in runs {
                let count = one.runs.unsigned_abs();
                all += count;
                if let Some(bucket) = usize::try_from(one.bucket).ok().and_then(|at| buckets.get_mut(at)) {
                    bucket.1 += count;
                }
            }
            metric.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, all, &buckets, None)?;
        }
        Ok(())
    }
}
