//! Strict check of quotes in a CSV stream, which also knows the line of each row.

use std::collections::VecDeque;
use std::io::{self, Read};

use crate::csv::CsvError;
use crate::exceeded_limit::ExceededLimit;
use crate::file::line_counter::LineCounter;
use rollcall_model::resource_limits::ResourceLimit;

/// State of the RFC 4180 grammar after a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum QuoteState {
    FieldStart,
    Plain,
    Quoted,
    QuoteInQuoted,
    /// After `=` at the start of a field.
    Equals,
    /// In the text of `="…"`, as Excel writes a number that is a text.
    Formula,
    FormulaEnd,
}

/// Passes through what RFC 4180 allows for quotes and fails at the first violation. The CSV parser would guess,
/// and an unclosed quote would merge half of the file into one field. Fails also if a row exceeds its bound, because
/// the parser keeps the whole row.
#[derive(Debug)]
pub(super) struct StrictQuoteReader<R> {
    inner: R,
    delimiter: u8,
    state: QuoteState,
    lines: LineCounter,
    opened: u64,
    /// Number of bytes of the current row.
    row: usize,
    /// Number of delimiters of the current row.
    delimiters: usize,
    /// The line on which the current row starts.
    row_line: u64,
    /// The lines of the rows that the parser has not returned yet; at most one for each byte of its buffer.
    row_lines: VecDeque<u64>,
}

impl<R> StrictQuoteReader<R> {
    /// `line` is the line of the first byte, from 1.
    pub(super) fn new(inner: R, delimiter: u8, line: u64) -> Self {
        Self {
            inner,
            delimiter,
            state: QuoteState::FieldStart,
            lines: LineCounter::from_line(line),
            opened: line,
            row: 0,
            delimiters: 0,
            row_line: line,
            row_lines: VecDeque::new(),
        }
    }

    /// The line of the next row. Must be called once for each row that the parser returns.
    pub(super) fn next_row_line(&mut self) -> u64 {
        self.row_lines.pop_front().unwrap_or(self.row_line)
    }

    fn step(&mut self, byte: u8) -> Result<(), CsvError> {
        let ends_field = byte == self.delimiter || byte == b'\n' || byte == b'\r';
        self.state = match (self.state, byte) {
            (QuoteState::FieldStart, b'"') => {
                self.opened = self.lines.line();
                QuoteState::Quoted
            }
            (QuoteState::FieldStart, b'=') => QuoteState::Equals,
            (QuoteState::Equals, b'"') => QuoteState::Formula,
            (QuoteState::Formula, b'"') => QuoteState::FormulaEnd,
            (QuoteState::Quoted, b'"') => QuoteState::QuoteInQuoted,
            (QuoteState::Quoted, _) | (QuoteState::QuoteInQuoted, b'"') => QuoteState::Quoted,
            (QuoteState::Plain, b'"') => return Err(self.stray_quote()),
            // The parser would end the field here.
            (QuoteState::Formula, _) if ends_field => return Err(self.stray_quote()),
            (QuoteState::Formula, _) => QuoteState::Formula,
            (
                QuoteState::FieldStart
                | QuoteState::Plain
                | QuoteState::QuoteInQuoted
                | QuoteState::Equals
                | QuoteState::FormulaEnd,
                _,
            ) if ends_field => QuoteState::FieldStart,
            (QuoteState::FieldStart | QuoteState::Plain | QuoteState::Equals, _) => QuoteState::Plain,
            (QuoteState::QuoteInQuoted | QuoteState::FormulaEnd, _) => return Err(self.stray_quote()),
        };
        Ok(())
    }

    fn stray_quote(&self) -> CsvError {
        CsvError::StrayQuote { line: self.lines.line() }
    }

    /// Checks one byte and notes where rows start. The parser skips line breaks between rows.
    fn pass(&mut self, byte: u8) -> io::Result<()> {
        let is_break = matches!(byte, b'\n' | b'\r');
        if self.row == 0 && !is_break {
            self.row_line = self.lines.line();
            self.row_lines.push_back(self.row_line);
            self.delimiters = 0;
        }
        self.step(byte).map_err(io::Error::other)?;
        if byte == self.delimiter && self.state == QuoteState::FieldStart {
            self.delimiters += 1;
            self.check(ResourceLimit::RecordParts, self.delimiters + 1)?;
        }
        self.lines.count(byte);
        self.row = if is_break && self.state == QuoteState::FieldStart { 0 } else { self.row + 1 };
        Ok(())
    }

    /// Fails if the current row exceeds a bound.
    fn check(&self, limit: ResourceLimit, size: usize) -> io::Result<()> {
        ExceededLimit::check_size(limit, size)
            .map_err(|limit| io::Error::other(limit.of(|| format!("the row at line {}", self.row_line))))
    }
}

impl<R: Read> Read for StrictQuoteReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        if length == 0 && self.state == QuoteState::Quoted && !buffer.is_empty() {
            return Err(io::Error::other(CsvError::OpenQuote { line: self.opened }));
        }
        for &byte in &buffer[..length] {
            self.pass(byte)?;
        }
        self.check(ResourceLimit::RecordBytes, self.row)?;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Option<CsvError> {
        let mut all = String::new();
        let error = StrictQuoteReader::new(text.as_bytes(), b',', 1).read_to_string(&mut all).err()?;
        error.get_ref()?.downcast_ref().cloned()
    }

    #[test]
    fn quotes_that_the_standard_allows_go_through() {
        for text in [
            "a,b\n",
            "=\"007\",=a,=\n",
            "=\"\",a=b\n",
            "\"a\",\"b\"\n",
            "\"a\"\"b\",\"c\nd\"\r\n",
            "\"\",\"\"\n",
            "",
        ] {
            assert_eq!(fault(text), None, "{text}");
        }
    }

    /// A row without an end is refused once it exceeds its bound, quoted or not; many rows together are not.
    #[test]
    fn row_beyond_the_limit_is_refused() {
        let most = ResourceLimit::RecordBytes.default_value();
        let exceeds = |text: &mut dyn Read| {
            let error = io::copy(&mut StrictQuoteReader::new(text, b',', 1), &mut io::sink()).err()?;
            error.get_ref()?.downcast_ref::<ExceededLimit>()?.subject.clone()
        };
        assert_eq!(exceeds(&mut b"id\n".chain(io::repeat(b'a'))), Some("the row at line 2".to_owned()));
        assert_eq!(exceeds(&mut b"\"".chain(io::repeat(b'a'))), Some("the row at line 1".to_owned()));
        assert_eq!(exceeds(&mut io::repeat(b'a').take(most)), None);
        let rows = [vec![b'a'; 1 << 20], b"\n".to_vec()].concat().repeat(17);
        assert_eq!(exceeds(&mut rows.as_slice()), None);
    }

    #[test]
    fn broken_quotes_are_found_with_their_line() {
        assert_eq!(fault("a\nb\"c\n"), Some(CsvError::StrayQuote { line: 2 }));
        assert_eq!(fault("a\r\nb\rc\r\n=\"a\"b\n"), Some(CsvError::StrayQuote { line: 4 }));
        assert_eq!(fault("a\n=\"b,c\"\n"), Some(CsvError::StrayQuote { line: 2 }));
        assert_eq!(fault("\"a\"b\n"), Some(CsvError::StrayQuote { line: 1 }));
        assert_eq!(fault("a\n\"b\nc\nd\n"), Some(CsvError::OpenQuote { line: 2 }));
        assert_eq!(fault("a, \"b\"\n"), Some(CsvError::StrayQuote { line: 1 }));
    }
}
