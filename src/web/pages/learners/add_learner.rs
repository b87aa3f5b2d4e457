//! Page to add a learner who is not in a directory.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect};

use crate::WebContext;
use crate::error::format_sentence;
use crate::form_data::FormData;
use crate::layout::{FieldError, Layout, MenuItem};
use crate::pages::{PageResult, render_page};
use rollcall_core::accounts::Principal;
use rollcall_core::groups::{self, GroupError};

#[derive(Template)]
#[template(path = "learners/add_learner.html")]
struct AddLearnerPage<'a> {
    frame: Layout,
    name: &'a str,
    email: &'a str,
}

pub(in crate::pages) async fn show(Extension(who): Extension<Principal>) -> PageResult {
    render_page(&AddLearnerPage {
        frame: Layout::new(&who, MenuItem::Learners, "Add learner"),
        name: "",
        email: "",
    })
}

pub(in crate::pages) async fn submit_learner(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    let (name, email) = (form.text("name").trim(), form.text("email").trim());
    let about = web.new_manual_run(&who, format!("add learner `{email}`"));
    let fault = match groups::add_learner(&web.store, &about, web.change_time(), email, name).await {
        Ok((learner, done)) => {
            return Ok(Redirect::to(&format!("/learners/{learner}?run={}", done.run)).into_response());
        }
        Err(GroupError::Store(error)) => return Err(error.into()),
        Err(GroupError::NoName { .. }) => FieldError::new("name", "Enter a name."),
        Err(error) => FieldError::new("email", format_sentence(&error.to_string())),
    };
    let frame = Layout::new(&who, MenuItem::Learners, "Add learner").faults(vec![fault]);
    let html = AddLearnerPage { frame, name, email }.render()?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(html)).into_response())
}
