//! The rows of a file below its header.

use std::io::{BufRead, Cursor, Read};

use ::csv::ByteRecord;

use crate::csv::encoding_guess::guess_encoding;
use crate::csv::field::is_blank;
use crate::csv::preamble::Preamble;
use crate::csv::quote_check::StrictQuoteReader;
use crate::csv::reader::BUFFER;
use crate::csv::total_line::{declared_rows, find_total};
use crate::csv::{CsvError, CsvSettings, header};
use crate::file::FileError;
use crate::file::line_counter::LineCounter;
use crate::mapper::find_address;
use crate::{AttributeMapping, ConnectorCause, ExceededLimit, ReadingError};
use rollcall_model::attributes::AttributeSet;

/// Rows that a line of totals may count besides the records above it: the header and itself.
const COUNTED_FRAME: u64 = 2;

/// Number of characters of a line that an error message shows.
const SHOWN_CHARACTERS: usize = 60;

/// A file after its header was read.
pub(super) struct CsvTable<R> {
    reader: ::csv::Reader<StrictQuoteReader<R>>,
    pub delimiter: u8,
    header: ByteRecord,
    /// The position of each mapped column in a row.
    pub places: Vec<usize>,
    /// Number of rows below the header that are still to be skipped.
    skip_rows: u64,
    /// Number of records so far.
    records: u64,
    /// The line of totals at the end of the file, and its text.
    pub total: Option<(u64, String)>,
}

impl CsvTable<()> {
    /// Reads the lines down to the header, and the header.
    pub(super) fn open<R: BufRead>(
        mut file: R,
        settings: &CsvSettings,
        mapping: &AttributeMapping,
        attributes: &AttributeSet,
    ) -> Result<CsvTable<impl Read + use<R>>, ConnectorCause> {
        let preamble = Preamble::read(&mut file, settings.skip_lines).map_err(FileError::from_read)?;
        let found = settings.delimiter.or(preamble.delimiter);
        let delimiter = found.unwrap_or_else(|| header::delimiter(&preamble.line, mapping));
        let text = Cursor::new(preamble.line.clone()).chain(file);
        let mut reader = ::csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(BUFFER)
            .from_reader(StrictQuoteReader::new(text, delimiter, preamble.number));
        let mut header = ByteRecord::new();
        if !reader.read_byte_record(&mut header).map_err(parse_error)? {
            return Err(CsvError::NoHeader { line: settings.skip_lines + 1 }.into());
        }
        let line = reader.get_mut().next_row_line();
        let mut columns = Vec::new();
        for field in &header {
            let field = std::str::from_utf8(field).map_err(|_| not_utf8(line, &header))?;
            columns.push(header::column_name(field));
        }
        let places = header::places(&columns, mapping, attributes).map_err(|error| {
            if let Some(header) = preamble.find_header_above(mapping) {
                return CsvError::HeaderSkipped { header };
            }
            let text = preamble.line.trim_ascii();
            match preamble.find_header_below(mapping) {
                Some(header) => CsvError::LinesAboveHeader { line, text: shorten(text), header },
                None if header::has_values(&columns, mapping) => CsvError::NotHeader { line },
                None => error,
            }
        })?;
        let skip_rows = settings.skip_rows_after_header;
        Ok(CsvTable { reader, delimiter, header, places, skip_rows, records: 0, total: None })
    }
}

impl<R: Read> CsvTable<R> {
    /// Number of columns.
    pub(super) fn width(&self) -> usize {
        self.header.len()
    }

    /// Reads the next record and returns its line; `None` at the end. Rows without text, such as the Ctrl-Z that DOS
    /// writes at the end, repetitions of the header, the rows that the settings skip and a line of totals at the end are no
    /// records.
    pub(super) fn next_row(&mut self, row: &mut ByteRecord) -> Result<Option<u64>, ConnectorCause> {
        while self.reader.read_byte_record(row).map_err(parse_error)? {
            let line = self.reader.get_mut().next_row_line();
            if is_blank(row) {
                continue;
            }
            if self.skip_rows > 0 {
                self.skip_rows -= 1;
                if row.iter().any(|field| find_address(&String::from_utf8_lossy(field)).is_some()) {
                    return Err(CsvError::SkippedPerson { line }.into());
                }
                continue;
            }
            if *row == self.header {
                continue;
            }
            if row.len() == self.width() {
                self.records += 1;
                return Ok(Some(line));
            }
            let (found, expected) = (row.len() as u64, self.width() as u64);
            let total = find_total(row).filter(|_| found < expected);
            let declared = declared_rows(row);
            match total {
                Some(text) if self.is_at_end(row)? => {
                    if declared.is_some_and(|rows| rows > self.records + COUNTED_FRAME) {
                        return Err(CsvError::FewerRows { line, text, rows: self.records }.into());
                    }
                    self.total = Some((line, text));
                }
                Some(_) | None => return Err(CsvError::Fields { line, found, expected }.into()),
            }
        }
        Ok(None)
    }

    /// Whether nothing but rows without text follows; `row` is lost.
    fn is_at_end(&mut self, row: &mut ByteRecord) -> Result<bool, ConnectorCause> {
        while self.reader.read_byte_record(row).map_err(parse_error)? {
            if !is_blank(row) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The error of a row that is not UTF-8 and starts at a line.
pub(super) fn not_utf8(row_line: u64, row: &ByteRecord) -> CsvError {
    let mut lines = LineCounter::from_line(row_line);
    let guess = guess_encoding(row.as_slice());
    for field in row {
        match std::str::from_utf8(field) {
            Ok(_) => lines.count_all(field),
            Err(error) => {
                lines.count_all(&field[..error.valid_up_to()]);
                break;
            }
        }
    }
    CsvError::NotUtf8 { line: lines.line(), guess }
}

/// Converts an error of the CSV parser or of a reader below it.
fn parse_error(error: ::csv::Error) -> ConnectorCause {
    if let ::csv::ErrorKind::Io(cause) = error.kind() {
        let inner = cause.get_ref();
        if let Some(problem) = inner.and_then(|inner| inner.downcast_ref::<CsvError>()) {
            return problem.clone().into();
        }
        if let Some(limit) = inner.and_then(|inner| inner.downcast_ref::<ExceededLimit>()) {
            return ReadingError::LimitExceeded(limit.clone()).into();
        }
    }
    match error.into_kind() {
        ::csv::ErrorKind::Io(cause) => FileError::from_read(cause).into(),
        other => FileError::Unreadable(std::io::Error::other(format!("{other:?}"))).into(),
    }
}

/// The start of a line for a message.
fn shorten(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}
