//! A JSON file: one array of objects, also inside an object, or one object per line (JSON Lines).
//!
//! The file is read once, as a stream of records, on a blocking thread. The first byte selects the format. The
//! file is complete if the array is closed and nothing follows, or the last line has a line break, and the file
//! did not change while it was read; the settings can require more.

pub(crate) mod error;
mod first_record;
mod json_value_kind;
mod list_path;
mod record_reader;

use std::fs::File;
use std::io::{BufRead, BufReader};

use crate::file::{self, FileError, HashingReader, TextReader};
use crate::json::{KeyPath, ValueExtractor, ValuePath};
use crate::mapper::{PeopleSample, RecordMapper, RecordValues};
use crate::proof::FileEnd;
use crate::retry::retry;
use crate::{
    CheckStep, Connector, ConnectorCause, ConnectorError, DirectoryReading, ReadContext, ReadingError,
    diagnostics,
};
use rollcall_model::attributes::AttributeSet;
use rollcall_model::people::PeopleTable;

pub use error::JsonFileError;
pub use json_value_kind::JsonValueKind;

use first_record::check_first_record;
use record_reader::{JsonRecordError, JsonRecordReader};

/// The settings of a connector of kind `json_file`.
#[derive(Debug, Clone, Default)]
pub struct JsonFileSettings {
    /// The file and its completeness requirements.
    pub file: file::FileSettings,
    /// The paths of the mapped attributes, in the order of the mapping.
    pub paths: Vec<ValuePath>,
    /// The path of the list in an object; empty if the file is a list.
    pub list: KeyPath,
}

/// Progress and cancellation are handled every this many records.
const STEP: u64 = 256;

/// Size of the read buffer, in bytes.
const BUFFER: usize = 1 << 18;

