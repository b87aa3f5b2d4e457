//! Endpoints of the job queue, and the verification of enrollments.

use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiResult;
use super::api_query::{ApiPage, ApiQuery};
use super::problem::ApiProblem;
use super::request_body::{JsonBody, OptionalJsonBody};
use crate::WebContext;
use crate::list_cursor::ListCursor;
use rollcall_core::accounts::Principal;
use rollcall_core::enrollment::failed_jobs;
use rollcall_core::enrollment::verify::{self as verifying, VerifyResult};
use rollcall_model::format::count;
use rollcall_store::jobs::{self as table, Job};
use rollcall_views::JobCounts;

/// Selection of jobs. All jobs if `ids` is omitted.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SomeJobs)]
#[serde(expecting = "a JSON object")]
pub(super) struct JobSelection {
    /// Ids of the jobs; omitted for all.
    #[schema(min_items = 1)]
    ids: Option<Vec<i64>>,
}

/// Selection of jobs by id.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TheseJobs)]
#[serde(expecting = "a JSON object")]
pub(super) struct JobIds {
    /// Ids of the jobs.
    #[schema(min_items = 1)]
    ids: Vec<i64>,
}

/// Result of a retry.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Retried)]
pub(super) struct RetryJobsResponse {
    /// Id of the change; null if none of the jobs had failed permanently.
    run: Option<i64>,
    /// Number of jobs that are ready again.
    retried: u64,
}

/// Result of a drop.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Dropped)]
pub(super) struct DropJobsResponse {
    /// Id of the change; null if none of the jobs had failed permanently.
    run: Option<i64>,
    /// Number of discarded jobs.
    dropped: u64,
}

/// Result of a repair.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Repaired)]
pub(super) struct RepairResponse {
    /// Id of the change; null if there were no differences.
    run: Option<i64>,
    /// Number of enrollments that differed from memberships and assignments.
    differences: u64,
    /// Jobs enqueued for the workers.
    jobs: JobCounts,
}

fn check_ids(ids: &[i64]) -> Result<(), ApiProblem> {
    if ids.is_empty() { Err(ApiProblem::invalid_field("ids", "no job is specified")) } else { Ok(()) }
}

/// Description of the request for the audit log.
fn format_command(verb: &str, ids: &[i64]) -> String {
    format!("{verb} {}", count(ids.len() as u64, "failed job", "failed jobs"))
}

pub(super) async fn list(
    State(web): State<WebContext>,
    query: ApiQuery,
    _: Extension<Principal>,
) -> ApiResult<ApiPage<Job>> {
    let place = query.allow_only(&["after", "limit"])?.page_request()?;
    let mut tx = web.store.begin_read().await?;
    let mut items = table::list_page(&mut tx, place.to_store_page()).await?;
    let next =
        place.split_next_page(&mut items, |job| ListCursor { text: job.state.to_string(), id: job.id });
    Ok(Json(ApiPage { items, next }))
}

pub(super) async fn retry(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    OptionalJsonBody(some): OptionalJsonBody<JobSelection>,
) -> ApiResult<RetryJobsResponse> {
    some.ids.as_deref().map_or(Ok(()), check_ids)?;
    let ids = some.ids.unwrap_or_default();
    let what =
        if ids.is_empty() { "retry all failed jobs".to_owned() } else { format_command("retry", &ids) };
    let settled =
        failed_jobs::retry_jobs(&web.store, &web.new_manual_run(&who, what), web.change_time(), &ids).await?;
    let run = settled.map(|settled| settled.done.run.0);
    Ok(Json(RetryJobsResponse { run, retried: settled.map_or(0, |settled| settled.jobs) }))
}

pub(super) async fn drop(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    JsonBody(JobIds { ids }): JsonBody<JobIds>,
) -> ApiResult<DropJobsResponse> {
    check_ids(&ids)?;
    let settled = failed_jobs::drop_jobs(
        &web.store,
        &web.new_manual_run(&who, format_command("drop", &ids)),
        web.change_time(),
        &ids,
    )
    .await?;
    let run = settled.map(|settled| settled.done.run.0);
    Ok(Json(DropJobsResponse { run, dropped: settled.map_or(0, |settled| settled.jobs) }))
}

pub(super) async fn verify(
    State(web): State<WebContext>,
    query: ApiQuery,
    _: Extension<Principal>,
) -> ApiResult<VerifyResult> {
    query.allow_only(&[])?;
    Ok(Json(verifying::verify_enrollments(&web.store).await?))
}

pub(super) async fn repair(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
) -> ApiResult<RepairResponse> {
    let about = web.new_manual_run(&who, "repair enrollments");
    let repair = verifying::repair_enrollments(&web.store, &about, web.change_time()).await?;
    let counts = repair.done.map(|done| done.counts).unwrap_or_default();
    Ok(Json(RepairResponse {
        run: repair.done.map(|done| done.run.0),
        differences: repair.found.differences.len() as u64,
        jobs: JobCounts::from(&counts),
    }))
}
