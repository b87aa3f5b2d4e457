//! Strict check of quotes in a CSV stream.

use std::io::{self, Read};

use crate::csv::CsvError;
use crate::exceeded_limit::ExceededLimit;
use rollcall_model::resource_limits::ResourceLimit;

/// State of the RFC 4180 grammar after a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum QuoteState {
    FieldStart,
    Plain,
    Quoted,
    QuoteInQuoted,
}

/// Passes through what RFC 4180 allows for quotes and fails at the first violation. The CSV parser would guess,
/// and an unclosed quote would merge half of the file into one field. Fails also if a row exceeds its bound, because
/// the parser keeps the whole row.
#[derive(Debug)]
pub(super) struct StrictQuoteReader<R> {
    inner: R,
    delimiter: u8,
    state: QuoteState,
    line: u64,
    opened: u64,
    /// Number of bytes of the current row.
    row: usize,
}

impl<R> StrictQuoteReader<R> {
    pub(super) fn new(inner: R, delimiter: u8) -> Self {
        Self { inner, delimiter, state: QuoteState::FieldStart, line: 1, opened: 1, row: 0 }
    }

    fn step(&mut self, byte: u8) -> Result<(), CsvError> {
        let ends_field = byte == self.delimiter || byte == b'\n' || byte == b'\r';
        self.state = match (self.state, byte) {
            (QuoteState::FieldStart, b'"') => {
                self.opened = self.line;
                QuoteState::Quoted
            }
            (QuoteState::Quoted, b'"') => QuoteState::QuoteInQuoted,
            (QuoteState::Quoted, _) | (QuoteState::QuoteInQuoted, b'"') => QuoteState::Quoted,
            (QuoteState::Plain, b'"') => return Err(CsvError::StrayQuote { line: self.line }),
            (QuoteState::FieldStart | QuoteState::Plain | QuoteState::QuoteInQuoted, _) if ends_field => {
                QuoteState::FieldStart
            }
            (QuoteState::FieldStart | QuoteState::Plain, _) => QuoteState::Plain,
            (QuoteState::QuoteInQuoted, _) => return Err(CsvError::StrayQuote { line: self.line }),
        };
        self.line += u64::from(byte == b'\n');
        Ok(())
    }
}

impl<R: Read> Read for StrictQuoteReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        if length == 0 && self.state == QuoteState::Quoted && !buffer.is_empty() {
            return Err(io::Error::other(CsvError::OpenQuote { line: self.opened }));
        }
        for &byte in &buffer[..length] {
            self.step(byte).map_err(io::Error::other)?;
            let ends_row = self.state == QuoteState::FieldStart && matches!(byte, b'\n' | b'\r');
            self.row = if ends_row { 0 } else { self.row + 1 };
        }
        ExceededLimit::check_size(ResourceLimit::RecordBytes, self.row)
            .map_err(|limit| io::Error::other(limit.of(|| format!("the row at line {}", self.line))))?;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Option<CsvError> {
        let mut all = String::new();
        let error = StrictQuoteReader::new(text.as_bytes(), b',').read_to_string(&mut all).err()?;
        error.get_ref()?.downcast_ref().cloned()
    }

    #[test]
    fn quotes_that_the_standard_allows_go_through() {
        for text in ["a,b\n", "\"a\",\"b\"\n", "\"a\"\"b\",\"c\nd\"\r\n", "\"\",\"\"\n", ""] {
            assert_eq!(fault(text), None, "{text}");
        }
    }

    /// A row without an end is refused once it exceeds its bound, quoted or not; many rows together are not.
    #[test]
    fn row_beyond_the_limit_is_refused() {
        let most = ResourceLimit::RecordBytes.default_value();
        let exceeds = |text: &mut dyn Read| {
            let error = io::copy(&mut StrictQuoteReader::new(text, b','), &mut io::sink()).err()?;
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
        assert_eq!(fault("\"a\"b\n"), Some(CsvError::StrayQuote { line: 1 }));
        assert_eq!(fault("a\n\"b\nc\nd\n"), Some(CsvError::OpenQuote { line: 2 }));
        assert_eq!(fault("a, \"b\"\n"), Some(CsvError::StrayQuote { line: 1 }));
    }
}
