//! Page to add members.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde_json::json;

use super::{field_error, find_group, seen_run};
use crate::WebContext;
use crate::form_data::{FormData, UrlQuery};
use crate::layout::{FieldError, Layout, MenuItem};
use crate::pages::learner_picker::{self, LearnerPicker, PickerAction, count_learners};
use crate::pages::{PageResult, render_page_with_status};
use rollcall_core::accounts::Principal;
use rollcall_core::groups::{self, GroupRef, LearnerRef};
use rollcall_model::ids::GroupId;
use rollcall_store::form_drafts;
use rollcall_store::groups::Group;

const LEGEND: &str = "Learners to add";

#[derive(Template)]
#[template(path = "groups/add_members.html")]
struct AddMembersPage {
    frame: Layout,
    group: Group,
    draft: String,
    picker: LearnerPicker,
}

/// Returns the draft kind of a group. Each group has its own draft.
fn draft_kind(group: i64) -> String {
    format!("add members {group}")
}

pub(in crate::pages) async fn show(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    render_add_members(&web, &who, id, &query, Vec::new()).await
}

async fn render_add_members(
    web: &WebContext,
    who: &Principal,
    id: i64,
    query: &FormData,
    faults: Vec<FieldError>,
) -> PageResult {
    let mut tx = web.store.begin_read().await?;
    let group = find_group(&mut tx, id).await?;
    let draft =
        learner_picker::find_draft(&mut tx, who, &draft_kind(id), query).await?.map(|(draft, _)| draft);
    let picker = LearnerPicker::read(&mut tx, draft, query, Some(group.id), LEGEND).await?;
    let frame = Layout::new(who, MenuItem::Groups, format!("Add members to {}", group.name)).faults(faults);
    let draft = draft.map_or_else(String::new, |draft| draft.0.to_string());
    let page = AddMembersPage { frame, group, draft, picker };
    render_page_with_status(page.frame.status(), &page)
}

pub(in crate::pages) async fn submit_members(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    let (draft, pressed) =
        learner_picker::save_selection(&web.store, &who, &draft_kind(id), &form, &json!({})).await?;
    if let PickerAction::ShowPage(query) = pressed {
        return Ok(Redirect::to(&format!("/groups/{id}/add?{query}")).into_response());
    }
    let (group, chosen) = {
        let mut tx = web.store.begin_read().await?;
        (find_group(&mut tx, id).await?, form_drafts::list_choices(&mut tx, draft).await?)
    };
    let query = FormData::read(format!("draft={draft}").as_bytes());
    if chosen.is_empty() {
        let fault = FieldError::new("members", "No learner is selected. Select the learners to add.");
        return render_add_members(&web, &who, id, &query, vec![fault]).await;
    }
    let about =
        web.new_manual_run(&who, format!("add {} to group `{}`", count_learners(chosen.len()), group.name));
    let which = GroupRef::from(GroupId(id)).unchanged_since(seen_run(&form));
    match groups::add_members(&web.store, &about, web.change_time(), which, LearnerRef::Numbers(chosen)).await
    {
        Ok(members) => {
            learner_picker::delete_draft(&web.store, draft).await?;
            let run = members.done.map_or_else(String::new, |done| format!("?run={}", done.run));
            Ok(Redirect::to(&format!("/groups/{id}{run}")).into_response())
        }
        Err(error) => render_add_members(&web, &who, id, &query, vec![field_error("members", error)?]).await,
    }
}
