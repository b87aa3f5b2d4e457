//! A query against another database: PostgreSQL or SQLite.
//!
//! The query runs once, in a transaction that may only read and sees one state of the database, and its rows are read as
//! they come; columns are attributes. It counts as complete when the rows came to their end, and are as many as
//! `count_query` says where there is one.

mod rows;

use std::time::Duration;

use crate::connectors::mapper::{Mapper, Record};
use crate::connectors::proof::Complete;
use crate::connectors::retry::retry;
use crate::connectors::{Connector, Context, Error, Reading, Step, walk};
use crate::model::attributes::Attributes;
use crate::model::people::People;
use crate::model::secret::Secret;

use rows::Source;

/// The settings of a connector of kind `sql`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `postgres://…` or `sqlite://FILE`.
    pub database: Secret,
    /// A query that gives a row for each person.
    pub query: String,
    /// A query that gives the number of these rows.
    pub count_query: Option<String>,
    /// The longest wait for the next row.
    pub timeout: Duration,
}

/// Progress moves in steps of this many rows.
const STEP: u64 = 256;

/// How many rows `check` looks at.
const SHOWN: u64 = 500;

/// Reads everybody.
pub(super) async fn read(
    connector: &Connector,
    settings: &Settings,
    attributes: &Attributes,
    context: &Context,
) -> Result<Reading, Error> {
    retry(&connector.name, context, || once(connector, settings, attributes, context)).await
}

async fn once(
    connector: &Connector,
    settings: &Settings,
    attributes: &Attributes,
    context: &Context,
) -> Result<Reading, Error> {
    context.progress.set(0);
    let mut source = Source::open(&connector.name, settings).await?;
    let mapper = gather(connector, attributes, context, &mut source, None).await?;
    let told = source.count().await?;
    source.close().await;
    let came = mapper.records();
    let proof = Complete::sql(told, came).ok_or_else(|| Error::Counted {
        connector: connector.name.clone(),
        told: told.unwrap_or_default(),
        came,
    })?;
    let (people, problems) = mapper.finish()?;
    context.progress.set(people.len() as u64);
    Ok(Reading::complete(people, problems, proof))
}

async fn gather<'a>(
    connector: &'a Connector,
    attributes: &'a Attributes,
    context: &Context,
    source: &mut Source<'_>,
    most: Option<u64>,
) -> Result<Mapper<'a>, Error> {
    let mut mapper = Mapper::new(&connector.name, &connector.mapping, attributes);
    let mut record = Record::default();
    let columns: Vec<&str> = connector.mapping.columns.iter().map(|(_, column)| column.as_str()).collect();
    source
        .rows(&columns, most, &mut record, |record| {
            let number = mapper.records() + 1;
            mapper.push(record, || format!("row {number}"));
            if number.is_multiple_of(STEP) {
                context.progress.set(number);
            }
        })
        .await?;
    Ok(mapper)
}

/// Finds the people of one address.
pub(super) async fn find(
    connector: &Connector,
    settings: &Settings,
    email: &str,
    attributes: &Attributes,
    context: &Context,
) -> Result<People, Error> {
    let (everybody, _) = read(connector, settings, attributes, context).await?.into_parts();
    Ok(everybody.of_address(attributes, email))
}

/// Walks towards the database: connect, read, attributes.
pub(super) async fn check(
    connector: &Connector,
    settings: &Settings,
    attributes: &Attributes,
    context: &Context,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let opened = Source::open(&connector.name, settings).await;
    let Some(mut source) = walk::step(&mut steps, "connect", opened, Source::in_words) else { return steps };
    let read = gather(connector, attributes, context, &mut source, Some(SHOWN)).await;
    let read = read.map(Mapper::into_people);
    let words = |people: &People| format!("{} people in the first rows", people.len());
    if let Some(people) = walk::step(&mut steps, "read", read, words) {
        walk::look(&mut steps, connector, attributes, &people);
    }
    source.close().await;
    steps
}
