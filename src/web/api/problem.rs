//! What goes wrong, as RFC 9457 says it: `application/problem+json`.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tracing::{error, warn};
use utoipa::ToSchema;

use crate::error::{PageError, format_sentence};
use rollcall_core::sync::{approve, link_learners, retire_connector, undo};
use rollcall_core::{accounts, explain, groups, sync};
use rollcall_store as store;
use rollcall_views::format_error_chain;

/// The type of such answers.
pub(super) const PROBLEM_CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Why a request came to nothing.
#[derive(Debug)]
pub(crate) struct ApiProblem {
    status: StatusCode,
    kind: &'static str,
    detail: String,
    field: Option<String>,
    line: Option<u64>,
    hint: Option<String>,
}

/// A problem as it is sent (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProblemDetails)]
pub(super) struct ProblemDetails {
    /// Always `about:blank`: the title says what the status means.
    #[serde(rename = "type")]
    address: &'static str,
    /// What the status means.
    title: &'static str,
    /// The status.
    status: u16,
    /// A short word for scripts.
    kind: &'static str,
    /// What went wrong, and on what.
    detail: String,
    /// The field that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The first line of what was sent that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl ApiProblem {
    pub(crate) fn new(status: StatusCode, kind: &'static str, detail: impl AsRef<str>) -> Self {
        Self { status, kind, detail: format_sentence(detail.as_ref()), field: None, line: None, hint: None }
    }

    /// There is nothing of that number or name.
    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is {what}"))
    }

    /// What was sent cannot be.
    pub(crate) fn invalid_field(field: impl Into<String>, detail: impl AsRef<str>) -> Self {
        Self { field: Some(field.into()), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail) }
    }

    /// With what to do next.
    pub(crate) fn with_hint(self, hint: impl AsRef<str>) -> Self {
        Self { hint: Some(format_sentence(hint.as_ref())), ..self }
    }

    /// About a field, where it is about one that has another name here.
    pub(crate) fn with_field(mut self, field: &str) -> Self {
        if self.field.is_some() {
            self.field = Some(field.to_owned());
        }
        self
    }

    fn with_optional_hint(self, hint: Option<&String>) -> Self {
        match hint {
            Some(near) => self.with_hint(format!("did you mean `{near}`?")),
            None => self,
        }
    }
}

impl IntoResponse for ApiProblem {
    fn into_response(self) -> Response {
        if self.status == StatusCode::INTERNAL_SERVER_ERROR {
            error!(what = self.detail, "a request could not be answered");
        }
        let status = self.status;
        let said = ProblemDetails {
            address: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            kind: self.kind,
            detail: self.detail,
            field: self.field,
            line: self.line,
            hint: self.hint,
        };
        let mut response = (status, Json(said)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, PROBLEM_CONTENT_TYPE);
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        response
    }
}

impl From<store::StoreError> for ApiProblem {
    fn from(error: store::StoreError) -> Self {
        warn!(error = %format_error_chain(&error), "a request could not be answered");
        let text = if error.is_transient() || error.is_disconnected() {
            "the database does not answer, and nothing was changed"
        } else {
            "the database refused, and nothing was changed: the service's log says why"
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.kind(), text)
    }
}

impl From<accounts::AccountError> for ApiProblem {
    fn from(error: accounts::AccountError) -> Self {
        use accounts::AccountError as E;
        let text = error.to_string();
        let conflict = |kind| Self::new(StatusCode::CONFLICT, kind, &text);
        let of = |field: &str, problem: Self| Self { field: Some(field.to_owned()), ..problem };
        match error {
            E::Store(error) => error.into(),
            E::BadAddress { .. } => Self::invalid_field("email", &text),
            E::BadPassword { .. } | E::PasswordIsAddress => Self::invalid_field("password", &text),
            E::BadTokenName { .. } => Self::invalid_field("name", &text),
            E::ExpiryInPast => Self::invalid_field("until", &text),
            E::AccountExists { .. } => of("email", conflict("account_exists"))
                .with_hint("give it another role, or a new link with which its holder sets a password"),
            E::TokenExists { .. } => of("name", conflict("token_exists")),
            E::LastLicenseHolder { .. } => {
                conflict("last_license_holder").with_hint("make somebody else one first")
            }
            E::NoAccount { .. } | E::AccountGone { .. } => Self::not_found("no such account"),
            E::NoToken { .. } | E::TokenGone { .. } => Self::not_found("no such token"),
            E::WrongCredentials
            | E::TooManyAttempts { .. }
            | E::InvalidInvitation
            | E::NoRole { .. }
            | E::Revoked { .. }
            | E::IdentityMismatch { .. } => Self::new(StatusCode::BAD_REQUEST, "invalid", &text),
            E::CryptoFailure => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "broken", &text),
        }
    }
}

