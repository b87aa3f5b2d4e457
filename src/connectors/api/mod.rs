//! Lists of people behind HTTP: one engine for every system whose API is pages of JSON.
//!
//! A system is data: a [`Description`] says what is asked for, where the list stands, how pages follow each other and what
//! proves the end. [`read`] goes through the pages; [`kinds`] holds the descriptions of the systems that are known by
//! name, and a file may write one of its own (`http_json`). A reading counts as complete when every pass came to its
//! end by its own rule, no page went in circles, and as many different people came as the source says there are.

#[cfg(any(test, fuzzing))]
pub(super) mod any;
mod ask;
mod check;
mod detail;
pub mod kinds;
mod paging;
mod pass;

use serde_json::Value;

use crate::connectors::http::{self, Client};
use crate::connectors::json::{Keys, Path, Picker, Shape, Unreadable};
use crate::connectors::mapper::{Mapper, Record};
use crate::connectors::proof::Complete;
use crate::connectors::{Connector, Context, Error, Reading};
use crate::model::attributes::{Attribute, Attributes};
use crate::model::names::fold;
use crate::model::people::People;

pub(super) use check::check;
pub use detail::Detail;
pub use paging::{Paging, Place};

use detail::Details;
use pass::{Count, Keeper, Passes};

/// The settings of a connector that reads an API.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The word for the kind in the file.
    pub kind: &'static str,
    /// How to reach the server.
    pub http: http::Settings,
    /// What to ask, and how to understand the answers.
    pub description: Description,
    /// The places of the mapped attributes, in the order of the mapping.
    pub paths: Vec<Path>,
}

/// How one system hands over its people.
#[derive(Debug, Clone)]
pub struct Description {
    /// The lists that together hold everybody, read one after the other.
    pub passes: Vec<Pass>,
    /// How to find somebody by address; by reading everybody where there is no way.
    pub by_email: Option<Pass>,
    /// How to ask for one id; absentees cannot be asked for where there is none.
    pub by_id: Option<Ask>,
    /// What is asked for beside every record; nothing for most.
    pub detail: Option<Detail>,
    /// Switches of a record that tell how somebody stands, for the place `@flags`: the names of those that are true.
    pub flags: &'static [&'static str],
    /// Texts that mean nothing, such as `0000-00-00`.
    pub blanks: &'static [&'static str],
}

/// One list.
#[derive(Debug, Clone)]
pub struct Pass {
    /// The request for the first page.
    pub ask: Ask,
    /// Where the list stands in an answer.
    pub list: Keys,
    /// Where the number of all records stands.
    pub total: Option<Keys>,
    /// What an answer without the list must have to be an empty page; there is always a list where there is nothing.
    pub without_list: Option<Keys>,
    /// How pages follow each other.
    pub paging: Paging,
}

/// A request. `{id}` and `{email}` stand for who is asked for.
#[derive(Debug, Clone, Default)]
pub struct Ask {
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
    pub record: Keys,
}

/// Reads everybody.
pub(super) async fn read(
    connector: &Connector,
    settings: &Settings,
    attributes: &Attributes,
    context: &Context,
) -> Result<Reading, Error> {
    let client = Client::new(&connector.name, &settings.http).await?;
    let mut again = true;
    loop {
        let error = match once(connector, settings, attributes, context, &client).await {
            Ok(reading) => return Ok(reading),
            Err(error) => error,
        };
        // A list that changed while it was read is read anew, once: what else may pass was waited for already.
        let changed =
            matches!(&error, Error::Http { fault: http::Fault::TooFew { .. } | http::Fault::NoDetails, .. });
        if !(changed && again) {
            return Err(error);
        }
        again = false;
    }
}

async fn once(
    connector: &Connector,
    settings: &Settings,
    attributes: &Attributes,
    context: &Context,
    client: &Client,
) -> Result<Reading, Error> {
    context.progress.set(0);
    let mut passes = Passes::new(connector, settings, attributes, client, context);
    let mut ended = Vec::new();
    for pass in &settings.description.passes {
        ended.push(passes.read(pass).await?);
    }
    let proof = Complete::api(settings.description.passes.len(), ended)
        .ok_or_else(|| Error::Unproven { connector: connector.name.clone() })?;
    let (people, problems) = passes.into_mapper().finish()?;
    context.progress.set(people.len() as u64);
    Ok(Reading::complete(people, problems, proof))
}

