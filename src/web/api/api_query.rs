//! What stands behind the question mark of an address, and where in a list it is.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use chrono::NaiveDate;
use serde::Serialize;

use super::problem::ApiProblem;
use crate::form_data::FormData;
use crate::list_cursor::ListCursor;
use rollcall_store::listing::PageRequest;

/// Rows on a page where nobody says how many.
const DEFAULT_PAGE_SIZE: usize = 50;

/// Rows on a page at most.
pub(super) const MAX_PAGE_SIZE: usize = 200;

/// What an address asks for.
#[derive(Debug)]
pub(super) struct ApiQuery(FormData);

impl<S: Send + Sync> FromRequestParts<S> for ApiQuery {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiProblem> {
        Ok(Self(FormData::read(parts.uri.query().unwrap_or_default().as_bytes())))
    }
}

impl ApiQuery {
    /// Refuses what none of these names stands for, and what comes twice.
    pub(super) fn allow_only(self, names: &[&str]) -> Result<Self, ApiProblem> {
        let pairs = self.0.pairs();
        for (at, (name, value)) in pairs.iter().enumerate() {
            if !names.contains(&name.as_str()) {
                let there = names.join("`, `");
                return Err(ApiProblem::invalid_field(name, format!("there is no parameter `{name}`"))
                    .with_hint(format!("there are `{there}`")));
            }
            if pairs[..at].iter().any(|(other, _)| other == name) {
                return Err(ApiProblem::invalid_field(name, format!("the parameter `{name}` comes twice")));
            }
            if value.contains('\0') {
                return Err(ApiProblem::invalid_field(name, "a text cannot hold the character U+0000"));
            }
        }
        Ok(self)
    }

    /// A text; none where it did not come or is empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        Some(self.0.text(name)).filter(|text| !text.is_empty())
    }

    /// A day.
    pub(super) fn date(&self, name: &str) -> Result<Option<NaiveDate>, ApiProblem> {
        let all = self.0.pairs().iter().find(|(key, _)| key == name);
        all.map(|(_, text)| {
            parse_date(text).ok_or_else(|| ApiProblem::invalid_field(name, INVALID_DATE_MESSAGE))
        })
        .transpose()
    }

    /// Where in a list it is.
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
                let cursor = ListCursor::parse_token(text).filter(|cursor| !cursor.text.contains('\0'));
                let no = || {
                    ApiProblem::invalid_field(
                        "after",
                        "no page ended here: give the `next` of the page before",
                    )
                };
                Some(cursor.ok_or_else(no)?)
            }
        };
        Ok(ApiPageRequest { after, limit })
    }
}

pub(super) const INVALID_DATE_MESSAGE: &str = "a day is written as 2026-12-31";

/// A day as RFC 3339 writes it.
pub(super) fn parse_date(text: &str) -> Option<NaiveDate> {
    text.parse().ok().filter(|_| text.len() == 10 && text.starts_with(|c: char| c.is_ascii_digit()))
}

/// A place in a list, and how much is read from there.
#[derive(Debug)]
pub(super) struct ApiPageRequest {
    pub after: Option<ListCursor>,
    pub limit: usize,
}

impl ApiPageRequest {
    /// What to read: a row more than is answered tells whether another page follows.
    pub(super) fn to_store_page(&self) -> PageRequest<'_> {
        let (text, id) = self.after.as_ref().map_or(("", 0), |after| (after.text.as_str(), after.id));
        PageRequest { text, id, limit: self.row_limit() }
    }

    /// How many rows to read.
    pub(super) fn row_limit(&self) -> i64 {
        i64::try_from(self.limit + 1).unwrap_or(i64::MAX)
    }

    /// Cuts off the row that was read beyond the page; answers where the next page begins.
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

/// The number in an address.
#[derive(Debug, Clone, Copy)]
pub(super) struct PathId(pub i64);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiProblem> {
        let PathName(text) = PathName::from_request_parts(parts, state).await?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && *number > 0);
        number.map(Self).ok_or_else(|| ApiProblem::not_found("nothing of that number"))
    }
}

/// The name in an address.
#[derive(Debug)]
pub(super) struct PathName(pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathName {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiProblem> {
        let path: Result<Path<String>, _> = Path::from_request_parts(parts, state).await;
        path.map(|Path(name)| Self(name)).map_err(|_| ApiProblem::not_found("nothing of that name"))
    }
}
