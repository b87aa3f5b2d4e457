//! Causes of errors of files, independent of their content.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::attempt::ConnectorAttempt;
use crate::file::binary_format::BinaryFormat;
use crate::file::near_miss::{NearMiss, NearMissReason};
use crate::file::text_encoding::{TextEncoding, WrongEncoding};
use crate::protocol_error::ProtocolError;

/// Reason why a file is not a complete directory. The message follows the name of the file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system cannot read it.
    #[error("the file could not be read")]
    Unreadable(#[source] io::Error),
    /// The system cannot list the files of a folder.
    #[error("the folder `{}` could not be read", folder.display())]
    UnreadableFolder {
        /// The folder of the path.
        folder: PathBuf,
        /// The error of the system.
        #[source]
        cause: io::Error,
    },
    /// A pattern that matches no complete file.
    #[error("no complete file has such a name{}", format_near_miss(near_miss.as_ref()))]
    NoCompleteFile {
        /// The newest file that is not read.
        near_miss: Option<NearMiss>,
    },
    /// The newest file is older than the one that was read last.
    #[error("the file is older than `{}`, which was read last: there is no newer file", last.display())]
    OlderThanLast {
        /// The file that was read last.
        last: PathBuf,
    },
    /// A directory, pipe or device.
    #[error("this is not a regular file")]
    NoFile,
    /// A link to a file in another folder.
    #[error("this is a link out of the folder `{}`, which is not followed", folder.display())]
    OutsideFolder {
        /// The folder of the path.
        folder: PathBuf,
    },
    /// Not a text file.
    #[error("this is {}, not a text file", .0.describe())]
    Binary(BinaryFormat),
    /// A page that a server sent in place of the file.
    #[error("this is a web page (HTML)")]
    WebPage,
    /// The file is not in the encoding of the settings.
    #[error(transparent)]
    WrongEncoding(WrongEncoding),
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
    #[error("`{}` does not exist: the export has not finished", done_file.display())]
    NotDone {
        /// The done file.
        done_file: PathBuf,
        /// The error of the system.
        #[source]
        cause: io::Error,
    },
    /// The done file is older than the file.
    #[error("`{}` is older than the file: it belongs to an earlier export", .0.display())]
    DoneBefore(PathBuf),
    /// The digest file does not contain a digest for this file.
    #[error("`{}` contains no SHA-256 digest of the file", sha256_file.display())]
    NoDigest {
        /// The digest file.
        sha256_file: PathBuf,
        /// The error of the system, if the digest file cannot be read.
        #[source]
        cause: Option<io::Error>,
    },
    /// The digest does not match.
    #[error("the SHA-256 digest of the file differs from the one in `{}`", .0.display())]
    WrongDigest(PathBuf),
    /// Size, time or inode changed while the file was read.
    #[error("the file changed while it was read")]
    Changed(#[source] Option<io::Error>),
    /// The last line has no line break.
    #[error("the last line has no line break: the file is truncated")]
    NoLineBreak,
}

impl FileError {
    /// The error of a reader of text.
    pub(crate) fn from_read(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<WrongEncoding>()) {
            Some(wrong) => Self::WrongEncoding(*wrong),
            None => Self::Unreadable(error),
        }
    }
}

