//! A file with a header line (RFC 4180).
//!
//! The file is read once, as a stream, on a thread of its own. It counts as complete when it ends with a line break,
//! every row has the header's number of fields, and it is the same before and after reading; the settings may ask for
//! more. What the parser behind would forgive ([`bytes`]) is an error here: a guess could lose people.

mod bytes;
mod fault;
mod file;
mod header;
mod job;

use std::path::PathBuf;
use std::time::Duration;

use crate::connectors::retry::retry;
use crate::connectors::{Connector, Context, Error, Reading, Step, walk};
use crate::model::attributes::{Attribute, Attributes};
use crate::model::names::fold;
use crate::model::people::People;
use crate::model::values::Cell;

pub use fault::Fault;
pub(super) use file::Stamp;

use job::Job;

/// The settings of a connector of kind `csv`.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The file.
    pub path: PathBuf,
    /// The delimiter; found from the header line where none is given.
    pub delimiter: Option<u8>,
    /// Exists only when whoever writes the file has finished.
    pub done_file: Option<PathBuf>,
    /// Holds the file's SHA-256 in hexadecimal digits, as `sha256sum` writes it.
    pub sha256_file: Option<PathBuf>,
    /// Fewer rows than this are no directory.
    pub min_rows: Option<u64>,
    /// An older file is yesterday's.
    pub max_age: Option<Duration>,
    /// What stands between several values of one field; none means a field is one value.
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
    Ok(of_address(&everybody, attributes, &fold(email)))
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
    let path = settings.path.display();
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

/// The people of an address, in a table of their own.
fn of_address(everybody: &People, attributes: &Attributes, folded: &str) -> People {
    let mut found = People::new(attributes);
    for row in everybody.rows().filter(|&row| fold(everybody.first(row, Attribute::EMAIL)) == folded) {
        let texts = everybody.cells(row).iter().map(|&cell| everybody.values.text(cell));
        let cells: Vec<Cell> = texts.map(|text| found.values.intern(text)).collect();
        found.push(&cells, String::new);
    }
    found
}
