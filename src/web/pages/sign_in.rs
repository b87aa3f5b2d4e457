//! Signing in and out.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, Html, IntoResponse, Redirect, Response};
use chrono::Utc;
use tracing::warn;
use url::form_urlencoded;

use crate::accounts::{self, Place, Principal};
use crate::store::runs::{About, Kind};
use crate::web::Web;
use crate::web::client::Client;
use crate::web::form::{Form, Query};
use crate::web::frame::{Fault, Frame};
use crate::web::gate::set_cookie;
use crate::web::pages::{Answer, page};
use crate::web::provider::{self, Provider};
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
    /// Whether the company has a sign-in provider.
    has_provider: bool,
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
pub(in crate::web) fn keeping(web: &Web, to: &str, kept: &str) -> Response {
    let text = "You were signed out meanwhile. Sign in again; what you typed is kept.";
    let frame = Frame::nobody("Sign in").faults(vec![Fault::new("", text)]);
    let has_provider = web.config().web.sign_in.is_some();
    let shown = Page { frame, email: "", to: inside(to), kept, has_provider }.render();
    match shown {
        Ok(html) => (StatusCode::UNAUTHORIZED, Html(html)).into_response(),
        Err(error) => Trouble::from(error).into_response(),
    }
}

pub(super) async fn show(State(web): State<Web>, Query(query): Query) -> Answer {
    let has_provider = web.config().web.sign_in.is_some();
    let to = inside(query.text("to"));
    page(&Page { frame: Frame::nobody("Sign in"), email: "", to, kept: "", has_provider })
}

/// Sends the browser to the company's sign-in provider.
pub(super) async fn to_provider(State(web): State<Web>, Query(query): Query) -> Answer {
    let config = web.config();
    let Some(sign_in) = &config.web.sign_in else { return Ok(Redirect::to("/sign-in").into_response()) };
    let begun =
        Provider::discover(sign_in).await.and_then(|provider| provider.begin(inside(query.text("to"))));
    match begun {
        Ok((url, cookie)) => Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&url)).into_response()),
        Err(error) => refused(&web, &error),
    }
}

/// Signs in whom the provider sends back.
pub(super) async fn from_provider(State(web): State<Web>, Query(query): Query, headers: HeaderMap) -> Answer {
    let config = web.config();
    let Some(sign_in) = &config.web.sign_in else { return Ok(Redirect::to("/sign-in").into_response()) };
    if !query.text("error").is_empty() {
        let said = [query.text("error"), query.text("error_description")].join(" ").trim().to_owned();
        return refused(&web, &provider::Error::Refused { said });
    }
    let ended = match Provider::discover(sign_in).await {
        Ok(provider) => provider.end(&headers, query.text("state"), query.text("code")).await,
        Err(error) => Err(error),
    };
    let (provided, to) = match ended {
        Ok(ended) => ended,
        Err(error) => return refused(&web, &error),
    };
    let about = About {
        kind: Kind::Hand,
        connector: None,
        actor: provided.email.clone(),
        what: format!("sign `{}` in through the provider", provided.email),
        file_digest: None,
        subject: None,
    };
    match accounts::provided(&web.store, &about, web.when(), &provided).await {
        Ok(account) => {
            let signed_in = accounts::start(&web.store, account, &provided.email, Utc::now()).await?;
            let (name, cookie) = set_cookie(Some(&signed_in.cookie));
            // Two cookies: the session comes, the sign-in goes.
            let cookies = AppendHeaders([(name, cookie), (header::SET_COOKIE, provider::forget())]);
            Ok((cookies, Redirect::to(inside(&to))).into_response())
        }
        Err(accounts::Error::Store(error)) => Err(error.into()),
        Err(error) => refused(&web, &error),
    }
}

/// The page, with why the provider's way did not lead in.
fn refused(web: &Web, error: &(dyn std::error::Error + 'static)) -> Answer {
    if let Some(provider::Error::Provider { why, doing }) = error.downcast_ref() {
        warn!(why, doing, "nobody could be signed in through the provider");
    }
    let frame = Frame::nobody("Sign in").faults(vec![Fault::new("", sentence(&error.to_string()))]);
    let has_provider = web.config().web.sign_in.is_some();
    let html = Page { frame, email: "", to: "/", kept: "", has_provider }.render()?;
    Ok((StatusCode::FORBIDDEN, Html(html)).into_response())
}

pub(super) async fn sign_in(State(web): State<Web>, client: Client, form: Form) -> Answer {
    let (email, to, kept) = (form.text("email"), inside(form.text("to")), form.text("kept"));
    let now = Utc::now();
    match accounts::sign_in(&web.store, email, form.text("password"), Place(client.address), now).await {
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
            let has_provider = web.config().web.sign_in.is_some();
            let html = Page { frame, email, to, kept, has_provider }.render()?;
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
