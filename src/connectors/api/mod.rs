//! Lists of people behind HTTP: one engine for every system whose API is pages of JSON.
//!
//! A system is data: a [`ApiDescription`] says what is asked for, where the list stands, how pages follow each other and what
//! proves the end. [`read`] goes through the pages; [`vendors`] holds the descriptions of the systems that are known by
//! name, and a file may write one of its own (`http_json`). A reading counts as complete when every pass came to its
//! end by its own rule, no page went in circles, and as many different people came as the source says there are.

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
use crate::json::{KeyPath, ResponseLayout, UnreadableResponse, ValueExtractor, ValuePath};
use crate::mapper::{RecordMapper, RecordValues};
use crate::proof::CompletenessProof;
use crate::{Connector, ConnectorError, DirectoryReading, ReadContext};
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::names::fold;
use rollcall_model::people::PeopleTable;

pub(super) use check::check;
pub use detail_request::DetailRequest;
pub use paging::{PageParam, PagingMethod};

use detail_request::DetailReader;
use list_reader::{Deduplicator, ListReader, PageRecordCounts};

/// The settings of a connector that reads an API.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// The word for the kind in the file.
    pub kind: &'static str,
    /// How to reach the server.
    pub http: http::HttpSettings,
    /// What to ask, and how to understand the answers.
    pub description: ApiDescription,
    /// The places of the mapped attributes, in the order of the mapping.
    pub paths: Vec<ValuePath>,
}

/// How one system hands over its people.
#[derive(Debug, Clone)]
pub struct ApiDescription {
    /// The lists that together hold everybody, read one after the other.
    pub lists: Vec<ListEndpoint>,
    /// How to find somebody by address; by reading everybody where there is no way.
    pub by_email: Option<ListEndpoint>,
    /// How to ask for one id; absentees cannot be asked for where there is none.
    pub by_id: Option<RequestTemplate>,
    /// What is asked for beside every record; nothing for most.
    pub detail: Option<DetailRequest>,
    /// Switches of a record that tell how somebody stands, for the place `@flags`: the names of those that are true.
    pub flags: &'static [&'static str],
    /// Texts that mean nothing, such as `0000-00-00`.
    pub blanks: &'static [&'static str],
}

/// One list.
#[derive(Debug, Clone)]
pub struct ListEndpoint {
    /// The request for the first page.
    pub request: RequestTemplate,
    /// Where the list stands in an answer.
    pub list: KeyPath,
    /// Where the number of all records stands.
    pub total: Option<KeyPath>,
    /// What an answer without the list must have to be an empty page; there is always a list where there is nothing.
    pub without_list: Option<KeyPath>,
    /// How pages follow each other.
    pub paging: PagingMethod,
}

/// A request. `{id}` and `{email}` stand for who is asked for.
#[derive(Debug, Clone, Default)]
pub struct RequestTemplate {
    /// A URL of its own on the same server, in the place of the server's.
    pub url: Option<String>,
    /// From the server's URL on, as a relative reference (RFC 3986): `users`, or nothing.
    pub path: String,
    /// Parameters.
    pub query: Vec<(String, String)>,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// A body, which makes it a `POST`.
    pub body: Option<Value>,
    /// Where one record stands in the answer to a question for one id.
    pub record: KeyPath,
}

