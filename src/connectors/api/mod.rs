//! Lists of people over HTTP: one engine for every system with a paged JSON API.
//!
//! A system is data: an [`ApiDescription`] defines the requests, the position of the list, the paging and the
//! proof of the end. [`read`] reads the pages; [`vendors`] holds the descriptions of the known systems, and the
//! configuration file can define another (`http_json`). A reading is complete if every list reached its end by
//! its own rule, no paging loop occurred, and the number of different people is at least the number that the
//! source reports.

mod check;
mod detail_request;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzz_support;
mod list_reader;
mod paging;
mod request;
pub mod vendors;

use serde_json::Value;

use crate::http::{self, HttpClient};
use crate::json::{KeyPath, NameComparison, ResponseLayout, UnreadableResponse, ValueExtractor, ValuePath};
use crate::mapper::{RecordMapper, RecordValues};
use crate::proof::CompletenessProof;
use crate::{Connector, ConnectorAttempt, ConnectorCause, ConnectorError, DirectoryReading, ReadContext};
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::names::fold;
use rollcall_model::people::PeopleTable;
use rollcall_model::resource_limits::ResourceLimit;

pub(super) use check::check;
pub use detail_request::DetailRequest;
#[cfg(test)]
pub(super) use list_reader::unreadable_error;
pub use paging::{PageParam, PagingMethod};

use detail_request::DetailReader;
use list_reader::{Deduplicator, ListReader, PageRecordCounts};

/// The settings of a connector that reads an API.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// The kind of the connector in the configuration file.
    pub kind: &'static str,
    /// Connection settings of the server.
    pub http: http::HttpSettings,
    /// The requests, and the structure of the responses.
    pub description: ApiDescription,
    /// The paths of the mapped attributes, in the order of the mapping.
    pub paths: Vec<ValuePath>,
}

/// The API of one system.
#[derive(Debug, Clone)]
pub struct ApiDescription {
    /// The lists that together contain all people, read one after the other.
    pub lists: Vec<ListEndpoint>,
    /// The request that finds a person by address; if `None`, all people are read.
    pub by_email: Option<ListEndpoint>,
    /// The request for one id; if `None`, absent people cannot be rechecked.
    pub by_id: Option<RequestTemplate>,
    /// Details that are requested for every record; `None` for most systems.
    pub detail: Option<DetailRequest>,
    /// Boolean members of a record for the path `@flags`, which yields the names of those that are true.
    pub flags: &'static [&'static str],
    /// Texts that are treated as empty, such as `0000-00-00`.
    pub blanks: &'static [&'static str],
    /// How the names of members are compared.
    pub names: NameComparison,
}

/// One list.
#[derive(Debug, Clone)]
pub struct ListEndpoint {
    /// The request for the first page.
    pub request: RequestTemplate,
    /// The position of the list in a response.
    pub list: KeyPath,
    /// The position of the total number of records.
    pub total: Option<KeyPath>,
    /// Whether the total number proves the end: a reading without it fails.
    pub total_is_proof: bool,
    /// The member that marks a response without a list as an empty page; if `None`, an empty page has an empty
    /// list.
    pub without_list: Option<KeyPath>,
    /// The paging method.
    pub paging: PagingMethod,
}

/// A request. `{id}` and `{email}` are placeholders for the requested person.
#[derive(Debug, Clone, Default)]
pub struct RequestTemplate {
    /// A URL on the same server that replaces the URL of the connector.
    pub url: Option<String>,
    /// A relative reference (RFC 3986) from the URL of the connector, such as `users`; can be empty.
    pub path: String,
    /// Query parameters.
    pub query: Vec<(String, String)>,
    /// Additional headers.
    pub headers: Vec<(String, String)>,
    /// A body; a request with a body is a `POST`.
    pub body: Option<Value>,
    /// The position of the record in the response to a request for one id.
    pub record: KeyPath,
}

