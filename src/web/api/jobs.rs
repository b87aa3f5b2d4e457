//! The queue, and the proof that it has done its work.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Answer;
use super::body::{Body, MaybeBody};
use super::problem::Problem;
use super::query::{Page, Query};
use crate::accounts::Principal;
use crate::enrollment::parked;
use crate::enrollment::verify::{self as verifying, Verdict};
use crate::model::words::count;
use crate::report::Jobs;
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
    /// The number of the change; null where none of them had failed for good.
    run: Option<i64>,
    /// Jobs that are ready again.
    retried: u64,
}

/// What dropping came to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Dropped {
    /// The number of the change; null where none of them had failed for good.
    run: Option<i64>,
    /// Jobs that are gone.
    dropped: u64,
}

/// What a repair came to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Repaired {
    /// The number of the change; null where nothing differed.
    run: Option<i64>,
    /// Enrollments that were not what memberships and assignments say.
    differences: u64,
    /// Jobs left to workers.
    jobs: Jobs,
}

fn named(ids: &[i64]) -> Result<(), Problem> {
    if ids.is_empty() { Err(Problem::invalid("ids", "no job is named")) } else { Ok(()) }
}

/// What is asked for, for the record of changes.
fn about(verb: &str, ids: &[i64]) -> String {
    format!("{verb} {}", count(ids.len() as u64, "failed job", "failed jobs"))
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
    who: Principal,
    MaybeBody(some): MaybeBody<Some>,
) -> Answer<Retried> {
    some.ids.as_deref().map_or(Ok(()), named)?;
    let ids = some.ids.unwrap_or_default();
    let what = if ids.is_empty() { "retry all failed jobs".to_owned() } else { about("retry", &ids) };
    let settled = parked::retry(&web.store, &web.about(&who, what), web.when(), &ids).await?;
    let run = settled.map(|settled| settled.done.run.0);
    Ok(Json(Retried { run, retried: settled.map_or(0, |settled| settled.jobs) }))
}

pub(super) async fn drop(
    State(web): State<Web>,
    who: Principal,
    Body(These { ids }): Body<These>,
) -> Answer<Dropped> {
    named(&ids)?;
    let settled = parked::drop(&web.store, &web.about(&who, about("drop", &ids)), web.when(), &ids).await?;
    let run = settled.map(|settled| settled.done.run.0);
    Ok(Json(Dropped { run, dropped: settled.map_or(0, |settled| settled.jobs) }))
}

pub(super) async fn verify(State(web): State<Web>, query: Query, _: Principal) -> Answer<Verdict> {
    query.only(&[])?;
    Ok(Json(verifying::verify(&web.store).await?))
}

pub(super) async fn repair(State(web): State<Web>, who: Principal) -> Answer<Repaired> {
    let about = web.about(&who, "repair enrollments");
    let repair = verifying::repair(&web.store, &about, web.when()).await?;
    let counts = repair.done.map(|done| done.counts).unwrap_or_default();
    Ok(Json(Repaired {
        run: repair.done.map(|done| done.run.0),
        differences: repair.found.differences.len() as u64,
        jobs: Jobs::from(&counts),
    }))
}