/// Reads everybody.
pub(super) async fn read(
    connector: &Connector,
    settings: &ApiSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<DirectoryReading, ConnectorError> {
    let client = HttpClient::new(&connector.name, &settings.http).await?;
    let mut again = true;
    loop {
        let error = match read_once(connector, settings, attributes, context, &client).await {
            Ok(reading) => return Ok(reading),
            Err(error) => error,
        };
        // A list that changed while it was read is read anew, once: what else may pass was waited for already.
        let changed = matches!(
            &error,
            ConnectorError::Http { fault: http::HttpError::TooFew { .. } | http::HttpError::NoDetails, .. }
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
    let mut passes = ListReader::new(connector, settings, attributes, client, context);
    let mut ended = Vec::new();
    for pass in &settings.description.lists {
        ended.push(passes.read(pass).await?);
    }
    let proof = CompletenessProof::api(settings.description.lists.len(), ended)
        .ok_or_else(|| ConnectorError::Unproven { connector: connector.name.clone() })?;
    let (people, problems) = passes.into_mapper().finish()?;
    context.progress.set(people.len() as u64);
    Ok(DirectoryReading::complete(people, problems, proof))
}

/// The people of pages that are at hand, as a reading maps them, without asking anybody. A page without a list has
/// nobody. This proves nothing about anybody else; it is there to be measured.
///
/// # Errors
/// When a page is not JSON.
pub fn map_pages<'p>(
    connector: &Connector,
    settings: &ApiSettings,
    attributes: &AttributeSet,
    pages: impl IntoIterator<Item = &'p [u8]>,
) -> Result<PeopleTable, serde_json::Error> {
    let (mut keeper, mut picker) = (Deduplicator::new(connector, attributes), settings.picker());
    let Some(pass) = settings.description.lists.first() else { return Ok(keeper.mapper.into_people()) };
    let shape = pass.response_layout();
    for page in pages {
        let mut count = PageRecordCounts::default();
        let each = |record: &RecordValues, _| keeper.keep_record(record, &mut count, String::new);
        if let Err(UnreadableResponse::Json(error)) = shape.read(page, &mut picker, each) {
            return Err(error);
        }
    }
    Ok(keeper.mapper.into_people())
}

/// Finds the people of one address.
pub(super) async fn find(
    connector: &Connector,
    settings: &ApiSettings,
    email: &str,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<PeopleTable, ConnectorError> {
    let client = HttpClient::new(&connector.name, &settings.http).await?;
    let mut passes = ListReader::new(connector, settings, attributes, &client, context);
    passes.restrict_to_email(&fold(email));
    // In a question, a quote would end the address.
    let is_plain = !email.contains(['"', '\'', '\\']);
    if let Some(pass) = settings.description.by_email.as_ref().filter(|_| is_plain) {
        match passes.read(&pass.with_param("{email}", email)).await {
            Ok(_) => return Ok(passes.into_mapper().into_people()),
            // A server that knows no such question can still be read.
            Err(ConnectorError::Http {
                fault: http::HttpError::Status { status: 400 | 501, .. }, ..
            }) => {}
            Err(error) => return Err(error),
        }
    }
    for pass in &settings.description.lists {
        passes.read(pass).await?;
    }
    Ok(passes.into_mapper().into_people())
}

/// Asks for some ids, one by one.
pub(super) async fn look_up(
    connector: &Connector,
    settings: &ApiSettings,
    ids: &[String],
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<Vec<PeopleTable>, ConnectorError> {
    let Some(by_id) = &settings.description.by_id else { return Ok(Vec::new()) };
    let client = HttpClient::new(&connector.name, &settings.http).await?;
    let mut mapper = RecordMapper::new(&connector.name, &connector.mapping, attributes);
    let mut picker = settings.picker();
    let mut record = RecordValues::default();
    let column = connector.mapping.columns.iter().position(|(attribute, _)| *attribute == Attribute::ID);
    for id in ids {
        let attempt = format!("the question for `{id}`");
        let call = by_id.with_param("{id}", id).build_request(settings);
        let http::OptionalResponse::Found(answer) = client.send_optional(&call, &attempt, context).await?
        else {
            continue;
        };
        let wrong = |why| client.response_error(&attempt, list_reader::unreadable_error(&answer.body, &why));
        let shape = ResponseLayout { list: by_id.record.clone(), ..ResponseLayout::default() };
        let mut one = shape.read_one(&answer.body).map_err(wrong)?.to_owned();
        if let Some(details) = settings.details(&client, context) {
            let Some(whole) = details.add_details(one).await? else { continue };
            one = whole;
        }
        picker.extract_raw(&one, &mut record).map_err(|error| wrong(UnreadableResponse::Json(error)))?;
        // A server that does not understand the question may answer with a whole list: nobody is absent by that.
        if column.is_some_and(|column| record.values_of(column).nth(1).is_some()) {
            return Err(client.response_error(&attempt, http::HttpError::NotOne));
        }
        mapper.push(&record, || attempt.clone());
    }
    Ok(vec![mapper.into_people()])
}

impl ApiSettings {
    /// What asks for the details of records, where there are any.
    fn details<'a>(&'a self, client: &'a HttpClient, context: &'a ReadContext) -> Option<DetailReader<'a>> {
        let detail = self.description.detail.as_ref()?;
        Some(DetailReader { detail, settings: self, client, context })
    }

    fn picker(&self) -> ValueExtractor {
        ValueExtractor::new(&self.paths).with_flags(self.description.flags, self.description.blanks)
    }
}
