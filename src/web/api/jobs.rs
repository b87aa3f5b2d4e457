//! The queue, and the proof that it has done its work.

use axum::Json;
use axum::extract::State;
use chrono::Utc;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Answer;
use super::body::{Body, MaybeBody};
use super::problem::Problem;
use super::query::{Page, Query};
use crate::accounts::Principal;
use crate::enrollment::verify::{self as verifying, Verdict};
use crate::store::jobs::{self as table, Job};
use crate::web::Web;
use crate::web::cursor::Cursor;

/// Jobs, by their numbers; all where none is named.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SomeJobs)]
pub(super) struct Some {
    /// Their numbers; left out for all.
    #[schema(min_items = 1)]
    ids: Option<Vec<i64>>,
}

/// Jobs, by their numbers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TheseJobs)]
pub(super) struct These {
    /// Their numbers.
    #[schema(min_items = 1)]
    ids: Vec<i64>,
}

/// What retrying came to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Retried {
    /// Jobs that are ready again.
    retried: u64,
}

/// What dropping came to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Dropped {
    /// Jobs that are gone.
    dropped: u64,
}

fn named(ids: &[i64]) -> Result<(), Problem> {
    if ids.is_empty() { Err(Problem::invalid("ids", "no job is named")) } else { Ok(()) }
}

pub(super) async fn list(State(web): State<Web>, query: Query, _: Principal) -> Answer<Page<Job>> {
    let place = query.only(&["after", "limit"])?.place()?;
    let mut tx = web.store.read().await?;
    let mut items = table::page(&mut tx, place.from()).await?;
    let next = place.cut(&mut items, |job| Cursor { text: job.state.clone(), id: job.id });
    Ok(Json(Page { items, next }))
}

pub(super) async fn retry(
    State(web): State<Web>,
    _: Principal,
    MaybeBody(some): MaybeBody<Some>,
) -> Answer<Retried> {
    some.ids.as_deref().map_or(Ok(()), named)?;
    let mut tx = web.store.write().await?;
    let retried = table::retry(&mut tx, &some.ids.unwrap_or_default(), Utc::now()).await?;
    tx.commit().await?;
    Ok(Json(Retried { retried }))
}

pub(super) async fn drop(State(web): State<Web>, _: Principal, Body(these): Body<These>) -> Answer<Dropped> {
    named(&these.ids)?;
    let mut tx = web.store.write().await?;
    let dropped = table::drop(&mut tx, &these.ids).await?;
    tx.commit().await?;
    Ok(Json(Dropped { dropped }))
}

pub(super) async fn verify(State(web): State<Web>, query: Query, _: Principal) -> Answer<Verdict> {
    query.only(&[])?;
    Ok(Json(verifying::verify(&web.store).await?))
}
