//! Create group: a name, members, Save.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Value, json};

use super::fault;
use crate::accounts::Principal;
use crate::groups::{self, Who};
use crate::model::names::LONGEST_GROUP_NAME;
use crate::store::drafts;
use crate::web::Web;
use crate::web::form::{Form, Query};
use crate::web::frame::{Fault, Frame, Here};
use crate::web::pages::picker::{self, Picker, Pressed};
use crate::web::pages::{Answer, answer};
use crate::web::trouble::Trouble;

const KIND: &str = "create group";
const LEGEND: &str = "Members";

#[derive(Template)]
#[template(path = "groups/create.html")]
struct Page<'a> {
    frame: Frame,
    draft: String,
    name: &'a str,
    longest: usize,
    picker: Picker,
}

pub(in crate::web::pages) async fn show(
    State(web): State<Web>,
    Query(query): Query,
    who: Principal,
) -> Answer {
    shown(&web, &who, &query, Vec::new()).await
}

async fn shown(web: &Web, who: &Principal, query: &Form, faults: Vec<Fault>) -> Answer {
    let mut tx = web.store.read().await?;
    let draft = picker::draft(&mut tx, who, KIND, query).await?;
    let name =
        draft.as_ref().and_then(|(_, answers)| answers["name"].as_str()).unwrap_or_default().to_owned();
    let id = draft.as_ref().map(|(id, _)| *id);
    let picker = Picker::read(&mut tx, id, query, None, LEGEND).await?;
    let frame = Frame::new(who, Here::Groups, "Create group").faults(faults);
    let draft = id.map_or_else(String::new, |id| id.0.to_string());
    let page = Page { frame, draft, name: &name, longest: LONGEST_GROUP_NAME, picker };
    answer(page.frame.status(), &page)
}

pub(in crate::web::pages) async fn go(State(web): State<Web>, who: Principal, form: Form) -> Answer {
    let name = form.text("name");
    let answers: Value = json!({"name": name});
    let (draft, pressed) = picker::keep(&web.store, &who, KIND, &form, &answers).await?;
    match pressed {
        Pressed::Show(query) => Ok(Redirect::to(&format!("/groups/new?{query}")).into_response()),
        Pressed::Save => save(&web, &who, name, draft).await,
    }
}

async fn save(
    web: &Web,
    who: &Principal,
    name: &str,
    draft: crate::model::ids::DraftId,
) -> Result<Response, Trouble> {
    let chosen = {
        let mut tx = web.store.read().await?;
        drafts::chosen(&mut tx, draft).await?
    };
    let about = web.about(who, format!("create group `{}`", name.trim()));
    match groups::create(&web.store, &about, web.when(), name, Who::Numbers(chosen)).await {
        Ok((_, done)) => {
            picker::forget(&web.store, draft).await?;
            Ok(Redirect::to(&format!("/groups?run={}", done.run)).into_response())
        }
        Err(error) => {
            let query = Form::read(format!("draft={draft}").as_bytes());
            shown(web, who, &query, vec![fault("name", error)?]).await
        }
    }
}
