//! Removing members, and letting them in again.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use chrono::NaiveDate;

use super::{fault, find, one, seen};
use crate::accounts::Principal;
use crate::groups::{self, Keep, Which, Who};
use crate::model::ids::GroupId;
use crate::web::Web;
use crate::web::form::Form;
use crate::web::frame::Fault;
use crate::web::pages::Answer;
use crate::web::pages::picker::people;

pub(in crate::web::pages) async fn go(
    State(web): State<Web>,
    Path(id): Path<i64>,
    who: Principal,
    form: Form,
) -> Answer {
    let chosen = form.numbers("member");
    if chosen.is_empty() {
        let fault = Fault::new("members", "Nobody is chosen: tick whoever should leave the group.");
        return one::shown(&web, &who, id, &Form::default(), vec![fault]).await;
    }
    let until: Option<NaiveDate> = match form.text("until") {
        "" => None,
        text => match text.parse() {
            Ok(day) => Some(day),
            Err(_) => {
                let fault = Fault::new("until", "The day is written as 2026-12-31.");
                return one::shown(&web, &who, id, &Form::default(), vec![fault]).await;
            }
        },
    };
    let group = {
        let mut tx = web.store.read().await?;
        find(&mut tx, id).await?
    };
    let because = form.text("because").trim();
    let reason = if because.is_empty() { Keep::default().reason } else { because };
    let about = web.about(&who, format!("remove {} from group `{}`", people(chosen.len()), group.name));
    let which = Which::from(GroupId(id)).seen(seen(&form));
    let keep = Keep { reason, until };
    match groups::remove(&web.store, &about, web.when(), which, Who::Numbers(chosen), keep).await {
        Ok(members) => {
            let run = members.done.map_or_else(String::new, |done| format!("?run={}", done.run));
            Ok(Redirect::to(&format!("/groups/{id}{run}")).into_response())
        }
        Err(error) => one::shown(&web, &who, id, &Form::default(), vec![fault("members", error)?]).await,
    }
}

/// Lets somebody in again; the rules decide at the next sync.
pub(in crate::web::pages) async fn lift(
    State(web): State<Web>,
    Path(id): Path<i64>,
    who: Principal,
    form: Form,
) -> Answer {
    let group = {
        let mut tx = web.store.read().await?;
        find(&mut tx, id).await?
    };
    let learner = form.text("who");
    let about = web.about(&who, format!("lift the exclusion of `{learner}` from group `{}`", group.name));
    match groups::lift(&web.store, &about, web.when(), GroupId(id), learner).await {
        Ok(done) => Ok(Redirect::to(&format!("/groups/{id}?run={}", done.run)).into_response()),
        Err(error) => one::shown(&web, &who, id, &Form::default(), vec![fault("members", error)?]).await,
    }
}
