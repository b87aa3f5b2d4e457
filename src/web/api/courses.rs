//! The catalogue.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Body, Sheet};
use super::query::{Page, Query};
use super::{Answer, Change};
use crate::accounts::Principal;
use crate::groups;
use crate::model::names::fold;
use crate::model::words::count;
use crate::store::listing::courses as listing;
use crate::web::Web;
use crate::web::cursor::Cursor;

/// A course.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Course {
    /// The number.
    id: i64,
    /// The code.
    code: String,
    /// The title.
    title: String,
    /// `hand` or `file`.
    source: String,
    /// To how many groups and learners it is assigned.
    assignments: i64,
}

/// A course to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCourse {
    /// The code, unique whatever the case.
    #[schema(max_length = 500, pattern = r"\S")]
    code: String,
    /// The title.
    #[schema(max_length = 500, pattern = r"\S")]
    title: String,
}

pub(super) async fn list(State(web): State<Web>, query: Query, _: Principal) -> Answer<Page<Course>> {
    let query = query.only(&["q", "after", "limit"])?;
    let place = query.place()?;
    let text = fold(query.text("q").unwrap_or_default());
    let mut tx = web.store.read().await?;
    let mut rows = listing::page(&mut tx, &text, place.from()).await?;
    let next = place.cut(&mut rows, |row| Cursor { text: row.code_folded.clone(), id: row.id.0 });
    let item = |row: listing::Row| Course {
        id: row.id.0,
        code: row.code,
        title: row.title,
        source: row.source,
        assignments: row.assignments,
    };
    Ok(Json(Page { items: rows.into_iter().map(item).collect(), next }))
}

pub(super) async fn add(
    State(web): State<Web>,
    who: Principal,
    Body(new): Body<NewCourse>,
) -> Answer<Change> {
    let code = new.code.trim();
    let about = web.about(&who, format!("add course `{code}`"));
    let done = groups::add_course(&web.store, &about, web.when(), code, &new.title).await?;
    Ok(Json(Change::new(Some(&done), format!("course `{code}` is in the catalogue"))))
}

pub(super) async fn import(State(web): State<Web>, who: Principal, Sheet(sheet): Sheet) -> Answer<Change> {
    let about = web.about(&who, "import courses");
    let imported = groups::import_courses(&web.store, &about, web.when(), &sheet).await?;
    let courses = count(imported.courses, "course of the sheet is", "courses of the sheet are");
    Ok(Json(Change::new(imported.done.as_ref(), format!("{courses} in the catalogue"))))
}
