//! Errors of the API as `application/problem+json` (RFC 9457).

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tracing::{error, warn};
use utoipa::ToSchema;

use crate::error::{PageError, format_sentence};
use rollcall_core::sync::ApprovalError;
use rollcall_core::sync::{cancel_run, link_learners, retire_connector, undo};
use rollcall_core::{accounts, explain, groups, sync};
use rollcall_store as store;
use rollcall_views::format_error_chain;

/// Content type of problem responses.
pub(super) const PROBLEM_CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Error of an API request.
#[derive(Debug)]
pub(crate) struct ApiProblem {
    status: StatusCode,
    kind: &'static str,
    detail: String,
    field: Option<String>,
    line: Option<u64>,
    hint: Option<String>,
}

/// Problem details (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProblemDetails)]
pub(super) struct ProblemDetails {
    /// Always `about:blank`: the title is the meaning of the status.
    #[serde(rename = "type")]
    address: &'static str,
    /// Meaning of the status.
    title: &'static str,
    /// HTTP status.
    status: u16,
    /// Error code for programs.
    kind: &'static str,
    /// Description of the error.
    detail: String,
    /// Field that contains the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// First line of the request body that contains an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    /// Next step.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl ApiProblem {
    pub(crate) fn new(status: StatusCode, kind: &'static str, detail: impl AsRef<str>) -> Self {
        Self { status, kind, detail: format_sentence(detail.as_ref()), field: None, line: None, hint: None }
    }

    /// Creates a 500 problem. The cause is written to the log and not sent.
    fn internal(cause: &str) -> Self {
        error!(cause, "request failed");
        let detail = "internal error: the service log contains the cause";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "broken", detail)
    }

    /// Creates a 404 problem. `what` completes the sentence "there is".
    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is {what}"))
    }

    /// Creates a 422 problem of a field.
    pub(crate) fn invalid_field(field: impl Into<String>, detail: impl AsRef<str>) -> Self {
        Self { field: Some(field.into()), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail) }
    }

    /// Adds a hint.
    pub(crate) fn with_hint(self, hint: impl AsRef<str>) -> Self {
        Self { hint: Some(format_sentence(hint.as_ref())), ..self }
    }

    /// Replaces the name of the field, if the problem concerns a field.
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
        let status = self.status;
        let details = ProblemDetails {
            address: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            kind: self.kind,
            detail: self.detail,
            field: self.field,
            line: self.line,
            hint: self.hint,
        };
        let mut response = (status, Json(details)).into_response();
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
        warn!(error = %format_error_chain(&error), "request failed");
        let text = if error.is_transient() || error.is_disconnected() {
            "the database does not answer, and nothing was changed"
        } else {
            "database error, nothing was changed: the service log contains the cause"
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
            E::AddressTooLong { .. } | E::BadAddress { .. } => Self::invalid_field("email", &text),
            E::BadPassword { .. } | E::PasswordIsAddress | E::CommonPassword => {
                Self::invalid_field("password", &text)
            }
            E::RoleOfTokens { .. } => Self::invalid_field("role", &text),
            E::BadTokenName { .. } => Self::invalid_field("name", &text),
            E::ExpiryInPast => Self::invalid_field("until", &text),
            E::AccountExists { .. } => of("email", conflict("account_exists"))
                .with_hint("change its role, or create a new link to set its password"),
            E::TokenExists { .. } => of("name", conflict("token_exists")),
            E::PasswordsOff => conflict("passwords_off"),
            E::LastLicenseHolder { .. } => {
                conflict("last_license_holder").with_hint("make another account a license holder first")
            }
            E::NoAccount { .. } | E::AccountGone { .. } => Self::not_found("no such account"),
            E::NoToken { .. } | E::TokenGone { .. } => Self::not_found("no such token"),
            E::NoSecondFactor { .. } => Self::not_found(&text),
            E::WrongCredentials
            | E::WrongPassword
            | E::WrongCode
            | E::SignInExpired
            | E::InvalidSecret
            | E::InvalidInvitation
            | E::NoRole { .. }
            | E::Revoked { .. }
            | E::PrivilegedAccount { .. }
            | E::IdentityMismatch { .. } => Self::new(StatusCode::BAD_REQUEST, "invalid", &text),
            E::TooManyAttempts { .. } => Self::new(StatusCode::TOO_MANY_REQUESTS, "too_early", &text),
            E::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", &text),
            E::CryptoFailure => Self::internal(&text),
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
            problem.with_hint("load the current state, then repeat the request")
        };
        match &error {
            E::Store(_) => match error {
                E::Store(error) => error.into(),
                other => Self::internal(&other.to_string()),
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
            E::NoLearner { .. } | E::SeveralLearners { .. } => Self::invalid_field("email", &text),
            E::NameNeeded { name, .. } => {
                let needed = Self { field: Some("name".to_owned()), ..conflict("name_needed") };
                needed.with_hint(format!(
                    "repeat the request with `?name=` and the name of the group, `{name}`"
                ))
            }
            E::OtherName { .. } => Self::invalid_field("name", &text),
            E::UnassignmentUnconfirmed { name, .. } => {
                let needed = Self { field: Some("confirm".to_owned()), ..conflict("confirmation_needed") };
                needed.with_hint(format!(
                    "repeat the request with `?confirm=` and the name of the group or the address of the learner, `{name}`"
                ))
            }
            E::OtherTarget { .. } => Self::invalid_field("confirm", &text),
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
            E::Suspended { .. } => conflict("suspended"),
            E::NotSuspended { .. } => conflict("not_suspended"),
        }
    }
}

