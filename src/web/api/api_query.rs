//! Query parameters, path parameters and pagination of the API.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use super::problem::ApiProblem;
use crate::form_data::{FormData, SEARCH_FIELD, ZERO_CHARACTER_MESSAGE};
use crate::list_cursor::ListCursor;
use rollcall_model::search_text::check_search_text;
use rollcall_store::listing::PageRequest;

/// Default number of items of a page.
const DEFAULT_PAGE_SIZE: usize = 50;

/// Maximum number of items of a page.
pub(super) const MAX_PAGE_SIZE: usize = 200;

/// Parameters of the query string.
#[derive(Debug)]
pub(super) struct ApiQuery(FormData);

impl<S: Send + Sync> FromRequestParts<S> for ApiQuery {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiProblem> {
        Ok(Self(FormData::read(parts.uri.query().unwrap_or_default().as_bytes())))
    }
}

impl ApiQuery {
    /// Refuses unknown and repeated parameters.
    pub(super) fn allow_only(self, names: &[&str]) -> Result<Self, ApiProblem> {
        let pairs = self.0.pairs();
        for (at, (name, value)) in pairs.iter().enumerate() {
            if !names.contains(&name.as_str()) {
                let known = names.join("`, `");
                return Err(ApiProblem::invalid_field(name, format!("unknown parameter `{name}`"))
                    .with_hint(format!("the parameters are `{known}`")));
            }
            if pairs[..at].iter().any(|(other, _)| other == name) {
                return Err(ApiProblem::invalid_field(name, format!("the parameter `{name}` occurs twice")));
            }
            if value.contains('\0') {
                return Err(ApiProblem::invalid_field(name, ZERO_CHARACTER_MESSAGE));
            }
            if name == SEARCH_FIELD {
                check_search_text(value)
                    .map_err(|error| ApiProblem::invalid_field(name, error.to_string()))?;
            }
        }
        Ok(self)
    }

    /// Returns a text parameter. `None` if it is missing or empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        Some(self.0.text(name)).filter(|text| !text.is_empty())
    }

    /// Returns a parameter that is `true` or `false`; `false` if it is missing or empty.
    pub(super) fn flag(&self, name: &str) -> Result<bool, ApiProblem> {
        match self.text(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(ApiProblem::invalid_field(name, "a flag is `true` or `false`")),
        }
    }

    /// Returns a date parameter.
    pub(super) fn date(&self, name: &str) -> Result<Option<NaiveDate>, ApiProblem> {
        let all = self.0.pairs().iter().find(|(key, _)| key == name);
        all.map(|(_, text)| {
            parse_date(text).ok_or_else(|| ApiProblem::invalid_field(name, INVALID_DATE_MESSAGE))
        })
        .transpose()
    }

    /// Returns the start of the day of a date parameter; the earliest time without it.
    pub(super) fn start_of_day(&self, name: &str, zone: Tz) -> Result<DateTime<Utc>, ApiProblem> {
        let midnight = self.date(name)?.map(|day| day.and_time(NaiveTime::MIN));
        let midnight = midnight.and_then(|at| at.and_local_timezone(zone).earliest());
        Ok(midnight.map_or(DateTime::UNIX_EPOCH, |at| at.with_timezone(&Utc)))
    }

    /// Returns the requested page.
    pub(super) fn page_request(&self) -> Result<ApiPageRequest, ApiProblem> {
        let given =
            |name: &str| self.0.pairs().iter().find(|(key, _)| key == name).map(|(_, text)| text.as_str());
        let limit = match given("limit") {
            None => DEFAULT_PAGE_SIZE,
            Some(text) => {
                let number = text.parse().ok().filter(|number| (1..=MAX_PAGE_SIZE).contains(number));
                let plain = number.filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
                plain.ok_or_else(|| {
                    ApiProblem::invalid_field("limit", format!("a page has 1 to {MAX_PAGE_SIZE} items"))
                })?
            }
        };
        let after = match given("after").filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => {
                let cursor = ListCursor::parse_token(text);
                let invalid = || {
                    ApiProblem::invalid_field("after", "invalid cursor: use the `next` of the previous page")
                };
                Some(cursor.ok_or_else(invalid)?)
            }
        };
        Ok(ApiPageRequest { after, limit })
    }
}

pub(super) const INVALID_DATE_MESSAGE: &str = "a date has the format 2026-12-31";

/// Parses a date in RFC 3339 format.
pub(super) fn parse_date(text: &str) -> Option<NaiveDate> {
    text.parse().ok().filter(|_| text.len() == 10 && text.starts_with(|c: char| c.is_ascii_digit()))
}

/// Requested page of a list.
#[derive(Debug)]
pub(super) struct ApiPageRequest {
    pub after: Option<ListCursor>,
    pub limit: usize,
}

impl ApiPageRequest {
    /// Builds the page request of the store. One more row than returned is read, to detect a following page.
    pub(super) fn to_store_page(&self) -> PageRequest<'_> {
        let (text, id) = self.after.as_ref().map_or(("", 0), |after| (after.text.as_str(), after.id));
        PageRequest { text, id, limit: self.row_limit() }
    }

    /// Returns the number of rows to read.
    pub(super) fn row_limit(&self) -> i64 {
        i64::try_from(self.limit + 1).unwrap_or(i64::MAX)
    }

    /// Truncates the rows to one page. Returns the token of the next page if there is one.
    pub(super) fn split_next_page<T>(
        &self,
        rows: &mut Vec<T>,
        place: impl Fn(&T) -> ListCursor,
    ) -> Option<String> {
        if rows.len() <= self.limit {
            return None;
        }
        rows.truncate(self.limit);
        rows.last().map(|last| place(last).to_token())
    }
}

/// A page of a list.
#[derive(Debug, Serialize)]
pub(super) struct ApiPage<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// Id in the path.
#[derive(Debug, Clone, Copy)]
pub(super) struct PathId(pub i64);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiProblem> {
        let PathName(text) = PathName::from_request_parts(parts, state).await?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && *number > 0);
        number.map(Self).ok_or_else(|| ApiProblem::not_found("no object with this id"))
    }
}

/// Name in the path.
#[derive(Debug)]
pub(super) struct PathName(pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathName {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiProblem> {
        let path: Result<Path<String>, _> = Path::from_request_parts(parts, state).await;
        let name = path.ok().map(|Path(name)| name).filter(|name| !name.contains('\0'));
        name.map(Self).ok_or_else(|| ApiProblem::not_found("no object with this name"))
    }
}
