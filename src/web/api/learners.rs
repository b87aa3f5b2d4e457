//! Endpoints of learners.

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::api_query::{ApiPage, ApiQuery, PathId};
use super::problem::ApiProblem;
use super::request_body::JsonBody;
use super::{ApiResult, ChangeResponse};
use crate::WebContext;
use crate::actions::{self, LinkAction};
use crate::list_cursor::ListCursor;
use rollcall_core::accounts::Principal;
use rollcall_core::explain::{self, ExplainRequest};
use rollcall_core::groups::{self, SuspensionResult};
use rollcall_model::ids::{CourseId, LearnerId};
use rollcall_store::Tx;
use rollcall_store::learners::{self, Learner};
use rollcall_store::listing::learners::{self as listing, LearnerSearch};
use rollcall_views as views;

/// Request to add a learner.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[serde(expecting = "a JSON object")]
#[schema(as = NewLearner)]
pub(super) struct AddLearnerRequest {
    /// E-mail address.
    #[schema(max_length = 254, pattern = r"^[^@\s\x00-\x1f\x7f-\x9f]+@[^@\s\x00-\x1f\x7f-\x9f]+$")]
    email: String,
    /// Name.
    #[schema(max_length = 500, pattern = r"\S")]
    name: String,
}

/// Request to link or unlink another learner.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OtherLearner)]
#[serde(expecting = "a JSON object")]
pub(super) struct LinkLearnersRequest {
    /// Other learner: current or former e-mail address, or `CONNECTOR:ID`.
    #[schema(max_length = 500)]
    other: String,
}

/// Explanation of a learner's groups and courses, in the format of `rollcall explain --json`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
#[schema(as = Explanation)]
pub(super) struct ExplanationResponse(explain::Explanation);

async fn find(tx: &mut Tx, id: i64) -> Result<Learner, ApiProblem> {
    let found = learners::get(tx, LearnerId(id)).await?;
    found.ok_or_else(|| ApiProblem::not_found("no such learner"))
}

pub(super) async fn list(
    State(web): State<WebContext>,
    query: ApiQuery,
    _: Extension<Principal>,
) -> ApiResult<ApiPage<views::LearnerView>> {
    let query = query.allow_only(&["q", "left", "after", "limit"])?;
    let place = query.page_request()?;
    let left = match query.text("left") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(ApiProblem::invalid_field("left", "`left` must be `true` or `false`")),
    };
    let find = LearnerSearch { text: query.text("q").unwrap_or_default(), left, ..LearnerSearch::default() };
    let mut tx = web.store.begin_read().await?;
    let mut rows = listing::list(&mut tx, find, place.to_store_page()).await?;
    let next =
        place.split_next_page(&mut rows, |row| ListCursor { text: row.name_folded.clone(), id: row.id });
    let groups = listing::list_groups(&mut tx, rows.iter().map(|row| row.id).collect()).await?;
    let item = |row: listing::LearnerListRow| views::LearnerView {
        groups: groups.iter().filter(|(of, _)| *of == row.id).map(|(_, group)| group.clone()).collect(),
        id: row.id,
        email: row.email,
        name: row.name,
        status: row.status.to_string(),
        department: row.department,
        location: row.location,
        role: row.role,
    };
    Ok(Json(ApiPage { items: rows.into_iter().map(item).collect(), next }))
}

pub(super) async fn add(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    JsonBody(new): JsonBody<AddLearnerRequest>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<ChangeResponse>), ApiProblem> {
    let email = new.email.trim();
    let about = web.new_manual_run(&who, format!("add learner `{email}`"));
    let (id, done) = groups::add_learner(&web.store, &about, web.change_time(), email, &new.name).await?;
    let change =
        ChangeResponse { id: Some(id.0), ..ChangeResponse::new(Some(&done), format!("added `{email}`")) };
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/api/v1/learners/{id}"))], Json(change)))
}

pub(super) async fn show(
    State(web): State<WebContext>,
    PathId(id): PathId,
    _: Extension<Principal>,
) -> ApiResult<views::LearnerDetailsView> {
    let mut tx = web.store.begin_read().await?;
    let known = views::load_learner_details(&mut tx, LearnerId(id)).await?;
    known.map(Json).ok_or_else(|| ApiProblem::not_found("no such learner"))
}