/// The people of pages that are at hand, as a reading maps them, without asking anybody. A page without a list has
/// nobody. This proves nothing about anybody else; it is there to be measured.
///
/// # Errors
/// When a page is not JSON.
pub fn mapped<'p>(
    connector: &Connector,
    settings: &Settings,
    attributes: &Attributes,
    pages: impl IntoIterator<Item = &'p [u8]>,
) -> Result<People, serde_json::Error> {
    let (mut keeper, mut picker) = (Keeper::new(connector, attributes), settings.picker());
    let Some(pass) = settings.description.passes.first() else { return Ok(keeper.mapper.into_people()) };
    let shape = pass.shape();
    for page in pages {
        let mut count = Count::default();
        let each = |record: &Record, _| keeper.keep(record, &mut count, String::new);
        if let Err(Unreadable::Json(error)) = shape.read(page, &mut picker, each) {
            return Err(error);
        }
    }
    Ok(keeper.mapper.into_people())
}

/// Finds the people of one address.
pub(super) async fn find(
    connector: &Connector,
    settings: &Settings,
    email: &str,
    attributes: &Attributes,
    context: &Context,
) -> Result<People, Error> {
    let client = Client::new(&connector.name, &settings.http).await?;
    let mut passes = Passes::new(connector, settings, attributes, &client, context);
    passes.only(&fold(email));
    // In a question, a quote would end the address.
    let is_plain = !email.contains(['"', '\'', '\\']);
    if let Some(pass) = settings.description.by_email.as_ref().filter(|_| is_plain) {
        match passes.read(&pass.of("{email}", email)).await {
            Ok(_) => return Ok(passes.into_mapper().into_people()),
            // A server that knows no such question can still be read.
            Err(Error::Http { fault: http::Fault::Status { status: 400 | 501, .. }, .. }) => {}
            Err(error) => return Err(error),
        }
    }
    for pass in &settings.description.passes {
        passes.read(pass).await?;
    }
    Ok(passes.into_mapper().into_people())
}

/// Asks for some ids, one by one.
pub(super) async fn look_up(
    connector: &Connector,
    settings: &Settings,
    ids: &[String],
    attributes: &Attributes,
    context: &Context,
) -> Result<Vec<People>, Error> {
    let Some(by_id) = &settings.description.by_id else { return Ok(Vec::new()) };
    let client = Client::new(&connector.name, &settings.http).await?;
    let mut mapper = Mapper::new(&connector.name, &connector.mapping, attributes);
    let mut picker = settings.picker();
    let mut record = Record::default();
    let column = connector.mapping.columns.iter().position(|(attribute, _)| *attribute == Attribute::ID);
    for id in ids {
        let attempt = format!("the question for `{id}`");
        let call = by_id.of("{id}", id).call(settings);
        let http::Sent::There(answer) = client.look(&call, &attempt, context).await? else { continue };
        let wrong = |why| client.wrong(&attempt, pass::unreadable(&answer.body, &why));
        let shape = Shape { list: by_id.record.clone(), ..Shape::default() };
        let mut one = shape.read_one(&answer.body).map_err(wrong)?.to_owned();
        if let Some(details) = settings.details(&client, context) {
            let Some(whole) = details.of(one).await? else { continue };
            one = whole;
        }
        picker.pick_raw(&one, &mut record).map_err(|error| wrong(Unreadable::Json(error)))?;
        // A server that does not understand the question may answer with a whole list: nobody is absent by that.
        if column.is_some_and(|column| record.of(column).nth(1).is_some()) {
            return Err(client.wrong(&attempt, http::Fault::NotOne));
        }
        mapper.push(&record, || attempt.clone());
    }
    Ok(vec![mapper.into_people()])
}

impl Settings {
    /// What asks for the details of records, where there are any.
    fn details<'a>(&'a self, client: &'a Client, context: &'a Context) -> Option<Details<'a>> {
        let detail = self.description.detail.as_ref()?;
        Some(Details { detail, settings: self, client, context })
    }

    fn picker(&self) -> Picker {
        Picker::new(&self.paths).with(self.description.flags, self.description.blanks)
    }
}
