//! A file with a header line (RFC 4180).
//!
//! The file is read once, as a stream, on a thread of its own. It counts as complete when it ends with a line break,
//! every row has the header's number of fields, and it is the same before and after reading; the settings may ask for
//! more. What the parser behind would forgive ([`quote_check`]) is an error here: a guess could lose people.

mod header;
mod quote_check;
mod reader;

use crate::retry::retry;
use crate::{CheckStep, Connector, ConnectorError, DirectoryReading, ReadContext, diagnostics, file};
use rollcall_model::attributes::AttributeSet;
use rollcall_model::people::PeopleTable;

use reader::CsvReadTask;

/// The settings of a connector of kind `csv`.
#[derive(Debug, Clone, Default)]
pub struct CsvSettings {
    /// The file.
    pub file: file::FileSettings,
    /// The delimiter; found from the header line where none is given.
    pub delimiter: Option<u8>,
    /// What stands between several values of one field; a field is one value where none is given.
    pub list_separator: Option<String>,
}

/// Reads everybody.
pub(super) async fn read(
    connector: &Connector,
    settings: &CsvSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<DirectoryReading, ConnectorError> {
    let job = CsvReadTask::new(connector, settings, attributes, context);
    retry(&connector.name, context, || job.clone().run_blocking(CsvReadTask::read)).await
}

/// Reads the whole file, since an id may be repeated anywhere in it, and keeps the people of one address.
pub(super) async fn find(
    connector: &Connector,
    settings: &CsvSettings,
    email: &str,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<PeopleTable, ConnectorError> {
    let job = CsvReadTask::new(connector, settings, attributes, context);
    let reading = retry(&connector.name, context, || job.clone().run_blocking(CsvReadTask::read)).await?;
    let (everybody, _) = reading.into_parts();
    Ok(everybody.of_address(attributes, email))
}

/// Walks towards the file: open, columns, read, attributes.
pub(super) async fn check(
    connector: &Connector,
    settings: &CsvSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Vec<CheckStep> {
    let job = CsvReadTask::new(connector, settings, attributes, context);
    let mut steps = Vec::new();
    let path = settings.file.path.display();
    let opened = job.clone().run_blocking(CsvReadTask::size).await;
    if diagnostics::record_step(&mut steps, "open", opened, |size| format!("`{path}`, {size} bytes"))
        .is_none()
    {
        return steps;
    }
    let columns = job.clone().run_blocking(CsvReadTask::columns).await;
    if diagnostics::record_step(&mut steps, "columns", columns, Clone::clone).is_none() {
        return steps;
    }
    let read = job.run_blocking(CsvReadTask::read).await;
    let words = |reading: &DirectoryReading| format!("{} people", reading.people().len());
    if let Some(reading) = diagnostics::record_step(&mut steps, "read", read, words) {
        diagnostics::add_people_step(&mut steps, connector, attributes, reading.people());
    }
    steps
}

/// A file of any bytes, for the fuzzer.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8], mapping: crate::AttributeMapping) {
    use crate::mapper::RecordMapper;
    use crate::{ReadProgress, SourceSettings, retry};
    use rollcall_model::names::ConnectorName;

    let settings = CsvSettings { list_separator: Some("|".to_owned()), ..CsvSettings::default() };
    let connector = Connector {
        name: ConnectorName::new("fuzz"),
        schedule: None,
        prehire_days: 0,
        match_attribute: None,
        mapping,
        source: Source::Csv(settings.clone()),
    };
    let (cancel, progress) = (tokio_util::sync::CancellationToken::new(), Progress::default());
    let context = ReadContext { cancel, progress, retry: retry::Policy::ONCE };
    let attributes = AttributeSet::default();
    let mut mapper = Mapper::new(&connector.name, &connector.mapping, &attributes);
    let _ = CsvReadTask::new(&connector, &settings, &attributes, &context).rows_of(quote_check, &mut mapper);
    let _ = mapper.finish();
}