/// Reads all people.
pub(super) async fn read(
    connector: &Connector,
    settings: &ApiSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<DirectoryReading, ConnectorError> {
    let client = HttpClient::new(&connector.name, &settings.http, &context.limits).await?;
    let mut again = true;
    loop {
        let error = match read_once(connector, settings, attributes, context, &client).await {
            Ok(reading) => return Ok(reading),
            Err(error) => error,
        };
        // A list that changed while it was read is read once more; other transient errors were already retried.
        let changed = matches!(
            error.cause(),
            ConnectorCause::Http(http::HttpError::TooFew { .. } | http::HttpError::NoDetails)
        );
        if !(changed && again) {
            return Err(error);
        }
        again = false;
    }
}

async fn read_once(
    connector: &Connector,
    settings: &ApiSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
    client: &HttpClient,
) -> Result<DirectoryReading, ConnectorError> {
    context.progress.set(0);
    client.start_reading();
    let mut passes = ListReader::new(connector, settings, attributes, client, context);
    let mut ended = Vec::new();
    for pass in &settings.description.lists {
        ended.push(passes.read(pass).await?);
    }
    let proof = CompletenessProof::api(settings.description.lists.len(), ended)
        .ok_or_else(|| ConnectorError::unproven(&connector.name))?;
    let (people, problems) = passes.into_mapper().finish()?;
    context.progress.set(people.len() as u64);
    Ok(DirectoryReading::complete(people, problems, proof))
}

/// Maps pages that are in memory, as a reading does, without sending requests. A page without a list has no
/// people. The result proves nothing about other people; it is used for benchmarks.
///
/// # Errors
///
/// If a page is not valid JSON.
pub fn map_pages<'p>(
    connector: &Connector,
    settings: &ApiSettings,
    attributes: &AttributeSet,
    pages: impl IntoIterator<Item = &'p [u8]>,
) -> Result<PeopleTable, serde_json::Error> {
    let (mut keeper, mut extractor) = (Deduplicator::new(connector, attributes), settings.extractor());
    let Some(pass) = settings.description.lists.first() else { return into_people(keeper) };
    let shape = pass.response_layout(settings.description.names);
    for page in pages {
        let mut count = PageRecordCounts::default();
        let each = |record: &RecordValues, _| keeper.keep_record(record, &mut count, String::new);
        if let Err(UnreadableResponse::Json(error)) = shape.read(page, &mut extractor, each) {
            return Err(error);
        }
    }
    into_people(keeper)
}

fn into_people(keeper: Deduplicator<'_>) -> Result<PeopleTable, serde_json::Error> {
    keeper.mapper.into_people().map_err(serde::de::Error::custom)
}

/// Finds the people with an e-mail address.
pub(super) async fn find(
    connector: &Connector,
    settings: &ApiSettings,
    email: &str,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<PeopleTable, ConnectorError> {
    let client = HttpClient::new(&connector.name, &settings.http, &context.limits).await?;
    let mut passes = ListReader::new(connector, settings, attributes, &client, context);
    passes.restrict_to_email(&fold(email));
    // In a filter, a quote would end the address.
    let is_plain = !email.contains(['"', '\'', '\\']);
    if let Some(pass) = settings.description.by_email.as_ref().filter(|_| is_plain) {
        match passes.read(&pass.with_param("{email}", email)).await {
            Ok(_) => return passes.into_mapper().into_people(),
            // A server without this filter can still be read as a whole.
            Err(error) if error.has_status(400) || error.has_status(501) => {}
            Err(error) => return Err(error),
        }
    }
    for pass in &settings.description.lists {
        passes.read(pass).await?;
    }
    passes.into_mapper().into_people()
}

/// Requests ids one by one.
pub(super) async fn look_up(
    connector: &Connector,
    settings: &ApiSettings,
    ids: &[String],
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<Vec<PeopleTable>, ConnectorError> {
    let Some(by_id) = &settings.description.by_id else { return Ok(Vec::new()) };
    let client = HttpClient::new(&connector.name, &settings.http, &context.limits).await?;
    let mut mapper = RecordMapper::new(&connector.name, &connector.mapping, attributes);
    let mut extractor = settings.extractor();
    let mut record = RecordValues::default();
    let column = connector.mapping.columns.iter().position(|(attribute, _)| *attribute == Attribute::ID);
    for id in ids {
        let attempt = ConnectorAttempt::ReadPerson { id: id.clone() };
        let call = by_id.with_param("{id}", id).build_request(settings);
        let http::OptionalResponse::Found(answer) = client.send_optional(&call, &attempt, context).await?
        else {
            continue;
        };
        let wrong = |why| client.response_error(&attempt, list_reader::unreadable_error(&answer.body, &why));
        list_reader::check_parts(&client, ResourceLimit::RecordParts, &answer, &attempt)?;
        let shape = ResponseLayout { list: by_id.record.clone(), ..ResponseLayout::default() };
        let mut one = shape.read_one(&answer.body).map_err(wrong)?.to_owned();
        if let Some(details) = settings.details(&client, context) {
            let Some(whole) = details.add_details(one).await? else { continue };
            one = whole;
        }
        extractor.extract_raw(&one, &mut record).map_err(|error| wrong(UnreadableResponse::Json(error)))?;
        // A server that ignores the filter can return the whole list; this does not prove that a person is
        // absent.
        if column.is_some_and(|column| record.values_of(column).nth(1).is_some()) {
            return Err(client.response_error(&attempt, http::HttpError::NotOne));
        }
        mapper.push(&record, || attempt.to_string());
    }
    Ok(vec![mapper.into_people()?])
}

impl ApiSettings {
    /// The reader of the details of records, if there are any.
    fn details<'a>(&'a self, client: &'a HttpClient, context: &'a ReadContext) -> Option<DetailReader<'a>> {
        let detail = self.description.detail.as_ref()?;
        Some(DetailReader { detail, settings: self, client, context })
    }

    fn extractor(&self) -> ValueExtractor {
        ValueExtractor::new(&self.paths)
            .with_flags(self.description.flags, self.description.blanks)
            .comparing_names(self.description.names)
    }
}
