//! Adding members.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde_json::json;

use super::{fault, find, seen};
use crate::accounts::Principal;
use crate::groups::{self, Which, Who};
use crate::model::ids::GroupId;
use crate::store::drafts;
use crate::store::groups::Group;
use crate::web::Web;
use crate::web::form::{Form, Query};
use crate::web::frame::{Fault, Frame, Here};
use crate::web::pages::picker::{self, Picker, Pressed, people};
use crate::web::pages::{Answer, answer};

const LEGEND: &str = "Learners to add";

#[derive(Template)]
#[template(path = "groups/add.html")]
struct Page {
    frame: Frame,
    group: Group,
    draft: String,
    picker: Picker,
}

/// Each group has a draft of its own.
fn kind(group: i64) -> String {
    format!("add members {group}")
}

pub(in crate::web::pages) async fn show(
    State(web): State<Web>,
    Path(id): Path<i64>,
    Query(query): Query,
    who: Principal,
) -> Answer {
    shown(&web, &who, id, &query, Vec::new()).await
}

async fn shown(web: &Web, who: &Principal, id: i64, query: &Form, faults: Vec<Fault>) -> Answer {
    let mut tx = web.store.read().await?;
    let group = find(&mut tx, id).await?;
    let draft = picker::draft(&mut tx, who, &kind(id), query).await?.map(|(draft, _)| draft);
    let picker = Picker::read(&mut tx, draft, query, Some(group.id), LEGEND).await?;
    let frame = Frame::new(who, Here::Groups, format!("Add members to {}", group.name)).faults(faults);
    let draft = draft.map_or_else(String::new, |draft| draft.0.to_string());
    let page = Page { frame, group, draft, picker };
    answer(page.frame.status(), &page)
}

pub(in crate::web::pages) async fn go(
    State(web): State<Web>,
    Path(id): Path<i64>,
    who: Principal,
    form: Form,
) -> Answer {
    let (draft, pressed) = picker::keep(&web.store, &who, &kind(id), &form, &json!({})).await?;
    if let Pressed::Show(query) = pressed {
        return Ok(Redirect::to(&format!("/groups/{id}/add?{query}")).into_response());
    }
    let (group, chosen) = {
        let mut tx = web.store.read().await?;
        (find(&mut tx, id).await?, drafts::chosen(&mut tx, draft).await?)
    };
    let query = Form::read(format!("draft={draft}").as_bytes());
    if chosen.is_empty() {
        let fault = Fault::new("members", "Nobody is chosen: tick whoever should be in the group.");
        return shown(&web, &who, id, &query, vec![fault]).await;
    }
    let about = web.about(&who, format!("add {} to group `{}`", people(chosen.len()), group.name));
    let which = Which::from(GroupId(id)).seen(seen(&form));
    match groups::add(&web.store, &about, web.when(), which, Who::Numbers(chosen)).await {
        Ok(members) => {
            picker::forget(&web.store, draft).await?;
            let run = members.done.map_or_else(String::new, |done| format!("?run={}", done.run));
            Ok(Redirect::to(&format!("/groups/{id}{run}")).into_response())
        }
        Err(error) => shown(&web, &who, id, &query, vec![fault("members", error)?]).await,
    }
}
