//! Metrics in the `OpenMetrics` format.

use std::fmt;

use axum::Extension;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use crate::WebContext;
use crate::error::PageError;
use crate::sign_in_events::SignInEvent;
use rollcall_core::accounts::{self, Principal};
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_store::metrics::{self, ConnectorMetrics, DURATION_BUCKETS, RunDurationBucket, TableSizes};
use rollcall_store::tokens;

/// Returns the metrics in the `OpenMetrics` 1.0 text format.
pub(super) async fn export_metrics(
    State(web): State<WebContext>,
    _: Extension<Principal>,
) -> Result<Response, PageError> {
    let now = Utc::now();
    let numbers = {
        let mut tx = web.store.begin_read().await?;
        MetricsSnapshot {
            connectors: metrics::list_connector_metrics(&mut tx).await?,
            sizes: metrics::get_table_sizes(&mut tx).await?,
            durations: metrics::list_run_durations(&mut tx).await?,
            ending_tokens: tokens::list_ending(&mut tx, now, now + accounts::EXPIRY_WARNING).await?.len(),
        }
    };
    let mut registry = Registry::with_prefix("rollcall");
    registry.register_collector(Box::new(numbers));
    let mut out = String::new();
    text::encode(&mut out, &registry).map_err(|error| PageError::Broken { what: error.to_string() })?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], out).into_response())
}

/// Metrics read from the database in one transaction.
#[derive(Debug)]
struct MetricsSnapshot {
    connectors: Vec<ConnectorMetrics>,
    sizes: TableSizes,
    durations: Vec<RunDurationBucket>,
    /// API tokens that end soon.
    ending_tokens: usize,
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
        let help = "End of the last successful run";
        write_gauges(encoder, "connector_last_success_timestamp_seconds", help, of_connectors(seconds))?;
        let help = "People read by the last successful run";
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
        write_gauges(
            encoder,
            "memberships",
            "Memberships of learners in groups",
            alone(self.sizes.memberships),
        )?;
        let jobs = [("ready", self.sizes.ready), ("failed", self.sizes.failed)];
        let jobs = jobs.map(|(state, count)| (vec![("state", state)], gauge_value(count)));
        write_gauges(encoder, "jobs", "Jobs by state", jobs)?;
        let age = self.sizes.oldest.map_or(0, |oldest| (Utc::now() - oldest).num_seconds().max(0));
        write_gauges(encoder, "job_oldest_age_seconds", "Age of the oldest job", alone(age))?;
        let ending = alone(i64::try_from(self.ending_tokens).unwrap_or(i64::MAX));
        write_gauges(encoder, "tokens_ending", "API tokens that end within 30 days", ending)?;
        write_limits(encoder)?;
        write_sign_in_events(encoder)?;
        self.write_durations(encoder)
    }
}

/// Writes how often each bound on what comes from outside was reached by this process.
fn write_limits(encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let help = "Refusals because of a bound, since the start of the service";
    let mut metric = encoder.encode_descriptor("limit_reached", help, None, MetricType::Counter)?;
    for limit in ResourceLimit::ALL {
        let labels = [("limit", limit.spec().name)];
        metric
            .encode_family(&labels)?
            .encode_counter::<NoLabelSet, u64, u64>(&limit.times_reached(), None)?;
    }
    Ok(())
}

/// Writes how often each event of sign-in and access control happened in this process.
fn write_sign_in_events(encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let help = "Events of sign-in and access control, since the start of the service";
    let mut metric = encoder.encode_descriptor("sign_in_events", help, None, MetricType::Counter)?;
    for event in SignInEvent::ALL {
        let labels = [("event", event.as_str())];
        metric.encode_family(&labels)?.encode_counter::<NoLabelSet, u64, u64>(&event.count(), None)?;
    }
    Ok(())
}

impl MetricsSnapshot {
    fn write_durations(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Duration of runs by connector and status";
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
