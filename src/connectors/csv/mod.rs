//! A file with a header line (RFC 4180).
//!
//! The file is read once, as a stream, on a thread of its own. It counts as complete when it ends with a line break,
//! every row has the header's number of fields, and it is the same before and after reading; the settings may ask for
//! more. What the parser behind would forgive ([`bytes`]) is an error here: a guess could lose people.

mod bytes;
mod header;
mod job;

use crate::connectors::retry::retry;
use crate::connectors::{Connector, Context, Error, Reading, Step, file, walk};
use crate::model::attributes::Attributes;
use crate::model::people::People;

use job::Job;

/// The settings of a connector of kind `csv`.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The file.
    pub file: file::Settings,
    /// The delimiter; found from the header line where none is given.
    pub delimiter: Option<u8>,
    /// What stands between several values of one field; a field is one value where none is given.
    pub list_separator: Option<String>,
}

/// Reads everybody.
pub(super) async fn read(
    connector: &Connector,
    settings: &Settings,
    attributes: &Attributes,
    context: &Context,
) -> Result<Reading, Error> {
    let job = Job::new(connector, settings, attributes, context);
    retry(&connector.name, context, || job.clone().on_its_thread(Job::read)).await
}

/// Reads the whole file, since an id may be repeated anywhere in it, and keeps the people of one address.
pub(super) async fn find(
    connector: &Connector,
    settings: &Settings,
    email: &str,
    attributes: &Attributes,
    context: &Context,
) -> Result<People, Error> {
    let job = Job::new(connector, settings, attributes, context);
    let reading = retry(&connector.name, context, || job.clone().on_its_thread(Job::read)).await?;
    let (everybody, _) = reading.into_parts();
    Ok(everybody.of_address(attributes, email))
}

/// Walks towards the file: open, columns, read, attributes.
pub(super) async fn check(
    connector: &Connector,
    settings: &Settings,
    attributes: &Attributes,
    context: &Context,
) -> Vec<Step> {
    let job = Job::new(connector, settings, attributes, context);
    let mut steps = Vec::new();
    let path = settings.file.path.display();
    let opened = job.clone().on_its_thread(Job::size).await;
    if walk::step(&mut steps, "open", opened, |size| format!("`{path}`, {size} bytes")).is_none() {
        return steps;
    }
    let columns = job.clone().on_its_thread(Job::columns).await;
    if walk::step(&mut steps, "columns", columns, Clone::clone).is_none() {
        return steps;
    }
    let read = job.on_its_thread(Job::read).await;
    let words = |reading: &Reading| format!("{} people", reading.people().len());
    if let Some(reading) = walk::step(&mut steps, "read", read, words) {
        walk::look(&mut steps, connector, attributes, reading.people());
    }
    steps
}

/// A file of any bytes, for the fuzzer.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8], mapping: crate::connectors::Mapping) {
    use crate::connectors::{Progress, Source, mapper::Mapper, retry};
    use crate::model::names::ConnectorName;

    let settings = Settings { list_separator: Some("|".to_owned()), ..Settings::default() };
    let connector = Connector {
        name: ConnectorName::new("fuzz"),
        schedule: None,
        prehire_days: 0,
        match_attribute: None,
        mapping,
        source: Source::Csv(settings.clone()),
    };
    let (cancel, progress) = (tokio_util::sync::CancellationToken::new(), Progress::default());
    let context = Context { cancel, progress, retry: retry::Policy::ONCE };
    let attributes = Attributes::default();
    let mut mapper = Mapper::new(&connector.name, &connector.mapping, &attributes);
    let _ = Job::new(&connector, &settings, &attributes, &context).rows_of(bytes, &mut mapper);
    let _ = mapper.finish();
}
