//! Sync: connectors, runs, what they hold, and the rules.

mod decide;
mod deeds;
mod one;
mod overview;
mod plot;
mod plots;
mod preview;
mod problems;
mod retire;
mod rules;
mod runs;
mod start;

pub(super) use plot::BarChart;
use plot::group_by_day;

use crate::web::pages::OPERATE;
use crate::web::routes::RouteTable;

pub(super) fn routes(routes: RouteTable) -> RouteTable {
    routes
        .get("/sync", OPERATE, overview::show_connectors)
        .post("/sync/connectors/{name}/run", OPERATE, start::start_run)
        .post("/sync/connectors/{name}/preview", OPERATE, preview::start_preview)
        .get("/sync/connectors/{name}/retire", OPERATE, retire::show_confirmation)
        .post("/sync/connectors/{name}/retire", OPERATE, retire::submit_retirement)
        .get("/sync/previews/{id}", OPERATE, preview::show)
        .get("/sync/previews/{id}/progress", OPERATE, preview::preview_progress)
        .get("/sync/runs", OPERATE, runs::show)
        .get("/sync/runs.csv", OPERATE, runs::export_csv)
        .get("/sync/runs/{id}", OPERATE, one::show)
        .get("/sync/runs/{id}/progress", OPERATE, start::run_progress)
        .get("/sync/runs/{id}/changes.csv", OPERATE, one::csv)
        .get("/sync/runs/{id}/held.csv", OPERATE, one::held_csv)
        .get("/sync/runs/{id}/problems", OPERATE, problems::show)
        .get("/sync/runs/{id}/problems.csv", OPERATE, problems::export_csv)
        .get("/sync/runs/{id}/{deed}", OPERATE, decide::show_confirmation)
        .post("/sync/runs/{id}/{deed}", OPERATE, decide::submit_decision)
        .get("/sync/deeds/{id}", OPERATE, deeds::show_operation)
        .get("/sync/deeds/{id}/progress", OPERATE, deeds::operation_progress)
        .get("/sync/plots", OPERATE, plots::show)
        .get("/sync/rules", OPERATE, rules::show)
}
