//! The lines of a file down to its header.

use std::io::{self, BufRead};

use crate::AttributeMapping;
use crate::csv::header::has_all_columns;

/// The longest header line, in bytes: a file without a line break in a megabyte is not a table.
const LONGEST: usize = 1 << 20;

/// Number of bytes below the first line in which a header is looked for.
const LOOK_AHEAD: usize = 1 << 14;

/// What stands above the rows of a file.
#[derive(Debug)]
pub(super) struct Preamble {
    /// The header line with its line break; the rest of the file follows.
    pub line: Vec<u8>,
    /// Its number, from 1.
    pub number: u64,
    /// The delimiter that the file names in a line such as `sep=;`, as Excel does.
    pub delimiter: Option<u8>,
    /// The start of the skipped lines, for a message.
    skipped: Vec<u8>,
    /// The start of what follows, for a message.
    following: Vec<u8>,
}

impl Preamble {
    /// Reads the lines that are skipped, those that only describe the file, and the header line.
    pub(super) fn read(file: &mut impl BufRead, skip_lines: u64) -> io::Result<Self> {
        let (mut line, mut skipped) = (Vec::new(), Vec::new());
        let (mut number, mut delimiter) = (1, None);
        for _ in 0..skip_lines {
            skip_line(file, &mut skipped)?;
            number += 1;
        }
        loop {
            read_line(file, &mut line)?;
            match describe(&line) {
                LineMeaning::Separator(separator) => delimiter = Some(separator),
                LineMeaning::NoText if line.is_empty() => break,
                LineMeaning::NoText | LineMeaning::Type => {}
                LineMeaning::Header => break,
            }
            number += 1;
        }
        let following = file.fill_buf()?;
        let following = following[..following.len().min(LOOK_AHEAD)].to_vec();
        Ok(Self { line, number, delimiter, skipped, following })
    }

    /// The number of the first line below the header that has all mapped columns.
    pub(super) fn find_header_below(&self, mapping: &AttributeMapping) -> Option<u64> {
        find_header(&self.following, self.number + 1, mapping)
    }

    /// The number of the first skipped line that has all mapped columns.
    pub(super) fn find_header_above(&self, mapping: &AttributeMapping) -> Option<u64> {
        find_header(&self.skipped, 1, mapping)
    }
}

/// The number of the first line that has all mapped columns, from the number of the first line.
fn find_header(mut text: &[u8], mut number: u64, mapping: &AttributeMapping) -> Option<u64> {
    let mut line = Vec::new();
    loop {
        read_line(&mut text, &mut line).ok()?;
        if line.is_empty() {
            return None;
        }
        if has_all_columns(&line, mapping) {
            return Some(number);
        }
        number += 1;
    }
}

/// The meaning of a line above the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineMeaning {
    /// The delimiter of the file.
    Separator(u8),
    /// The type of the objects, as PowerShell writes it.
    Type,
    /// No text between delimiters, or no line.
    NoText,
    Header,
}

fn describe(line: &[u8]) -> LineMeaning {
    let text = line.trim_ascii_end();
    let unquoted = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text);
    let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
    match line.strip_prefix(b"sep=").or_else(|| unquoted.strip_prefix(b"sep=")) {
        // A tab is the delimiter, not a space at the end of the line.
        Some([b'\t', rest @ ..]) if rest.iter().all(|byte| is_break(byte) || *byte == b'"') => {
            return LineMeaning::Separator(b'\t');
        }
        Some([separator, rest @ ..])
            if separator.is_ascii_punctuation()
                && *separator != b'"'
                && rest.iter().all(|byte| byte == separator || byte.is_ascii_whitespace()) =>
        {
            return LineMeaning::Separator(*separator);
        }
        Some(_) | None => {}
    }
    if unquoted.starts_with(b"#TYPE ") {
        return LineMeaning::Type;
    }
    let is_filler = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b';' | b'|' | b'"');
    if line.iter().all(is_filler) { LineMeaning::NoText } else { LineMeaning::Header }
}

