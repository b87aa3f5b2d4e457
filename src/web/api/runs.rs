//! Runs, and what is decided about them.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, NaiveTime, Utc};

use super::Answer;
use super::problem::Problem;
use super::query::{Number, Page, Place, Query};
use crate::accounts::Principal;
use crate::model::ids::RunId;
use crate::report;
use crate::store::runs::{self as table, Kind, Run};
use crate::sync::{approve as deciding, undo as undoing};
use crate::web::asking::PATIENCE;
use crate::web::cursor::Cursor;
use crate::web::{Web, aside};

async fn page(web: &Web, place: &Place, since: DateTime<Utc>) -> Answer<Page<Run>> {
    let before = place.after.as_ref().map_or(i64::MAX, |after| after.id);
    let mut tx = web.store.read().await?;
    let mut items = table::page(&mut tx, before, since, place.rows()).await?;
    let next = place.cut(&mut items, |run| Cursor { text: String::new(), id: run.run });
    Ok(Json(Page { items, next }))
}

pub(super) async fn list(State(web): State<Web>, query: Query, _: Principal) -> Answer<Page<Run>> {
    let place = query.only(&["after", "limit"])?.place()?;
    page(&web, &place, DateTime::UNIX_EPOCH).await
}

pub(super) async fn audit(State(web): State<Web>, query: Query, _: Principal) -> Answer<Page<Run>> {
    let query = query.only(&["since", "after", "limit"])?;
    let place = query.place()?;
    let zone = web.config().timezone;
    let midnight = query.day("since")?;
    let midnight = midnight.and_then(|day| day.and_time(NaiveTime::MIN).and_local_timezone(zone).earliest());
    page(&web, &place, midnight.map_or(DateTime::UNIX_EPOCH, |at| at.with_timezone(&Utc))).await
}

pub(super) async fn show(State(web): State<Web>, Number(run): Number, _: Principal) -> Answer<report::Shown> {
    let mut tx = web.store.read().await?;
    let shown = report::shown(&mut tx, RunId(run)).await?;
    shown.map(Json).ok_or_else(|| Problem::missing("no such run"))
}

pub(super) async fn approve(
    State(web): State<Web>,
    Number(run): Number,
    who: Principal,
) -> Answer<report::Decided> {
    let asked = deciding::Asked {
        actor: who.actor,
        what: format!("approve run {run}"),
        patience: PATIENCE,
        stop: web.stop.clone(),
    };
    let decided = aside(move || async move {
        let config = web.config();
        deciding::approve(&web.store, config.for_sync(), RunId(run), &asked).await
    });
    Ok(Json(report::Decided::approved(RunId(run), &decided.await??)))
}

pub(super) async fn reject(
    State(web): State<Web>,
    Number(run): Number,
    who: Principal,
) -> Answer<report::Decided> {
    let mut about = web.about(&who, format!("reject run {run}"));
    about.subject = Some(RunId(run));
    let decided = deciding::reject(&web.store, &about, web.when(), RunId(run)).await?;
    Ok(Json(report::Decided::rejected(RunId(run), &decided)))
}

pub(super) async fn undo(
    State(web): State<Web>,
    Number(run): Number,
    who: Principal,
) -> Answer<report::Undone> {
    let mut about = web.about(&who, format!("undo run {run}"));
    about.kind = Kind::Undo;
    about.subject = Some(RunId(run));
    let undone = aside(move || async move {
        let config = web.config();
        undoing::undo(&web.store, config.for_sync(), &about, web.when(), RunId(run)).await
    });
    Ok(Json(report::Undone::new(RunId(run), &undone.await??)))
}
