//! A CSV file with a header line (RFC 4180).
//!
//! The file is read once, as a stream, on a blocking thread. It is complete if it ends with a line break, every
//! row has as many fields as the header, and the file did not change while it was read; the settings can require
//! more. Rows without text are no records. Input that the CSV parser would tolerate is an error ([`quote_check`]), because a wrong guess could lose
//! people.

mod encoding_guess;
pub(crate) mod error;
mod field;
mod header;
mod preamble;
mod quote_check;
mod reader;
#[cfg(test)]
mod reader_tests;
mod table;
mod total_line;

use rustc_hash::FxHashMap;

use crate::retry::retry;
use crate::{
    AttributeMapping, CheckStep, Connector, ConnectorError, DirectoryReading, ReadContext, diagnostics, file,
};
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::people::PeopleTable;

pub use error::CsvError;

use reader::CsvReadTask;

/// The settings of a connector of kind `csv`.
#[derive(Debug, Clone, Default)]
pub struct CsvSettings {
    /// The file and its completeness requirements.
    pub file: file::FileSettings,
    /// The delimiter; detected from the header line if `None`.
    pub delimiter: Option<u8>,
    /// The separator of several values in one field; a field is one value if `None`. It does not apply to attributes
    /// with one value ([`has_one_value`]).
    pub list_separator: Option<String>,
    /// The separators of single attributes, which take precedence.
    pub list_separators: FxHashMap<Attribute, String>,
    /// Number of lines above the header.
    pub skip_lines: u64,
    /// Number of rows below the header that are no records.
    pub skip_rows_after_header: u64,
}

impl CsvSettings {
    /// The separator of the values of an attribute.
    fn separator_of(&self, attribute: Attribute, mapping: &AttributeMapping) -> Option<&str> {
        let general = || self.list_separator.as_deref().filter(|_| !has_one_value(attribute, mapping));
        let separator = self.list_separators.get(&attribute).map(String::as_str).or_else(general);
        separator.filter(|separator| !separator.is_empty())
    }
}

/// Returns whether a person has at most one value of an attribute. Names and addresses can contain any separator.
#[must_use]
pub fn has_one_value(attribute: Attribute, mapping: &AttributeMapping) -> bool {
    let is_single = matches!(
        attribute,
        Attribute::ID
            | Attribute::EMAIL
            | Attribute::NAME
            | Attribute::GIVEN_NAME
            | Attribute::FAMILY_NAME
            | Attribute::STATUS
    );
    is_single || mapping.dates.format_of(attribute).is_some()
}

/// Reads all people.
pub(super) async fn read(
    connector: &Connector,
    settings: &CsvSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<DirectoryReading, ConnectorError> {
    let job = CsvReadTask::new(connector, settings, attributes, context);
    retry(&connector.name, context, || job.clone().run_blocking(CsvReadTask::read)).await
}

/// Reads the whole file, because an id can be repeated anywhere in it, and keeps the people with one address.
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

/// Checks the file: open, columns, read, attributes.
pub(super) async fn check(
    connector: &Connector,
    settings: &CsvSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Vec<CheckStep> {
    let job = CsvReadTask::new(connector, settings, attributes, context);
    let mut steps = Vec::new();
    let opened = job.clone().run_blocking(CsvReadTask::size).await;
    let describe = |file: &file::FileResult<u64>| format!("`{}`, {} bytes", file.path.display(), file.value);
    let Some(opened) = diagnostics::record_step(&mut steps, "open", opened, describe) else { return steps };
    for warning in opened.warnings() {
        diagnostics::add_warning(&mut steps, format!("`{}`: {}", warning.subject, warning.message));
    }
    let columns = job.clone().run_blocking(CsvReadTask::columns).await;
    if diagnostics::record_step(&mut steps, "columns", columns, Clone::clone).is_none() {
        return steps;
    }
    let read = job.clone().run_blocking(CsvReadTask::read).await;
    let is_mapping_fault = read.as_ref().is_err_and(ConnectorError::is_mapping_fault);
    let describe = |reading: &DirectoryReading| {
        format!("{} people", diagnostics::count_people(connector, reading.people()))
    };
    if let Some(reading) = diagnostics::record_step(&mut steps, "read", read, describe) {
        diagnostics::add_reading_step(&mut steps, connector, attributes, &reading);
    } else if is_mapping_fault && let Ok(sample) = job.run_blocking(CsvReadTask::read_sample).await {
        diagnostics::add_sample_step(&mut steps, connector, attributes, &sample);
    }
    steps
}

/// Parses arbitrary bytes as a file, for the fuzzer.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8], mapping: AttributeMapping) {
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
        source: SourceSettings::Csv(settings.clone()),
    };
    let (cancel, progress) = (tokio_util::sync::CancellationToken::new(), ReadProgress::default());
    let context = ReadContext {
        cancel,
        progress,
        retry: retry::RetryPolicy::SINGLE_ATTEMPT,
        limits: rollcall_model::resource_limits::ResourceLimits::default(),
        last_file: None,
    };
    let attributes = AttributeSet::default();
    let mut mapper = RecordMapper::new(&connector.name, &connector.mapping, &attributes);
    let _ = CsvReadTask::new(&connector, &settings, &attributes, &context).rows_of(bytes, &mut mapper);
    let _ = mapper.finish();
}
