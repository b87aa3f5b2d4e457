//! Paging methods of an API.

use rustc_hash::FxHashSet;
use serde_json::{Value, json};
use url::Url;

use crate::api::request::set_query_param;
use crate::http::{self, ConnectorRequest, ConnectorResponse, HttpError};
use crate::json::{KeyPath, ResponsePage};

/// A paging method, and what ends it.
#[derive(Debug, Clone)]
pub enum PagingMethod {
    /// One response contains all people.
    Whole,
    /// A `Link` header contains the URL of the next page; the last page has none (RFC 8288).
    Link,
    /// The response contains the URL of the next page; the last page has none.
    NextUrl {
        /// The position of the URL.
        at: KeyPath,
    },
    /// The response contains a cursor; the last page has none.
    Cursor {
        /// The position of the cursor.
        at: KeyPath,
        /// The parameter of the next request that takes the cursor.
        place: PageParam,
        /// `true` if the cursor is a parameter of a URL at that position.
        in_url: bool,
    },
    /// Pages are numbered; an empty page or the total number of records ends the list.
    Number {
        /// The parameter that takes the number.
        place: PageParam,
        /// The number of the first page.
        first: u64,
    },
    /// Records are numbered; an empty page or the total number of records ends the list.
    Offset {
        /// The parameter that takes the number.
        place: PageParam,
        /// The number of the first record.
        first: u64,
    },
}

/// The parameter of a request that selects the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageParam {
    /// A query parameter.
    Query(String),
    /// A member of the body.
    Body(KeyPath),
}

/// The step after a page.
#[derive(Debug)]
pub(super) enum NextPage {
    /// Read another page.
    Page(ConnectorRequest),
    /// The source reported that this was the last page.
    End,
}

/// Paging state of one list.
#[derive(Debug, Default)]
pub(super) struct PagingState {
    /// Records read so far.
    pub records: u64,
    /// Pages read so far.
    pub pages: u64,
    /// Whether the total number of records proves the end.
    pub total_is_proof: bool,
    /// Whether all records that the source reports were read, and the requested page only confirms it.
    pub confirms_end: bool,
    /// Digests of the URLs and cursors used so far.
    seen: FxHashSet<u64>,
}

impl PagingState {
    /// The state before the first page.
    pub(super) fn new(total_is_proof: bool) -> Self {
        Self { total_is_proof, ..Self::default() }
    }
}

impl PagingMethod {
    /// The position of the link or cursor in a response.
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

    /// The step after a page. `home` is the server to which credentials may be sent.
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
            // The server may have shortened a page, so a short page does not end the list.
            Self::Number { .. } | Self::Offset { .. } if records == 0 => return Ok(NextPage::End),
            // A total that equals the records of one page may be the size of the page.
            Self::Number { .. } | Self::Offset { .. }
                if page.total.is_some_and(|total| {
                    progress.records >= total && (records < total || !progress.total_is_proof)
                }) =>
            {
                return Ok(NextPage::End);
            }
            Self::Number { place, first } => place.set(&mut call, &json!(first + progress.pages)),
            Self::Offset { place, first } => place.set(&mut call, &json!(first + progress.records)),
        }
        progress.confirms_end = page.total.is_some_and(|total| progress.records >= total);
        let step = xxhash_rust::xxh3::xxh3_64(format!("{} {:?}", call.url, call.body).as_bytes());
        if !progress.seen.insert(step) {
            return Err(HttpError::PagingLoop { page: progress.pages + 1 });
        }
        Ok(NextPage::Page(call))
    }
}

/// The URL of the next page, if credentials may be sent to it.
fn resolve_next_url(home: &http::HttpSettings, from: &Url, link: &str) -> Result<Url, HttpError> {
    let to = from.join(link).map_err(|_| HttpError::Elsewhere { to: "no address".to_owned() })?;
    if home.is_home(&to) { Ok(to) } else { Err(HttpError::Elsewhere { to: http::redact_url(&to) }) }
}

/// The cursor in the URL of the next page.
fn cursor_of(from: &Url, next: &str, place: &PageParam) -> Option<String> {
    let PageParam::Query(name) = place else { return None };
    // A plus sign is literal, escaped or not: a cursor contains no space.
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
