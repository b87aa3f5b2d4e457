//! Errors of files.

use std::path::PathBuf;
use std::time::Duration;

/// Reason why a file is not a complete directory. The message follows the name of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// The system cannot read it.
    #[error("the file could not be read")]
    Unreadable,
    /// A directory, pipe or device.
    #[error("this is not a regular file")]
    NoFile,
    /// The file has no bytes.
    #[error("the file is empty")]
    Empty,
    /// The file has content but no people.
    #[error("the file contains no people")]
    NoPeople,
    /// Fewer rows than `min_rows`.
    #[error("the file has {rows} rows, but `min_rows` is {wanted}")]
    TooFewRows {
        /// Rows without the header.
        rows: u64,
        /// The setting.
        wanted: u64,
    },
    /// Older than `max_age`.
    #[error("the file is too old: it was written {} ago, and `max_age` is {}", format_duration(*age), format_duration(*most))]
    TooOld {
        /// Time since the last modification.
        age: Duration,
        /// The setting.
        most: Duration,
    },
    /// The done file does not exist.
    #[error("`{}` does not exist: the export has not finished", .0.display())]
    NotDone(PathBuf),
    /// The done file is older than the file.
    #[error("`{}` is older than the file: it belongs to an earlier export", .0.display())]
    DoneBefore(PathBuf),
    /// The digest file does not contain a digest for this file.
    #[error("`{}` contains no SHA-256 digest of the file", .0.display())]
    NoDigest(PathBuf),
    /// The digest does not match.
    #[error("the SHA-256 digest of the file differs from the one in `{}`", .0.display())]
    WrongDigest(PathBuf),
    /// Size, time or inode changed while the file was read.
    #[error("the file changed while it was read")]
    Changed,
    /// The last line has no line break.
    #[error("the last line has no line break: the file is truncated")]
    NoLineBreak,
    /// The list is not closed.
    #[error("the list is not closed: the file is truncated")]
    NotClosed,
    /// Invalid JSON, or not a record.
    #[error("{place} is not a valid JSON record: {what}")]
    NotJson {
        /// The line, or the number of the element.
        place: String,
        /// The problem.
        what: String,
    },
    /// Not UTF-8.
    #[error("line {line} is not UTF-8")]
    NotUtf8 {
        /// The line, from 1.
        line: u64,
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

impl FileError {
    /// Returns whether the export may still be running.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Empty
            | Self::NotDone(_)
            | Self::DoneBefore(_)
            | Self::Changed
            | Self::NoLineBreak
            | Self::NotClosed => true,
            Self::Unreadable
            | Self::NoFile
            | Self::NoPeople
            | Self::TooFewRows { .. }
            | Self::TooOld { .. }
            | Self::NoDigest(_)
            | Self::WrongDigest(_)
            | Self::NotJson { .. }
            | Self::NotUtf8 { .. }
            | Self::StrayQuote { .. }
            | Self::OpenQuote { .. }
            | Self::Fields { .. }
            | Self::RepeatedColumn(_)
            | Self::MissingColumns { .. } => false,
        }
    }

    /// A stable word for scripts.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Unreadable | Self::NoFile => "unreadable",
            Self::Empty
            | Self::NoPeople
            | Self::TooFewRows { .. }
            | Self::NotDone(_)
            | Self::DoneBefore(_)
            | Self::NoDigest(_)
            | Self::WrongDigest(_)
            | Self::Changed
            | Self::NoLineBreak
            | Self::NotClosed => "incomplete",
            Self::TooOld { .. } => "too_old",
            Self::NotJson { .. }
            | Self::NotUtf8 { .. }
            | Self::StrayQuote { .. }
            | Self::OpenQuote { .. }
            | Self::Fields { .. } => "bad_file",
            Self::RepeatedColumn(_) | Self::MissingColumns { .. } => "bad_header",
        }
    }

    /// The next step for the operator.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable | Self::NoFile => {
                "check `path` and that this account is allowed to read the file"
            }
            Self::NoPeople => "set `min_rows = 0` if an empty file is intended",
            Self::NotUtf8 { .. } => "configure the export to write UTF-8",
            Self::NotJson { .. } => {
                "configure the export to write an array of objects, or one object per line"
            }
            Self::StrayQuote { .. } | Self::OpenQuote { .. } => {
                "configure the export to quote fields according to RFC 4180"
            }
            Self::Fields { .. } => {
                "check whether the file is truncated or a field contains the delimiter without quotes"
            }
            Self::MissingColumns { .. } => "use the column names of the file in `[connector.attributes]`",
            Self::Empty | Self::Changed | Self::NoLineBreak | Self::NotClosed => {
                "configure the export to write to a temporary file and rename it when it is complete"
            }
            Self::TooFewRows { .. } | Self::TooOld { .. } | Self::NotDone(_) | Self::DoneBefore(_) => {
                "check that the export has finished"
            }
            Self::NoDigest(_) | Self::WrongDigest(_) => {
                "configure the export to write the file first and then its SHA-256 digest in the format of `sha256sum`"
            }
            Self::RepeatedColumn(_) => "configure the export to give each column a unique name",
        }
    }
}

/// Formats a duration.
fn format_duration(time: Duration) -> String {
    const HOUR: u64 = 3600;
    match time.as_secs() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds if seconds < 2 * HOUR => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / HOUR),
    }
}
