//! Endpoints of groups.

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::api_query::{ApiPage, ApiQuery, PathId};
use super::etag::{self, IfMatch};
use super::learner_selection::LearnerSelection;
use super::problem::ApiProblem;
use super::request_body::JsonBody;
use super::{ApiResult, ChangeResponse};
use crate::WebContext;
use crate::list_cursor::ListCursor;
use rollcall_core::accounts::Principal;
use rollcall_core::groups::{self, DeletionConfirmation, GroupRef};
use rollcall_model::ids::{GroupId, RunId};
use rollcall_model::names::{GroupName, fold};
use rollcall_store::Tx;
use rollcall_store::groups::Group;
use rollcall_store::listing::assignments;
use rollcall_store::listing::groups::{self as listing, GroupListSort};
use rollcall_views::{self as views, AssignedCourseView};

/// Request to create a group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[serde(expecting = "a JSON object")]
#[schema(as = NewGroup)]
pub(super) struct CreateGroupRequest {
    /// Name. Unique, ignoring case.
    #[schema(max_length = 200, pattern = r"\S")]
    name: String,
    /// Members.
    #[serde(default)]
    members: LearnerSelection,
}

/// Request to rename a group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[serde(expecting = "a JSON object")]
#[schema(as = NewName)]
pub(super) struct RenameGroupRequest {
    /// Name. Unique, ignoring case.
    #[schema(max_length = 200, pattern = r"\S")]
    name: String,
}

/// Request to restore a deleted group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[serde(expecting = "a JSON object")]
#[schema(as = Restore)]
pub(super) struct RestoreGroupRequest {
    /// Name of the deleted group.
    #[schema(max_length = 200, pattern = r"\S")]
    name: String,
}

/// Group with its courses.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GroupShown)]
pub(super) struct GroupResponse {
    /// Id.
    id: i64,
    /// Name.
    name: String,
    /// Number of members.
    members: i64,
    /// Rules that add members.
    rules: Vec<String>,
    /// Assigned courses.
    assignments: Vec<AssignedCourseView>,
}

/// Loads the group with this id.
pub(super) async fn find(tx: &mut Tx, id: i64) -> Result<Group, ApiProblem> {
    Ok(groups::find_group(tx, GroupId(id)).await?)
}

/// Loads the group with this id and checks `If-Match`. Returns its reference and name.
pub(super) async fn find_expected(
    web: &WebContext,
    id: i64,
    expects: &IfMatch,
) -> Result<(Group, GroupRef<'static>), ApiProblem> {
    let mut tx = web.store.begin_read().await?;
    let group = find(&mut tx, id).await?;
    let which = GroupRef::from(GroupId(id));
    let seen = match expects.matches_tag(&etag::run_tag(group.changed_run_id.0)) {
        None => None,
        Some(true) => Some(group.changed_run_id),
        // Run 0 never matches: the request is refused with the author of the last change.
        Some(false) => Some(RunId(-1)),
    };
    let which = which.unchanged_since(seen);
    groups::find_group(&mut tx, which).await?;
    Ok((group, which))
}

pub(super) async fn list(
    State(web): State<WebContext>,
    query: ApiQuery,
    _: Extension<Principal>,
) -> ApiResult<ApiPage<views::GroupView>> {
    let query = query.allow_only(&["q", "after", "limit"])?;
    let place = query.page_request()?;
    let mut tx = web.store.begin_read().await?;
    let text = fold(query.text("q").unwrap_or_default());
    let mut rows = listing::list(&mut tx, &text, GroupListSort::Name, place.to_store_page()).await?;
    let next =
        place.split_next_page(&mut rows, |row| ListCursor { text: row.name_folded.clone(), id: row.id.0 });
    let rules = listing::list_rules(&mut tx, rows.iter().map(|row| row.id.0).collect()).await?;
    let item = |row: listing::GroupListRow| views::GroupView {
        id: row.id.0,
        name: row.name,
        members: row.members,
        rules: rules.iter().filter(|(of, _)| *of == row.id).map(|(_, rule)| rule.clone()).collect(),
        assignments: row.courses,
    };
    Ok(Json(ApiPage { items: rows.into_iter().map(item).collect(), next }))
}