impl From<PageError> for ApiProblem {
    fn from(error: PageError) -> Self {
        let (status, text) = (error.status(), error.text());
        match error {
            PageError::Store(error) => error.into(),
            PageError::Undecided(error) => error.into(),
            PageError::Forbidden { .. } => Self::new(status, "forbidden", text),
            PageError::Missing { .. } => Self::new(status, "not_found", text),
            PageError::TooLarge => Self::new(status, "too_large", text),
            PageError::TooSlow => Self::new(status, "too_slow", text),
            PageError::NotAForm => Self::new(status, "not_a_form", text),
            PageError::Bad { .. } => Self::new(status, "invalid", text),
            PageError::TooEarly { .. } => Self::new(status, "too_early", text),
            PageError::Busy { .. } => Self::new(status, "busy", text),
            PageError::Broken { what } => Self::internal(&what),
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
                warn!(error = %format_error_chain(&error), "rules could not be re-evaluated");
                let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "undecided", error.to_string());
                problem.with_hint(link_learners::LinkError::HINT)
            }
        }
    }
}

impl From<ApprovalError> for ApiProblem {
    fn from(error: ApprovalError) -> Self {
        let text = error.to_string();
        match error {
            ApprovalError::Sync(error) => error.into(),
            ApprovalError::NoRun { .. } => Self::not_found("no such run"),
            ApprovalError::NothingHeld { newer, .. } => {
                let problem = Self::new(StatusCode::CONFLICT, "nothing_held", text);
                match newer {
                    Some(newer) => problem.with_hint(format!("the pending changes belong to run {newer}")),
                    None => problem,
                }
            }
            ApprovalError::Rejected { rejection, .. } => {
                let problem = Self::new(StatusCode::CONFLICT, "nothing_held", text);
                problem.with_hint(format!("an approval of run {rejection} applies the rejected changes"))
            }
            ApprovalError::FilesDiffer { .. } => Self::new(StatusCode::CONFLICT, "files_differ", text),
        }
    }
}

impl From<cancel_run::CancelError> for ApiProblem {
    fn from(error: cancel_run::CancelError) -> Self {
        let text = error.to_string();
        match error {
            cancel_run::CancelError::Store(error) => error.into(),
            cancel_run::CancelError::NoRun { .. } => Self::not_found("no such run"),
            cancel_run::CancelError::Ended { .. } => Self::new(StatusCode::CONFLICT, "run_ended", text),
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
            undo::UndoError::Suspension { .. } | undo::UndoError::Restoration { .. } => {
                Self::new(StatusCode::CONFLICT, "suspension", text)
            }
            undo::UndoError::NumberNeeded { run, .. } => {
                let problem = Self::new(StatusCode::CONFLICT, "confirmation_needed", text);
                Self { field: Some("confirm".to_owned()), ..problem }
                    .with_hint(format!("repeat the request with `?confirm={run}`, the number of the run"))
            }
            undo::UndoError::OtherNumber { .. } => Self::invalid_field("confirm", text),
            undo::UndoError::Nothing { touched, .. } => {
                let problem = Self::new(StatusCode::CONFLICT, "nothing_to_undo", text);
                if touched.is_empty() {
                    return problem;
                }
                problem.with_hint(format!("all its changes were changed again later: {}", touched.join("; ")))
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

/// Middleware that converts every error response below `/api/` to a problem: unknown paths and methods, cross-site
/// requests.
pub(crate) async fn convert_error_responses(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let response = next.run(request).await;
    let status = response.status();
    let refused = status.is_client_error() || status.is_server_error();
    if !is_api || !refused || response.headers().get(header::CONTENT_TYPE) == Some(&PROBLEM_CONTENT_TYPE) {
        return response;
    }
    let mut problem = problem_of_status(status).into_response();
    if let Some(allow) = response.headers().get(header::ALLOW) {
        problem.headers_mut().insert(header::ALLOW, allow.clone());
    }
    problem
}

/// Creates the problem of a response that has a status only.
pub(super) fn problem_of_status(status: StatusCode) -> ApiProblem {
    let (kind, text) = match status {
        StatusCode::NOT_FOUND => ("not_found", "this address does not exist"),
        StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "this address does not support the method"),
        StatusCode::FORBIDDEN => ("forbidden", "cross-site requests must not change data"),
        _ => ("refused", "the request was refused"),
    };
    ApiProblem::new(status, kind, text)
}
