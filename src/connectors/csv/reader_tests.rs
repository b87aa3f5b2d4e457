//! Properties of the reader of CSV files: truncated and damaged files, and arbitrary bytes.

use proptest::prelude::*;
use tempfile::TempDir;

use super::CsvSettings;
use super::reader::CsvReadTask;
use crate::retry::RetryPolicy;
use crate::{AttributeMapping, Connector, ConnectorError, ReadContext, SourceSettings, file};
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::names::ConnectorName;
use rollcall_model::resource_limits::ResourceLimits;

const HEADER: [&str; 3] = ["id", "mail", "dept"];

/// Reads arbitrary bytes as a file; returns the number of records, including those set aside.
fn read(folder: &TempDir, bytes: &[u8]) -> Result<u64, ConnectorError> {
    let columns = [(Attribute::ID, "id"), (Attribute::EMAIL, "mail"), (Attribute::DEPARTMENT, "dept")];
    let columns = columns.map(|(attribute, name)| (attribute, name.to_owned())).to_vec();
    let path = folder.path().join("people.csv");
    std::fs::write(&path, bytes).expect("written");
    let settings = CsvSettings {
        file: file::FileSettings { path, ..file::FileSettings::default() },
        ..CsvSettings::default()
    };
    let connector = Connector {
        name: ConnectorName::new("hr"),
        schedule: None,
        prehire_days: 0,
        match_attribute: None,
        mapping: AttributeMapping { columns, ..AttributeMapping::default() },
        source: SourceSettings::Csv(settings.clone()),
    };
    let context = ReadContext {
        cancel: tokio_util::sync::CancellationToken::new(),
        progress: crate::ReadProgress::default(),
        retry: RetryPolicy::SINGLE_ATTEMPT,
        limits: ResourceLimits::default(),
        last_file: None,
    };
    let reading = CsvReadTask::new(&connector, &settings, &AttributeSet::default(), &context).read()?;
    let people = reading.people();
    Ok(people.len() as u64 + people.set_aside() + people.identical())
}

/// A field that starts with a text, quoted if required, and sometimes if not.
fn field(start: &'static str) -> impl Strategy<Value = String> {
    let text = prop::collection::vec(
        prop::sample::select(vec!["a", "é", " ", ",", ";", "\"", "\n", "\r\n", "7"]),
        0..4,
    );
    (text, any::<bool>()).prop_map(move |(parts, quoted)| {
        let text = format!("{start}{}", parts.concat());
        if quoted || text.contains([',', ';', '"', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text
        }
    })
}

/// A complete file: the header and rows with unique ids and a department, each with its line break.
fn lines() -> impl Strategy<Value = Vec<String>> {
    let row = (field(""), field("dd"));
    (prop::collection::vec(row, 1..6), any::<bool>()).prop_map(|(rows, windows)| {
        let end = if windows { "\r\n" } else { "\n" };
        let rows =
            rows.iter().enumerate().map(|(id, (mail, department))| format!("{id},{mail},{department}{end}"));
        std::iter::once(HEADER.join(",") + end).chain(rows).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let folder = TempDir::new().expect("a folder");
        let _ = read(&folder, &bytes);
        let _ = read(&folder, &[b"id,mail,dept\n", bytes.as_slice()].concat());
    }

    #[test]
    fn a_file_that_is_cut_elsewhere_than_behind_a_row_is_no_file(lines in lines()) {
        let folder = TempDir::new().expect("a folder");
        let (whole, mut rows_at, mut length) = (lines.concat(), Vec::new(), 0);
        for line in &lines {
            length += line.len();
            rows_at.push(length);
        }
        for end in 0..=whole.len() {
            let read = read(&folder, &whole.as_bytes()[..end]);
            // Between the two bytes of a line break, the previous row is complete.
            let behind = |at: usize| at == end || whole[..at].ends_with("\r\n") && at - 1 == end;
            match rows_at.iter().position(|&at| behind(at)) {
                None => prop_assert!(read.is_err(), "{:?}", &whole.as_bytes()[..end]),
                Some(rows) => prop_assert!(read.is_err() || read.is_ok_and(|read| read == rows as u64)),
            }
        }
        prop_assert_eq!(read(&folder, whole.as_bytes()).ok(), Some(lines.len() as u64 - 1));
    }

    #[test]
    fn a_file_that_lost_gained_or_changed_a_byte_has_as_many_records_or_none(
        lines in lines(), byte in any::<u8>(),
    ) {
        let folder = TempDir::new().expect("a folder");
        let whole = lines.concat().into_bytes();
        for at in 0..whole.len() {
            let (before, after) = (&whole[..at], &whole[at + 1..]);
            let mut bent = vec![[before, after].concat()];
            for byte in [b'"', b'\n', b'\r', b',', byte] {
                bent.extend([[before, &[byte], after].concat(), [before, &[byte], &whole[at..]].concat()]);
            }
            for bytes in bent {
                if let Ok(records) = read(&folder, &bytes) {
                    prop_assert_eq!(records, lines.len() as u64 - 1, "{:?}", String::from_utf8_lossy(&bytes));
                }
            }
        }
    }
}