pub(super) async fn create(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    JsonBody(new): JsonBody<CreateGroupRequest>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<ChangeResponse>), ApiProblem> {
    let name = new.name.trim();
    let about = web.new_manual_run(&who, format!("create group `{name}`"));
    let made =
        groups::create_group(&web.store, &about, web.change_time(), name, new.members.to_learner_refs())
            .await;
    let (id, done) = made.map_err(|error| match error {
        error @ groups::GroupError::NoLearner { .. } => ApiProblem::from(error).with_field("members"),
        error => error.into(),
    })?;
    let change =
        ChangeResponse { id: Some(id.0), ..ChangeResponse::new(Some(&done), format!("created `{name}`")) };
    let place = [(header::LOCATION, format!("/api/v1/groups/{id}"))];
    Ok((StatusCode::CREATED, place, Json(change)))
}

pub(super) async fn restore(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    JsonBody(restore): JsonBody<RestoreGroupRequest>,
) -> ApiResult<ChangeResponse> {
    let name = restore.name.trim();
    let about = web.new_manual_run(&who, format!("restore group `{name}`"));
    let done = groups::restore_group(&web.store, &about, web.change_time(), name).await?;
    Ok(Json(ChangeResponse::new(Some(&done), format!("restored `{name}`"))))
}

pub(super) async fn show(
    State(web): State<WebContext>,
    PathId(id): PathId,
    _: Extension<Principal>,
) -> Result<([(HeaderName, String); 1], Json<GroupResponse>), ApiProblem> {
    let mut tx = web.store.begin_read().await?;
    let group = find(&mut tx, id).await?;
    let rules = listing::list_rules(&mut tx, vec![id]).await?;
    let assigned = assignments::list_by_group(&mut tx, group.id).await?;
    let assigned =
        assigned.iter().map(|row| AssignedCourseView::new(&row.code, row.due(), row.late_days(), row.source));
    let shown = GroupResponse {
        id,
        name: group.name,
        members: group.members,
        rules: rules.into_iter().map(|(_, rule)| rule).collect(),
        assignments: assigned.collect(),
    };
    Ok((etag::etag_header(etag::run_tag(group.changed_run_id.0)), Json(shown)))
}

pub(super) async fn rename(
    State(web): State<WebContext>,
    PathId(id): PathId,
    expects: IfMatch,
    Extension(who): Extension<Principal>,
    JsonBody(new): JsonBody<RenameGroupRequest>,
) -> Result<([(HeaderName, String); 1], Json<ChangeResponse>), ApiProblem> {
    let name = new.name.trim();
    // An invalid name is refused before the state of the group is checked.
    GroupName::parse(name).map_err(groups::GroupError::from)?;
    let (group, which) = find_expected(&web, id, &expects).await?;
    let about = web.new_manual_run(&who, format!("rename group `{}` to `{name}`", group.name));
    let done = groups::rename_group(&web.store, &about, web.change_time(), which, name).await?;
    let change = ChangeResponse::new(Some(&done), format!("renamed `{}` to `{name}`", group.name));
    Ok((etag::etag_header(etag::run_tag(done.run.0)), Json(change)))
}

pub(super) async fn delete(
    State(web): State<WebContext>,
    PathId(id): PathId,
    query: ApiQuery,
    expects: IfMatch,
    Extension(who): Extension<Principal>,
) -> ApiResult<ChangeResponse> {
    let query = query.allow_only(&["name"])?;
    let (group, which) = find_expected(&web, id, &expects).await?;
    let about = web.new_manual_run(&who, format!("delete group `{}`", group.name));
    let config = web.config();
    let meant = DeletionConfirmation::ByName(query.text("name").map(str::trim), &config.safety);
    let done = groups::delete_group(&web.store, &about, web.change_time(), which, meant).await?;
    Ok(Json(ChangeResponse::new(Some(&done), format!("deleted `{}`", group.name))))
}
