//! The files of a folder whose names match a pattern.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, NaiveDateTime, Utc};
use rustc_hash::FxHashSet;

use super::near_miss::{FileOrder, NearMiss, NearMissReason};
use super::{FileError, FileSettings, NewestFile};
use crate::file::name_pattern::{MatchedName, NameDate};
use crate::{ConnectorCause, ExceededLimit, ReadingError};
use rollcall_model::resource_limits::{ResourceLimit, ResourceLimits};

/// Ends of the names of files that are being written or are no exports, in lower case.
const TEMPORARY_ENDS: [&str; 12] = [
    ".tmp",
    ".temp",
    ".part",
    ".partial",
    ".filepart",
    ".crdownload",
    ".download",
    ".upload",
    ".uploading",
    ".writing",
    ".swp",
    "~",
];

/// How far ahead the date of a file may be: a day, because the clock and the zone of the writer may differ.
const AHEAD: Duration = Duration::from_hours(24);

/// A file that may be read.
#[derive(Debug)]
pub(super) struct FileCandidate {
    pub name: String,
    pub matched: MatchedName,
    pub order: FileOrder,
}

impl FileCandidate {
    /// The candidate as a file that is not read.
    pub(super) fn to_near_miss(&self, reason: NearMissReason) -> NearMiss {
        NearMiss { name: self.name.clone(), reason, order: self.order }
    }
}

/// The files of a folder.
#[derive(Debug)]
pub(super) struct FolderScan {
    /// The files that may be read, the newest first.
    pub candidates: Vec<FileCandidate>,
    /// Files that are not read although their names look right.
    pub near_misses: Vec<NearMiss>,
    /// The newest other file, if there is no candidate.
    pub other_file: Option<NearMiss>,
}

/// A name that matches, possibly after something that says that the file is being written was taken off.
struct FoundName {
    name: String,
    matched: MatchedName,
    is_temporary: bool,
}

impl FolderScan {
    /// Reads the names of the folder itself, at most as many as the bound allows.
    pub(super) fn read(
        newest: &NewestFile,
        settings: &FileSettings,
        limits: &ResourceLimits,
        now: SystemTime,
    ) -> Result<Self, ConnectorCause> {
        let folder = newest.pattern.folder();
        let names = list_names(folder, limits)?;
        let mut found: Vec<FoundName> = names.iter().filter_map(|name| find_name(newest, name)).collect();
        let companions = companions(newest, settings, &found);
        found.retain(|file| !companions.contains(&folder.join(&file.name)));
        let is_dated = |file: &FoundName| file.matched.date != NameDate::None;
        let by_date = found.iter().all(is_dated);
        let mut scan = Self { candidates: Vec::new(), near_misses: Vec::new(), other_file: None };
        for file in found {
            scan.add(folder, file, by_date, now);
        }
        scan.candidates
            .sort_by(|one, other| other.order.cmp(&one.order).then_with(|| other.name.cmp(&one.name)));
        if scan.candidates.is_empty() && scan.near_misses.is_empty() {
            scan.other_file = find_other_file(folder, &names);
        }
        Ok(scan)
    }

    fn add(&mut self, folder: &Path, file: FoundName, by_date: bool, now: SystemTime) {
        let Some(modified) = modified(&folder.join(&file.name)) else { return };
        let FoundName { name, matched, is_temporary } = file;
        let order = FileOrder { date: matched.date.day().filter(|_| by_date), modified };
        let reason = if is_temporary {
            Some(NearMissReason::TemporaryName)
        } else if matched.date == NameDate::Invalid {
            Some(NearMissReason::InvalidDate)
        } else {
            is_future(order, now).then_some(NearMissReason::Future)
        };
        match reason {
            Some(reason) => self.near_misses.push(NearMiss { name, reason, order }),
            None => self.candidates.push(FileCandidate { name, matched, order }),
        }
    }
}

impl NameDate {
    /// The date, if there is a valid one.
    pub(super) fn day(self) -> Option<NaiveDateTime> {
        match self {
            Self::Date(date) => Some(date),
            Self::None | Self::Invalid => None,
        }
    }
}

fn list_names(folder: &Path, limits: &ResourceLimits) -> Result<Vec<String>, ConnectorCause> {
    let unreadable = |cause| FileError::UnreadableFolder { folder: folder.to_owned(), cause };
    let mut names = Vec::new();
    let mut number = 0;
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        number += 1;
        ExceededLimit::check(ResourceLimit::FolderEntries, limits, number)
            .map_err(|limit| ReadingError::LimitExceeded(limit.of(|| format!("`{}`", folder.display()))))?;
        names.extend(entry.map_err(unreadable)?.file_name().into_string());
    }
    Ok(names)
}

/// Compares a name with the pattern, also without what marks a file that is being written.
fn find_name(newest: &NewestFile, name: &str) -> Option<FoundName> {
    let lower = name.to_ascii_lowercase();
    let end = TEMPORARY_ENDS.iter().find(|end| lower.ends_with(*end));
    let visible = name.strip_prefix('.');
    let is_temporary = end.is_some() || visible.is_some();
    let found = |matched| FoundName { name: name.to_owned(), matched, is_temporary };
    if let Some(matched) = newest.pattern.match_name(name) {
        return Some(found(matched));
    }
    let shown = visible.unwrap_or(name);
    let complete = &shown[..shown.len() - end.map_or(0, |end| end.len().min(shown.len()))];
    // `rsync` writes `.NAME.RANDOM`.
    let without_end = || visible.and(complete.rsplit_once('.')).map(|(name, _)| name);
    let matched =
        newest.pattern.match_name(complete).or_else(|| newest.pattern.match_name(without_end()?))?;
    is_temporary.then(|| found(matched))
}

/// The done files and digest files, which a wildcard may match too.
fn companions(newest: &NewestFile, settings: &FileSettings, found: &[FoundName]) -> FxHashSet<PathBuf> {
    let patterns = [&newest.done_file, &newest.sha256_file];
    let named = found
        .iter()
        .flat_map(|file| patterns.into_iter().flatten().map(|pattern| pattern.fill(&file.matched)));
    named.chain(settings.done_file.clone()).chain(settings.sha256_file.clone()).collect()
}

/// The time of the last modification of a regular file; `None` for everything else, and for a file that is gone.
fn modified(path: &Path) -> Option<SystemTime> {
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    metadata.modified().ok()
}

fn is_future(order: FileOrder, now: SystemTime) -> bool {
    let latest = now + AHEAD;
    match order.date {
        Some(date) => date > DateTime::<Utc>::from(latest).naive_utc(),
        None => order.modified > latest,
    }
}

fn find_other_file(folder: &Path, names: &[String]) -> Option<NearMiss> {
    let near_miss = |name: &String| {
        let order = FileOrder { date: None, modified: modified(&folder.join(name))? };
        Some(NearMiss { name: name.clone(), reason: NearMissReason::OtherName, order })
    };
    NearMiss::newest(names.iter().filter_map(near_miss).collect())
}
