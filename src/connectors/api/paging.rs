//! How pages follow each other.

use rustc_hash::FxHashSet;
use serde_json::{Value, json};
use url::Url;

use crate::api::request::set_query_param;
use crate::http::{self, ConnectorRequest, ConnectorResponse, HttpError};
use crate::json::{KeyPath, ResponsePage};

/// How pages follow each other, and what ends them.
#[derive(Debug, Clone)]
pub enum PagingMethod {
    /// One answer holds everybody.
    Whole,
    /// A `Link` header names the next page; the last has none (RFC 8288).
    Link,
    /// The answer holds the URL of the next page; the last has none.
    NextUrl {
        /// Where it stands.
        at: KeyPath,
    },
    /// The answer holds a cursor; the last has none.
    Cursor {
        /// Where it stands.
        at: KeyPath,
        /// Where the next request has it.
        place: PageParam,
        /// The cursor is a parameter of a URL that stands there.
        in_url: bool,
    },
    /// Pages are numbered; an empty one ends the list, or the number of all records.
    Number {
        /// Where a request has the number.
        place: PageParam,
        /// The number of the first page.
        first: u64,
    },
    /// Records are numbered; a page without any ends the list, or the number of all records.
    Offset {
        /// Where a request has the number.
        place: PageParam,
        /// The number of the first record.
        first: u64,
    },
}

/// Where a request says which page it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageParam {
    /// As a parameter.
    Query(String),
    /// In the body.
    Body(KeyPath),
}

/// What follows a page.
#[derive(Debug)]
pub(super) enum NextPage {
    /// Another page.
    Page(ConnectorRequest),
    /// Nothing: the source has said that this was the last.
    End,
}

/// Where one list has got to.
#[derive(Debug, Default)]
pub(super) struct PagingState {
    /// Records so far.
    pub records: u64,
    /// Pages so far.
    pub pages: u64,
    /// Digests of the URLs and cursors so far.
    seen: FxHashSet<u64>,
}

impl PagingMethod {
    /// Where the answer has what leads to the next page.
    #[must_use]
    pub fn at(&self) -> Option<KeyPath> {
        match self {
            Self::NextUrl { at } | Self::Cursor { at, .. } => Some(at.clone()),
            Self::Whole | Self::Link | Self::Number { .. } | Self::Offset { .. } => None,
        }
    }

    /// Prepares the request for the first page.
    pub(super) fn prepare_first_page(&self, call: &mut ConnectorRequest) {
        match self {
            Self::Number { place, first } | Self::Offset { place, first } => place.set(call, &json!(first)),
            Self::Whole | Self::Link | Self::NextUrl { .. } | Self::Cursor { .. } => {}
        }
    }

    /// What follows a page that was read. `told` is the number of all records, where the source says it, and `home` the
    /// server that credentials may go to.
    pub(super) fn next(
        &self,
        last: &ConnectorRequest,
        answer: &ConnectorResponse,
        page: &ResponsePage,
        progress: &mut PagingState,
        home: &http::HttpSettings,
    ) -> Result<NextPage, HttpError> {
        let records = page.records.unwrap_or_default();
        let mut call = last.clone();
        match self {
            Self::Whole => return Ok(NextPage::End),
            Self::Link => match http::next_link(&answer.headers) {
                None => return Ok(NextPage::End),
                Some(link) => call.url = resolve_next_url(home, &last.url, &link)?,
            },
            Self::NextUrl { .. } => match &page.next {
                None => return Ok(NextPage::End),
                Some(link) => call.url = resolve_next_url(home, &last.url, link)?,
            },
            Self::Cursor { place, in_url, .. } => match &page.next {
                None => return Ok(NextPage::End),
                Some(next) if *in_url => match cursor_of(&last.url, next, place) {
                    None => return Ok(NextPage::End),
                    Some(cursor) => place.set(&mut call, &json!(cursor)),
                },
                Some(cursor) => place.set(&mut call, &json!(cursor)),
            },
            // A page that is only short may have been cut by the server: it ends nothing.
            Self::Number { .. } | Self::Offset { .. } if records == 0 => return Ok(NextPage::End),
            Self::Number { .. } | Self::Offset { .. }
                if page.total.is_some_and(|total| progress.records >= total) =>
            {
                return Ok(NextPage::End);
            }
            Self::Number { place, first } => place.set(&mut call, &json!(first + progress.pages)),
            Self::Offset { place, first } => place.set(&mut call, &json!(first + progress.records)),
        }
        let step = xxhash_rust::xxh3::xxh3_64(format!("{} {:?}", call.url, call.body).as_bytes());
        if !progress.seen.insert(step) {
            return Err(HttpError::PagingLoop { page: progress.pages + 1 });
        }
        Ok(NextPage::Page(call))
    }
}

/// The address of the next page, where credentials may go there.
fn resolve_next_url(home: &http::HttpSettings, from: &Url, link: &str) -> Result<Url, HttpError> {
    let to = from.join(link).map_err(|_| HttpError::Elsewhere { to: "no address".to_owned() })?;
    if home.is_home(&to) { Ok(to) } else { Err(HttpError::Elsewhere { to: http::redact_url(&to) }) }
}

/// The cursor in the URL of the next page.
fn cursor_of(from: &Url, next: &str, place: &PageParam) -> Option<String> {
    let PageParam::Query(name) = place else { return None };
    // A plus in it is one, whether it was escaped or not: a space is no part of a cursor.
    let next = from.join(&next.replace('+', "%2B")).ok()?;
    let cursor = next.query_pairs().find(|(key, _)| key == name)?.1.into_owned();
    Some(cursor).filter(|cursor| !cursor.is_empty())
}

impl PageParam {
    fn set(&self, call: &mut ConnectorRequest, value: &Value) {
        match self {
            Self::Query(name) => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                set_query_param(&mut call.url, name, &text);
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
