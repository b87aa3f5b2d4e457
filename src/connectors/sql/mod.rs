//! A query on another database: PostgreSQL or SQLite.
//!
//! The query runs once, in a read-only transaction with a consistent snapshot, and its rows are read as a stream;
//! columns are attributes. The result is complete if all rows were read and their number equals `count_query`, if
//! there is one.

mod connection;
pub(crate) mod error;
mod rows;

use std::time::Duration;

use crate::mapper::{PeopleSample, RecordMapper, RecordValues};
use crate::proof::CompletenessProof;
use crate::retry::retry;
use crate::{
    CheckStep, Connector, ConnectorAttempt, ConnectorError, DirectoryReading, ReadContext, diagnostics,
};
use rollcall_model::attributes::AttributeSet;
use rollcall_model::people::PeopleTable;
use rollcall_model::secret::SecretText;

pub use error::SqlError;

use rows::SqlSource;

/// The settings of a connector of kind `sql`.
#[derive(Debug, Clone)]
pub struct SqlSettings {
    /// `postgres://…` or `sqlite://FILE`.
    pub database: SecretText,
    /// A query that returns one row per person.
    pub query: String,
    /// A query that returns the number of these rows.
    pub count_query: Option<String>,
    /// Maximum wait for the next row.
    pub timeout: Duration,
}

/// Progress is updated every this many rows.
const STEP: u64 = 256;

/// Number of rows that `check` reads.
const SHOWN: u64 = 500;

/// Reads all people.
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
    let proof = CompletenessProof::sql(told, came).ok_or_else(|| {
        let cause = SqlError::RowCountMismatch { expected: told.unwrap_or_default(), returned: came };
        ConnectorError::new(&connector.name, ConnectorAttempt::RunQuery, cause)
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
            mapper.check_limits(&context.limits, || ConnectorAttempt::RunQuery)
        })
        .await?;
    Ok(mapper)
}

/// Finds the people with an e-mail address.
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

/// Checks the database: connect, read, attributes.
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
    let read = read.and_then(|mapper| mapper.into_sample(false));
    let describe = |sample: &PeopleSample| format!("{} people in the first rows", sample.people.len());
    if let Some(sample) = diagnostics::record_step(&mut steps, "read", read, describe) {
        diagnostics::add_sample_step(&mut steps, connector, attributes, &sample);
    }
    source.close().await;
    steps
}
