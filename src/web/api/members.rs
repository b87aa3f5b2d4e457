//! Endpoints of group members and exclusions.

use axum::extract::State;
use axum::{Extension, Json};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::api_query::{ApiPage, ApiQuery, INVALID_DATE_MESSAGE, PathId, parse_date};
use super::etag::IfMatch;
use super::groups::{find, find_expected};
use super::learner_selection::LearnerSelection;
use super::problem::ApiProblem;
use super::request_body::JsonBody;
use super::{ApiResult, ChangeResponse};
use crate::WebContext;
use crate::list_cursor::ListCursor;
use rollcall_core::accounts::Principal;
use rollcall_core::groups::{self, NewExclusion};
use rollcall_store::listing::{exclusions as kept_out, members as listing};
use rollcall_store::memberships::Exclusion;
use rollcall_views as views;

/// Request to add members.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMembers)]
#[serde(expecting = "a JSON object")]
pub(super) struct AddMembersRequest {
    /// Learners.
    members: LearnerSelection,
}

/// Request to remove members.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RemovedMembers)]
#[serde(expecting = "a JSON object")]
pub(super) struct RemoveMembersRequest {
    /// Learners.
    members: LearnerSelection,
    /// Reason, for the audit log.
    #[schema(max_length = 500)]
    because: Option<String>,
    /// Last day of the exclusion: until then, rules do not add the learners again. Permanent if omitted.
    #[schema(format = Date)]
    until: Option<String>,
}

/// Request to lift an exclusion.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LiftedExclusion)]
#[serde(expecting = "a JSON object")]
pub(super) struct LiftExclusionRequest {
    /// Learner: current or former e-mail address, or `CONNECTOR:ID`.
    #[schema(max_length = 500)]
    email: String,
}

/// Member of a group.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GroupMember)]
pub(super) struct GroupMemberResponse {
    /// Id of the learner.
    id: i64,
    /// E-mail address or its placeholder.
    email: String,
    /// Name.
    name: String,
    /// Status: `upcoming`, `active`, `leave` or `left`.
    status: String,
    /// Source: `manual` or `rule:NAME`; null for a learner without access yet.
    reasons: Vec<String>,
    /// Date of joining; null for a learner without access yet.
    joined_on: Option<NaiveDate>,
}

pub(super) async fn list(
    State(web): State<WebContext>,
    PathId(id): PathId,
    query: ApiQuery,
    _: Extension<Principal>,
) -> ApiResult<ApiPage<GroupMemberResponse>> {
    let query = query.allow_only(&["q", "after", "limit"])?;
    let place = query.page_request()?;
    let mut tx = web.store.begin_read().await?;
    let group = find(&mut tx, id).await?;
    let text = query.text("q").unwrap_or_default();
    let mut rows = listing::list(&mut tx, group.id, text, place.to_store_page()).await?;
    let next =
        place.split_next_page(&mut rows, |row| ListCursor { text: row.name_folded.clone(), id: row.id });
    let reasons = listing::list_reasons(&mut tx, group.id, rows.iter().map(|row| row.id).collect()).await?;
    let item = |row: listing::MemberListRow| {
        let of = reasons.iter().filter(|(learner, ..)| *learner == row.id);
        GroupMemberResponse {
            id: row.id,
            reasons: of.map(|(_, rule, name)| views::format_reason(*rule, name)).collect(),
            email: row.email,
            name: row.name,
            status: row.status.to_string(),
            joined_on: row.joined_on,
        }
    };
    Ok(Json(ApiPage { items: rows.into_iter().map(item).collect(), next }))
}

fn rename_member_field(error: groups::GroupError) -> ApiProblem {
    ApiProblem::from(error).with_field("members")
}

pub(super) async fn add(
    State(web): State<WebContext>,
    PathId(id): PathId,
    expects: IfMatch,
    Extension(who): Extension<Principal>,
    JsonBody(add): JsonBody<AddMembersRequest>,
) -> ApiResult<views::MembersChange> {
    let (group, which) = find_expected(&web, id, &expects).await?;
    let about = web.new_manual_run(&who, format!("add {} to group `{}`", add.members.in_words(), group.name));
    let done =
        groups::add_members(&web.store, &about, web.change_time(), which, add.members.to_learner_refs())
            .await;
    Ok(Json(views::MembersChange::from(&done.map_err(rename_member_field)?)))
}

pub(super) async fn remove(
    State(web): State<WebContext>,
    PathId(id): PathId,
    expects: IfMatch,
    Extension(who): Extension<Principal>,
    JsonBody(remove): JsonBody<RemoveMembersRequest>,
) -> ApiResult<views::MembersChange> {
    let until = match &remove.until {
        None => None,
        Some(text) => {
            Some(parse_date(text).ok_or_else(|| ApiProblem::invalid_field("until", INVALID_DATE_MESSAGE))?)
        }
    };
    let (group, which) = find_expected(&web, id, &expects).await?;
    let because = remove.because.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let keep = NewExclusion { reason: because.unwrap_or(NewExclusion::default().reason), until };
    let about =
        web.new_manual_run(&who, format!("remove {} from group `{}`", remove.members.in_words(), group.name));
    let done = groups::remove_members(
        &web.store,
        &about,
        web.change_time(),
        which,
        remove.members.to_learner_refs(),
        keep,
    )
    .await;
    Ok(Json(views::MembersChange::from(&done.map_err(rename_member_field)?)))
}

pub(super) async fn lift(
    State(web): State<WebContext>,
    PathId(id): PathId,
    expects: IfMatch,
    Extension(who): Extension<Principal>,
    JsonBody(lift): JsonBody<LiftExclusionRequest>,
) -> ApiResult<ChangeResponse> {
    let (group, which) = find_expected(&web, id, &expects).await?;
    let email = lift.email.trim();
    let about =
        web.new_manual_run(&who, format!("lift the exclusion of `{email}` from group `{}`", group.name));
    let done = groups::lift_exclusion(&web.store, &about, web.change_time(), which, email).await?;
    let words =
        format!("`{email}` is no longer excluded from `{}`; the next sync evaluates the rules", group.name);
    Ok(Json(ChangeResponse::new(Some(&done), words)))
}

pub(super) async fn exclusions(
    State(web): State<WebContext>,
    query: ApiQuery,
    _: Extension<Principal>,
) -> ApiResult<ApiPage<Exclusion>> {
    let place = query.allow_only(&["after", "limit"])?.page_request()?;
    let mut tx = web.store.begin_read().await?;
    let mut rows = kept_out::list(&mut tx, place.to_store_page()).await?;
    let next = place
        .split_next_page(&mut rows, |row| ListCursor { text: row.name_folded.clone(), id: row.learner_id });
    let item = |row: kept_out::ExclusionListRow| Exclusion {
        group: row.name,
        email: row.email,
        reason: row.reason,
        actor: row.actor,
        until: row.until,
    };
    Ok(Json(ApiPage { items: rows.into_iter().map(item).collect(), next }))
}
