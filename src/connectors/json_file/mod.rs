//! A file of JSON: one array of objects, or one object a line (JSON Lines).
//!
//! It is read once, as a stream, record by record, on a thread of its own. Which of the two it is shows its first byte. It
//! counts as complete when the array is closed and nothing follows, or the last line has its line break, and the file is
//! the same before and after; the settings may ask for more.

mod records;

use std::fs::File;
use std::io::BufReader;

use crate::connectors::file::{self, Fault, Witness};
use crate::connectors::json::{Path, Picker};
use crate::connectors::mapper::{Mapper, Record};
use crate::connectors::proof::Ending;
use crate::connectors::retry::retry;
use crate::connectors::{Connector, Context, Error, Reading, Step, walk};
use crate::model::attributes::Attributes;
use crate::model::people::People;

use records::{Flaw, Records};

/// The settings of a connector of kind `json_file`.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The file.
    pub file: file::Settings,
    /// The places of the mapped attributes, in the order of the mapping.
    pub paths: Vec<Path>,
}

/// Progress moves, and the end is looked for, in steps of this many records.
const STEP: u64 = 256;

/// How much is asked of the system at once, in bytes.
const BUFFER: usize = 1 << 18;

/// Reads everybody in the file.
pub(super) async fn read(
    connector: &Connector,
    settings: &Settings,
    attributes: &Attributes,
    context: &Context,
) -> Result<Reading, Error> {
    retry(&connector.name, context, || on_its_thread(connector, settings, attributes, context)).await
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

/// Walks towards the file: read, attributes.
pub(super) async fn check(
    connector: &Connector,
    settings: &Settings,
    attributes: &Attributes,
    context: &Context,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let read = on_its_thread(connector, settings, attributes, context).await;
    let path = settings.file.path.display();
    let words = |reading: &Reading| format!("`{path}`, {} people", reading.people().len());
    if let Some(reading) = walk::step(&mut steps, "read", read, words) {
        walk::look(&mut steps, connector, attributes, reading.people());
    }
    steps
}

async fn on_its_thread(
    connector: &Connector,
    settings: &Settings,
    attributes: &Attributes,
    context: &Context,
) -> Result<Reading, Error> {
    let (connector, settings) = (connector.clone(), settings.clone());
    let (attributes, context) = (attributes.clone(), context.clone());
    let name = connector.name.clone();
    file::on_a_thread(&name, move || {
        file::read(&connector.name, &settings.file, &context, |witness| {
            gather(&connector, &settings, &attributes, &context, witness)
        })
    })
    .await
}

fn gather<'a>(
    connector: &'a Connector,
    settings: &Settings,
    attributes: &'a Attributes,
    context: &Context,
    witness: &mut Witness<&File>,
) -> Result<(Mapper<'a>, Ending), Error> {
    let refuse = |(fault, cause)| Error::File {
        connector: connector.name.clone(),
        path: settings.file.path.clone(),
        fault,
        cause,
    };
    let mut records = Records::new(BufReader::with_capacity(BUFFER, witness));
    let mut mapper = Mapper::new(&connector.name, &connector.mapping, attributes);
    let mut picker = Picker::new(&settings.paths);
    let mut record = Record::default();
    while let Some(json) = records.next().map_err(|flaw| refuse(flaw.into()))? {
        let read = picker.pick(&mut serde_json::Deserializer::from_slice(json), &mut record);
        let place = records.place();
        if let Err(error) = read {
            return Err(refuse((Fault::NotJson { place, what: error.to_string() }, None)));
        }
        mapper.push(&record, || place);
        if mapper.records().is_multiple_of(STEP) {
            context.progress.set(mapper.records());
            if context.cancel.is_cancelled() {
                return Err(Error::Cancelled { connector: connector.name.clone() });
            }
        }
    }
    let ending = if records.is_array() { Ending::Closed } else { Ending::LineBreak };
    Ok((mapper, ending))
}

impl From<Flaw> for file::Refusal {
    fn from(flaw: Flaw) -> Self {
        match flaw {
            Flaw::Unreadable(cause) => (Fault::Unreadable, Some(cause)),
            Flaw::NotClosed => (Fault::NotClosed, None),
            Flaw::Wrong { place, what } => (Fault::NotJson { place, what: what.to_owned() }, None),
        }
    }
}

/// The records of any bytes, for the fuzzer.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8], picker: &mut Picker) {
    let (mut records, mut record) = (Records::new(BufReader::with_capacity(7, bytes)), Record::default());
    while let Ok(Some(json)) = records.next() {
        let _ = picker.pick(&mut serde_json::Deserializer::from_slice(json), &mut record);
    }
}
