//! Page to create a group with members.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Value, json};

use super::field_error;
use crate::WebContext;
use crate::error::PageError;
use crate::form_data::{FormData, UrlQuery};
use crate::layout::{FieldError, Layout, MenuItem};
use crate::pages::learner_picker::{self, LearnerPicker, PickerAction};
use crate::pages::{PageResult, render_page_with_status};
use rollcall_core::accounts::Principal;
use rollcall_core::groups::{self, LearnerRef};
use rollcall_model::names::LONGEST_GROUP_NAME;
use rollcall_store::form_drafts;

const DRAFT_KIND: &str = "create group";
const LEGEND: &str = "Members";

#[derive(Template)]
#[template(path = "groups/create_group.html")]
struct CreateGroupPage<'a> {
    frame: Layout,
    draft: String,
    name: &'a str,
    longest: usize,
    picker: LearnerPicker,
}

pub(in crate::pages) async fn show(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    render_create_group(&web, &who, &query, Vec::new()).await
}

async fn render_create_group(
    web: &WebContext,
    who: &Principal,
    query: &FormData,
    faults: Vec<FieldError>,
) -> PageResult {
    let mut tx = web.store.begin_read().await?;
    let draft = learner_picker::find_draft(&mut tx, who, DRAFT_KIND, query).await?;
    let name =
        draft.as_ref().and_then(|(_, answers)| answers["name"].as_str()).unwrap_or_default().to_owned();
    let id = draft.as_ref().map(|(id, _)| *id);
    let picker = LearnerPicker::read(&mut tx, id, query, None, LEGEND).await?;
    let frame = Layout::new(who, MenuItem::Groups, "Create group").faults(faults);
    let draft = id.map_or_else(String::new, |id| id.0.to_string());
    let page = CreateGroupPage { frame, draft, name: &name, longest: LONGEST_GROUP_NAME, picker };
    render_page_with_status(page.frame.status(), &page)
}

pub(in crate::pages) async fn submit_group(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    let name = form.text("name");
    let answers: Value = json!({"name": name});
    let (draft, pressed) =
        learner_picker::save_selection(&web.store, &who, DRAFT_KIND, &form, &answers).await?;
    match pressed {
        PickerAction::ShowPage(query) => Ok(Redirect::to(&format!("/groups/new?{query}")).into_response()),
        PickerAction::Save => save_group(&web, &who, name, draft).await,
    }
}

async fn save_group(
    web: &WebContext,
    who: &Principal,
    name: &str,
    draft: rollcall_model::ids::DraftId,
) -> Result<Response, PageError> {
    let chosen = {
        let mut tx = web.store.begin_read().await?;
        form_drafts::list_choices(&mut tx, draft).await?
    };
    let about = web.new_manual_run(who, format!("create group `{}`", name.trim()));
    match groups::create_group(&web.store, &about, web.change_time(), name, LearnerRef::Numbers(chosen)).await
    {
        Ok((_, done)) => {
            learner_picker::delete_draft(&web.store, draft).await?;
            Ok(Redirect::to(&format!("/groups?run={}", done.run)).into_response())
        }
        Err(error) => {
            let query = FormData::read(format!("draft={draft}").as_bytes());
            render_create_group(web, who, &query, vec![field_error("name", error)?]).await
        }
    }
}
