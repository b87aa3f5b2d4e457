//! Page to rename a group.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect};

use super::{field_error, find_group, seen_run};
use crate::WebContext;
use crate::form_data::FormData;
use crate::layout::{Layout, MenuItem};
use crate::pages::{PageResult, render_page};
use rollcall_core::accounts::Principal;
use rollcall_core::groups::{self, GroupRef};
use rollcall_model::ids::GroupId;
use rollcall_model::names::LONGEST_GROUP_NAME;
use rollcall_store::groups::Group;

#[derive(Template)]
#[template(path = "groups/rename_group.html")]
struct RenameGroupPage<'a> {
    frame: Layout,
    group: Group,
    name: &'a str,
    longest: usize,
}

pub(in crate::pages) async fn show(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let mut tx = web.store.begin_read().await?;
    let group = find_group(&mut tx, id).await?;
    let name = group.name.clone();
    let frame = Layout::new(&who, MenuItem::Groups, format!("Edit name of {name}"));
    render_page(&RenameGroupPage { frame, group, name: &name, longest: LONGEST_GROUP_NAME })
}

pub(in crate::pages) async fn submit_name(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    let group = {
        let mut tx = web.store.begin_read().await?;
        find_group(&mut tx, id).await?
    };
    let name = form.text("name");
    let about = web.new_manual_run(&who, format!("rename group `{}` to `{}`", group.name, name.trim()));
    let which = GroupRef::from(GroupId(id)).unchanged_since(seen_run(&form));
    match groups::rename_group(&web.store, &about, web.change_time(), which, name).await {
        Ok(done) => Ok(Redirect::to(&format!("/groups/{id}?run={}", done.run)).into_response()),
        Err(error) => {
            let frame = Layout::new(&who, MenuItem::Groups, format!("Edit name of {}", group.name))
                .faults(vec![field_error("name", error)?]);
            let html = RenameGroupPage { frame, group, name, longest: LONGEST_GROUP_NAME }.render()?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(html)).into_response())
        }
    }
}
