//! Reads one list page by page to its end.

use futures_util::{StreamExt, stream};
use rustc_hash::{FxHashMap, FxHashSet};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::api::paging::{NextPage, PagingState};
use crate::api::{ApiSettings, ListEndpoint};
use crate::http::{ConnectorResponse, HttpClient, HttpError, redact_url};
use crate::json::{
    NameComparison, ResponseLayout, ResponsePage, UnreadableResponse, ValueExtractor, count_parts,
    names_beside,
};
use crate::mapper::{RecordMapper, RecordValues};
use crate::proof::ListEnd;
use crate::{Connector, ConnectorAttempt, ConnectorError, ReadContext};
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::names::fold;
use rollcall_model::resource_limits::ResourceLimit;

/// Concurrent detail requests: hides the latency of the server and stays within the rate limit.
const CONCURRENT_DETAILS: usize = 4;

/// Reads all lists of a reading into one table of people.
pub(super) struct ListReader<'a> {
    settings: &'a ApiSettings,
    client: &'a HttpClient,
    context: &'a ReadContext,
    extractor: ValueExtractor,
    deduplicator: Deduplicator<'a>,
}

/// Tracks the people seen so far and removes duplicates.
pub(super) struct Deduplicator<'a> {
    pub mapper: RecordMapper<'a>,
    id: Option<usize>,
    email: Option<usize>,
    /// Keeps only people with this address; all people if `None`.
    wanted: Option<String>,
    /// A digest of each record by a digest of its id; a collision would lose a person.
    seen: FxHashMap<u128, u64>,
}

/// Counts of the records of a page.
#[derive(Debug, Default)]
pub(super) struct PageRecordCounts {
    /// Records of people not seen before.
    new: u64,
    /// Records without an id, with the id of another record, or of people that no longer exist.
    unusable: u64,
}

impl<'a> ListReader<'a> {
    pub(super) fn new(
        connector: &'a Connector,
        settings: &'a ApiSettings,
        attributes: &'a AttributeSet,
        client: &'a HttpClient,
        context: &'a ReadContext,
    ) -> Self {
        let deduplicator = Deduplicator::new(connector, attributes);
        Self { settings, client, context, extractor: settings.extractor(), deduplicator }
    }

    /// Keeps only the people with one folded address.
    pub(super) fn restrict_to_email(&mut self, address: &str) {
        self.deduplicator.wanted = Some(address.to_owned());
    }