impl ProtocolError for FileError {
    fn describe(&self, attempt: &ConnectorAttempt) -> String {
        describe_file_error(self, attempt)
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Unreadable(_)
            | Self::UnreadableFolder { .. }
            | Self::NoFile
            | Self::OutsideFolder { .. }
            | Self::NoCompleteFile { .. } => "unreadable",
            Self::Empty
            | Self::NoPeople
            | Self::TooFewRows { .. }
            | Self::NotDone { .. }
            | Self::DoneBefore(_)
            | Self::NoDigest { .. }
            | Self::WrongDigest(_)
            | Self::Changed(_)
            | Self::NoLineBreak => "incomplete",
            Self::TooOld { .. } | Self::OlderThanLast { .. } => "too_old",
            Self::Binary(_) | Self::WebPage | Self::WrongEncoding(_) => "bad_file",
        }
    }

    fn is_transient(&self) -> bool {
        match self {
            // The export may still be running.
            Self::Empty
            | Self::NotDone { .. }
            | Self::DoneBefore(_)
            | Self::Changed(_)
            | Self::NoLineBreak => true,
            Self::NoCompleteFile { near_miss } => {
                near_miss.as_ref().is_some_and(NearMiss::may_be_complete_soon)
            }
            Self::Unreadable(_)
            | Self::UnreadableFolder { .. }
            | Self::OlderThanLast { .. }
            | Self::NoFile
            | Self::OutsideFolder { .. }
            | Self::Binary(_)
            | Self::WebPage
            | Self::WrongEncoding(_)
            | Self::NoPeople
            | Self::TooFewRows { .. }
            | Self::TooOld { .. }
            | Self::NoDigest { .. }
            | Self::WrongDigest(_) => false,
        }
    }

    fn hint(&self, _: &ConnectorAttempt) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Unreadable(_) | Self::NoFile => {
                "check `path` and that this account is allowed to read the file"
            }
            Self::UnreadableFolder { .. } => {
                "check `path` and that this account is allowed to list its folder"
            }
            Self::NoCompleteFile { .. } => "check `path` and that the export has finished",
            Self::OlderThanLast { .. } => {
                "check that the export still writes to this folder; to go back to this file on purpose, set `path` to its name for one run"
            }
            Self::OutsideFolder { .. } => "set `path` to the file itself, or write the file to this folder",
            Self::Binary(BinaryFormat::Zip | BinaryFormat::CompoundFile) => {
                "save it as CSV (in Excel: `CSV UTF-8`)"
            }
            Self::Binary(BinaryFormat::Gzip | BinaryFormat::Pdf) => {
                "configure the export to write a text file"
            }
            Self::WebPage => {
                "check how the file is fetched: a page, such as one to sign in, was saved in its place"
            }
            Self::WrongEncoding(WrongEncoding::NotUtf16(_)) => "set `encoding` to the encoding of the file",
            Self::WrongEncoding(WrongEncoding::Utf8) => {
                "set `encoding = \"utf-8\"`, or configure the export to write Windows-1252 again"
            }
            Self::NoPeople => "set `min_rows = 0` if an empty file is intended",
            Self::Empty | Self::Changed(_) => {
                "configure the export to write to a temporary file and rename it when it is complete"
            }
            Self::NoLineBreak => {
                "configure the export to end the last line, or to prove that the file is whole: with a digest (`sha256_file`) or a file that it creates at the end (`done_file`)"
            }
            Self::TooFewRows { .. } | Self::TooOld { .. } | Self::NotDone { .. } | Self::DoneBefore(_) => {
                "check that the export has finished"
            }
            Self::NoDigest { .. } | Self::WrongDigest(_) => {
                "configure the export to write the file first and then its SHA-256 digest in the format of `sha256sum`"
            }
        };
        Some(hint.into())
    }
}

/// The message of an error in a file: the file, then the problem.
pub(crate) fn describe_file_error(error: &impl ProtocolError, attempt: &ConnectorAttempt) -> String {
    format!("`{}`: {error}", attempt.target())
}

/// Says what to do about a file that is not UTF-8.
pub(crate) fn describe_encoding(guess: Option<&str>) -> String {
    match guess {
        Some(name) => format!("set `encoding`, such as \"{name}\", or configure the export to write UTF-8"),
        None => format!(
            "configure the export to write UTF-8, or ask for the encoding of the file: `encoding` can be {}",
            TextEncoding::NAMES.join(", ")
        ),
    }
}

fn format_near_miss(near_miss: Option<&NearMiss>) -> String {
    let Some(NearMiss { name, reason, .. }) = near_miss else {
        return "; the folder has no files".to_owned();
    };
    match reason {
        NearMissReason::OtherName => format!("; the newest file of the folder is `{name}`"),
        NearMissReason::TemporaryName
        | NearMissReason::NotDone(_)
        | NearMissReason::DoneBefore(_)
        | NearMissReason::Empty
        | NearMissReason::Changed
        | NearMissReason::Future
        | NearMissReason::InvalidDate => format!("; the newest is `{name}`, but {reason}"),
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
