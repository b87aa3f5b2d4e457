//! Deletion of a group with a confirmation page, and restoration.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};

use super::{field_error, find_group, seen_run};
use crate::WebContext;
use crate::error::PageError;
use crate::form_data::FormData;
use crate::layout::{FieldError, Layout, MenuItem};
use crate::pages::{PageResult, render_page_with_status};
use rollcall_core::accounts::Principal;
use rollcall_core::groups::{self, DeletionConfirmation, DeletionImpact, GroupError, GroupRef};
use rollcall_model::format::count;
use rollcall_model::ids::GroupId;
use rollcall_store::groups::Group;

#[derive(Template)]
#[template(path = "groups/delete_group.html")]
struct DeleteGroupPage<'a> {
    frame: Layout,
    group: Group,
    lines: Vec<String>,
    asks_name: bool,
    typed: &'a str,
}

fn impact_lines(going: &DeletionImpact) -> Vec<String> {
    let number = |number: i64, one, many| count(number.unsigned_abs(), one, many);
    vec![
        number(going.members, "membership", "memberships"),
        number(going.assignments, "assigned course", "assigned courses"),
        format!(
            "access of {} to {} that nothing else gives",
            number(going.learners, "learner", "learners"),
            number(going.enrollments, "enrollment", "enrollments"),
        ),
    ]
}

pub(in crate::pages) async fn show(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
) -> PageResult {
    render_delete_group(&web, &who, id, "", Vec::new()).await
}

async fn render_delete_group(
    web: &WebContext,
    who: &Principal,
    id: i64,
    typed: &str,
    faults: Vec<FieldError>,
) -> PageResult {
    let group = {
        let mut tx = web.store.begin_read().await?;
        find_group(&mut tx, id).await?
    };
    let going = groups::load_deletion_impact(&web.store, GroupId(id)).await?;
    let frame = Layout::new(who, MenuItem::Groups, format!("Delete {}", group.name)).faults(faults);
    let asks_name = going.is_large(&web.config().safety);
    let page = DeleteGroupPage { frame, group, lines: impact_lines(&going), asks_name, typed };
    render_page_with_status(page.frame.status(), &page)
}

pub(in crate::pages) async fn submit_deletion(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    let group = {
        let mut tx = web.store.begin_read().await?;
        find_group(&mut tx, id).await?
    };
    let typed = form.text("typed").trim();
    let config = web.config();
    let meant = DeletionConfirmation::ByName(Some(typed).filter(|text| !text.is_empty()), &config.safety);
    let about = web.new_manual_run(&who, format!("delete group `{}`", group.name));
    let which = GroupRef::from(GroupId(id)).unchanged_since(seen_run(&form));
    match groups::delete_group(&web.store, &about, web.change_time(), which, meant).await {
        Ok(done) => Ok(Redirect::to(&format!("/groups?run={}", done.run)).into_response()),
        Err(GroupError::NameNeeded { .. } | GroupError::OtherName { .. }) => {
            let fault = FieldError::new("typed", "This is not the name of the group. Nothing was deleted.");
            render_delete_group(&web, &who, id, typed, vec![fault]).await
        }
        Err(error) => render_delete_group(&web, &who, id, typed, vec![field_error("typed", error)?]).await,
    }
}

pub(in crate::pages) async fn restore_group(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    let name = form.text("name");
    let about = web.new_manual_run(&who, format!("restore group `{name}`"));
    let done =
        groups::restore_group(&web.store, &about, web.change_time(), name).await.map_err(PageError::from)?;
    Ok(Redirect::to(&format!("/groups?run={}", done.run)).into_response())
}
