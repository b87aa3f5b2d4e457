//! Learners, and why they are where they are.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::Body;
use super::problem::Problem;
use super::query::{Number, Page, Query};
use super::{Answer, Change};
use crate::accounts::Principal;
use crate::explain::{self, Asked};
use crate::groups;
use crate::model::ids::{CourseId, LearnerId};
use crate::report;
use crate::store::Tx;
use crate::store::learners::{self, Learner};
use crate::store::listing::learners::{self as listing, Find};
use crate::web::Web;
use crate::web::asking::{self, Two};
use crate::web::cursor::Cursor;

/// A learner to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewLearner {
    /// The address.
    #[schema(max_length = 254, pattern = r"^[^@\s\x00-\x1f\x7f-\x9f]+@[^@\s\x00-\x1f\x7f-\x9f]+$")]
    email: String,
    /// The name.
    #[schema(max_length = 500, pattern = r"\S")]
    name: String,
}

/// The other learner.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OtherLearner)]
pub(super) struct Other {
    /// An address, a former one, or `CONNECTOR:ID`.
    #[schema(max_length = 500)]
    other: String,
}

/// Why a learner is, or is not, in each group and course: what `rollcall explain --json` prints.
#[derive(Debug, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub(super) struct Explanation(explain::Explanation);

async fn find(tx: &mut Tx, id: i64) -> Result<Learner, Problem> {
    let found = learners::by_number(tx, LearnerId(id)).await?;
    found.ok_or_else(|| Problem::missing("no such learner"))
}

pub(super) async fn list(
    State(web): State<Web>,
    query: Query,
    _: Principal,
) -> Answer<Page<report::Learner>> {
    let query = query.only(&["q", "left", "after", "limit"])?;
    let place = query.place()?;
    let left = match query.text("left") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::invalid("left", "`left` is `true` or `false`")),
    };
    let find = Find { text: query.text("q").unwrap_or_default(), left, ..Find::default() };
    let mut tx = web.store.read().await?;
    let mut rows = listing::page(&mut tx, find, place.from()).await?;
    let next = place.cut(&mut rows, |row| Cursor { text: row.name_folded.clone(), id: row.id });
    let groups = listing::groups(&mut tx, rows.iter().map(|row| row.id).collect()).await?;
    let item = |row: listing::Row| report::Learner {
        groups: groups.iter().filter(|(of, _)| *of == row.id).map(|(_, group)| group.clone()).collect(),
        id: row.id,
        email: row.email,
        name: row.name,
        status: row.status,
        department: row.department,
        location: row.location,
        role: row.role,
    };
    Ok(Json(Page { items: rows.into_iter().map(item).collect(), next }))
}

pub(super) async fn add(
    State(web): State<Web>,
    who: Principal,
    Body(new): Body<NewLearner>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Change>), Problem> {
    let email = new.email.trim();
    let about = web.about(&who, format!("add learner `{email}`"));
    let (id, done) = groups::add_learner(&web.store, &about, web.when(), email, &new.name).await?;
    let change = Change { id: Some(id.0), ..Change::new(Some(&done), format!("added `{email}`")) };
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/api/v1/learners/{id}"))], Json(change)))
}

pub(super) async fn show(State(web): State<Web>, Number(id): Number, _: Principal) -> Answer<report::Known> {
    let mut tx = web.store.read().await?;
    let known = report::known(&mut tx, LearnerId(id)).await?;
    known.map(Json).ok_or_else(|| Problem::missing("no such learner"))
}

pub(super) async fn explain(
    State(web): State<Web>,
    Number(id): Number,
    query: Query,
    _: Principal,
) -> Answer<Explanation> {
    let query = query.only(&["group", "course", "at"])?;
    let at = query.day("at")?;
    let config = web.config();
    let mut tx = web.store.read().await?;
    let learner = find(&mut tx, id).await?;
    let course = match query.text("course") {
        Some(code) => Some(CourseId(groups::find_course(&mut tx, code).await?.id)),
        None => None,
    };
    let asked = Asked { learner: learner.id, group: query.text("group"), course, at };
    let explained = explain::explain(&mut tx, config.for_explain(), asked, web.when()).await?;
    Ok(Json(Explanation(explained)))
}

pub(super) async fn link(
    State(web): State<Web>,
    Number(id): Number,
    who: Principal,
    Body(Other { other }): Body<Other>,
) -> Answer<Change> {
    two(&web, &who, Two::Linked, id, &other).await
}

pub(super) async fn unlink(
    State(web): State<Web>,
    Number(id): Number,
    who: Principal,
    Body(Other { other }): Body<Other>,
) -> Answer<Change> {
    two(&web, &who, Two::Parted, id, &other).await
}

async fn two(web: &Web, who: &Principal, two: Two, id: i64, other: &str) -> Answer<Change> {
    let me = find(&mut web.store.read().await?, id).await?.email;
    let linked = asking::link(web, who, two, [&me, other]).await?;
    let linked = linked.map_err(|error| Problem::from(error).about("other"))?;
    let words = match two {
        Two::Linked => format!("`{me}` and `{other}` are one learner"),
        Two::Parted => format!("`{me}` and `{other}` are two learners again"),
    };
    Ok(Json(Change::new(Some(&linked.done), words)))
}

pub(super) async fn resync(
    State(web): State<Web>,
    Number(id): Number,
    who: Principal,
) -> Answer<Page<report::Sync>> {
    let email = find(&mut web.store.read().await?, id).await?.email;
    if !crate::model::names::is_address(&email) {
        let text = "this learner has no address to ask the directories for";
        return Err(Problem::new(StatusCode::CONFLICT, "no_address", text));
    }
    let reports = asking::resync(&web, &who, &email).await?;
    let items = reports.iter().map(|one| report::Sync::new(one, false, 0, 0)).collect();
    Ok(Json(Page { items, next: None }))
}