/// Reads a line with its line break, LF, CRLF or CR, and at most [`LONGEST`] bytes; empty at the end of the file.
fn read_line(file: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<()> {
    line.clear();
    while line.len() < LONGEST {
        let buffer = file.fill_buf()?;
        let Some(end) = end_of_line(buffer) else {
            let length = buffer.len();
            if length == 0 {
                return Ok(());
            }
            line.extend_from_slice(buffer);
            file.consume(length);
            continue;
        };
        line.extend_from_slice(&buffer[..end]);
        file.consume(end);
        return take_newline(file, line);
    }
    Ok(())
}

/// Passes over a line of any length and keeps the start of all skipped lines.
fn skip_line(file: &mut impl BufRead, skipped: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let buffer = file.fill_buf()?;
        let (end, length) = (end_of_line(buffer), buffer.len());
        let kept = end.unwrap_or(length).min(LOOK_AHEAD.saturating_sub(skipped.len()));
        skipped.extend_from_slice(&buffer[..kept]);
        let Some(end) = end else {
            if length == 0 {
                return Ok(());
            }
            file.consume(length);
            continue;
        };
        let mut last = vec![buffer[end - 1]];
        file.consume(end);
        return take_newline(file, &mut last);
    }
}

/// The position behind the first byte of a line break.
fn end_of_line(buffer: &[u8]) -> Option<usize> {
    buffer.iter().position(|byte| matches!(byte, b'\r' | b'\n')).map(|at| at + 1)
}

/// Adds the LF of a CRLF.
fn take_newline(file: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<()> {
    if line.ends_with(b"\r") && file.fill_buf()?.starts_with(b"\n") {
        file.consume(1);
        line.push(b'\n');
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;
    use rollcall_model::attributes::Attribute;

    fn preamble(text: &str, skip_lines: u64) -> Preamble {
        let whole = Preamble::read(&mut text.as_bytes(), skip_lines).expect("read");
        let parts =
            Preamble::read(&mut BufReader::with_capacity(2, text.as_bytes()), skip_lines).expect("read");
        assert_eq!(
            (&whole.line, whole.number, whole.delimiter),
            (&parts.line, parts.number, parts.delimiter)
        );
        whole
    }

    #[test]
    fn header_is_found_below_what_only_describes_the_file() {
        for (text, skip_lines, number, delimiter) in [
            ("id;mail\n1;a\n", 0, 1, None),
            ("sep=;\r\nid;mail\r\n", 0, 2, Some(b';')),
            ("\"sep=,\"\nid;mail\n", 0, 2, Some(b',')),
            ("sep=\t\nid;mail\n", 0, 2, Some(b'\t')),
            ("#TYPE Corp.User\r\"\";\r\rid;mail\r", 0, 4, None),
            ("\"#TYPE System.Object\"\nid;mail\n", 0, 2, None),
            ("\r\n;;;\r\nid;mail\r\n", 0, 3, None),
            ("Title\r\nof 2 lines\r\nid;mail\r\n", 2, 3, None),
            ("Title\n\nsep=|\nid;mail\n", 1, 4, Some(b'|')),
        ] {
            let read = preamble(text, skip_lines);
            let line = String::from_utf8(read.line.clone()).expect("text");
            assert_eq!(
                (line.trim_end(), read.number, read.delimiter),
                ("id;mail", number, delimiter),
                "{text:?}"
            );
        }
        assert!(preamble("a\nb\n", 2).line.is_empty());
        assert!(preamble("\n;;\n", 0).line.is_empty());
    }

    #[test]
    fn header_among_skipped_lines_is_found_for_the_message() {
        let columns = vec![(Attribute::ID, "id".to_owned()), (Attribute::EMAIL, "mail".to_owned())];
        let mapping = AttributeMapping { columns, ..AttributeMapping::default() };
        let above = |text: &str, lines| preamble(text, lines).find_header_above(&mapping);
        assert_eq!(above("id;mail\r\n1;a\r\n2;b\r\n", 1), Some(1));
        assert_eq!(above("Title\r\nid;mail\r\n1;a\r\n2;b\r\n", 3), Some(2));
        assert_eq!(above("Title\nid;mail\n1;a\n", 1), None);
    }

    #[test]
    fn header_below_a_title_is_found_for_the_message() {
        let columns = vec![(Attribute::ID, "id".to_owned()), (Attribute::EMAIL, "mail".to_owned())];
        let mapping = AttributeMapping { columns, ..AttributeMapping::default() };
        let below = |text: &str| preamble(text, 0).find_header_below(&mapping);
        assert_eq!(below("All people\r\n\r\nid;mail\r\n1;a\r\n"), Some(3));
        assert_eq!(below("All people\r28 November\rmail,id\r"), Some(3));
        assert_eq!(below("All people\nid;name\n"), None);
    }
}