/// Reads all people of the file.
pub(super) async fn read(
    connector: &Connector,
    settings: &JsonFileSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<DirectoryReading, ConnectorError> {
    retry(&connector.name, context, || run_blocking(connector, settings, attributes, context, read_file))
        .await
}

/// Finds the people with an e-mail address.
pub(super) async fn find(
    connector: &Connector,
    settings: &JsonFileSettings,
    email: &str,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<PeopleTable, ConnectorError> {
    let (everybody, _) = read(connector, settings, attributes, context).await?.into_parts();
    Ok(everybody.of_address(attributes, email))
}

/// Checks the file: read, attributes.
pub(super) async fn check(
    connector: &Connector,
    settings: &JsonFileSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Vec<CheckStep> {
    let mut steps = Vec::new();
    let read = run_blocking(connector, settings, attributes, context, read_file).await;
    let is_mapping_fault = read.as_ref().is_err_and(ConnectorError::is_mapping_fault);
    let describe = |reading: &DirectoryReading| {
        let path = reading.file().map_or_else(String::new, |file| file.path.clone());
        format!("`{path}`, {} people", diagnostics::count_people(connector, reading.people()))
    };
    if let Some(reading) = diagnostics::record_step(&mut steps, "read", read, describe) {
        diagnostics::add_reading_step(&mut steps, connector, attributes, &reading);
    } else if is_mapping_fault
        && let Ok(sample) = run_blocking(connector, settings, attributes, context, read_sample).await
    {
        diagnostics::add_sample_step(&mut steps, connector, attributes, &sample);
    }
    steps
}

/// Runs work on the file on a blocking thread.
async fn run_blocking<T: Send + 'static>(
    connector: &Connector,
    settings: &JsonFileSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
    work: fn(&Connector, &JsonFileSettings, &AttributeSet, &ReadContext) -> Result<T, ConnectorError>,
) -> Result<T, ConnectorError> {
    let (connector, settings) = (connector.clone(), settings.clone());
    let (attributes, context) = (attributes.clone(), context.clone());
    let name = connector.name.clone();
    file::run_blocking(&name, move || work(&connector, &settings, &attributes, &context)).await
}

fn read_file(
    connector: &Connector,
    settings: &JsonFileSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<DirectoryReading, ConnectorError> {
    file::read_newest(&connector.name, &settings.file, context, |file| {
        let settings = JsonFileSettings { file: file.clone(), ..settings.clone() };
        file::read(&connector.name, &settings.file, context, |witness| {
            map_records(connector, &settings, attributes, context, witness)
        })
    })
}

/// Reads the file for `check`, also if its values do not fit the mapping.
fn read_sample(
    connector: &Connector,
    settings: &JsonFileSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<PeopleSample, ConnectorError> {
    let sample = file::with_newest(&connector.name, &settings.file, context, |file| {
        let settings = JsonFileSettings { file: file.clone(), ..settings.clone() };
        file::read_sample(&connector.name, &settings.file, context, |witness| {
            map_records(connector, &settings, attributes, context, witness)
        })
    })?;
    Ok(sample.value)
}

fn map_records<'a>(
    connector: &'a Connector,
    settings: &JsonFileSettings,
    attributes: &'a AttributeSet,
    context: &ReadContext,
    witness: &mut HashingReader<'_, &File>,
) -> Result<(RecordMapper<'a>, FileEnd), ConnectorError> {
    let file_error = |cause: ConnectorCause| settings.file.error(&connector.name, cause);
    let text = TextReader::new(witness, settings.file.encoding);
    let mut records = JsonRecordReader::new(BufReader::with_capacity(BUFFER, text), settings.list.clone());
    let mut mapper = RecordMapper::new(&connector.name, &connector.mapping, attributes);
    let mut extractor = ValueExtractor::new(&settings.paths);
    let mut record = RecordValues::default();
    loop {
        let next = records.next();
        let is_first = mapper.records() == 0;
        let read = match next {
            Ok(Some(json)) => {
                let read = extractor.extract(&mut serde_json::Deserializer::from_slice(json), &mut record);
                read.map_err(|error| (error.to_string(), std::str::from_utf8(json).is_ok()))
            }
            Ok(None) => break,
            // The first line may be a whole list in an object.
            Err(error @ JsonRecordError::TooLarge(_)) if is_first => {
                check_first(&records, &record, &settings.paths).map_err(file_error)?;
                return Err(file_error(cause(error, &settings.list)));
            }
            Err(error) => return Err(file_error(cause(error, &settings.list))),
        };
        if is_first {
            if read.is_err() {
                records.read_on().map_err(|error| file_error(FileError::from_read(error).into()))?;
            }
            check_first(&records, &record, &settings.paths).map_err(file_error)?;
        }
        let place = records.place();
        if let Err((problem, is_text)) = read {
            let wrong = if is_text {
                JsonFileError::InvalidRecord { place, problem }
            } else {
                JsonFileError::NotUtf8 { place }
            };
            return Err(file_error(wrong.into()));
        }
        mapper.push(&record, || place);
        mapper.check_limits(&context.limits, || settings.file.attempt())?;
        if mapper.records().is_multiple_of(STEP) {
            context.progress.set(mapper.records());
            if context.cancel.is_cancelled() {
                return Err(ConnectorError::cancelled(&connector.name));
            }
        }
    }
    let ending = if records.is_array() { FileEnd::Closed } else { FileEnd::LineBreak };
    Ok((mapper, ending))
}

fn check_first<R: BufRead>(
    records: &JsonRecordReader<R>,
    values: &RecordValues,
    paths: &[ValuePath],
) -> Result<(), ConnectorCause> {
    Ok(check_first_record(records.record(), records.is_array(), values, paths)?)
}

/// The cause of an error of the reader. `list` is the path of the settings.
fn cause(error: JsonRecordError, list: &KeyPath) -> ConnectorCause {
    match error {
        JsonRecordError::Unreadable(cause) => FileError::from_read(cause).into(),
        JsonRecordError::TooLarge(limit) => ReadingError::LimitExceeded(limit).into(),
        JsonRecordError::NotClosed => JsonFileError::NotClosed.into(),
        JsonRecordError::NoList { keys } => JsonFileError::NoList { list: list.join("."), keys }.into(),
        JsonRecordError::WrongValue { path, found: JsonValueKind::List } if path.is_empty() => {
            JsonFileError::IsList { list: list.join(".") }.into()
        }
        JsonRecordError::WrongValue { path, found } => {
            JsonFileError::WrongValue { list: list.join("."), path: path.join("."), found }.into()
        }
        JsonRecordError::Wrong { place, what } => {
            JsonFileError::InvalidRecord { place, problem: what.to_owned() }.into()
        }
    }
}

/// Parses the records of arbitrary bytes, for the fuzzer.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8], extractor: &mut ValueExtractor) {
    let (mut records, mut record) =
        (JsonRecordReader::new(BufReader::with_capacity(7, bytes), KeyPath::new()), RecordValues::default());
    while let Ok(Some(json)) = records.next() {
        let _ = extractor.extract(&mut serde_json::Deserializer::from_slice(json), &mut record);
    }
}
