//! As of when something is: ETag and If-Match (RFC 9110, 8.8.3 and 13.1.1).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, header};

use super::problem::ApiProblem;
use rollcall_model::due_policy::DuePolicy;

/// What a request expects to find.
#[derive(Debug, Default)]
pub(super) struct IfMatch(Option<Vec<String>>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiProblem> {
        let lines = parts.headers.get_all(header::IF_MATCH).iter();
        let tags: Vec<String> = lines
            .flat_map(|line| {
                String::from_utf8_lossy(line.as_bytes())
                    .split(',')
                    .map(|tag| tag.trim().to_owned())
                    .collect::<Vec<_>>()
            })
            .collect();
        Ok(Self((!tags.is_empty()).then_some(tags)))
    }
}

impl IfMatch {
    /// Whether it is what was expected; none where nothing certain was. A weak tag never is.
    pub(super) fn matches_tag(&self, tag: &str) -> Option<bool> {
        let tags = self.0.as_ref().filter(|tags| tags.iter().all(|one| one != "*"))?;
        Some(tags.iter().any(|one| one == tag))
    }
}

/// The header that says as of when it is.
pub(super) fn etag_header(tag: String) -> [(HeaderName, String); 1] {
    [(header::ETAG, tag)]
}

/// As of the last run that changed a group.
pub(super) fn run_tag(run: i64) -> String {
    format!("\"{run}\"")
}

/// As of a due date.
pub(super) fn due_date_tag(due: DuePolicy, late_days: u32) -> String {
    let day = due.fixed().map_or_else(String::new, |day| day.to_string());
    let days = due.days().map_or_else(String::new, |days| days.to_string());
    format!("\"{}.{day}{days}.{late_days}\"", due.kind())
}
