//! Files of a folder that are not read, and why.

use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

use chrono::NaiveDateTime;

/// The position of a file among those of its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileOrder {
    /// The date in the name, if the names of all files have one.
    pub date: Option<NaiveDateTime>,
    /// The time of the last modification.
    pub modified: SystemTime,
}

impl FileOrder {
    /// Whether the file is newer than another one; without a date in both names, by the modification.
    pub(super) fn is_newer_than(self, other: Self) -> bool {
        match (self.date, other.date) {
            (Some(_), Some(_)) => self > other,
            (None, _) | (_, None) => self.modified > other.modified,
        }
    }
}

/// A file that is not read although its name looks right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// The name of the file.
    pub name: String,
    /// Why it is not read.
    pub reason: NearMissReason,
    pub(crate) order: FileOrder,
}

/// Why a file of a folder is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NearMissReason {
    /// Its name ends or begins like that of a file that is being written.
    TemporaryName,
    /// The done file does not exist.
    NotDone(PathBuf),
    /// The done file belongs to an earlier export.
    DoneBefore(PathBuf),
    /// It has no bytes yet.
    Empty,
    /// It changed while it was read.
    Changed,
    /// It is from the future: it would count as the newest one for ever.
    Future,
    /// The digits in the place of the date are no date.
    InvalidDate,
    /// The pattern does not match its name.
    OtherName,
}

/// The reason as the end of a sentence about the file.
impl fmt::Display for NearMissReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TemporaryName => write!(f, "its name says that it is being written"),
            Self::NotDone(done_file) => write!(f, "`{}` does not exist", done_file.display()),
            Self::DoneBefore(done_file) => {
                write!(f, "`{}` is older and belongs to an earlier export", done_file.display())
            }
            Self::Empty => write!(f, "it is empty"),
            Self::Changed => write!(f, "it changed while it was read"),
            Self::Future => write!(f, "its date is in the future"),
            Self::InvalidDate => write!(f, "its name has no valid date"),
            Self::OtherName => write!(f, "its name does not match"),
        }
    }
}

impl NearMiss {
    /// The newest of some files.
    pub(super) fn newest(files: Vec<Self>) -> Option<Self> {
        files.into_iter().reduce(|one, other| if other.order.is_newer_than(one.order) { other } else { one })
    }

    /// Whether the file may be complete in a moment.
    pub(super) fn may_be_complete_soon(&self) -> bool {
        match self.reason {
            NearMissReason::TemporaryName
            | NearMissReason::NotDone(_)
            | NearMissReason::DoneBefore(_)
            | NearMissReason::Empty
            | NearMissReason::Changed => true,
            NearMissReason::Future | NearMissReason::InvalidDate | NearMissReason::OtherName => false,
        }
    }
}
