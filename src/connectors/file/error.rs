//! What can be wrong with a file.

use std::path::PathBuf;
use std::time::Duration;

/// Why a file is no complete directory. To be read after the file's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// The system did not let us read it.
    #[error("the file could not be read")]
    Unreadable,
    /// A folder, a pipe, a device.
    #[error("this is not a regular file")]
    NoFile,
    /// Not one byte.
    #[error("the file is empty")]
    Empty,
    /// Nobody in it, though something is.
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
    #[error("the file is too old: it was written {} ago, and `max_age` is {}", hours(*age), hours(*most))]
    TooOld {
        /// Since its last change.
        age: Duration,
        /// The setting.
        most: Duration,
    },
    /// The done file is not there.
    #[error("`{}` does not exist: the export has not finished", .0.display())]
    NotDone(PathBuf),
    /// The done file is older than the file.
    #[error("`{}` is older than the file: it belongs to an earlier export", .0.display())]
    DoneBefore(PathBuf),
    /// The digest's file does not hold one for this file.
    #[error("`{}` contains no SHA-256 digest of the file", .0.display())]
    NoDigest(PathBuf),
    /// The bytes are not those of the digest.
    #[error("the SHA-256 digest of the file differs from the one in `{}`", .0.display())]
    WrongDigest(PathBuf),
    /// Size, time or inode differ after reading.
    #[error("the file changed while it was read")]
    Changed,
    /// The last line has no end.
    #[error("the last line has no line break: the file is truncated")]
    NoLineBreak,
    /// The list has no end.
    #[error("the list is not closed: the file is truncated")]
    NotClosed,
    /// Something that is no JSON, or no record.
    #[error("{place} is not a valid JSON record: {what}")]
    NotJson {
        /// The line, or the number of the element.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// Not UTF-8.
    #[error("line {line} is not UTF-8")]
    NotUtf8 {
        /// From 1.
        line: u64,
    },
    /// A quote where none may be (RFC 4180 2).
    #[error("line {line}: quote inside an unquoted field: quote the whole field and double the quotes in it")]
    StrayQuote {
        /// From 1.
        line: u64,
    },
    /// A quote that is never closed.
    #[error("line {line}: the quote that starts here is not closed")]
    OpenQuote {
        /// From 1.
        line: u64,
    },
    /// A row that has not the header's number of fields.
    #[error("line {line} has {found} fields, but the header has {expected}")]
    Fields {
        /// From 1.
        line: u64,
        /// What the row has.
        found: u64,
        /// What the header has.
        expected: u64,
    },
    /// The header names one column twice.
    #[error("the header names the column `{0}` twice")]
    RepeatedColumn(String),
    /// The header lacks mapped columns.
    #[error("the header has no column {}; it has {}", missing.join(", "), columns.join(", "))]
    MissingColumns {
        /// Each with the attribute that it is mapped to and the column that may be meant.
        missing: Vec<String>,
        /// The header.
        columns: Vec<String>,
    },
}

impl FileError {
    /// Whether whoever writes the file may just not have finished.
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

    /// What to do next.
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

/// A length of time as people say it.
fn hours(time: Duration) -> String {
    const HOUR: u64 = 3600;
    match time.as_secs() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds if seconds < 2 * HOUR => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / HOUR),
    }
}
