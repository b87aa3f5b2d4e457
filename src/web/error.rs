//! Error pages. Each states what happened, to which object, and what to do next.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use tracing::{error, warn};

use crate::body_limit::BodyError;
use crate::layout::{Layout, format_quoted_names};
use rollcall_core::sync::link_learners;
use rollcall_core::{accounts, groups};
use rollcall_model::role::{Permission, Role};
use rollcall_store as store;
use rollcall_views::format_error_chain;

/// Error of a page.
#[derive(Debug)]
pub(crate) enum PageError {
    /// The role does not have the permission.
    Forbidden { role: Role, may: Permission },
    /// The page does not exist, or its object was deleted.
    Missing { what: String },
    /// The body exceeds the size limit.
    TooLarge,
    /// The body was not complete in time.
    TooSlow,
    /// The body is not a URL-encoded form.
    NotAForm,
    /// The request contains an invalid value.
    Bad { what: String },
    /// The user asked too often.
    TooEarly { what: String },
    /// Too much work of this kind waits.
    Busy { what: String },
    /// Database error.
    Store(store::StoreError),
    /// The learners were linked or unlinked, but the rules could not be re-evaluated.
    Undecided(link_learners::LinkError),
    /// Internal error. `what` is written to the log and not shown.
    Broken { what: String },
}

impl From<store::StoreError> for PageError {
    fn from(error: store::StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<BodyError> for PageError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::TooLarge,
            BodyError::TimedOut => Self::TooSlow,
        }
    }
}

impl From<accounts::AccountError> for PageError {
    fn from(error: accounts::AccountError) -> Self {
        match error {
            accounts::AccountError::Store(error) => Self::Store(error),
            early @ accounts::AccountError::TooManyAttempts { .. } => {
                Self::TooEarly { what: early.to_string() }
            }
            busy @ accounts::AccountError::Busy => Self::Busy { what: busy.to_string() },
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
#[template(path = "error.html")]
struct ErrorPage<'a> {
    frame: Layout,
    title: &'a str,
    text: &'a str,
}

impl PageError {
    /// Returns the message of the error.
    pub(super) fn text(&self) -> String {
        self.title_and_text().1
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Forbidden { .. } => StatusCode::FORBIDDEN,
            Self::Missing { .. } => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NotAForm => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Bad { .. } => StatusCode::BAD_REQUEST,
            Self::TooEarly { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy { .. } | Self::Store(_) | Self::Undecided(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(super) fn title_and_text(&self) -> (&'static str, String) {
        match self {
            Self::Forbidden { role, may } => ("No permission", forbidden_message(*role, *may)),
            Self::Missing { what } => (
                "Not found",
                format!("This address does not exist. Possibly {what} was deleted or renamed."),
            ),
            Self::TooLarge => ("Too large", "The submitted form exceeds the size limit.".to_owned()),
            Self::TooSlow => ("Too slow", "The submitted form was not complete in time. Submit it again.".to_owned()),
            Self::NotAForm => ("Not a form", "The request does not contain a form.".to_owned()),
            Self::Bad { what } => ("Invalid request", format_quoted_names(&format_sentence(what))),
            Self::TooEarly { what } => ("Too early", format_quoted_names(&format_sentence(what))),
            Self::Busy { what } => ("Busy", format_quoted_names(&format_sentence(what))),
            Self::Store(error) if error.is_transient() || error.is_disconnected() => (
                "The database does not answer",
                "Nothing was changed. Try again in a moment.".to_owned(),
            ),
            Self::Store(_) => (
                "Database error",
                "Nothing was changed. The service log contains the cause; ask the administrator of rollcall.".to_owned(),
            ),
            Self::Undecided(error) => (
                "Partly completed",
                format!("{} {}", format_sentence(&error.to_string()), format_sentence(link_learners::LinkError::HINT)),
            ),
            Self::Broken { .. } => (
                "Internal error",
                "The page cannot be shown. The service log contains the cause; ask the administrator of rollcall.".to_owned(),
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

/// Formats a message as a sentence: capital letter first, full stop last.
pub(super) fn format_sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    let end = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match &self {
            Self::Store(cause) => warn!(error = %format_error_chain(cause), "page failed"),
            Self::Undecided(cause) => {
                warn!(error = %format_error_chain(cause), "rules could not be re-evaluated");
            }
            Self::Broken { what } => error!(what, "page failed"),
            Self::Forbidden { .. }
            | Self::Missing { .. }
            | Self::TooLarge
            | Self::TooSlow
            | Self::NotAForm
            | Self::TooEarly { .. }
            | Self::Busy { .. }
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
