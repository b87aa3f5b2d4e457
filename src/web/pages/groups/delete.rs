//! Deleting a group, which says first what goes, and restoring it.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};

use super::{fault, find, seen};
use crate::accounts::Principal;
use crate::groups::{self, Error, Going, Meant, Which};
use crate::model::ids::GroupId;
use crate::model::words::count;
use crate::store::groups::Group;
use crate::web::Web;
use crate::web::form::Form;
use crate::web::frame::{Fault, Frame, Here};
use crate::web::pages::{Answer, answer};
use crate::web::trouble::Trouble;

#[derive(Template)]
#[template(path = "groups/delete.html")]
struct Page<'a> {
    frame: Frame,
    group: Group,
    lines: Vec<String>,
    asks_name: bool,
    typed: &'a str,
}

fn lines(going: &Going) -> Vec<String> {
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

pub(in crate::web::pages) async fn show(
    State(web): State<Web>,
    Path(id): Path<i64>,
    who: Principal,
) -> Answer {
    shown(&web, &who, id, "", Vec::new()).await
}

async fn shown(web: &Web, who: &Principal, id: i64, typed: &str, faults: Vec<Fault>) -> Answer {
    let group = {
        let mut tx = web.store.read().await?;
        find(&mut tx, id).await?
    };
    let going = groups::going(&web.store, GroupId(id)).await?;
    let frame = Frame::new(who, Here::Groups, format!("Delete {}", group.name)).faults(faults);
    let asks_name = going.is_large(&web.config().safety);
    let page = Page { frame, group, lines: lines(&going), asks_name, typed };
    answer(page.frame.status(), &page)
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
    let typed = form.text("typed").trim();
    let config = web.config();
    let meant = Meant::Named(Some(typed).filter(|text| !text.is_empty()), &config.safety);
    let about = web.about(&who, format!("delete group `{}`", group.name));
    let which = Which::from(GroupId(id)).seen(seen(&form));
    match groups::delete(&web.store, &about, web.when(), which, meant).await {
        Ok(done) => Ok(Redirect::to(&format!("/groups?run={}", done.run)).into_response()),
        Err(Error::NameNeeded { .. } | Error::OtherName { .. }) => {
            let fault = Fault::new("typed", "That is not the name of the group. Nothing was deleted.");
            shown(&web, &who, id, typed, vec![fault]).await
        }
        Err(error) => shown(&web, &who, id, typed, vec![fault("typed", error)?]).await,
    }
}

/// Restores a group that was deleted.
pub(in crate::web::pages) async fn restore(State(web): State<Web>, who: Principal, form: Form) -> Answer {
    let name = form.text("name");
    let about = web.about(&who, format!("restore group `{name}`"));
    let done = groups::restore(&web.store, &about, web.when(), name).await.map_err(Trouble::from)?;
    Ok(Redirect::to(&format!("/groups?run={}", done.run)).into_response())
}
