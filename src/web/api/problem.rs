//! What goes wrong, as RFC 9457 says it: `application/problem+json`.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tracing::{error, warn};
use utoipa::ToSchema;

use crate::report::chain;
use crate::sync::{approve, linked, retire, undo};
use crate::web::trouble::{Trouble, sentence};
use crate::{accounts, explain, groups, store, sync};

/// The type of such answers.
pub(super) const KIND: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Why a request came to nothing.
#[derive(Debug)]
pub(in crate::web) struct Problem {
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
pub(super) struct Said {
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

impl Problem {
    pub fn new(status: StatusCode, kind: &'static str, detail: impl AsRef<str>) -> Self {
        Self { status, kind, detail: sentence(detail.as_ref()), field: None, line: None, hint: None }
    }

    /// There is nothing of that number or name.
    pub fn missing(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is {what}"))
    }

    /// What was sent cannot be.
    pub fn invalid(field: impl Into<String>, detail: impl AsRef<str>) -> Self {
        Self { field: Some(field.into()), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail) }
    }

    /// With what to do next.
    pub fn hint(self, hint: impl AsRef<str>) -> Self {
        Self { hint: Some(sentence(hint.as_ref())), ..self }
    }

    /// About a field, where it is about one that has another name here.
    pub fn about(mut self, field: &str) -> Self {
        if self.field.is_some() {
            self.field = Some(field.to_owned());
        }
        self
    }

    fn maybe(self, hint: Option<&String>) -> Self {
        match hint {
            Some(near) => self.hint(format!("did you mean `{near}`?")),
            None => self,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if self.status == StatusCode::INTERNAL_SERVER_ERROR {
            error!(what = self.detail, "a request could not be answered");
        }
        let status = self.status;
        let said = Said {
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
        headers.insert(header::CONTENT_TYPE, KIND);
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

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        warn!(error = %chain(&error), "a request could not be answered");
        let text = if error.is_transient() || error.is_disconnected() {
            "the database does not answer, and nothing was changed"
        } else {
            "the database refused, and nothing was changed: the service's log says why"
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.kind(), text)
    }
}

impl From<accounts::Error> for Problem {
    fn from(error: accounts::Error) -> Self {
        use accounts::Error as E;
        let text = error.to_string();
        let conflict = |kind| Self::new(StatusCode::CONFLICT, kind, &text);
        let of = |field: &str, problem: Self| Self { field: Some(field.to_owned()), ..problem };
        match error {
            E::Store(error) => error.into(),
            E::BadAddress { .. } => Self::invalid("email", &text),
            E::BadPassword { .. } | E::PasswordIsAddress => Self::invalid("password", &text),
            E::BadTokenName { .. } => Self::invalid("name", &text),
            E::TokenOver => Self::invalid("until", &text),
            E::Exists { .. } => of("email", conflict("account_exists"))
                .hint("give it another role, or a new link with which its holder sets a password"),
            E::TokenExists { .. } => of("name", conflict("token_exists")),
            E::LastLicenseHolder { .. } => {
                conflict("last_license_holder").hint("make somebody else one first")
            }
            E::NoAccount { .. } | E::AccountGone { .. } => Self::missing("no such account"),
            E::NoToken { .. } | E::TokenGone { .. } => Self::missing("no such token"),
            E::Wrong
            | E::TooMany { .. }
            | E::BadLink
            | E::NoRole { .. }
            | E::Revoked { .. }
            | E::NotTheirs { .. } => Self::new(StatusCode::BAD_REQUEST, "invalid", &text),
            E::Broken => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "broken", &text),
        }
    }
}

impl From<groups::Error> for Problem {
    fn from(error: groups::Error) -> Self {
        use groups::Error as E;
        let text = error.to_string();
        let conflict = |kind| Self::new(StatusCode::CONFLICT, kind, &text);
        let changed = |kind| {
            let problem = Self::new(StatusCode::PRECONDITION_FAILED, kind, &text);
            problem.hint("look at it as it is now, then do it again")
        };
        match &error {
            E::Store(_) => match error {
                E::Store(error) => error.into(),
                other => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "broken", other.to_string()),
            },
            E::GroupGone { .. } => Self::missing("no such group"),
            E::NoAssignment { .. } => Self::missing("no such assignment"),
            E::NotDeleted { .. } => Self::invalid("name", &text),
            E::NoName { .. } => Self::invalid("name", &text),
            E::BadName(_) => Self::invalid("name", &text),
            E::BadAddress { .. } => Self::invalid("email", &text),
            E::BadCourse { .. } => Self::invalid("code", &text),
            E::BadSheet { mistakes } => Self {
                line: mistakes.first().map(|mistake| mistake.line),
                ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", &text)
            },
            E::NoGroup { nearest, .. } => Self::invalid("group", &text).maybe(nearest.as_ref()),
            E::NoCourse { nearest, .. } => Self::invalid("course", &text).maybe(nearest.as_ref()),
            E::NoLearner { .. } => Self::invalid("email", &text),
            E::NameNeeded { name, .. } => {
                let needed = Self { field: Some("name".to_owned()), ..conflict("name_needed") };
                needed.hint(format!("send the same again with `?name=` and the name of the group, `{name}`"))
            }
            E::OtherName { .. } => Self::invalid("name", &text),
            E::ChangedSince { .. } => changed("changed_since"),
            E::DueChangedSince { .. } => changed("changed_since"),
            E::GroupExists { .. } => Self { field: Some("name".to_owned()), ..conflict("group_exists") },
            E::AddressTaken { .. } => Self { field: Some("email".to_owned()), ..conflict("address_taken") },
            E::AssignmentOfTheFile { .. } | E::CourseOfTheFile { .. } => conflict("of_the_file"),
            E::NotExcluded { .. } => conflict("not_excluded"),
            E::SameLearner { .. } => conflict("same_learner"),
            E::Colleagues { .. } => conflict("colleagues"),
            E::NotLinked { .. } => conflict("not_linked"),
            E::NeverEnrolled { .. } => conflict("never_enrolled"),
        }
    }
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Store(error) => error.into(),
            other => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "broken", format!("{other:?}")),
        }
    }
}

