//! Pages, a file for each place in the menu.

mod assigned;
mod groups;
mod jobs;
mod learners;
mod picker;
mod settings;
pub(super) mod sign_in;
mod sync;
mod welcome;

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::accounts::Principal;
use crate::groups::aftermath::{self, ChangeSummary};
use crate::model::ids::RunId;
use crate::model::role::Permission;
use crate::store::Tx;
use crate::web::WebContext;
use crate::web::assets::asset;
use crate::web::form::FormData;
use crate::web::ops;
use crate::web::routes::{RouteAccess, RouteTable};
use crate::web::trouble::PageError;

/// What a handler answers with.
type PageResult = Result<Response, PageError>;

const READ: RouteAccess = RouteAccess::Needs(Permission::Read);
const MANAGE: RouteAccess = RouteAccess::Needs(Permission::Manage);
const OPERATE: RouteAccess = RouteAccess::Needs(Permission::Operate);
const ADMINISTER: RouteAccess = RouteAccess::Needs(Permission::Admin);

pub(super) fn routes(web: &WebContext) -> RouteTable {
    let routes = RouteTable::new(web)
        .get("/healthz", RouteAccess::Open, ops::healthz)
        .get("/readyz", RouteAccess::Open, ops::readyz)
        .get("/metrics", RouteAccess::Needs(Permission::Operate), ops::metrics)
        .get("/", READ, home)
        .get("/assets/{name}", RouteAccess::Open, asset)
        .get("/sign-in", RouteAccess::Open, sign_in::show)
        .post("/sign-in", RouteAccess::Open, sign_in::sign_in)
        .get("/sign-in/provider", RouteAccess::Open, sign_in::to_provider)
        .get("/sign-in/callback", RouteAccess::Open, sign_in::from_provider)
        .post("/sign-out", READ, sign_in::sign_out)
        .get("/welcome/{key}", RouteAccess::Open, welcome::show)
        .post("/welcome/{key}", RouteAccess::Open, welcome::set_password)
        .get("/groups", READ, groups::list::show)
        .get("/groups.csv", READ, groups::list::export_csv)
        .get("/groups/new", MANAGE, groups::create::show)
        .post("/groups/new", MANAGE, groups::create::submit_group)
        .post("/groups/restore", MANAGE, groups::delete::restore_group)
        .get("/groups/{id}", READ, groups::one::show)
        .get("/groups/{id}/members.csv", READ, groups::one::export_csv)
        .post("/groups/{id}/name", MANAGE, groups::rename::submit_name)
        .get("/groups/{id}/name", MANAGE, groups::rename::show)
        .get("/groups/{id}/add", MANAGE, groups::add::show)
        .post("/groups/{id}/add", MANAGE, groups::add::submit_members)
        .post("/groups/{id}/remove", MANAGE, groups::remove::submit_removal)
        .get("/groups/{id}/delete", MANAGE, groups::delete::show)
        .post("/groups/{id}/delete", MANAGE, groups::delete::submit_deletion)
        .post("/groups/{id}/lift", MANAGE, groups::remove::lift_exclusion)
        .get("/assigned", READ, assigned::list::show)
        .get("/assigned.csv", READ, assigned::list::export_csv)
        .get("/assigned/new", MANAGE, assigned::wizard::show)
        .post("/assigned/new", MANAGE, assigned::wizard::submit_step)
        .get("/assigned/{id}", READ, assigned::one::show)
        .get("/assigned/{id}/learners.csv", READ, assigned::one::export_csv)
        .post("/assigned/{id}/due", MANAGE, assigned::one::change_due_date)
        .post("/assigned/{id}/end", MANAGE, assigned::one::end_assignment)
        .get("/courses", READ, assigned::catalogue::show)
        .get("/courses.csv", READ, assigned::catalogue::export_csv)
        .post("/courses", MANAGE, assigned::catalogue::add)
        .post("/courses/import", MANAGE, assigned::catalogue::import)
        .get("/learners", READ, learners::list::show)
        .get("/learners.csv", READ, learners::list::export_csv)
        .get("/learners/new", MANAGE, learners::new::show)
        .post("/learners/new", MANAGE, learners::new::submit_learner)
        .get("/learners/{id}", READ, learners::one::show)
        .post("/learners/{id}/link", MANAGE, learners::one::submit_link)
        .post("/learners/{id}/resync", RouteAccess::Needs(Permission::Resync), learners::resync::submit_resync)
        .get("/progress/{run}", READ, job_progress);
    settings::routes(jobs::routes(sync::routes(routes)))
}

/// The first page.
async fn home(_: Principal) -> Redirect {
    Redirect::to("/groups")
}

/// What stands at no address.
pub(super) async fn page_not_found() -> PageError {
    PageError::Missing { what: "the page".to_owned() }
}

/// Makes a page of a template.
fn render_page(template: &impl Template) -> PageResult {
    render_page_with_status(StatusCode::OK, template)
}

/// The same with a status: of a page that shows what is wrong with a form, that of its frame.
fn render_page_with_status(status: StatusCode, template: &impl Template) -> PageResult {
    Ok((status, Html(template.render()?)).into_response())
}

/// What the change that led to an address came to.
async fn load_notice(tx: &mut Tx, query: &FormData) -> Result<Option<ChangeSummary>, PageError> {
    match query.number("run") {
        Some(run) => Ok(aftermath::load_change_summary(tx, RunId(run)).await?),
        None => Ok(None),
    }
}

/// How far the jobs of a run are, for the script of a page.
async fn job_progress(
    axum::extract::State(web): axum::extract::State<WebContext>,
    axum::extract::Path(run): axum::extract::Path<i64>,
    _: Principal,
) -> PageResult {
    let mut tx = web.store.begin_read().await?;
    let aftermath = aftermath::load_change_summary(&mut tx, RunId(run)).await?;
    let aftermath = aftermath.ok_or_else(|| PageError::Missing { what: "the run".to_owned() })?;
    let text = aftermath.progress().unwrap_or_default();
    Ok(axum::Json(serde_json::json!({"left": aftermath.left, "text": text})).into_response())
}