impl From<groups::GroupError> for ApiProblem {
    fn from(error: groups::GroupError) -> Self {
        use groups::GroupError as E;
        let text = error.to_string();
        let conflict = |kind| Self::new(StatusCode::CONFLICT, kind, &text);
        let changed = |kind| {
            let problem = Self::new(StatusCode::PRECONDITION_FAILED, kind, &text);
            problem.with_hint("look at it as it is now, then do it again")
        };
        match &error {
            E::Store(_) => match error {
                E::Store(error) => error.into(),
                other => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "broken", other.to_string()),
            },
            E::GroupGone { .. } => Self::not_found("no such group"),
            E::NoAssignment { .. } => Self::not_found("no such assignment"),
            E::NotDeleted { .. } => Self::invalid_field("name", &text),
            E::NoName { .. } => Self::invalid_field("name", &text),
            E::BadName(_) => Self::invalid_field("name", &text),
            E::BadAddress { .. } => Self::invalid_field("email", &text),
            E::BadCourse { .. } => Self::invalid_field("code", &text),
            E::BadSheet { mistakes } => Self {
                line: mistakes.first().map(|mistake| mistake.line),
                ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", &text)
            },
            E::NoGroup { nearest, .. } => {
                Self::invalid_field("group", &text).with_optional_hint(nearest.as_ref())
            }
            E::NoCourse { nearest, .. } => {
                Self::invalid_field("course", &text).with_optional_hint(nearest.as_ref())
            }
            E::NoLearner { .. } => Self::invalid_field("email", &text),
            E::NameNeeded { name, .. } => {
                let needed = Self { field: Some("name".to_owned()), ..conflict("name_needed") };
                needed.with_hint(format!(
                    "send the same again with `?name=` and the name of the group, `{name}`"
                ))
            }
            E::OtherName { .. } => Self::invalid_field("name", &text),
            E::ChangedSince { .. } => changed("changed_since"),
            E::DueChangedSince { .. } => changed("changed_since"),
            E::GroupExists { .. } => Self { field: Some("name".to_owned()), ..conflict("group_exists") },
            E::AddressTaken { .. } => Self { field: Some("email".to_owned()), ..conflict("address_taken") },
            E::AssignmentFromFile { .. } | E::CourseFromFile { .. } => conflict("of_the_file"),
            E::NotExcluded { .. } => conflict("not_excluded"),
            E::SameLearner { .. } => conflict("same_learner"),
            E::SameConnector { .. } => conflict("colleagues"),
            E::NotLinked { .. } => conflict("not_linked"),
            E::NeverEnrolled { .. } => conflict("never_enrolled"),
        }
    }
}

impl From<PageError> for ApiProblem {
    fn from(trouble: PageError) -> Self {
        match trouble {
            PageError::Store(error) => error.into(),
            other => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "broken", format!("{other:?}")),
        }
    }
}

impl From<sync::SyncError> for ApiProblem {
    fn from(error: sync::SyncError) -> Self {
        match error {
            sync::SyncError::Store(error) => error.into(),
            sync::SyncError::AlreadyRunning { .. } => {
                Self::new(StatusCode::CONFLICT, error.kind(), error.to_string())
            }
            other => Self::new(StatusCode::SERVICE_UNAVAILABLE, other.kind(), other.to_string()),
        }
    }
}

