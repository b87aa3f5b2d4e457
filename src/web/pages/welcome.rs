//! Setting a password by a link.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect};
use chrono::Utc;

use crate::accounts;
use crate::store::runs::{About, Kind};
use crate::web::Web;
use crate::web::form::Form;
use crate::web::frame::{Fault, Frame};
use crate::web::gate::set_cookie;
use crate::web::pages::{Answer, page};
use crate::web::trouble::sentence;

#[derive(Template)]
#[template(path = "welcome.html")]
struct Page {
    frame: Frame,
    /// For the first account of all it is typed.
    is_first: bool,
    email: String,
}

pub(super) async fn show(State(web): State<Web>, Path(key): Path<String>) -> Answer {
    let email = accounts::welcome(&web.store, &key, Utc::now()).await?;
    let is_first = email.is_none();
    page(&Page { frame: Frame::nobody("Welcome"), is_first, email: email.unwrap_or_default() })
}

pub(super) async fn set(State(web): State<Web>, Path(key): Path<String>, form: Form) -> Answer {
    let invited = accounts::welcome(&web.store, &key, Utc::now()).await?;
    let is_first = invited.is_none();
    let email = invited.unwrap_or_else(|| form.text("email").trim().to_owned());
    let (secret, again) = (form.text("password"), form.text("again"));
    let about = About {
        kind: Kind::Hand,
        connector: None,
        actor: email.clone(),
        what: format!("set the password of `{email}` by a link"),
        file_digest: None,
        subject: None,
    };
    let fault = if secret == again {
        match accounts::welcomed(&web.store, &about, web.when(), &key, &email, secret).await {
            Ok(account) => {
                let signed_in = accounts::start(&web.store, account, &email, Utc::now()).await?;
                return Ok(([set_cookie(Some(&signed_in.cookie))], Redirect::to("/")).into_response());
            }
            Err(error @ accounts::Error::BadAddress { .. }) => {
                Fault::new("email", sentence(&error.to_string()))
            }
            Err(error @ (accounts::Error::BadPassword { .. } | accounts::Error::PasswordIsAddress)) => {
                Fault::new("password", sentence(&error.to_string()))
            }
            Err(error) => return Err(error.into()),
        }
    } else {
        Fault::new("again", "The two passwords differ.")
    };
    let frame = Frame::nobody("Welcome").faults(vec![fault]);
    let html = Page { frame, is_first, email }.render()?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(html)).into_response())
}
