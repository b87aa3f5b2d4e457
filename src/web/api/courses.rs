//! Endpoints of the course catalogue.

use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::api_query::{ApiPage, ApiQuery};
use super::request_body::{CsvBody, JsonBody};
use super::{ApiResult, ChangeResponse};
use crate::WebContext;
use crate::list_cursor::ListCursor;
use rollcall_core::accounts::Principal;
use rollcall_core::groups;
use rollcall_model::format::count;
use rollcall_model::names::fold;
use rollcall_store::listing::courses as listing;

/// Course.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Course)]
pub(super) struct CourseResponse {
    /// Id.
    id: i64,
    /// Course code.
    code: String,
    /// Title.
    title: String,
    /// Source: `hand` or `file`.
    source: String,
    /// Number of groups and learners to which the course is assigned.
    assignments: i64,
}

/// Request to add a course.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[serde(expecting = "a JSON object")]
#[schema(as = NewCourse)]
pub(super) struct AddCourseRequest {
    /// Course code. Unique, ignoring case.
    #[schema(max_length = 500, pattern = r"\S")]
    code: String,
    /// Title.
    #[schema(max_length = 500, pattern = r"\S")]
    title: String,
}

pub(super) async fn list(
    State(web): State<WebContext>,
    query: ApiQuery,
    _: Extension<Principal>,
) -> ApiResult<ApiPage<CourseResponse>> {
    let query = query.allow_only(&["q", "after", "limit"])?;
    let place = query.page_request()?;
    let text = fold(query.text("q").unwrap_or_default());
    let mut tx = web.store.begin_read().await?;
    let mut rows = listing::list(&mut tx, &text, place.to_store_page()).await?;
    let next =
        place.split_next_page(&mut rows, |row| ListCursor { text: row.code_folded.clone(), id: row.id.0 });
    let item = |row: listing::CourseListRow| CourseResponse {
        id: row.id.0,
        code: row.code,
        title: row.title,
        source: row.source.to_string(),
        assignments: row.assignments,
    };
    Ok(Json(ApiPage { items: rows.into_iter().map(item).collect(), next }))
}

pub(super) async fn add(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    JsonBody(new): JsonBody<AddCourseRequest>,
) -> ApiResult<ChangeResponse> {
    let code = new.code.trim();
    let about = web.new_manual_run(&who, format!("add course `{code}`"));
    let done = groups::add_course(&web.store, &about, web.change_time(), code, &new.title).await?;
    Ok(Json(ChangeResponse::new(Some(&done), format!("course `{code}` is in the catalogue"))))
}

pub(super) async fn import(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    CsvBody(sheet): CsvBody,
) -> ApiResult<ChangeResponse> {
    let about = web.new_manual_run(&who, "import courses");
    let imported = groups::import_courses(&web.store, &about, web.change_time(), &sheet).await?;
    let courses = count(imported.courses, "course", "courses");
    Ok(Json(ChangeResponse::new(imported.done.as_ref(), format!("imported {courses}"))))
}
