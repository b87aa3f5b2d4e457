//! What goes wrong, as pages: what happened, to what, and what to do next.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use tracing::{error, warn};

use crate::layout::{Layout, format_quoted_names};
use rollcall_core::sync::link_learners;
use rollcall_core::{accounts, groups};
use rollcall_model::role::{Permission, Role};
use rollcall_store as store;
use rollcall_views::format_error_chain;

/// Why a page cannot be shown.
#[derive(Debug)]
pub(crate) enum PageError {
    /// The role does not allow it.
    Forbidden { role: Role, may: Permission },
    /// There is no such page, or what it showed is gone.
    Missing { what: String },
    /// The body is larger than any form.
    TooLarge,
    /// The body is no form.
    NotAForm,
    /// Something in the request cannot be.
    Bad { what: String },
    /// The database.
    Store(store::StoreError),
    /// Two learners are what was asked, but the rules have not decided.
    Undecided(link_learners::LinkError),
    /// The program.
    Broken { what: String },
}

impl From<store::StoreError> for PageError {
    fn from(error: store::StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<accounts::AccountError> for PageError {
    fn from(error: accounts::AccountError) -> Self {
        match error {
            accounts::AccountError::Store(error) => Self::Store(error),
            other => Self::Bad { what: other.to_string() },
        }
    }
}

impl From<groups::GroupError> for PageError {
    fn from(error: groups::GroupError) -> Self {
        match error {
            groups::GroupError::Store(error) => Self::Store(error),
            groups::GroupError::GroupGone { .. } => Self::Missing { what: "the group".to_owned() },
            groups::GroupError::NoAssignment { .. } => Self::Missing { what: "the assignment".to_owned() },
            other => Self::Bad { what: other.to_string() },
        }
    }
}

impl From<link_learners::LinkError> for PageError {
    fn from(error: link_learners::LinkError) -> Self {
        match error {
            link_learners::LinkError::Refused(error) => error.into(),
            error @ link_learners::LinkError::Undecided { .. } => Self::Undecided(error),
        }
    }
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        Self::Broken { what: error.to_string() }
    }
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct ErrorPage<'a> {
    frame: Layout,
    title: &'a str,
    text: &'a str,
}

impl PageError {
    /// What happened and what to do next.
    pub(super) fn text(&self) -> String {
        self.title_and_text().1
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

    fn title_and_text(&self) -> (&'static str, String) {
        match self {
            Self::Forbidden { role, may } => ("Not for your role", forbidden_message(*role, *may)),
            Self::Missing { what } => (
                "Not there",
                format!("There is nothing at this address: {what} may have been deleted or renamed meanwhile."),
            ),
            Self::TooLarge => ("Too large", "What was sent is larger than any form of these pages.".to_owned()),
            Self::NotAForm => ("Not a form", "What was sent is not the form that this page has.".to_owned()),
            Self::Bad { what } => ("That did not work", format_quoted_names(&format_sentence(what))),
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
                format!("{} {}", format_sentence(&error.to_string()), format_sentence(link_learners::LinkError::HINT)),
            ),
            Self::Broken { .. } => (
                "Something broke",
                "The page could not be made. The service's log says why; whoever runs rollcall can read it.".to_owned(),
            ),
        }
    }
}

pub(super) fn forbidden_message(role: Role, may: Permission) -> String {
    let needed = may.in_words();
    format!(
        "You are signed in as {}; this needs {needed}. A license holder can change roles.",
        role.in_words()
    )
}

/// With a capital letter and a full stop.
pub(super) fn format_sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    let end = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match &self {
            Self::Store(cause) => warn!(error = %format_error_chain(cause), "a page could not be made"),
            Self::Undecided(cause) => {
                warn!(error = %format_error_chain(cause), "the rules could not decide anew")
            }
            Self::Broken { what } => error!(what, "a page could not be made"),
            Self::Forbidden { .. }
            | Self::Missing { .. }
            | Self::TooLarge
            | Self::NotAForm
            | Self::Bad { .. } => {}
        }
        let (title, text) = self.title_and_text();
        let page = ErrorPage { frame: Layout::anonymous(title), title, text: &text };
        let html = page.render().unwrap_or_else(|_| title.to_owned());
        let mut response = (self.status(), Html(html)).into_response();
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
        }
        response
    }
}
