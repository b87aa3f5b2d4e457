//! Editing a group's name.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect};

use super::{fault, find, seen};
use crate::accounts::Principal;
use crate::groups::{self, Which};
use crate::model::ids::GroupId;
use crate::model::names::LONGEST_GROUP_NAME;
use crate::store::groups::Group;
use crate::web::Web;
use crate::web::form::Form;
use crate::web::frame::{Frame, Here};
use crate::web::pages::{Answer, page};

#[derive(Template)]
#[template(path = "groups/name.html")]
struct Page<'a> {
    frame: Frame,
    group: Group,
    name: &'a str,
    longest: usize,
}

pub(in crate::web::pages) async fn show(
    State(web): State<Web>,
    Path(id): Path<i64>,
    who: Principal,
) -> Answer {
    let mut tx = web.store.read().await?;
    let group = find(&mut tx, id).await?;
    let name = group.name.clone();
    let frame = Frame::new(&who, Here::Groups, format!("Edit name of {name}"));
    page(&Page { frame, group, name: &name, longest: LONGEST_GROUP_NAME })
}

pub(in crate::web::pages) async fn go(
    State(web): State<Web>,
    Path(id): Path<i64>,
    who: Principal,
    form: Form,
) -> Answer {
    let group = {
        let mut tx = web.store.read().await?;
        find(&mut tx, id).await?
    };
    let name = form.text("name");
    let about = web.about(&who, format!("rename group `{}` to `{}`", group.name, name.trim()));
    let which = Which::from(GroupId(id)).seen(seen(&form));
    match groups::rename(&web.store, &about, web.when(), which, name).await {
        Ok(done) => Ok(Redirect::to(&format!("/groups/{id}?run={}", done.run)).into_response()),
        Err(error) => {
            let frame = Frame::new(&who, Here::Groups, format!("Edit name of {}", group.name))
                .faults(vec![fault("name", error)?]);
            let html = Page { frame, group, name, longest: LONGEST_GROUP_NAME }.render()?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(html)).into_response())
        }
    }
}
