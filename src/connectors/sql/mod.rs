//! A query against another database: PostgreSQL or SQLite.
//!
//! The query runs once, in a transaction that may only read and sees one state of the database, and its rows are read as
//! they come; columns are attributes. It counts as complete when the rows came to their end, and are as many as
//! `count_query` says where there is one.

mod rows;

use std::time::Duration;

use crate::mapper::{RecordMapper, RecordValues};
use crate::proof::CompletenessProof;
use crate::retry::retry;
use crate::{CheckStep, Connector, ConnectorError, DirectoryReading, ReadContext, diagnostics};
use rollcall_model::attributes::AttributeSet;
use rollcall_model::people::PeopleTable;
use rollcall_model::secret::SecretText;

use rows::SqlSource;

/// The settings of a connector of kind `sql`.
#[derive(Debug, Clone)]
pub struct SqlSettings {
    /// `postgres://…` or `sqlite://FILE`.
    pub database: SecretText,
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
    settings: &SqlSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<DirectoryReading, ConnectorError> {
    retry(&connector.name, context, || read_once(connector, settings, attributes, context)).await
}

async fn read_once(
    connector: &Connector,
    settings: &SqlSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<DirectoryReading, ConnectorError> {
    context.progress.set(0);
    let mut source = SqlSource::open(&connector.name, settings).await?;
    let mapper = map_rows(connector, attributes, context, &mut source, None).await?;
    let told = source.count().await?;
    source.close().await;
    let came = mapper.records();
    let proof = CompletenessProof::sql(told, came).ok_or_else(|| ConnectorError::RowCountMismatch {
        connector: connector.name.clone(),
        told: told.unwrap_or_default(),
        came,
    })?;
    let (people, problems) = mapper.finish()?;
    context.progress.set(people.len() as u64);
    Ok(DirectoryReading::complete(people, problems, proof))
}

async fn map_rows<'a>(
    connector: &'a Connector,
    attributes: &'a AttributeSet,
    context: &ReadContext,
    source: &mut SqlSource<'_>,
    most: Option<u64>,
) -> Result<RecordMapper<'a>, ConnectorError> {
    let mut mapper = RecordMapper::new(&connector.name, &connector.mapping, attributes);
    let mut record = RecordValues::default();
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
    settings: &SqlSettings,
    email: &str,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<PeopleTable, ConnectorError> {
    let (everybody, _) = read(connector, settings, attributes, context).await?.into_parts();
    Ok(everybody.of_address(attributes, email))
}

/// Walks towards the database: connect, read, attributes.
pub(super) async fn check(
    connector: &Connector,
    settings: &SqlSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Vec<CheckStep> {
    let mut steps = Vec::new();
    let opened = SqlSource::open(&connector.name, settings).await;
    let Some(mut source) = diagnostics::record_step(&mut steps, "connect", opened, SqlSource::in_words)
    else {
        return steps;
    };
    let read = map_rows(connector, attributes, context, &mut source, Some(SHOWN)).await;
    let read = read.map(RecordMapper::into_people);
    let words = |people: &PeopleTable| format!("{} people in the first rows", people.len());
    if let Some(people) = diagnostics::record_step(&mut steps, "read", read, words) {
        diagnostics::add_people_step(&mut steps, connector, attributes, &people);
    }
    source.close().await;
    steps
}
