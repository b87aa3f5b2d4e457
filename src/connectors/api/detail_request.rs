//! Data that is not in the list of people and is requested once per record.
//!
//! [`DetailReader::add_details`] merges a list into a record under one name, so that the paths of the mapping can
//! address it. A record is never returned without its details: if they are missing, either the source confirms
//! that the record no longer exists, or the reading fails.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use xxhash_rust::xxh3::xxh3_64;

use crate::api::list_reader::{check_parts, format_key_path, unreadable_error};
use crate::api::paging::{NextPage, PagingState};
use crate::api::{ApiSettings, ListEndpoint};
use crate::http::{HttpClient, HttpError, OptionalResponse, redact_url};
use crate::{ConnectorAttempt, ConnectorError, ReadContext};
use rollcall_model::resource_limits::ResourceLimit;

/// A list that is requested once per record.
#[derive(Debug, Clone)]
pub struct DetailRequest {
    /// The member of the record that receives the list; replaces an existing value.
    pub name: &'static str,
    /// The member of the record that replaces `{id}`.
    pub id: &'static str,
    /// The list to request.
    pub list: ListEndpoint,
    /// The order of the entries.
    pub order: fn(&Value, &Value) -> Ordering,
}

/// Requests the details of records.
pub(super) struct DetailReader<'a> {
    pub detail: &'a DetailRequest,
    pub settings: &'a ApiSettings,
    pub client: &'a HttpClient,
    pub context: &'a ReadContext,
}

impl DetailReader<'_> {
    /// Adds the details to a record; `None` if the source no longer has the record. Details are empty if the
    /// record has no id.
    pub(super) async fn add_details(
        &self,
        record: Box<RawValue>,
    ) -> Result<Option<Box<RawValue>>, ConnectorError> {
        let DetailRequest { name, id, .. } = *self.detail;
        let Ok(mut whole) = serde_json::from_str::<BTreeMap<Cow<'_, str>, &RawValue>>(record.get()) else {
            return Ok(Some(record));
        };
        let Some(id) = whole.get(id).and_then(|id| text(id)) else {
            return Ok(Some(RawValue::NULL.to_owned()));
        };
        let of = ConnectorAttempt::ReadDetails { detail: name, id: id.clone() };
        let unreadable = |error| {
            self.client.response_error(&of, HttpError::NotJson { what: format!("invalid JSON: {error}") })
        };
        let Some(rows) = self.list(&id).await? else {
            let is_gone = self.is_gone(&id, &of).await?;
            return if is_gone { Ok(None) } else { Err(self.missing(&of)) };
        };
        if rows.is_empty() && whole.get(name).is_some_and(|named| has_entries(named)) {
            return Err(self.missing(&of));
        }
        let rows: Result<Vec<Value>, _> = rows.iter().map(|row| serde_json::from_str(row.get())).collect();
        let mut rows = rows.map_err(unreadable)?;
        rows.sort_by(self.detail.order);
        let rows = to_raw_value(&rows).map_err(unreadable)?;
        whole.insert(Cow::Borrowed(name), &rows);
        to_raw_value(&whole).map(Some).map_err(unreadable)
    }

    /// Reads the list of one record to its end; `None` if the server returns 404.
    async fn list(&self, id: &str) -> Result<Option<Vec<Box<RawValue>>>, ConnectorError> {
        let pass = self.detail.list.with_param("{id}", id);
        let shape = pass.response_layout(self.settings.description.names);
        let mut progress = PagingState::default();
        let (mut rows, mut bytes, mut seen) = (Vec::new(), 0, FxHashSet::default());
        let mut call = pass.request.build_request(self.settings);
        pass.paging.prepare_first_page(&mut call);
        loop {
            progress.pages += 1;
            let attempt = ConnectorAttempt::ReadDetailPage {
                page: progress.pages,
                detail: self.detail.name,
                id: id.to_owned(),
                url: redact_url(&call.url),
            };
            self.client.check_limit(ResourceLimit::ReadingPages, progress.pages, &attempt)?;
            let wrong = |fault| self.client.response_error(&attempt, fault);
            let OptionalResponse::Found(answer) =
                self.client.send_optional(&call, &attempt, self.context).await?
            else {
                return Ok(None);
            };
            check_parts(self.client, ResourceLimit::RecordParts, &answer, &attempt)?;
            let before = rows.len();
            let page = shape
                .read_raw(&answer.body, &mut rows)
                .map_err(|why| wrong(unreadable_error(&answer.body, &why)))?;
            let Some(records) = page.records else {
                return Err(wrong(HttpError::NoList { place: format_key_path(&pass.list) }));
            };
            progress.records += records;
            bytes += rows[before..].iter().map(|row| row.get().len() as u64).sum::<u64>();
            self.client.check_limit(ResourceLimit::RecordBytes, bytes, &attempt)?;
            let new = rows[before..].iter().filter(|row| seen.insert(xxh3_64(row.get().as_bytes()))).count();
            if records > 0 && new == 0 {
                return Err(wrong(HttpError::PagingLoop { page: progress.pages }));
            }
            let next = pass.paging.next(&call, &answer, &page, &mut progress, &self.settings.http);
            match next.map_err(wrong)? {
                NextPage::Page(next) => call = next,
                NextPage::End => return Ok(Some(rows)),
            }
        }
    }

    /// Returns whether the source reports that the record no longer exists.
    async fn is_gone(&self, id: &str, of: &ConnectorAttempt) -> Result<bool, ConnectorError> {
        let Some(by_id) = &self.settings.description.by_id else { return Ok(false) };
        let call = by_id.with_param("{id}", id).build_request(self.settings);
        Ok(matches!(self.client.send_optional(&call, of, self.context).await?, OptionalResponse::NotFound))
    }

    fn missing(&self, of: &ConnectorAttempt) -> ConnectorError {
        self.client.response_error(of, HttpError::NoDetails)
    }
}

/// A string or number as text.
fn text(raw: &RawValue) -> Option<String> {
    match raw.get().as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw.get()).ok().filter(|text: &String| !text.is_empty()),
        Some(b'0'..=b'9') => Some(raw.get().to_owned()),
        Some(_) | None => None,
    }
}

/// Returns whether a value is a list with entries.
fn has_entries(raw: &RawValue) -> bool {
    serde_json::from_str::<Vec<IgnoredAny>>(raw.get()).is_ok_and(|entries| !entries.is_empty())
}
