//! The runs of a connector over the last 90 days.

use askama::Template;
use axum::extract::State;
use chrono::TimeDelta;

use super::{Plot, by_day};
use crate::accounts::Principal;
use crate::store::connectors;
use crate::store::listing::runs::{self, Point};
use crate::web::Web;
use crate::web::form::Query;
use crate::web::frame::{Frame, Here};
use crate::web::pages::{Answer, page};

/// Days that are shown.
const DAYS: i64 = 90;

#[derive(Template)]
#[template(path = "sync/plots.html")]
struct Page {
    frame: Frame,
    tab: &'static str,
    connectors: Vec<String>,
    connector: String,
    plots: Vec<Plot>,
}

fn seconds(point: &Point) -> i64 {
    point.finished_at.map_or(0, |end| (end - point.started_at).num_seconds().max(0))
}

pub(super) async fn show(State(web): State<Web>, Query(query): Query, who: Principal) -> Answer {
    let (config, when) = (web.config(), web.when());
    let mut tx = web.store.read().await?;
    let connectors: Vec<String> = connectors::list(&mut tx).await?.into_iter().map(|row| row.name).collect();
    let wanted = query.text("connector");
    let connector = connectors.iter().find(|name| *name == wanted).or_else(|| connectors.first());
    let connector = connector.cloned().unwrap_or_default();
    let points = runs::points(&mut tx, &connector, when.now - TimeDelta::days(DAYS)).await?;
    let range = (when.today, DAYS, config.timezone);
    let at = |one: &Point| one.started_at;
    let sum = |of: fn(&Point) -> i64| by_day(&points, range, at, |all| all.iter().map(|one| of(one)).sum());
    // A run that failed has read nobody, and says nothing of how many there are.
    let good: Vec<Point> = points.iter().filter(|one| one.status != "failed").cloned().collect();
    let read = by_day(&good, range, at, |all| all.last().map_or(0, |one| one.people_read));
    let longest = by_day(&points, range, at, |all| all.iter().map(|one| seconds(one)).max().unwrap_or(0));
    let plots = if points.is_empty() {
        Vec::new()
    } else {
        vec![
            Plot::of_days("People read", &read),
            Plot::of_days("Memberships added", &sum(|one| one.added)),
            Plot::of_days("Memberships removed", &sum(|one| one.removed)),
            Plot::of_days("Memberships held", &sum(|one| one.held)),
            Plot::of_days("Seconds of the longest run", &longest),
        ]
    };
    let frame = Frame::new(&who, Here::Sync, "Last 90 days");
    page(&Page { frame, tab: "plots", connectors, connector, plots })
}
