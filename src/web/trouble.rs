//! What goes wrong, as pages: what happened, to what, and what to do next.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use tracing::{error, warn};

use crate::model::role::{May, Role};
use crate::report::chain;
use crate::sync::linked;
use crate::web::frame::{Frame, prose};
use crate::{accounts, groups, store};

/// Why a page cannot be shown.
#[derive(Debug)]
pub enum Trouble {
    /// The role does not allow it.
    Forbidden { role: Role, may: May },
    /// There is no such page, or what it showed is gone.
    Missing { what: String },
    /// The body is larger than any form.
    TooLarge,
    /// The body is no form.
    NotAForm,
    /// Something in the request cannot be.
    Bad { what: String },
    /// The database.
    Store(store::Error),
    /// Two learners are what was asked, but the rules have not decided.
    Undecided(linked::Error),
    /// The program.
    Broken { what: String },
}

impl From<store::Error> for Trouble {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<accounts::Error> for Trouble {
    fn from(error: accounts::Error) -> Self {
        match error {
            accounts::Error::Store(error) => Self::Store(error),
            other => Self::Bad { what: other.to_string() },
        }
    }
}

impl From<groups::Error> for Trouble {
    fn from(error: groups::Error) -> Self {
        match error {
            groups::Error::Store(error) => Self::Store(error),
            groups::Error::GroupGone { .. } => Self::Missing { what: "the group".to_owned() },
            groups::Error::NoAssignment { .. } => Self::Missing { what: "the assignment".to_owned() },
            other => Self::Bad { what: other.to_string() },
        }
    }
}

impl From<linked::Error> for Trouble {
    fn from(error: linked::Error) -> Self {
        match error {
            linked::Error::Refused(error) => error.into(),
            error @ linked::Error::Undecided { .. } => Self::Undecided(error),
        }
    }
}

impl From<askama::Error> for Trouble {
    fn from(error: askama::Error) -> Self {
        Self::Broken { what: error.to_string() }
    }
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct Page<'a> {
    frame: Frame,
    title: &'a str,
    text: &'a str,
}

impl Trouble {
    /// What happened and what to do next.
    pub(super) fn text(&self) -> String {
        self.words().1
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Forbidden { .. } => StatusCode::FORBIDDEN,
            Self::Missing { .. } => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotAForm => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Bad { .. } => StatusCode::BAD_REQUEST,
            Self::Store(_) | Self::Undecided(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn words(&self) -> (&'static str, String) {
        match self {
            Self::Forbidden { role, may } => ("Not for your role", forbidden(*role, *may)),
            Self::Missing { what } => (
                "Not there",
                format!("There is nothing at this address: {what} may have been deleted or renamed meanwhile."),
            ),
            Self::TooLarge => ("Too large", "What was sent is larger than any form of these pages.".to_owned()),
            Self::NotAForm => ("Not a form", "What was sent is not the form that this page has.".to_owned()),
            Self::Bad { what } => ("That did not work", prose(&sentence(what))),
            Self::Store(error) if error.is_transient() || error.is_disconnected() => (
                "The database does not answer",
                "Nothing was changed. Try again in a moment; these pages are back as soon as the database is.".to_owned(),
            ),
            Self::Store(_) => (
                "The database refused",
                "Nothing was changed. The service's log says why; whoever runs rollcall can read it.".to_owned(),
            ),
            Self::Undecided(error) => (
                "Done, but not to the end",
                format!("{} {}", sentence(&error.to_string()), sentence(linked::Error::HINT)),
            ),
            Self::Broken { .. } => (
                "Something broke",
                "The page could not be made. The service's log says why; whoever runs rollcall can read it.".to_owned(),
            ),
        }
    }
}

pub(super) fn forbidden(role: Role, may: May) -> String {
    let needed = may.in_words();
    format!(
        "You are signed in as {}; this needs {needed}. A license holder can change roles.",
        role.in_words()
    )
}

/// With a capital letter and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    let end = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        match &self {
            Self::Store(cause) => warn!(error = %chain(cause), "a page could not be made"),
            Self::Undecided(cause) => warn!(error = %chain(cause), "the rules could not decide anew"),
            Self::Broken { what } => error!(what, "a page could not be made"),
            Self::Forbidden { .. }
            | Self::Missing { .. }
            | Self::TooLarge
            | Self::NotAForm
            | Self::Bad { .. } => {}
        }
        let (title, text) = self.words();
        let page = Page { frame: Frame::nobody(title), title, text: &text };
        let html = page.render().unwrap_or_else(|_| title.to_owned());
        let mut response = (self.status(), Html(html)).into_response();
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
        }
        response
    }
}
