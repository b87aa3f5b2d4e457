//! Runs, and what is decided about them.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, NaiveTime, Utc};

use super::Answer;
use super::problem::Problem;
use super::query::{Number, Page, Query};
use crate::accounts::Principal;
use crate::model::ids::RunId;
use crate::report;
use crate::store::listing::record::{self, Find, Record};
use crate::store::runs::{self as table, Kind, Run};
use crate::sync::{approve as deciding, undo as undoing};
use crate::web::asking;
use crate::web::cursor::Cursor;
use crate::web::{Web, aside};

pub(super) async fn list(State(web): State<Web>, query: Query, _: Principal) -> Answer<Page<Run>> {
    let place = query.only(&["after", "limit"])?.place()?;
    let before = place.after.as_ref().map_or(i64::MAX, |after| after.id);
    let mut tx = web.store.read().await?;
    let mut items = table::page(&mut tx, before, place.rows()).await?;
    let next = place.cut(&mut items, |run| Cursor { text: String::new(), id: run.run });
    Ok(Json(Page { items, next }))
}

pub(super) async fn audit(State(web): State<Web>, query: Query, _: Principal) -> Answer<Page<Record>> {
    let query = query.only(&["since", "kind", "actor", "after", "limit"])?;
    let place = query.place()?;
    let kind = query.text("kind").unwrap_or_default();
    if !kind.is_empty() && Kind::ALL.iter().all(|one| one.as_str() != kind) {
        let kinds = Kind::ALL.map(Kind::as_str).join("`, `");
        let problem = Problem::invalid("kind", format!("there is no kind of change `{kind}`"));
        return Err(problem.hint(format!("there are `{kinds}`")));
    }
    let midnight = query.day("since")?.map(|day| day.and_time(NaiveTime::MIN));
    let midnight = midnight.and_then(|at| at.and_local_timezone(web.config().timezone).earliest());
    let since = midnight.map_or(DateTime::UNIX_EPOCH, |at| at.with_timezone(&Utc));
    let actor = query.text("actor").unwrap_or_default();
    let before = place.after.as_ref().map_or(0, |after| after.id);
    let mut tx = web.store.read().await?;
    let find = Find { kind, actor, since, ..Find::default() };
    let mut items = record::page(&mut tx, find, before, place.rows()).await?;
    let next = place.cut(&mut items, |one| Cursor { text: String::new(), id: one.run.run });
    Ok(Json(Page { items, next }))
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
    let asked = asking::decision(&web, &who, format!("approve run {run}"));
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
    let about = asking::undo_of(&web, &who, run);
    let undone = aside(move || async move {
        let config = web.config();
        undoing::undo(&web.store, config.for_sync(), &about, web.when(), RunId(run)).await
    });
    Ok(Json(report::Undone::new(RunId(run), &undone.await??)))
}
