//! How pages follow each other.

use rustc_hash::FxHashSet;
use serde_json::{Value, json};
use url::Url;

use crate::connectors::api::ask::set;
use crate::connectors::http::{self, Answered, Call, Fault};
use crate::connectors::json::{Keys, Page};

/// How pages follow each other, and what ends them.
#[derive(Debug, Clone)]
pub enum Paging {
    /// One answer holds everybody.
    Whole,
    /// A `Link` header names the next page; the last has none (RFC 8288).
    Link,
    /// The answer holds the URL of the next page; the last has none.
    NextUrl {
        /// Where it stands.
        at: Keys,
    },
    /// The answer holds a cursor; the last has none.
    Cursor {
        /// Where it stands.
        at: Keys,
        /// Where the next request has it.
        place: Place,
        /// The cursor is a parameter of a URL that stands there.
        in_url: bool,
    },
    /// Pages are numbered; an empty one ends the list, or the number of all records.
    Number {
        /// Where a request has the number.
        place: Place,
        /// The number of the first page.
        first: u64,
    },
    /// Records are numbered; a page without any ends the list, or the number of all records.
    Offset {
        /// Where a request has the number.
        place: Place,
        /// The number of the first record.
        first: u64,
    },
}

/// Where a request says which page it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// As a parameter.
    Query(String),
    /// In the body.
    Body(Keys),
}

/// What follows a page.
#[derive(Debug)]
pub(super) enum Next {
    /// Another page.
    Page(Call),
    /// Nothing: the source has said that this was the last.
    End,
}

/// Where one list has got to.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Records so far.
    pub records: u64,
    /// Pages so far.
    pub pages: u64,
    /// Digests of the URLs and cursors so far.
    seen: FxHashSet<u64>,
}

impl Paging {
    /// Where the answer has what leads to the next page.
    #[must_use]
    pub fn at(&self) -> Option<Keys> {
        match self {
            Self::NextUrl { at } | Self::Cursor { at, .. } => Some(at.clone()),
            Self::Whole | Self::Link | Self::Number { .. } | Self::Offset { .. } => None,
        }
    }

    /// Prepares the request for the first page.
    pub(super) fn begin(&self, call: &mut Call) {
        match self {
            Self::Number { place, first } | Self::Offset { place, first } => place.set(call, &json!(first)),
            Self::Whole | Self::Link | Self::NextUrl { .. } | Self::Cursor { .. } => {}
        }
    }

    /// What follows a page that was read. `told` is the number of all records, where the source says it, and `home` the
    /// server that credentials may go to.
    pub(super) fn next(
        &self,
        last: &Call,
        answer: &Answered,
        page: &Page,
        progress: &mut Progress,
        home: &http::Settings,
    ) -> Result<Next, Fault> {
        let records = page.records.unwrap_or_default();
        let mut call = last.clone();
        match self {
            Self::Whole => return Ok(Next::End),
            Self::Link => match http::next_link(&answer.headers) {
                None => return Ok(Next::End),
                Some(link) => call.url = elsewhere(home, &last.url, &link)?,
            },
            Self::NextUrl { .. } => match &page.next {
                None => return Ok(Next::End),
                Some(link) => call.url = elsewhere(home, &last.url, link)?,
            },
            Self::Cursor { place, in_url, .. } => match &page.next {
                None => return Ok(Next::End),
                Some(next) if *in_url => match cursor_of(&last.url, next, place) {
                    None => return Ok(Next::End),
                    Some(cursor) => place.set(&mut call, &json!(cursor)),
                },
                Some(cursor) => place.set(&mut call, &json!(cursor)),
            },
            // A page that is only short may have been cut by the server: it ends nothing.
            Self::Number { .. } | Self::Offset { .. } if records == 0 => return Ok(Next::End),
            Self::Number { .. } | Self::Offset { .. }
                if page.total.is_some_and(|total| progress.records >= total) =>
            {
                return Ok(Next::End);
            }
            Self::Number { place, first } => place.set(&mut call, &json!(first + progress.pages)),
            Self::Offset { place, first } => place.set(&mut call, &json!(first + progress.records)),
        }
        let step = xxhash_rust::xxh3::xxh3_64(format!("{} {:?}", call.url, call.body).as_bytes());
        if !progress.seen.insert(step) {
            return Err(Fault::Circle { page: progress.pages + 1 });
        }
        Ok(Next::Page(call))
    }
}

/// The address of the next page, where credentials may go there.
fn elsewhere(home: &http::Settings, from: &Url, link: &str) -> Result<Url, Fault> {
    let to = from.join(link).map_err(|_| Fault::Elsewhere { to: "no address".to_owned() })?;
    if home.is_home(&to) { Ok(to) } else { Err(Fault::Elsewhere { to: http::shown(&to) }) }
}

/// The cursor in the URL of the next page.
fn cursor_of(from: &Url, next: &str, place: &Place) -> Option<String> {
    let Place::Query(name) = place else { return None };
    // A plus in it is one, whether it was escaped or not: a space is no part of a cursor.
    let next = from.join(&next.replace('+', "%2B")).ok()?;
    let cursor = next.query_pairs().find(|(key, _)| key == name)?.1.into_owned();
    Some(cursor).filter(|cursor| !cursor.is_empty())
}

impl Place {
    fn set(&self, call: &mut Call, value: &Value) {
        match self {
            Self::Query(name) => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                set(&mut call.url, name, &text);
            }
            Self::Body(keys) => {
                let mut place = call.body.get_or_insert_with(|| json!({}));
                for key in keys {
                    if !place.is_object() {
                        *place = json!({});
                    }
                    place = &mut place[key.as_str()];
                }
                *place = value.clone();
            }
        }
    }
}
