//! Sync pages: connectors, runs, held changes and rules.

mod background_operations;
mod cancel_run;
mod chart;
pub(super) mod connector_overview;
mod decision;
mod retire_connector;
mod rule_list;
mod rule_preview;
mod run_charts;
mod run_detail;
mod run_list;
mod run_lookup;
mod run_preview;
mod run_warnings;
mod start_run;

pub(super) use chart::BarChart;
use chart::group_by_day;

use crate::pages::OPERATE;
use crate::routes::{RouteAccess, RouteTable};
use rollcall_model::role::Permission;

/// Access of operators and managers. A manager may undo what they changed themselves.
const RESYNC: RouteAccess = RouteAccess::Session(Permission::Resync);

pub(super) fn routes(routes: RouteTable) -> RouteTable {
    routes
        .get("/sync", OPERATE, connector_overview::show_connectors)
        .post("/sync/connectors/{name}/run", OPERATE, start_run::start_run)
        .post("/sync/connectors/{name}/preview", OPERATE, run_preview::start_preview)
        .get("/sync/connectors/{name}/retire", OPERATE, retire_connector::show_confirmation)
        .post("/sync/connectors/{name}/retire", OPERATE, retire_connector::submit_retirement)
        .get("/sync/previews/{id}", OPERATE, run_preview::show)
        .get("/sync/previews/{id}/progress", OPERATE, run_preview::preview_progress)
        .get("/sync/runs", OPERATE, run_list::show)
        .get("/sync/runs.csv", OPERATE, run_list::export_csv)
        .get("/sync/runs/{id}", OPERATE, run_detail::show)
        .get("/sync/runs/{id}/progress", OPERATE, start_run::run_progress)
        .get("/sync/runs/{id}/changes.csv", OPERATE, run_detail::csv)
        .get("/sync/runs/{id}/held.csv", OPERATE, run_detail::held_csv)
        .get("/sync/runs/{id}/problems", OPERATE, run_warnings::show)
        .get("/sync/runs/{id}/problems.csv", OPERATE, run_warnings::export_csv)
        .post("/sync/runs/{id}/cancel", OPERATE, cancel_run::cancel_run)
        .get("/sync/runs/{id}/undo", RESYNC, decision::show_undo)
        .post("/sync/runs/{id}/undo", RESYNC, decision::submit_undo)
        .get("/sync/runs/{id}/{deed}", OPERATE, decision::show_confirmation)
        .post("/sync/runs/{id}/{deed}", OPERATE, decision::submit_decision)
        .get("/sync/deeds/{id}", RESYNC, background_operations::show_operation)
        .get("/sync/deeds/{id}/progress", RESYNC, background_operations::operation_progress)
        .get("/sync/plots", OPERATE, run_charts::show)
        .get("/sync/rules", OPERATE, rule_list::show)
        .post("/sync/rules", OPERATE, rule_list::try_rule)
}
