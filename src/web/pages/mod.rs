//! HTML pages, one module per menu item.

mod accept_invitation;
mod account;
mod assignments;
mod groups;
mod job_queue;
mod learner_picker;
mod learners;
mod overview;
mod settings;
pub(super) mod sign_in;
mod sync;

use askama::Template;
use axum::Extension;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use crate::WebContext;
use crate::error::PageError;
use crate::form_data::FormData;
use crate::health;
use crate::metrics;
use crate::routes::{RouteAccess, RouteTable};
use crate::serve_asset::serve_asset;
use rollcall_core::accounts::Principal;
use rollcall_core::groups::change_summary::{self, ChangeSummary};
use rollcall_model::ids::RunId;
use rollcall_model::role::Permission;
use rollcall_store::Tx;

/// Result of a page handler.
type PageResult = Result<Response, PageError>;

const READ: RouteAccess = RouteAccess::Session(Permission::Read);
const MANAGE: RouteAccess = RouteAccess::Session(Permission::Manage);
const OPERATE: RouteAccess = RouteAccess::Session(Permission::Operate);
/// Changes of one's own sign-in.
const OWN_SIGN_IN: RouteAccess = RouteAccess::RecentSession(Permission::Read);
const ADMINISTER: RouteAccess = RouteAccess::Session(Permission::Admin);

pub(super) fn routes(web: &WebContext) -> RouteTable {
    let routes = RouteTable::new(web)
        .get("/healthz", RouteAccess::Open, health::healthz)
        .get("/readyz", RouteAccess::Open, health::readyz)
        .get("/metrics", RouteAccess::TokenOrSession(Permission::Metrics), metrics::export_metrics)
        .get("/", READ, overview::show)
        .get("/assets/{name}", RouteAccess::Open, serve_asset)
        .get("/sign-in", RouteAccess::Open, sign_in::password::show)
        .post("/sign-in", RouteAccess::Open, sign_in::password::sign_in)
        .post("/sign-in/code", RouteAccess::Open, sign_in::password::submit_code)
        .get("/sign-in/provider", RouteAccess::Open, sign_in::provider::to_provider)
        .get("/sign-in/callback", RouteAccess::Open, sign_in::provider::from_provider)
        .post("/sign-out", READ, sign_in::sign_out)
        .get("/confirm", READ, sign_in::confirm::show)
        .post("/confirm", READ, sign_in::confirm::submit)
        .get("/welcome/{key}", RouteAccess::Open, accept_invitation::show)
        .post("/welcome/{key}", RouteAccess::Open, accept_invitation::set_password)
        .get("/groups", READ, groups::group_list::show)
        .get("/groups.csv", READ, groups::group_list::export_csv)
        .get("/groups/new", MANAGE, groups::create_group::show)
        .post("/groups/new", MANAGE, groups::create_group::submit_group)
        .post("/groups/restore", MANAGE, groups::delete_group::restore_group)
        .get("/groups/{id}", READ, groups::group_detail::show)
        .get("/groups/{id}/members.csv", READ, groups::group_detail::export_csv)
        .post("/groups/{id}/name", MANAGE, groups::rename_group::submit_name)
        .get("/groups/{id}/name", MANAGE, groups::rename_group::show)
        .get("/groups/{id}/add", MANAGE, groups::add_members::show)
        .post("/groups/{id}/add", MANAGE, groups::add_members::submit_members)
        .post("/groups/{id}/remove", MANAGE, groups::remove_members::submit_removal)
        .get("/groups/{id}/delete", MANAGE, groups::delete_group::show)
        .post("/groups/{id}/delete", MANAGE, groups::delete_group::submit_deletion)
        .post("/groups/{id}/lift", MANAGE, groups::remove_members::lift_exclusion)
        .get("/assigned", READ, assignments::assignment_list::show)
        .get("/assigned.csv", READ, assignments::assignment_list::export_csv)
        .get("/assigned/new", MANAGE, assignments::assign_wizard::show)
        .post("/assigned/new", MANAGE, assignments::assign_wizard::submit_step)
        .get("/assigned/{id}", READ, assignments::assignment_detail::show)
        .get("/assigned/{id}/learners.csv", READ, assignments::assignment_detail::export_csv)
        .post("/assigned/{id}/due", MANAGE, assignments::assignment_detail::change_due_date)
        .get("/assigned/{id}/end", MANAGE, assignments::unassign_course::show)
        .post("/assigned/{id}/end", MANAGE, assignments::unassign_course::submit)
        .get("/courses", READ, assignments::course_catalogue::show)
        .get("/courses.csv", READ, assignments::course_catalogue::export_csv)
        .post("/courses", MANAGE, assignments::course_catalogue::add)
        .post("/courses/import", MANAGE, assignments::course_catalogue::import)
        .get("/learners", READ, learners::learner_list::show)
        .get("/learners.csv", READ, learners::learner_list::export_csv)
        .get("/learners/new", MANAGE, learners::add_learner::show)
        .post("/learners/new", MANAGE, learners::add_learner::submit_learner)
        .get("/learners/{id}", READ, learners::learner_detail::show)
        .post("/learners/{id}/link", MANAGE, learners::learner_detail::submit_link)
        .post(
            "/learners/{id}/resync",
            RouteAccess::Session(Permission::Resync),
            learners::resync_learner::submit_resync,
        )
        .post("/learners/{id}/reopen", MANAGE, learners::reopen_course::submit_reopening)
        .get("/learners/{id}/suspend", OPERATE, learners::suspend_learner::show)
        .post("/learners/{id}/suspend", OPERATE, learners::suspend_learner::submit_suspension)
        .post("/learners/{id}/restore", OPERATE, learners::suspend_learner::submit_restoration)
        .get("/progress/{run}", READ, job_progress);
    settings::routes(account::routes(job_queue::routes(sync::routes(routes))))
}

/// Handles unknown paths.
pub(super) async fn page_not_found() -> PageError {
    PageError::Missing { what: "the page".to_owned() }
}

/// Renders a template.
fn render_page(template: &impl Template) -> PageResult {
    render_page_with_status(StatusCode::OK, template)
}

/// Renders a template with an HTTP status. A page with form errors uses the status of its layout.
fn render_page_with_status(status: StatusCode, template: &impl Template) -> PageResult {
    Ok((status, Html(template.render()?)).into_response())
}

/// Loads the result of the change named in the query string.
async fn load_notice(tx: &mut Tx, query: &FormData) -> Result<Option<ChangeSummary>, PageError> {
    match query.number("run") {
        Some(run) => Ok(change_summary::load_change_summary(tx, RunId(run)).await?),
        None => Ok(None),
    }
}

/// Returns the progress of a run's jobs for the page script.
async fn job_progress(
    axum::extract::State(web): axum::extract::State<WebContext>,
    axum::extract::Path(run): axum::extract::Path<i64>,
    _: Extension<Principal>,
) -> PageResult {
    let mut tx = web.store.begin_read().await?;
    let summary = change_summary::load_change_summary(&mut tx, RunId(run)).await?;
    let summary = summary.ok_or_else(|| PageError::Missing { what: "the run".to_owned() })?;
    let text = summary.progress().unwrap_or_default();
    Ok(axum::Json(serde_json::json!({"left": summary.left, "text": text})).into_response())
}
