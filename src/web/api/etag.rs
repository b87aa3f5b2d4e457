//! ETag and If-Match (RFC 9110, sections 8.8.3 and 13.1.1).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, header};

use super::problem::ApiProblem;
use rollcall_model::due_policy::DuePolicy;

/// Entity tags of the `If-Match` header.
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
    /// Returns whether the tag matches. `None` if the header is missing or `*`. A weak tag never matches.
    pub(super) fn matches_tag(&self, tag: &str) -> Option<bool> {
        let tags = self.0.as_ref().filter(|tags| tags.iter().all(|one| one != "*"))?;
        Some(tags.iter().any(|one| one == tag))
    }
}

/// Builds the ETag header.
pub(super) fn etag_header(tag: String) -> [(HeaderName, String); 1] {
    [(header::ETAG, tag)]
}

/// Returns the tag of a group: the last run that changed it.
pub(super) fn run_tag(run: i64) -> String {
    format!("\"{run}\"")
}

/// Returns the tag of a due date.
pub(super) fn due_date_tag(due: DuePolicy, late_days: u32) -> String {
    let day = due.fixed().map_or_else(String::new, |day| day.to_string());
    let days = due.days().map_or_else(String::new, |days| days.to_string());
    format!("\"{}.{day}{days}.{late_days}\"", due.kind())
}
