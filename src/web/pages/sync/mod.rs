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

pub(super) use plot::Plot;
use plot::by_day;

use crate::web::pages::OPERATE;
use crate::web::routes::Routes;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/sync", OPERATE, overview::show)
        .post("/sync/connectors/{name}/run", OPERATE, start::run)
        .post("/sync/connectors/{name}/preview", OPERATE, preview::begin)
        .get("/sync/connectors/{name}/retire", OPERATE, retire::ask)
        .post("/sync/connectors/{name}/retire", OPERATE, retire::go)
        .get("/sync/previews/{id}", OPERATE, preview::show)
        .get("/sync/previews/{id}/progress", OPERATE, preview::progress)
        .get("/sync/runs", OPERATE, runs::show)
        .get("/sync/runs.csv", OPERATE, runs::csv)
        .get("/sync/runs/{id}", OPERATE, one::show)
        .get("/sync/runs/{id}/progress", OPERATE, start::progress)
        .get("/sync/runs/{id}/changes.csv", OPERATE, one::csv)
        .get("/sync/runs/{id}/held.csv", OPERATE, one::held_csv)
        .get("/sync/runs/{id}/problems", OPERATE, problems::show)
        .get("/sync/runs/{id}/problems.csv", OPERATE, problems::csv)
        .get("/sync/runs/{id}/{deed}", OPERATE, decide::ask)
        .post("/sync/runs/{id}/{deed}", OPERATE, decide::go)
        .get("/sync/deeds/{id}", OPERATE, deeds::show)
        .get("/sync/deeds/{id}/progress", OPERATE, deeds::progress)
        .get("/sync/plots", OPERATE, plots::show)
        .get("/sync/rules", OPERATE, rules::show)
}
