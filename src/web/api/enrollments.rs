//! Endpoints of enrollments.

use axum::extract::State;
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiResult;
use super::api_query::{ApiPage, ApiQuery};
use super::problem::ApiProblem;
use super::request_body::JsonBody;
use crate::WebContext;
use crate::list_cursor::ListCursor;
use rollcall_core::accounts::Principal;
use rollcall_core::groups::{self, CompletionResult, ReopenResult};
use rollcall_model::timestamp;
use rollcall_store::enrollments::{self as table, EnrollmentFilter};
use rollcall_views::EnrollmentView;

/// Request to record a completed course.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCompletion)]
#[serde(expecting = "a JSON object")]
pub(super) struct CompleteCourseRequest {
    /// Learner: current or former e-mail address, or `CONNECTOR:ID`.
    #[schema(max_length = 500)]
    email: String,
    /// Course code.
    #[schema(max_length = 500)]
    course: String,
    /// Time of completion (RFC 3339) or a date. Default: now.
    #[schema(max_length = 500)]
    at: Option<String>,
}

/// Result of recording a completion.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Completion)]
pub(super) struct CompleteCourseResponse {
    /// Learner as given in the request.
    email: String,
    /// Course as given in the request.
    course: String,
    /// Time of completion.
    completed_at: DateTime<Utc>,
    /// Whether the course was already completed. The earlier time is kept then.
    before: bool,
}

/// Request to take a completion back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Reopening)]
#[serde(expecting = "a JSON object")]
pub(super) struct ReopenCourseRequest {
    /// Learner: current or former e-mail address, or `CONNECTOR:ID`.
    #[schema(max_length = 500)]
    email: String,
    /// Course code.
    #[schema(max_length = 500)]
    course: String,
}

/// Result of taking a completion back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reopened)]
pub(super) struct ReopenCourseResponse {
    /// Id of the change; null if the course was not completed.
    run: Option<i64>,
    /// Learner as given in the request.
    email: String,
    /// Course as given in the request.
    course: String,
    /// Time of the completion that was taken back; null if the course was not completed.
    completed_at: Option<DateTime<Utc>>,
}

pub(super) async fn list(
    State(web): State<WebContext>,
    query: ApiQuery,
    _: Extension<Principal>,
) -> ApiResult<ApiPage<EnrollmentView>> {
    let query = query.allow_only(&["learner", "course", "group", "after", "limit"])?;
    let place = query.page_request()?;
    let mut tx = web.store.begin_read().await?;
    let mut of = EnrollmentFilter::default();
    if let Some(text) = query.text("learner") {
        let found = groups::find_learner(&mut tx, text).await;
        of.learner = Some(found.map_err(|error| ApiProblem::from(error).with_field("learner"))?.id.0);
    }
    if let Some(code) = query.text("course") {
        of.course = Some(groups::find_course(&mut tx, code).await?.id);
    }
    if let Some(name) = query.text("group") {
        let found = groups::find_group(&mut tx, name).await;
        of.group = Some(found.map_err(|error| ApiProblem::from(error).with_field("group"))?.id.0);
    }
    let after = place.after.as_ref().map_or((0, 0), |after| (after.text.parse().unwrap_or(0), after.id));
    let mut rows = table::list_page(&mut tx, of, after, place.row_limit()).await?;
    let next = place
        .split_next_page(&mut rows, |row| ListCursor { text: row.learner_id.to_string(), id: row.course_id });
    Ok(Json(ApiPage { items: rows.iter().map(EnrollmentView::from).collect(), next }))
}

pub(super) async fn complete(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    JsonBody(new): JsonBody<CompleteCourseRequest>,
) -> ApiResult<CompleteCourseResponse> {
    let when = web.change_time();
    let at = match &new.at {
        None => when.now,
        Some(text) => {
            let plain = text.starts_with(|c: char| c.is_ascii_digit());
            let at = timestamp::parse_timestamp(text, web.config().timezone).filter(|_| plain);
            at.ok_or_else(|| {
                let text = "not a valid date or time: use 2026-12-31 or 2026-12-31T09:30:00Z";
                ApiProblem::invalid_field("at", text)
            })?
        }
    };
    let about = web.new_manual_run(&who, format!("complete `{}`", new.course));
    let done = groups::complete_course(&web.store, &about, when, &new.email, &new.course, at).await?;
    let (completed_at, before) = match done {
        CompletionResult::Noted => (at, false),
        CompletionResult::Before(before) => (before, true),
    };
    Ok(Json(CompleteCourseResponse { email: new.email, course: new.course, completed_at, before }))
}

pub(super) async fn reopen(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    JsonBody(of): JsonBody<ReopenCourseRequest>,
) -> ApiResult<ReopenCourseResponse> {
    let about = web.new_manual_run(&who, format!("reopen `{}`", of.course));
    let done = groups::reopen_course(&web.store, &about, web.change_time(), &of.email, &of.course).await?;
    let (run, completed_at) = match done {
        ReopenResult::Reopened { done, completed_at } => (Some(done.run.0), Some(completed_at)),
        ReopenResult::NotCompleted => (None, None),
    };
    Ok(Json(ReopenCourseResponse { run, email: of.email, course: of.course, completed_at }))
}
