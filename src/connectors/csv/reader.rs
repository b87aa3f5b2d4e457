//! Reads the file once, on a blocking thread.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;
use std::time::SystemTime;

use crate::csv::quote_check::StrictQuoteReader;
use crate::csv::{CsvError, CsvSettings, header};
use crate::file::{self, FileError, FileIdentity};
use crate::mapper::{PeopleSample, RecordMapper, RecordValues};
use crate::proof::FileEnd;
use crate::{
    AttributeMapping, Connector, ConnectorCause, ConnectorError, DirectoryReading, ExceededLimit,
    ReadContext, ReadingError,
};
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::names::ConnectorName;

/// Progress and cancellation are handled every this many rows.
const STEP: u64 = 256;

/// Size of the read buffer, in bytes.
const BUFFER: usize = 1 << 18;

/// Everything that the thread needs to read the file.
#[derive(Debug)]
pub(super) struct CsvReadTask {
    name: ConnectorName,
    mapping: AttributeMapping,
    settings: CsvSettings,
    attributes: AttributeSet,
    context: ReadContext,
}

/// The file after its header was read.
struct CsvTable<R> {
    reader: ::csv::Reader<R>,
    delimiter: u8,
    width: usize,
    /// The position of each mapped column in a row.
    places: Vec<usize>,
}

impl CsvReadTask {
    /// Copies what the thread needs.
    pub(super) fn new(
        connector: &Connector,
        settings: &CsvSettings,
        attributes: &AttributeSet,
        context: &ReadContext,
    ) -> Arc<Self> {
        Arc::new(Self {
            name: connector.name.clone(),
            mapping: connector.mapping.clone(),
            settings: settings.clone(),
            attributes: attributes.clone(),
            context: context.clone(),
        })
    }

    /// Runs work on a blocking thread.
    pub(super) async fn run_blocking<T, W>(self: Arc<Self>, work: W) -> Result<T, ConnectorError>
    where
        T: Send + 'static,
        W: FnOnce(&Self) -> Result<T, ConnectorError> + Send + 'static,
    {
        let name = self.name.clone();
        file::run_blocking(&name, move || work(&self)).await
    }

    /// The size of the file in bytes, if it can be read now.
    pub(super) fn size(&self) -> Result<u64, ConnectorError> {
        self.open().map(|(_, stamp)| stamp.size())
    }

    /// A description of the header.
    pub(super) fn columns(&self) -> Result<String, ConnectorError> {
        let (file, _) = self.open()?;
        let table = self.table(BufReader::new(file))?;
        let between = match table.delimiter {
            b'\t' => "tabs".to_owned(),
            delimiter => format!("`{}`", char::from(delimiter)),
        };
        Ok(format!("{} columns separated by {between}, {} mapped", table.width, table.places.len()))
    }

    /// Reads the whole file.
    pub(super) fn read(&self) -> Result<DirectoryReading, ConnectorError> {
        file::read(&self.name, &self.settings.file, &self.context, |witness| self.map_file(witness))
    }

    /// Reads the whole file for `check`.
    pub(super) fn read_sample(&self) -> Result<PeopleSample, ConnectorError> {
        file::read_sample(&self.name, &self.settings.file, &self.context, |witness| self.map_file(witness))
    }

    fn map_file(&self, file: impl Read) -> Result<(RecordMapper<'_>, FileEnd), ConnectorError> {
        let mut mapper = RecordMapper::new(&self.name, &self.mapping, &self.attributes);
        self.rows_of(BufReader::with_capacity(BUFFER, file), &mut mapper)?;
        Ok((mapper, FileEnd::LineBreak))
    }

    /// Maps the rows of a file, after reading its header.
    pub(super) fn rows_of(
        &self,
        file: impl BufRead,
        mapper: &mut RecordMapper<'_>,
    ) -> Result<(), ConnectorError> {
        let table = self.table(file)?;
        self.rows(table, mapper)
    }