impl From<sync::Error> for Problem {
    fn from(error: sync::Error) -> Self {
        match error {
            sync::Error::Store(error) => error.into(),
            sync::Error::AlreadyRunning { .. } => {
                Self::new(StatusCode::CONFLICT, error.kind(), error.to_string())
            }
            other => Self::new(StatusCode::SERVICE_UNAVAILABLE, other.kind(), other.to_string()),
        }
    }
}

impl From<linked::Error> for Problem {
    fn from(error: linked::Error) -> Self {
        match error {
            linked::Error::Refused(error) => error.into(),
            linked::Error::Undecided { .. } => {
                warn!(error = %chain(&error), "the rules could not decide anew");
                let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "undecided", error.to_string());
                problem.hint(linked::Error::HINT)
            }
        }
    }
}

impl From<approve::Error> for Problem {
    fn from(error: approve::Error) -> Self {
        let text = error.to_string();
        match error {
            approve::Error::Sync(error) => error.into(),
            approve::Error::NoRun { .. } => Self::missing("no such run"),
            approve::Error::NothingHeld { newer, .. } => {
                let problem = Self::new(StatusCode::CONFLICT, "nothing_held", text);
                match newer {
                    Some(newer) => problem.hint(format!("what waits now was shown by run {newer}")),
                    None => problem,
                }
            }
            approve::Error::FilesDiffer { .. } => Self::new(StatusCode::CONFLICT, "files_differ", text),
        }
    }
}

impl From<undo::Error> for Problem {
    fn from(error: undo::Error) -> Self {
        let text = error.to_string();
        match error {
            undo::Error::Store(error) => error.into(),
            undo::Error::NoRun { .. } => Self::missing("no such run"),
            undo::Error::Running { .. } => Self::new(StatusCode::CONFLICT, "running", text),
            undo::Error::Nothing { touched, .. } => {
                let problem = Self::new(StatusCode::CONFLICT, "nothing_to_undo", text);
                if touched.is_empty() {
                    return problem;
                }
                problem.hint(format!("all of it was touched since: {}", touched.join("; ")))
            }
        }
    }
}

impl From<retire::NotRetired> for Problem {
    fn from(error: retire::NotRetired) -> Self {
        let text = error.to_string();
        match error {
            retire::NotRetired::Sync(error) => error.into(),
            retire::NotRetired::InFile { .. } => Self::new(StatusCode::CONFLICT, "in_file", text),
            retire::NotRetired::Unknown { nearest, .. } => {
                Self::missing("no such connector").maybe(nearest.as_ref())
            }
        }
    }
}

impl From<explain::Error> for Problem {
    fn from(error: explain::Error) -> Self {
        let text = error.to_string();
        match error {
            explain::Error::Store(error) => error.into(),
            explain::Error::BadName(_) | explain::Error::NoGroup { .. } => Self::invalid("group", text),
            explain::Error::Future { .. } | explain::Error::TooOld { .. } => Self::invalid("at", text),
        }
    }
}

/// Sees to it that everything below `/api/` that is refused is refused in one form, whoever refused it: where there is
/// no such address or method, where a request comes from another site.
pub(in crate::web) async fn in_one_form(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let response = next.run(request).await;
    let status = response.status();
    let refused = status.is_client_error() || status.is_server_error();
    if !is_api || !refused || response.headers().get(header::CONTENT_TYPE) == Some(&KIND) {
        return response;
    }
    let (kind, text) = match status {
        StatusCode::NOT_FOUND => ("not_found", "there is nothing at this address"),
        StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "this address knows other methods"),
        StatusCode::FORBIDDEN => ("forbidden", "a page of another site may not change anything here"),
        _ => ("refused", "the request could not be answered"),
    };
    let mut problem = Problem::new(status, kind, text).into_response();
    if let Some(allow) = response.headers().get(header::ALLOW) {
        problem.headers_mut().insert(header::ALLOW, allow.clone());
    }
    problem
}