    pub(super) fn into_mapper(self) -> RecordMapper<'a> {
        self.deduplicator.mapper
    }

    /// Reads a list to its end.
    pub(super) async fn read(&mut self, pass: &ListEndpoint) -> Result<ListEnd, ConnectorError> {
        let shape = pass.response_layout(self.settings.description.names);
        let mut progress = PagingState::new(pass.total_is_proof);
        let mut told: Option<u64> = None;
        let mut bodies = FxHashSet::default();
        let (before, mut useless) = (self.deduplicator.seen.len() as u64, 0);
        let mut call = pass.request.build_request(self.settings);
        pass.paging.prepare_first_page(&mut call);
        loop {
            progress.pages += 1;
            let attempt = ConnectorAttempt::ReadPage { page: progress.pages, url: redact_url(&call.url) };
            self.client.check_limit(ResourceLimit::ReadingPages, progress.pages, &attempt)?;
            let came = |reader: &Self, useless| reader.deduplicator.seen.len() as u64 - before + useless;
            let answer = match self.client.send(&call, &attempt, self.context).await {
                // Some servers refuse a page after the last one.
                Err(error) if progress.confirms_end && (error.has_status(400) || error.has_status(404)) => {
                    return self.prove_end(&attempt, told, came(self, useless));
                }
                answer => answer?,
            };
            let (page, PageRecordCounts { new, unusable }) =
                self.read_page(&shape, &answer, &attempt).await?;
            let wrong = |fault| self.client.response_error(&attempt, fault);
            told = told.max(page.total);
            let records = match page.records {
                Some(records) => records,
                None if page.is_empty || page.total == Some(0) || progress.confirms_end => 0,
                None => return Err(wrong(HttpError::NoList { place: format_key_path(&pass.list) })),
            };
            progress.records += records;
            self.client.check_limit(ResourceLimit::ReadingRecords, progress.records, &attempt)?;
            self.deduplicator.mapper.check_limits(&self.context.limits, || attempt.clone())?;
            let came_before = !bodies.insert(xxh3_64(&answer.body));
            if records > 0 && (came_before || new == 0 && unusable == 0) {
                // A server that ignores the parameters of the page sent everything at once.
                if progress.confirms_end {
                    return self.prove_end(&attempt, told, came(self, useless));
                }
                return Err(wrong(HttpError::PagingLoop { page: progress.pages }));
            }
            useless += unusable;
            self.context.progress.set(self.deduplicator.mapper.records());
            match pass
                .paging
                .next(&call, &answer, &page, &mut progress, &self.settings.http)
                .map_err(wrong)?
            {
                NextPage::Page(next) => call = next,
                NextPage::End => {
                    if let Some(total) = pass.total.as_ref().filter(|_| pass.total_is_proof && told.is_none())
                    {
                        return Err(wrong(missing_total(&answer.body, total)));
                    }
                    return self.prove_end(&attempt, told, came(self, useless));
                }
            }
        }
    }

    fn prove_end(
        &self,
        attempt: &ConnectorAttempt,
        told: Option<u64>,
        came: u64,
    ) -> Result<ListEnd, ConnectorError> {
        ListEnd::prove(told, came).ok_or_else(|| {
            let told = told.unwrap_or_default();
            self.client.response_error(attempt, HttpError::TooFew { told, came })
        })
    }

    /// Reads the first page of a list, for `check`.
    pub(super) async fn first_page(&mut self, pass: &ListEndpoint) -> Result<(), ConnectorError> {
        let shape = pass.response_layout(self.settings.description.names);
        let mut call = pass.request.build_request(self.settings);
        pass.paging.prepare_first_page(&mut call);
        let attempt = ConnectorAttempt::ReadPage { page: 1, url: redact_url(&call.url) };
        let answer = self.client.send(&call, &attempt, self.context).await?;
        let (page, _) = self.read_page(&shape, &answer, &attempt).await?;
        let wrong = |fault| self.client.response_error(&attempt, fault);
        if page.records.is_none() && !page.is_empty && page.total != Some(0) {
            return Err(wrong(HttpError::NoList { place: format_key_path(&pass.list) }));
        }
        match &pass.total {
            Some(total) if pass.total_is_proof && page.total.is_none() => {
                Err(wrong(missing_total(&answer.body, total)))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Reads a page and its records, each with its details if there are any.
    async fn read_page(
        &mut self,
        shape: &ResponseLayout,
        answer: &ConnectorResponse,
        attempt: &ConnectorAttempt,
    ) -> Result<(ResponsePage, PageRecordCounts), ConnectorError> {
        let Self { settings, client, context, extractor, deduplicator: keeper } = self;
        let wrong = |why| client.response_error(attempt, unreadable_error(&answer.body, &why));
        let place = |number| format!("{attempt}, record {number}");
        let mut count = PageRecordCounts::default();
        let Some(details) = settings.details(client, context) else {
            let each =
                |record: &RecordValues, number| keeper.keep_record(record, &mut count, || place(number));
            let page = shape.read(&answer.body, extractor, each).map_err(wrong)?;
            return Ok((page, count));
        };
        check_parts(client, ResourceLimit::PageParts, answer, attempt)?;
        let mut records = Vec::new();
        let page = shape.read_raw(&answer.body, &mut records).map_err(wrong)?;
        let asked =
            stream::iter(records).map(|record| details.add_details(record)).buffered(CONCURRENT_DETAILS);
        let mut asked = std::pin::pin!(asked.zip(stream::iter(1_u64..)));
        let mut record = RecordValues::default();
        while let Some((whole, number)) = asked.next().await {
            let Some(whole) = whole? else {
                // Deleted after the page was sent.
                count.unusable += 1;
                continue;
            };
            extractor
                .extract_raw(&whole, &mut record)
                .map_err(|error| wrong(UnreadableResponse::Json(error)))?;
            keeper.keep_record(&record, &mut count, || place(number));
        }
        Ok((page, count))
    }
}

impl<'a> Deduplicator<'a> {
    pub(super) fn new(connector: &'a Connector, attributes: &'a AttributeSet) -> Self {
        let column =
            |wanted| connector.mapping.columns.iter().position(|(attribute, _)| *attribute == wanted);
        Self {
            mapper: RecordMapper::new(&connector.name, &connector.mapping, attributes),
            id: column(Attribute::ID),
            email: column(Attribute::EMAIL),
            wanted: None,
            seen: FxHashMap::default(),
        }
    }

    /// Processes a record. `place` is its position for messages.
    pub(super) fn keep_record(
        &mut self,
        record: &RecordValues,
        count: &mut PageRecordCounts,
        place: impl FnOnce() -> String,
    ) {
        match self.id.and_then(|column| record.values_of(column).next()) {
            None => count.unusable += 1,
            Some(id) => {
                let content = xxh3_64(record.text().as_bytes());
                match self.seen.insert(xxh3_128(id.as_bytes()), content) {
                    None => count.new += 1,
                    // If pages shift while they are read, a record is returned twice.
                    Some(before) if before == content => return,
                    // The source has two records with one id: neither can be used, and the source counted both.
                    Some(_) => count.unusable += 1,
                }
            }
        }
        let is_wanted = self.wanted.as_ref().is_none_or(|wanted| {
            self.email.is_some_and(|column| record.values_of(column).any(|address| fold(address) == *wanted))
        });
        if is_wanted {
            self.mapper.push(record, place);
        }
    }
}

impl ListEndpoint {
    /// The layout of its responses.
    pub(super) fn response_layout(&self, names: NameComparison) -> ResponseLayout {
        ResponseLayout {
            names,
            list: self.list.clone(),
            total: self.total.clone(),
            next: self.paging.at(),
            empty: self.without_list.clone(),
        }
    }
}

/// Fails if a response has more parts than a bound, before its parts are kept.
pub(super) fn check_parts(
    client: &HttpClient,
    limit: ResourceLimit,
    answer: &ConnectorResponse,
    attempt: &ConnectorAttempt,
) -> Result<(), ConnectorError> {
    client.check_limit(limit, count_parts(&answer.body, limit.default_size()) as u64, attempt)
}

/// Describes why a response cannot be read.
pub(crate) fn unreadable_error(body: &[u8], why: &UnreadableResponse) -> HttpError {
    let what = match why {
        UnreadableResponse::Total(text) => return HttpError::NoTotal(text.clone()),
        UnreadableResponse::Json(_) if body.iter().all(u8::is_ascii_whitespace) => {
            "an empty response".to_owned()
        }
        UnreadableResponse::Json(_) if body.trim_ascii_start().starts_with(b"<") => {
            "HTML or XML instead of JSON".to_owned()
        }
        UnreadableResponse::Json(error) if error.is_eof() => {
            format!("JSON that ends unexpectedly in line {}, column {}", error.line(), error.column())
        }
        UnreadableResponse::Json(error) => format!("unexpected JSON: {error}"),
    };
    HttpError::NotJson { what }
}

/// Describes a response without the total number of records, and the names that it has instead.
fn missing_total(body: &[u8], total: &[String]) -> HttpError {
    HttpError::MissingTotal { place: format_key_path(total), names: names_beside(body, total) }
}

pub(super) fn format_key_path(list: &[String]) -> String {
    if list.is_empty() { "the top level of the response".to_owned() } else { list.join(".") }
}
