//! Causes of errors in the content of a CSV file.

use std::borrow::Cow;

use crate::attempt::ConnectorAttempt;
use crate::file::error::{describe_encoding, describe_file_error};
use crate::protocol_error::ProtocolError;

/// Reason why the content of a file is not a table of people. The message follows the name of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    /// Not UTF-8.
    #[error("line {line} is not UTF-8")]
    NotUtf8 {
        /// The line, from 1.
        line: u64,
        /// The name of the encoding that the line seems to have.
        guess: Option<&'static str>,
    },
    /// A quote at an invalid position (RFC 4180 2).
    #[error("line {line}: quote inside an unquoted field: quote the whole field and double the quotes in it")]
    StrayQuote {
        /// The line, from 1.
        line: u64,
    },
    /// A quote that is not closed.
    #[error("line {line}: the quote that starts here is not closed")]
    OpenQuote {
        /// The line, from 1.
        line: u64,
    },
    /// A row whose number of fields differs from the header.
    #[error("line {line} has {found} fields, but the header has {expected}")]
    Fields {
        /// The line, from 1.
        line: u64,
        /// Fields of the row.
        found: u64,
        /// Fields of the header.
        expected: u64,
    },
    /// A line of totals that counts more rows than there are.
    #[error("line {line} says `{text}`, but only {rows} records are above it")]
    FewerRows {
        /// The line, from 1.
        line: u64,
        /// Its text.
        text: String,
        /// The records above it.
        rows: u64,
    },
    /// Lines above the header.
    #[error("line {line}, `{text}`, is not the header: the mapped columns are in line {header}")]
    LinesAboveHeader {
        /// The line in the place of the header, from 1.
        line: u64,
        /// The start of its text.
        text: String,
        /// The line with the columns.
        header: u64,
    },
    /// The header is among the skipped lines.
    #[error("the mapped columns are in line {header}, which `skip_lines` skips")]
    HeaderSkipped {
        /// The line with the columns, from 1.
        header: u64,
    },
    /// A row that `skip_rows_after_header` skips has an address.
    #[error(
        "the row in line {line}, which `skip_rows_after_header` skips, has an e-mail address: it is a person"
    )]
    SkippedPerson {
        /// The line, from 1.
        line: u64,
    },
    /// The line in the place of the header has values of a person.
    #[error(
        "line {line} is not a header: it names none of the mapped columns, and it has an address or a number"
    )]
    NotHeader {
        /// The line, from 1.
        line: u64,
    },
    /// A column whose letters beyond ASCII were read in another encoding than they were written.
    #[error("the header has the column `{found}` instead of `{expected}`: the file has another encoding")]
    GarbledColumn {
        /// The column of the mapping.
        expected: String,
        /// The column of the header.
        found: String,
        /// The encoding of the file, if the column tells it.
        encoding: Option<&'static str>,
    },
    /// No line with a header.
    #[error("the file has no header: there is no text from line {line} on")]
    NoHeader {
        /// The first line that is not skipped.
        line: u64,
    },
    /// The header contains a column twice.
    #[error("the header names the column `{0}` twice")]
    RepeatedColumn(String),
    /// The header lacks mapped columns.
    #[error("the header has no column {}; it has {}", missing.join(", "), columns.join(", "))]
    MissingColumns {
        /// Each column with the mapped attribute and a suggestion.
        missing: Vec<String>,
        /// The header.
        columns: Vec<String>,
    },
}

impl ProtocolError for CsvError {
    fn describe(&self, attempt: &ConnectorAttempt) -> String {
        describe_file_error(self, attempt)
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::NotUtf8 { .. }
            | Self::StrayQuote { .. }
            | Self::OpenQuote { .. }
            | Self::Fields { .. }
            | Self::FewerRows { .. } => "bad_file",
            Self::LinesAboveHeader { .. }
            | Self::HeaderSkipped { .. }
            | Self::SkippedPerson { .. }
            | Self::NotHeader { .. }
            | Self::GarbledColumn { .. }
            | Self::NoHeader { .. }
            | Self::RepeatedColumn(_)
            | Self::MissingColumns { .. } => "bad_header",
        }
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::NotUtf8 { .. }
            | Self::StrayQuote { .. }
            | Self::OpenQuote { .. }
            | Self::Fields { .. }
            | Self::FewerRows { .. }
            | Self::LinesAboveHeader { .. }
            | Self::HeaderSkipped { .. }
            | Self::SkippedPerson { .. }
            | Self::NotHeader { .. }
            | Self::GarbledColumn { .. }
            | Self::NoHeader { .. }
            | Self::RepeatedColumn(_)
            | Self::MissingColumns { .. } => false,
        }
    }

    fn hint(&self, _: &ConnectorAttempt) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::NotUtf8 { guess, .. } => describe_encoding(*guess).into(),
            Self::GarbledColumn { encoding, .. } => match encoding {
                Some(encoding) => format!("set `encoding = \"{encoding}\"`, or configure the export to write UTF-8").into(),
                None => describe_encoding(None).into(),
            },
            Self::StrayQuote { .. } | Self::OpenQuote { .. } => {
                "configure the export to quote fields according to RFC 4180".into()
            }
            Self::Fields { .. } => {
                "check whether the file is truncated, a field contains the delimiter without quotes, or the row is not a record; `skip_rows_after_header` skips rows below the header".into()
            }
            Self::FewerRows { .. } => {
                "rows are missing: export the file again; a total that does not count rows belongs in a field of its own".into()
            }
            Self::LinesAboveHeader { header, .. } => format!("set `skip_lines = {}`", header - 1).into(),
            Self::HeaderSkipped { header } => format!("set `skip_lines = {}`", header - 1).into(),
            Self::SkippedPerson { .. } => {
                "the source no longer writes these rows below the header: lower `skip_rows_after_header`".into()
            }
            Self::NotHeader { .. } => {
                "check `skip_lines`, and configure the export to write the names of the columns above the rows".into()
            }
            Self::NoHeader { .. } => "check `skip_lines` and the export".into(),
            Self::RepeatedColumn(_) => "configure the export to give each column a unique name".into(),
            Self::MissingColumns { .. } => {
                "use the column names of the file in `[connector.attributes]`, or set `skip_lines` if other lines stand above the header".into()
            }
        })
    }
}
