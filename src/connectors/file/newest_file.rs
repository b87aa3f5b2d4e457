//! The newest complete file of a folder whose name matches a pattern.
//!
//! The newest file is the one with the latest date in its name, if all names have one, otherwise the one that was written
//! last. Files that are still being written are left out and named in a warning. A file that is older than the one last
//! read is refused: otherwise a folder without new files would bring back an old state.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, Utc};

use super::folder_scan::{FileCandidate, FolderScan};
use super::near_miss::{NearMiss, NearMissReason};
use super::{FileError, FileSettings, open};
use crate::file::name_pattern::FileNamePattern;
use crate::{ConnectorCause, ConnectorError, ReadContext};
use rollcall_model::names::ConnectorName;
use rollcall_model::run_warning::{RunWarning, RunWarningKind};
use rollcall_model::source_file::SourceFile;

/// Names of the files of which the newest is read.
#[derive(Debug, Clone)]
pub struct NewestFile {
    /// The path.
    pub pattern: FileNamePattern,
    /// The path of the done file, if its name has the placeholders of `pattern`.
    pub done_file: Option<FileNamePattern>,
    /// The path of the digest file, if its name has the placeholders of `pattern`.
    pub sha256_file: Option<FileNamePattern>,
}

/// The result of work on one file.
#[derive(Debug)]
pub(crate) struct FileResult<T> {
    pub value: T,
    /// The file.
    pub path: PathBuf,
    /// The newer files that were left out.
    pub skipped: Vec<NearMiss>,
}

impl<T> FileResult<T> {
    /// The warnings about the newer files.
    pub(crate) fn warnings(&self) -> Vec<RunWarning> {
        let warning = |missed: &NearMiss| {
            let read = self.path.file_name().unwrap_or_default().to_string_lossy();
            let message = format!("this file is newer than `{read}`, which was read, but {}", missed.reason);
            RunWarning::new(RunWarningKind::FileSkipped, missed.name.as_str(), message)
        };
        self.skipped.iter().map(warning).collect()
    }
}

impl FileSettings {
    /// The settings of one of the files that the pattern matches.
    fn of_candidate(&self, newest: &NewestFile, candidate: &FileCandidate) -> Self {
        let companion = |pattern: &Option<FileNamePattern>, fixed: &Option<PathBuf>| match pattern {
            Some(pattern) => Some(pattern.fill(&candidate.matched)),
            None => fixed.clone(),
        };
        Self {
            path: newest.pattern.fill(&candidate.matched),
            newest: None,
            done_file: companion(&newest.done_file, &self.done_file),
            sha256_file: companion(&newest.sha256_file, &self.sha256_file),
            ..self.clone()
        }
    }
}

/// Works on the file of the settings, or on the newest complete file that the pattern matches.
pub(crate) fn with_newest<T>(
    name: &ConnectorName,
    settings: &FileSettings,
    context: &ReadContext,
    mut work: impl FnMut(&FileSettings) -> Result<T, ConnectorError>,
) -> Result<FileResult<T>, ConnectorError> {
    let Some(newest) = &settings.newest else {
        let value = work(settings)?;
        return Ok(FileResult { value, path: settings.path.clone(), skipped: Vec::new() });
    };
    let now = SystemTime::now();
    let scan = FolderScan::read(newest, settings, &context.limits, now)
        .map_err(|cause| settings.error(name, cause))?;
    let mut skipped = scan.near_misses;
    for candidate in &scan.candidates {
        let file = settings.of_candidate(newest, candidate);
        refuse_older(newest, candidate, &file.path, context.last_file.as_ref())
            .map_err(|cause| file.error(name, cause))?;
        let worked = open(&file, now).map_err(|cause| file.error(name, cause)).and_then(|_| work(&file));
        match worked {
            Ok(value) => {
                skipped.retain(|missed| missed.order.is_newer_than(candidate.order));
                return Ok(FileResult { value, path: file.path, skipped });
            }
            Err(error) => match find_skip_reason(&error) {
                Some(reason) => skipped.push(candidate.to_near_miss(reason)),
                None => return Err(error),
            },
        }
    }
    let near_miss = NearMiss::newest(skipped).or(scan.other_file);
    Err(settings.error(name, FileError::NoCompleteFile { near_miss }))
}

/// Refuses a file that is older than the one last read. The last one is measured as the files of the folder are; it
/// counts only if its name matches the pattern.
fn refuse_older(
    newest: &NewestFile,
    candidate: &FileCandidate,
    path: &Path,
    last: Option<&SourceFile>,
) -> Result<(), ConnectorCause> {
    let Some(last) = last.filter(|last| Path::new(&last.path) != path) else { return Ok(()) };
    let last_path = Path::new(&last.path);
    let is_of_folder = last_path.parent() == path.parent();
    let name = last_path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some(matched) = newest.pattern.match_name(name).filter(|_| is_of_folder) else { return Ok(()) };
    let written = DateTime::<Utc>::from(candidate.order.modified);
    let is_older = match (candidate.order.date, matched.date.day()) {
        (Some(date), Some(last_date)) => (date, written) < (last_date, last.modified),
        (None, _) | (_, None) => written < last.modified,
    };
    if is_older { Err(FileError::OlderThanLast { last: last_path.to_owned() }.into()) } else { Ok(()) }
}

/// The reason why a file is left out because of an error; `None` if the error ends the reading.
fn find_skip_reason(error: &ConnectorError) -> Option<NearMissReason> {
    let ConnectorCause::File(cause) = error.cause() else { return None };
    match cause {
        FileError::Empty => Some(NearMissReason::Empty),
        FileError::NotDone { done_file, .. } => Some(NearMissReason::NotDone(done_file.clone())),
        FileError::DoneBefore(done_file) => Some(NearMissReason::DoneBefore(done_file.clone())),
        FileError::Changed(_) => Some(NearMissReason::Changed),
        FileError::Unreadable(_)
        | FileError::UnreadableFolder { .. }
        | FileError::NoFile
        | FileError::OutsideFolder { .. }
        | FileError::Binary(_)
        | FileError::WebPage
        | FileError::WrongEncoding(_)
        | FileError::NoPeople
        | FileError::TooFewRows { .. }
        | FileError::TooOld { .. }
        | FileError::NoDigest { .. }
        | FileError::WrongDigest(_)
        | FileError::NoLineBreak
        | FileError::NoCompleteFile { .. }
        | FileError::OlderThanLast { .. } => None,
    }
}
