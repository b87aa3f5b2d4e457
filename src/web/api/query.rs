//! What stands behind the question mark of an address, and where in a list it is.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use chrono::NaiveDate;
use serde::Serialize;

use super::problem::Problem;
use crate::store::listing::From;
use crate::web::cursor::Cursor;
use crate::web::form::Form;

/// Rows on a page where nobody says how many.
const PAGE: usize = 50;

/// Rows on a page at most.
pub(super) const MOST: usize = 200;

/// What an address asks for.
#[derive(Debug)]
pub(super) struct Query(Form);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(Form::read(parts.uri.query().unwrap_or_default().as_bytes())))
    }
}

impl Query {
    /// Refuses what none of these names stands for, and what comes twice.
    pub fn only(self, names: &[&str]) -> Result<Self, Problem> {
        let pairs = self.0.pairs();
        for (at, (name, value)) in pairs.iter().enumerate() {
            if !names.contains(&name.as_str()) {
                let there = names.join("`, `");
                return Err(Problem::invalid(name, format!("there is no parameter `{name}`"))
                    .hint(format!("there are `{there}`")));
            }
            if pairs[..at].iter().any(|(other, _)| other == name) {
                return Err(Problem::invalid(name, format!("the parameter `{name}` comes twice")));
            }
            if value.contains('\0') {
                return Err(Problem::invalid(name, "a text cannot hold the character U+0000"));
            }
        }
        Ok(self)
    }

    /// A text; none where it did not come or is empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        Some(self.0.text(name)).filter(|text| !text.is_empty())
    }

    /// A day.
    pub fn day(&self, name: &str) -> Result<Option<NaiveDate>, Problem> {
        let all = self.0.pairs().iter().find(|(key, _)| key == name);
        all.map(|(_, text)| day(text).ok_or_else(|| Problem::invalid(name, NO_DAY))).transpose()
    }

    /// Where in a list it is.
    pub fn place(&self) -> Result<Place, Problem> {
        let given =
            |name: &str| self.0.pairs().iter().find(|(key, _)| key == name).map(|(_, text)| text.as_str());
        let limit = match given("limit") {
            None => PAGE,
            Some(text) => {
                let number = text.parse().ok().filter(|number| (1..=MOST).contains(number));
                let plain = number.filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
                plain.ok_or_else(|| Problem::invalid("limit", format!("a page has 1 to {MOST} items")))?
            }
        };
        let after = match given("after").filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => {
                let cursor = Cursor::read(text).filter(|cursor| !cursor.text.contains('\0'));
                let no =
                    || Problem::invalid("after", "no page ended here: give the `next` of the page before");
                Some(cursor.ok_or_else(no)?)
            }
        };
        Ok(Place { after, limit })
    }
}

pub(super) const NO_DAY: &str = "a day is written as 2026-12-31";

/// A day as RFC 3339 writes it.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    text.parse().ok().filter(|_| text.len() == 10 && text.starts_with(|c: char| c.is_ascii_digit()))
}

/// A place in a list, and how much is read from there.
#[derive(Debug)]
pub(super) struct Place {
    pub after: Option<Cursor>,
    pub limit: usize,
}

impl Place {
    /// What to read: a row more than is answered tells whether another page follows.
    pub fn from(&self) -> From<'_> {
        let (text, id) = self.after.as_ref().map_or(("", 0), |after| (after.text.as_str(), after.id));
        From { text, id, limit: self.rows() }
    }

    /// How many rows to read.
    pub fn rows(&self) -> i64 {
        i64::try_from(self.limit + 1).unwrap_or(i64::MAX)
    }

    /// Cuts off the row that was read beyond the page; answers where the next page begins.
    pub fn cut<T>(&self, rows: &mut Vec<T>, place: impl Fn(&T) -> Cursor) -> Option<String> {
        if rows.len() <= self.limit {
            return None;
        }
        rows.truncate(self.limit);
        rows.last().map(|last| place(last).write())
    }
}

/// A page of a list.
#[derive(Debug, Serialize)]
pub(super) struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// The number in an address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number(pub i64);

impl<S: Send + Sync> FromRequestParts<S> for Number {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Name(text) = Name::from_request_parts(parts, state).await?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && *number > 0);
        number.map(Self).ok_or_else(|| Problem::missing("nothing of that number"))
    }
}

/// The name in an address.
#[derive(Debug)]
pub(super) struct Name(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path: Result<Path<String>, _> = Path::from_request_parts(parts, state).await;
        path.map(|Path(name)| Self(name)).map_err(|_| Problem::missing("nothing of that name"))
    }
}
