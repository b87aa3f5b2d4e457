//! Charts of a connector's runs of the last 90 days.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use chrono::TimeDelta;

use super::{BarChart, group_by_day};
use crate::WebContext;
use crate::form_data::UrlQuery;
use crate::layout::{Layout, MenuItem};
use crate::pages::{PageResult, render_page};
use rollcall_core::accounts::Principal;
use rollcall_model::run_record::RunStatus;
use rollcall_store::connectors;
use rollcall_store::listing::runs::{self, RunDataPoint};

/// Number of days shown.
const CHART_DAYS: i64 = 90;

#[derive(Template)]
#[template(path = "sync/run_charts.html")]
struct RunChartsPage {
    frame: Layout,
    tab: &'static str,
    connectors: Vec<String>,
    connector: String,
    plots: Vec<BarChart>,
}

fn run_seconds(point: &RunDataPoint) -> i64 {
    point.finished_at.map_or(0, |end| (end - point.started_at).num_seconds().max(0))
}

pub(super) async fn show(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let (config, when) = (web.config(), web.change_time());
    let mut tx = web.store.begin_read().await?;
    let connectors: Vec<String> = connectors::list(&mut tx).await?.into_iter().map(|row| row.name).collect();
    let wanted = query.text("connector");
    let connector = connectors.iter().find(|name| *name == wanted).or_else(|| connectors.first());
    let connector = connector.cloned().unwrap_or_default();
    let points = runs::list_data_points(&mut tx, &connector, when.now - TimeDelta::days(CHART_DAYS)).await?;
    let range = (when.today, CHART_DAYS, config.timezone);
    let at = |one: &RunDataPoint| one.started_at;
    let sum = |of: fn(&RunDataPoint) -> i64| {
        group_by_day(&points, range, at, |all| all.iter().map(|one| of(one)).sum())
    };
    // A failed run contains no information about the number of people.
    let good: Vec<RunDataPoint> =
        points.iter().filter(|one| one.status != RunStatus::Failed).cloned().collect();
    let read = group_by_day(&good, range, at, |all| all.last().map_or(0, |one| one.people_read));
    // A hold that waits is held again by each run, so the runs of a day are not added up.
    let held = group_by_day(&points, range, at, |all| all.iter().map(|one| one.held).max().unwrap_or(0));
    let longest =
        group_by_day(&points, range, at, |all| all.iter().map(|one| run_seconds(one)).max().unwrap_or(0));
    let plots = if points.is_empty() {
        Vec::new()
    } else {
        vec![
            BarChart::of_days("People read", &read),
            BarChart::of_days("Memberships added", &sum(|one| one.added)),
            BarChart::of_days("Memberships removed", &sum(|one| one.removed)),
            BarChart::of_days("Memberships held", &held),
            BarChart::of_days("Seconds of the longest run", &longest),
        ]
    };
    let frame = Layout::new(&who, MenuItem::Sync, "Last 90 days");
    render_page(&RunChartsPage { frame, tab: "plots", connectors, connector, plots })
}
