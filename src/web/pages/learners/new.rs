//! A learner whom no directory has.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect};

use crate::accounts::Principal;
use crate::groups::{self, Error};
use crate::web::Web;
use crate::web::form::Form;
use crate::web::frame::{Fault, Frame, Here};
use crate::web::pages::{Answer, page};
use crate::web::trouble::sentence;

#[derive(Template)]
#[template(path = "learners/new.html")]
struct Page<'a> {
    frame: Frame,
    name: &'a str,
    email: &'a str,
}

pub(in crate::web::pages) async fn show(who: Principal) -> Answer {
    page(&Page { frame: Frame::new(&who, Here::Learners, "Add learner"), name: "", email: "" })
}

pub(in crate::web::pages) async fn go(State(web): State<Web>, who: Principal, form: Form) -> Answer {
    let (name, email) = (form.text("name").trim(), form.text("email").trim());
    let about = web.about(&who, format!("add learner `{email}`"));
    let fault = match groups::add_learner(&web.store, &about, web.when(), email, name).await {
        Ok((learner, done)) => {
            return Ok(Redirect::to(&format!("/learners/{learner}?run={}", done.run)).into_response());
        }
        Err(Error::Store(error)) => return Err(error.into()),
        Err(Error::NoName { .. }) => Fault::new("name", "Give the learner a name."),
        Err(error) => Fault::new("email", sentence(&error.to_string())),
    };
    let frame = Frame::new(&who, Here::Learners, "Add learner").faults(vec![fault]);
    let html = Page { frame, name, email }.render()?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(html)).into_response())
}
