//! A file of JSON: one array of objects, or one object a line (JSON Lines).
//!
//! It is read once, as a stream, record by record, on a thread of its own. Which of the two it is shows its first byte. It
//! counts as complete when the array is closed and nothing follows, or the last line has its line break, and the file is
//! the same before and after; the settings may ask for more.

mod record_reader;

use std::fs::File;
use std::io::BufReader;

use crate::file::{self, FileError, HashingReader};
use crate::json::{ValueExtractor, ValuePath};
use crate::mapper::{RecordMapper, RecordValues};
use crate::proof::FileEnd;
use crate::retry::retry;
use crate::{CheckStep, Connector, ConnectorError, DirectoryReading, ReadContext, diagnostics};
use rollcall_model::attributes::AttributeSet;
use rollcall_model::people::PeopleTable;

use record_reader::{JsonRecordError, JsonRecordReader};

/// The settings of a connector of kind `json_file`.
#[derive(Debug, Clone, Default)]
pub struct JsonFileSettings {
    /// The file.
    pub file: file::FileSettings,
    /// The places of the mapped attributes, in the order of the mapping.
    pub paths: Vec<ValuePath>,
}

/// Progress moves, and the end is looked for, in steps of this many records.
const STEP: u64 = 256;

/// How much is asked of the system at once, in bytes.
const BUFFER: usize = 1 << 18;

/// Reads everybody in the file.
pub(super) async fn read(
    connector: &Connector,
    settings: &JsonFileSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<DirectoryReading, ConnectorError> {
    retry(&connector.name, context, || read_blocking(connector, settings, attributes, context)).await
}

/// Finds the people of one address.
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

/// Walks towards the file: read, attributes.
pub(super) async fn check(
    connector: &Connector,
    settings: &JsonFileSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Vec<CheckStep> {
    let mut steps = Vec::new();
    let read = read_blocking(connector, settings, attributes, context).await;
    let path = settings.file.path.display();
    let words = |reading: &DirectoryReading| format!("`{path}`, {} people", reading.people().len());
    if let Some(reading) = diagnostics::record_step(&mut steps, "read", read, words) {
        diagnostics::add_people_step(&mut steps, connector, attributes, reading.people());
    }
    steps
}

async fn read_blocking(
    connector: &Connector,
    settings: &JsonFileSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<DirectoryReading, ConnectorError> {
    let (connector, settings) = (connector.clone(), settings.clone());
    let (attributes, context) = (attributes.clone(), context.clone());
    let name = connector.name.clone();
    file::run_blocking(&name, move || {
        file::read(&connector.name, &settings.file, &context, |witness| {
            map_records(&connector, &settings, &attributes, &context, witness)
        })
    })
    .await
}

fn map_records<'a>(
    connector: &'a Connector,
    settings: &JsonFileSettings,
    attributes: &'a AttributeSet,
    context: &ReadContext,
    witness: &mut HashingReader<&File>,
) -> Result<(RecordMapper<'a>, FileEnd), ConnectorError> {
    let refuse = |(fault, cause)| ConnectorError::File {
        connector: connector.name.clone(),
        path: settings.file.path.clone(),
        fault,
        cause,
    };
    let mut records = JsonRecordReader::new(BufReader::with_capacity(BUFFER, witness));
    let mut mapper = RecordMapper::new(&connector.name, &connector.mapping, attributes);
    let mut picker = ValueExtractor::new(&settings.paths);
    let mut record = RecordValues::default();
    while let Some(json) = records.next().map_err(|flaw| refuse(flaw.into()))? {
        let read = picker.extract(&mut serde_json::Deserializer::from_slice(json), &mut record);
        let place = records.place();
        if let Err(error) = read {
            return Err(refuse((FileError::NotJson { place, what: error.to_string() }, None)));
        }
        mapper.push(&record, || place);
        if mapper.records().is_multiple_of(STEP) {
            context.progress.set(mapper.records());
            if context.cancel.is_cancelled() {
                return Err(ConnectorError::Cancelled { connector: connector.name.clone() });
            }
        }
    }
    let ending = if records.is_array() { FileEnd::Closed } else { FileEnd::LineBreak };
    Ok((mapper, ending))
}

impl From<JsonRecordError> for file::FileRefusal {
    fn from(flaw: JsonRecordError) -> Self {
        match flaw {
            JsonRecordError::Unreadable(cause) => (FileError::Unreadable, Some(cause)),
            JsonRecordError::NotClosed => (FileError::NotClosed, None),
            JsonRecordError::Wrong { place, what } => {
                (FileError::NotJson { place, what: what.to_owned() }, None)
            }
        }
    }
}

/// The records of any bytes, for the fuzzer.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8], picker: &mut ValueExtractor) {
    let (mut records, mut record) =
        (JsonRecordReader::new(BufReader::with_capacity(7, bytes)), RecordValues::default());
    while let Ok(Some(json)) = record_reader.next() {
        let _ = picker.pick(&mut serde_json::Deserializer::from_slice(json), &mut record);
    }
}