pub(super) async fn explain(
    State(web): State<WebContext>,
    PathId(id): PathId,
    query: ApiQuery,
    _: Extension<Principal>,
) -> ApiResult<ExplanationResponse> {
    let query = query.allow_only(&["group", "course", "at"])?;
    let at = query.date("at")?;
    let config = web.config();
    let mut tx = web.store.begin_read().await?;
    let learner = find(&mut tx, id).await?;
    let course = match query.text("course") {
        Some(code) => Some(CourseId(groups::find_course(&mut tx, code).await?.id)),
        None => None,
    };
    let request = ExplainRequest { learner: learner.id, group: query.text("group"), course, at };
    let explained = explain::explain(&mut tx, config.for_explain(), request, web.change_time()).await?;
    Ok(Json(ExplanationResponse(explained)))
}

pub(super) async fn link(
    State(web): State<WebContext>,
    PathId(id): PathId,
    Extension(who): Extension<Principal>,
    JsonBody(LinkLearnersRequest { other }): JsonBody<LinkLearnersRequest>,
) -> ApiResult<ChangeResponse> {
    change_link(&web, &who, LinkAction::Link, id, &other).await
}

pub(super) async fn unlink(
    State(web): State<WebContext>,
    PathId(id): PathId,
    Extension(who): Extension<Principal>,
    JsonBody(LinkLearnersRequest { other }): JsonBody<LinkLearnersRequest>,
) -> ApiResult<ChangeResponse> {
    change_link(&web, &who, LinkAction::Unlink, id, &other).await
}

async fn change_link(
    web: &WebContext,
    who: &Principal,
    two: LinkAction,
    id: i64,
    other: &str,
) -> ApiResult<ChangeResponse> {
    let me = find(&mut web.store.begin_read().await?, id).await?.email;
    let linked = actions::change_learner_link(web, who, two, [&me, other]).await?;
    let linked = linked.map_err(|error| ApiProblem::from(error).with_field("other"))?;
    let words = match two {
        LinkAction::Link => format!("`{me}` and `{other}` are now one learner"),
        LinkAction::Unlink => format!("`{me}` and `{other}` are now two learners"),
    };
    Ok(Json(ChangeResponse::new(Some(&linked.done), words)))
}

pub(super) async fn resync(
    State(web): State<WebContext>,
    PathId(id): PathId,
    Extension(who): Extension<Principal>,
) -> ApiResult<ApiPage<views::SyncView>> {
    let email = find(&mut web.store.begin_read().await?, id).await?.email;
    if !rollcall_model::names::is_address(&email) {
        let text = "this learner has no e-mail address to search for in the directories";
        return Err(ApiProblem::new(StatusCode::CONFLICT, "no_address", text));
    }
    let reports = actions::resync_learner(&web, &who, &email).await?;
    let items = reports.iter().map(|one| views::SyncView::new(one, false, 0, 0)).collect();
    Ok(Json(ApiPage { items, next: None }))
}

pub(super) async fn suspend(
    State(web): State<WebContext>,
    PathId(id): PathId,
    Extension(who): Extension<Principal>,
) -> ApiResult<ChangeResponse> {
    let email = find(&mut web.store.begin_read().await?, id).await?.email;
    let about = web.new_manual_run(&who, format!("suspend `{email}`"));
    let change = match groups::suspend_learner(&web.store, &about, web.change_time(), &email).await? {
        SuspensionResult::Suspended(done) => ChangeResponse::new(Some(&done), format!("suspended `{email}`")),
        SuspensionResult::Before { actor, .. } => {
            ChangeResponse::new(None, format!("`{email}` was already suspended by {actor}"))
        }
    };
    Ok(Json(change))
}

pub(super) async fn restore(
    State(web): State<WebContext>,
    PathId(id): PathId,
    Extension(who): Extension<Principal>,
) -> ApiResult<ChangeResponse> {
    let email = find(&mut web.store.begin_read().await?, id).await?.email;
    let restored = actions::restore_learner(&web, &who, &email).await?.map_err(ApiProblem::from)?;
    let text = format!("restored `{email}`, whose status is {}", restored.status);
    Ok(Json(ChangeResponse::new(Some(&restored.done), text)))
}
