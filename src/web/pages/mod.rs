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
use crate::groups::aftermath::{self, Aftermath};
use crate::model::ids::RunId;
use crate::model::role::May;
use crate::store::Tx;
use crate::web::Web;
use crate::web::assets::asset;
use crate::web::form::Form;
use crate::web::ops;
use crate::web::routes::{Access, Routes};
use crate::web::trouble::Trouble;

/// What a handler answers with.
type Answer = Result<Response, Trouble>;

const READ: Access = Access::Needs(May::Read);
const MANAGE: Access = Access::Needs(May::Manage);
const OPERATE: Access = Access::Needs(May::Operate);
const OWN: Access = Access::Needs(May::Own);

pub(super) fn routes(web: &Web) -> Routes {
    let routes = Routes::new(web)
        .get("/healthz", Access::Open, ops::healthz)
        .get("/readyz", Access::Open, ops::readyz)
        .get("/metrics", Access::Needs(May::Operate), ops::metrics)
        .get("/", READ, home)
        .get("/assets/{name}", Access::Open, asset)
        .get("/sign-in", Access::Open, sign_in::show)
        .post("/sign-in", Access::Open, sign_in::sign_in)
        .get("/sign-in/provider", Access::Open, sign_in::to_provider)
        .get("/sign-in/callback", Access::Open, sign_in::from_provider)
        .post("/sign-out", READ, sign_in::sign_out)
        .get("/welcome/{key}", Access::Open, welcome::show)
        .post("/welcome/{key}", Access::Open, welcome::set)
        .get("/groups", READ, groups::list::show)
        .get("/groups.csv", READ, groups::list::csv)
        .get("/groups/new", MANAGE, groups::create::show)
        .post("/groups/new", MANAGE, groups::create::go)
        .post("/groups/restore", MANAGE, groups::delete::restore)
        .get("/groups/{id}", READ, groups::one::show)
        .get("/groups/{id}/members.csv", READ, groups::one::csv)
        .post("/groups/{id}/name", MANAGE, groups::rename::go)
        .get("/groups/{id}/name", MANAGE, groups::rename::show)
        .get("/groups/{id}/add", MANAGE, groups::add::show)
        .post("/groups/{id}/add", MANAGE, groups::add::go)
        .post("/groups/{id}/remove", MANAGE, groups::remove::go)
        .get("/groups/{id}/delete", MANAGE, groups::delete::show)
        .post("/groups/{id}/delete", MANAGE, groups::delete::go)
        .post("/groups/{id}/lift", MANAGE, groups::remove::lift)
        .get("/assigned", READ, assigned::list::show)
        .get("/assigned.csv", READ, assigned::list::csv)
        .get("/assigned/new", MANAGE, assigned::wizard::show)
        .post("/assigned/new", MANAGE, assigned::wizard::go)
        .get("/assigned/{id}", READ, assigned::one::show)
        .get("/assigned/{id}/learners.csv", READ, assigned::one::csv)
        .post("/assigned/{id}/due", MANAGE, assigned::one::change)
        .post("/assigned/{id}/end", MANAGE, assigned::one::end)
        .get("/courses", READ, assigned::catalogue::show)
        .get("/courses.csv", READ, assigned::catalogue::csv)
        .post("/courses", MANAGE, assigned::catalogue::add)
        .post("/courses/import", MANAGE, assigned::catalogue::import)
        .get("/learners", READ, learners::list::show)
        .get("/learners.csv", READ, learners::list::csv)
        .get("/learners/new", MANAGE, learners::new::show)
        .post("/learners/new", MANAGE, learners::new::go)
        .get("/learners/{id}", READ, learners::one::show)
        .post("/learners/{id}/link", MANAGE, learners::one::link)
        .post("/learners/{id}/resync", Access::Needs(May::Resync), learners::resync::go)
        .get("/progress/{run}", READ, progress);
    settings::routes(jobs::routes(sync::routes(routes)))
}

/// The first page.
async fn home(_: Principal) -> Redirect {
    Redirect::to("/groups")
}

/// What stands at no address.
pub(super) async fn missing() -> Trouble {
    Trouble::Missing { what: "the page".to_owned() }
}

/// Makes a page of a template.
fn page(template: &impl Template) -> Answer {
    answer(StatusCode::OK, template)
}

/// The same with a status: of a page that shows what is wrong with a form, that of its frame.
fn answer(status: StatusCode, template: &impl Template) -> Answer {
    Ok((status, Html(template.render()?)).into_response())
}

/// What the change that led to an address came to.
async fn notice(tx: &mut Tx, query: &Form) -> Result<Option<Aftermath>, Trouble> {
    match query.number("run") {
        Some(run) => Ok(aftermath::of(tx, RunId(run)).await?),
        None => Ok(None),
    }
}

/// How far the jobs of a run are, for the script of a page.
async fn progress(
    axum::extract::State(web): axum::extract::State<Web>,
    axum::extract::Path(run): axum::extract::Path<i64>,
    _: Principal,
) -> Answer {
    let mut tx = web.store.read().await?;
    let aftermath = aftermath::of(&mut tx, RunId(run)).await?;
    let aftermath = aftermath.ok_or_else(|| Trouble::Missing { what: "the run".to_owned() })?;
    let text = aftermath.progress().unwrap_or_default();
    Ok(axum::Json(serde_json::json!({"left": aftermath.left, "text": text})).into_response())
}