impl From<link_learners::LinkError> for ApiProblem {
    fn from(error: link_learners::LinkError) -> Self {
        match error {
            link_learners::LinkError::Refused(error) => error.into(),
            link_learners::LinkError::Undecided { .. } => {
                warn!(error = %format_error_chain(&error), "the rules could not decide anew");
                let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "undecided", error.to_string());
                problem.with_hint(link_learners::LinkError::HINT)
            }
        }
    }
}

impl From<approve::ApprovalError> for ApiProblem {
    fn from(error: approve::ApprovalError) -> Self {
        let text = error.to_string();
        match error {
            approve::ApprovalError::Sync(error) => error.into(),
            approve::ApprovalError::NoRun { .. } => Self::not_found("no such run"),
            approve::ApprovalError::NothingHeld { newer, .. } => {
                let problem = Self::new(StatusCode::CONFLICT, "nothing_held", text);
                match newer {
                    Some(newer) => problem.with_hint(format!("what waits now was shown by run {newer}")),
                    None => problem,
                }
            }
            approve::ApprovalError::FilesDiffer { .. } => {
                Self::new(StatusCode::CONFLICT, "files_differ", text)
            }
        }
    }
}

impl From<undo::UndoError> for ApiProblem {
    fn from(error: undo::UndoError) -> Self {
        let text = error.to_string();
        match error {
            undo::UndoError::Store(error) => error.into(),
            undo::UndoError::NoRun { .. } => Self::not_found("no such run"),
            undo::UndoError::Running { .. } => Self::new(StatusCode::CONFLICT, "running", text),
            undo::UndoError::Nothing { touched, .. } => {
                let problem = Self::new(StatusCode::CONFLICT, "nothing_to_undo", text);
                if touched.is_empty() {
                    return problem;
                }
                problem.with_hint(format!("all of it was touched since: {}", touched.join("; ")))
            }
        }
    }
}

impl From<retire_connector::RetireError> for ApiProblem {
    fn from(error: retire_connector::RetireError) -> Self {
        let text = error.to_string();
        match error {
            retire_connector::RetireError::Sync(error) => error.into(),
            retire_connector::RetireError::InFile { .. } => Self::new(StatusCode::CONFLICT, "in_file", text),
            retire_connector::RetireError::Unknown { nearest, .. } => {
                Self::not_found("no such connector").with_optional_hint(nearest.as_ref())
            }
        }
    }
}

impl From<explain::ExplainError> for ApiProblem {
    fn from(error: explain::ExplainError) -> Self {
        let text = error.to_string();
        match error {
            explain::ExplainError::Store(error) => error.into(),
            explain::ExplainError::BadName(_) | explain::ExplainError::NoGroup { .. } => {
                Self::invalid_field("group", text)
            }
            explain::ExplainError::Future { .. } | explain::ExplainError::TooOld { .. } => {
                Self::invalid_field("at", text)
            }
        }
    }
}

/// Sees to it that everything below `/api/` that is refused is refused in one form, whoever refused it: where there is
/// no such address or method, where a request comes from another site.
pub(crate) async fn convert_error_responses(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let response = next.run(request).await;
    let status = response.status();
    let refused = status.is_client_error() || status.is_server_error();
    if !is_api || !refused || response.headers().get(header::CONTENT_TYPE) == Some(&PROBLEM_CONTENT_TYPE) {
        return response;
    }
    let (kind, text) = match status {
        StatusCode::NOT_FOUND => ("not_found", "there is nothing at this address"),
        StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "this address knows other methods"),
        StatusCode::FORBIDDEN => ("forbidden", "a page of another site may not change anything here"),
        _ => ("refused", "the request could not be answered"),
    };
    let mut problem = ApiProblem::new(status, kind, text).into_response();
    if let Some(allow) = response.headers().get(header::ALLOW) {
        problem.headers_mut().insert(header::ALLOW, allow.clone());
    }
    problem
}
