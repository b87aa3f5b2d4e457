//! What tells a file from the one that replaces it.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::file::error::FileError;

/// Properties that change when a file is written or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    size: u64,
    modified: (i64, i64),
    /// Unlike the modification time, this time cannot be set back.
    changed: (i64, i64),
    place: (u64, u64),
}

impl FileIdentity {
    pub(super) fn from_metadata(metadata: &Metadata) -> Self {
        Self {
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            place: (metadata.dev(), metadata.ino()),
        }
    }

    /// The identity of the file at a path; a missing file counts as changed.
    pub(crate) fn read_from_path(path: &Path) -> Result<Self, FileError> {
        fs::metadata(path)
            .map(|metadata| Self::from_metadata(&metadata))
            .map_err(|cause| FileError::Changed(Some(cause)))
    }

    /// The time of the last modification, to the microsecond as databases store it.
    pub(super) fn modified(&self) -> DateTime<Utc> {
        let (seconds, nanoseconds) = self.modified;
        let microseconds = u32::try_from(nanoseconds / 1_000).unwrap_or_default();
        DateTime::from_timestamp(seconds, microseconds * 1_000).unwrap_or_default()
    }

    /// The size in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }
}
