//! Access and progress.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Answer;
use super::body::Body;
use super::problem::Problem;
use super::query::{Page, Query};
use crate::accounts::Principal;
use crate::groups::{self, Completion};
use crate::model::instant;
use crate::report::Enrollment;
use crate::store::enrollments::{self as table, Of};
use crate::web::Web;
use crate::web::cursor::Cursor;

/// A course that a learner has completed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCompletion)]
pub(super) struct Complete {
    /// An address, a former one, or `CONNECTOR:ID`.
    #[schema(max_length = 500)]
    email: String,
    /// The course's code.
    #[schema(max_length = 500)]
    course: String,
    /// A time (RFC 3339), or a day; now unless said.
    #[schema(max_length = 500)]
    at: Option<String>,
}

/// What came of noting that a course is done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Completion)]
pub(super) struct Noted {
    /// The learner, as asked.
    email: String,
    /// The course, as asked.
    course: String,
    /// When it was done.
    completed_at: DateTime<Utc>,
    /// Whether it was done before: then that time stays.
    before: bool,
}

pub(super) async fn list(State(web): State<Web>, query: Query, _: Principal) -> Answer<Page<Enrollment>> {
    let query = query.only(&["learner", "course", "group", "after", "limit"])?;
    let place = query.place()?;
    let mut tx = web.store.read().await?;
    let mut of = Of::default();
    if let Some(text) = query.text("learner") {
        let found = groups::find_learner(&mut tx, text).await;
        of.learner = Some(found.map_err(|error| Problem::from(error).about("learner"))?.id.0);
    }
    if let Some(code) = query.text("course") {
        of.course = Some(groups::find_course(&mut tx, code).await?.id);
    }
    if let Some(name) = query.text("group") {
        let found = groups::find(&mut tx, name).await;
        of.group = Some(found.map_err(|error| Problem::from(error).about("group"))?.id.0);
    }
    let after = place.after.as_ref().map_or((0, 0), |after| (after.text.parse().unwrap_or(0), after.id));
    let mut rows = table::page(&mut tx, of, after, place.rows()).await?;
    let next = place.cut(&mut rows, |row| Cursor { text: row.learner_id.to_string(), id: row.course_id });
    Ok(Json(Page { items: rows.iter().map(Enrollment::from).collect(), next }))
}

pub(super) async fn complete(
    State(web): State<Web>,
    who: Principal,
    Body(new): Body<Complete>,
) -> Answer<Noted> {
    let when = web.when();
    let at = match &new.at {
        None => when.now,
        Some(text) => {
            let plain = text.starts_with(|c: char| c.is_ascii_digit());
            let at = instant::read(text, web.config().timezone).filter(|_| plain);
            at.ok_or_else(|| {
                let text = "neither a day nor a time: write 2026-12-31, or 2026-12-31T09:30:00Z";
                Problem::invalid("at", text)
            })?
        }
    };
    let about = web.about(&who, format!("complete `{}`", new.course));
    let done = groups::complete(&web.store, &about, when, &new.email, &new.course, at).await?;
    let (completed_at, before) = match done {
        Completion::Noted => (at, false),
        Completion::Before(before) => (before, true),
    };
    Ok(Json(Noted { email: new.email, course: new.course, completed_at, before }))
}
