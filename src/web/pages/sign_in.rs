//! Signing in and out.

use askama::Template;
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use chrono::Utc;
use url::form_urlencoded;

use crate::accounts::{self, Place, Principal};
use crate::web::Web;
use crate::web::form::Form;
use crate::web::frame::{Fault, Frame};
use crate::web::gate::set_cookie;
use crate::web::pages::{Answer, page};
use crate::web::tls::From;
use crate::web::trouble::{Trouble, sentence};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Page<'a> {
    frame: Frame,
    email: &'a str,
    /// Where to go afterwards.
    to: &'a str,
    /// A form that was sent when the session had ended.
    kept: &'a str,
}

#[derive(Template)]
#[template(path = "go_on.html")]
struct GoOn<'a> {
    frame: Frame,
    to: &'a str,
    fields: Vec<(String, String)>,
}

/// The address of the page, leading to another one afterwards.
pub(in crate::web) fn address(to: &str) -> String {
    let to: String = form_urlencoded::byte_serialize(to.as_bytes()).collect();
    format!("/sign-in?to={to}")
}

/// An address of these pages; the first page where it is anything else.
fn inside(to: &str) -> &str {
    let is_inside = to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\r', '\n']);
    if is_inside { to } else { "/" }
}

/// The page, with a form that came too late.
pub(in crate::web) fn keeping(to: &str, kept: &str) -> Response {
    let text = "You were signed out meanwhile. Sign in again; what you typed is kept.";
    let frame = Frame::nobody("Sign in").faults(vec![Fault::new("", text)]);
    let shown = Page { frame, email: "", to: inside(to), kept }.render();
    match shown {
        Ok(html) => (StatusCode::UNAUTHORIZED, Html(html)).into_response(),
        Err(error) => Trouble::from(error).into_response(),
    }
}

pub(super) async fn show(RawQuery(query): RawQuery) -> Answer {
    let query = Form::read(query.unwrap_or_default().as_bytes());
    page(&Page { frame: Frame::nobody("Sign in"), email: "", to: inside(query.text("to")), kept: "" })
}

pub(super) async fn sign_in(
    State(web): State<Web>,
    ConnectInfo(from): ConnectInfo<From>,
    form: Form,
) -> Answer {
    let (email, to, kept) = (form.text("email"), inside(form.text("to")), form.text("kept"));
    let now = Utc::now();
    match accounts::sign_in(&web.store, email, form.text("password"), Place(from.0.ip()), now).await {
        Ok(signed_in) => {
            let cookie = set_cookie(Some(&signed_in.cookie));
            if kept.is_empty() {
                return Ok(([cookie], Redirect::to(to)).into_response());
            }
            let fields = Form::read(kept.as_bytes()).pairs().to_vec();
            let shown = GoOn { frame: Frame::nobody("Signed in"), to, fields }.render()?;
            Ok(([cookie], Html(shown)).into_response())
        }
        Err(accounts::Error::Store(error)) => Err(error.into()),
        Err(error) => {
            let status = match error {
                accounts::Error::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::UNAUTHORIZED,
            };
            let fault = Fault::new("email", sentence(&error.to_string()));
            let frame = Frame::nobody("Sign in").faults(vec![fault]);
            let html = Page { frame, email, to, kept }.render()?;
            Ok((status, Html(html)).into_response())
        }
    }
}

pub(super) async fn sign_out(State(web): State<Web>, who: Principal) -> Answer {
    accounts::sign_out(&web.store, &who).await?;
    Ok(([set_cookie(None)], Redirect::to("/sign-in")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_to_no_other_host() {
        assert_eq!(inside("/groups?q=a"), "/groups?q=a");
        for text in ["", "https://evil.example/", "//evil.example", "/\\evil.example", "/a\r\nSet-Cookie: b"]
        {
            assert_eq!(inside(text), "/", "{text}");
        }
    }
}
