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
    #[error("this is no file")]
    NoFile,
    /// Not one byte.
    #[error("the file is empty")]
    Empty,
    /// Nobody in it, though something is.
    #[error("the file holds nobody")]
    NoPeople,
    /// Fewer rows than `min_rows`.
    #[error("the file has {rows} rows, `min_rows` wants {wanted}")]
    TooFewRows {
        /// Rows without the header.
        rows: u64,
        /// The setting.
        wanted: u64,
    },
    /// Older than `max_age`.
    #[error("the file was written {} ago, `max_age` is {}", hours(*age), hours(*most))]
    TooOld {
        /// Since its last change.
        age: Duration,
        /// The setting.
        most: Duration,
    },
    /// The done file is not there.
    #[error("`{}` is not there: whoever writes the file has not finished", .0.display())]
    NotDone(PathBuf),
    /// The done file is older than the file.
    #[error("`{}` is older than the file: it belongs to the one before", .0.display())]
    DoneBefore(PathBuf),
    /// The digest's file does not hold one for this file.
    #[error("`{}` holds no SHA-256 of the file", .0.display())]
    NoDigest(PathBuf),
    /// The bytes are not those of the digest.
    #[error("the file has not the SHA-256 that `{}` holds", .0.display())]
    WrongDigest(PathBuf),
    /// Size, time or inode differ after reading.
    #[error("the file changed while it was read")]
    Changed,
    /// The last line has no end.
    #[error("the last line has no line break: the file is cut off")]
    NoLineBreak,
    /// The list has no end.
    #[error("the list is never closed: the file is cut off")]
    NotClosed,
    /// Something that is no JSON, or no record.
    #[error("{place} is no record of JSON: {what}")]
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
    #[error("line {line}: a quote inside a field: the whole field must be quoted, and a quote in it doubled")]
    StrayQuote {
        /// From 1.
        line: u64,
    },
    /// A quote that is never closed.
    #[error("line {line}: the quote that begins here is never closed")]
    OpenQuote {
        /// From 1.
        line: u64,
    },
    /// A row that has not the header's number of fields.
    #[error("line {line} has {found} fields, the header has {expected}")]
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
            Self::Unreadable | Self::NoFile => "look at `path`, and whether this account may read the file",
            Self::NoPeople => "set `min_rows = 0` if nobody being left is what is meant",
            Self::NotUtf8 { .. } => "let the export write UTF-8",
            Self::NotJson { .. } => "let the export write an array of objects, or one object a line",
            Self::StrayQuote { .. } | Self::OpenQuote { .. } => {
                "let the export quote fields as RFC 4180 says"
            }
            Self::Fields { .. } => {
                "see whether the file was cut off, or a field holds the delimiter without quotes"
            }
            Self::MissingColumns { .. } => "name the columns of the file in `[connector.attributes]`",
            Self::Empty | Self::Changed | Self::NoLineBreak | Self::NotClosed => {
                "let the export write another file and rename it when it is done"
            }
            Self::TooFewRows { .. } | Self::TooOld { .. } | Self::NotDone(_) | Self::DoneBefore(_) => {
                "see whether the export has run to its end"
            }
            Self::NoDigest(_) | Self::WrongDigest(_) => {
                "let the export write the file first and its SHA-256 after, as `sha256sum` does"
            }
            Self::RepeatedColumn(_) => "let the export give each column a name of its own",
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