    fn rows<R: Read>(
        &self,
        mut table: CsvTable<R>,
        mapper: &mut RecordMapper<'_>,
    ) -> Result<(), ConnectorError> {
        let mut row = ::csv::StringRecord::new();
        let mut record = RecordValues::default();
        while table.reader.read_record(&mut row).map_err(|error| self.parse_error(error))? {
            record.clear();
            for (column, (&place, &(attribute, _))) in
                table.places.iter().zip(&self.mapping.columns).enumerate()
            {
                let field = row.get(place).unwrap_or_default();
                match self.settings.list_separator.as_deref() {
                    Some(separator) if attribute != Attribute::ID && !separator.is_empty() => {
                        field.split(separator).for_each(|value| record.add(column, value));
                    }
                    Some(_) | None => record.add(column, field),
                }
            }
            let line = row.position().map_or(0, ::csv::Position::line);
            mapper.push(&record, || format!("line {line}"));
            mapper.check_limits(&self.context.limits)?;
            if mapper.records().is_multiple_of(STEP) {
                self.context.progress.set(mapper.records());
                if self.context.cancel.is_cancelled() {
                    return Err(ConnectorError::cancelled(&self.name));
                }
            }
        }
        Ok(())
    }

    fn open(&self) -> Result<(File, FileIdentity), ConnectorError> {
        file::open(&self.settings.file, SystemTime::now()).map_err(|cause| self.file_error(cause))
    }

    /// Reads the header.
    fn table<R: BufRead>(&self, file: R) -> Result<CsvTable<impl Read + use<R>>, ConnectorError> {
        let (line, file) =
            header::split(file).map_err(|cause| self.file_error(FileError::Unreadable(cause)))?;
        let delimiter = self.settings.delimiter.unwrap_or_else(|| header::delimiter(&line, &self.mapping));
        let mut reader = ::csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .buffer_capacity(BUFFER)
            .from_reader(StrictQuoteReader::new(file, delimiter));
        let header = reader.headers().map_err(|error| self.parse_error(error))?;
        let places = header::places(header, &self.mapping, &self.attributes);
        let places = places.map_err(|cause| self.file_error(cause))?;
        let width = header.len();
        Ok(CsvTable { reader, delimiter, width, places })
    }

    fn file_error(&self, cause: impl Into<ConnectorCause>) -> ConnectorError {
        self.settings.file.error(&self.name, cause)
    }

    /// Converts an error of the CSV parser or of the quote check.
    fn parse_error(&self, error: ::csv::Error) -> ConnectorError {
        let line = |position: Option<&::csv::Position>| position.map_or(1, ::csv::Position::line);
        match error.kind() {
            ::csv::ErrorKind::Utf8 { pos, .. } => {
                self.file_error(CsvError::NotUtf8 { line: line(pos.as_ref()) })
            }
            ::csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
                self.file_error(CsvError::Fields {
                    line: line(pos.as_ref()),
                    found: *len,
                    expected: *expected_len,
                })
            }
            ::csv::ErrorKind::Io(cause) => {
                let inner = cause.get_ref();
                if let Some(problem) = inner.and_then(|inner| inner.downcast_ref::<CsvError>()) {
                    return self.file_error(problem.clone());
                }
                if let Some(limit) = inner.and_then(|inner| inner.downcast_ref::<ExceededLimit>()) {
                    return self.file_error(ReadingError::LimitExceeded(limit.clone()));
                }
                self.file_error(FileError::Unreadable(error.into()))
            }
            _ => self.file_error(FileError::Unreadable(error.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;
    use crate::SourceSettings;
    use crate::retry::RetryPolicy;
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
        };
        let reading = CsvReadTask::new(&connector, &settings, &AttributeSet::default(), &context).read()?;
        let people = reading.people();
        Ok(people.len() as u64 + people.set_aside() + people.identical())
    }

    /// A field, quoted if required, and sometimes if not.
    fn field() -> impl Strategy<Value = String> {
        let text = prop::collection::vec(
            prop::sample::select(vec!["a", "é", " ", ",", ";", "\"", "\n", "\r\n", "7"]),
            0..4,
        );
        (text, any::<bool>()).prop_map(|(parts, quoted)| {
            let text = parts.concat();
            if quoted || text.contains([',', ';', '"', '\n', '\r']) {
                format!("\"{}\"", text.replace('"', "\"\""))
            } else {
                text
            }
        })
    }

    /// A complete file: the header and rows with unique ids, each with its line break.
    fn lines() -> impl Strategy<Value = Vec<String>> {
        let row = (field(), field());
        (prop::collection::vec(row, 1..6), any::<bool>()).prop_map(|(rows, windows)| {
            let end = if windows { "\r\n" } else { "\n" };
            let rows = rows
                .iter()
                .enumerate()
                .map(|(id, (mail, department))| format!("{id},{mail},{department}{end}"));
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
}
