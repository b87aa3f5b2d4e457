//! Files that other systems drop: whether one may be read now, whether it stayed what it was, and what else proves that
//! it is whole. What is in it is the business of the kind.

mod error;
mod hashing_reader;

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::mapper::RecordMapper;
use crate::proof::{CompletenessProof, FileEnd, FileObservation, IncompleteFile};
use crate::{ConnectorError, DirectoryReading, ReadContext};
use rollcall_model::names::ConnectorName;

pub use error::FileError;
pub(super) use hashing_reader::HashingReader;

/// The settings of a file, whatever is in it.
#[derive(Debug, Clone, Default)]
pub struct FileSettings {
    /// The file.
    pub path: PathBuf,
    /// Exists only when whoever writes the file has finished.
    pub done_file: Option<PathBuf>,
    /// Holds the file's SHA-256 in hexadecimal digits, as `sha256sum` writes it.
    pub sha256_file: Option<PathBuf>,
    /// Fewer records than this are no directory.
    pub min_rows: Option<u64>,
    /// An older file is yesterday's.
    pub max_age: Option<Duration>,
}

/// What is wrong, and what the system said about it.
pub(super) type FileRefusal = (FileError, Option<io::Error>);

/// What changes when somebody writes to a file, or puts another one in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    size: u64,
    modified: (i64, i64),
    /// Unlike the time of modification this one cannot be set back.
    changed: (i64, i64),
    place: (u64, u64),
}

impl FileIdentity {
    fn from_metadata(metadata: &Metadata) -> Self {
        Self {
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            place: (metadata.dev(), metadata.ino()),
        }
    }

    /// The file that stands under a path now; one that is gone has changed.
    pub(crate) fn read_from_path(path: &Path) -> Result<Self, FileRefusal> {
        fs::metadata(path)
            .map(|metadata| Self::from_metadata(&metadata))
            .map_err(|cause| (FileError::Changed, Some(cause)))
    }

    /// In bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }
}

/// Does something where it may block, on a thread where waiting for a disk disturbs nobody.
pub(super) async fn run_blocking<T: Send + 'static>(
    name: &ConnectorName,
    work: impl FnOnce() -> Result<T, ConnectorError> + Send + 'static,
) -> Result<T, ConnectorError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
        Err(_) => Err(ConnectorError::Cancelled { connector: name.clone() }),
    }
}

/// Reads a file with what `gather` makes of its bytes, from one end to the other: it counts when the same file stands there
/// afterwards, and when everything that its settings ask for is so.
pub(super) fn read<'a>(
    name: &ConnectorName,
    settings: &FileSettings,
    context: &ReadContext,
    gather: impl FnOnce(&mut HashingReader<&File>) -> Result<(RecordMapper<'a>, FileEnd), ConnectorError>,
) -> Result<DirectoryReading, ConnectorError> {
    let refuse = |(fault, cause)| ConnectorError::File {
        connector: name.clone(),
        path: settings.path.clone(),
        fault,
        cause,
    };
    context.progress.set(0);
    let (file, before) = open(settings, SystemTime::now()).map_err(refuse)?;
    let read = || {
        let mut witness = HashingReader::new(&file, settings.sha256_file.is_some());
        let (mapper, ending) = gather(&mut witness)?;
        let after = FileIdentity::read_from_path(&settings.path).map_err(refuse)?;
        let seen = FileObservation { before, after, bytes: witness.bytes, last_byte: witness.last, ending };
        let proof = CompletenessProof::file(seen).map_err(|doubt| {
            let fault = match doubt {
                IncompleteFile::Changed => FileError::Changed,
                IncompleteFile::NoLineBreak => FileError::NoLineBreak,
            };
            refuse((fault, None))
        })?;
        check_settings(settings, &witness, mapper.records()).map_err(refuse)?;
        let (people, problems) = mapper.finish()?;
        context.progress.set(people.len() as u64);
        Ok(DirectoryReading::complete(people, problems, proof))
    };
    read().map_err(|error| match FileIdentity::read_from_path(&settings.path) {
        // Whatever is wrong with a file that somebody is writing is not what is wrong.
        Ok(after) if after == before => error,
        Ok(_) | Err(_) if matches!(error, ConnectorError::Cancelled { .. }) => error,
        Ok(_) => refuse((FileError::Changed, None)),
        Err(refusal) => refuse(refusal),
    })
}

/// What the settings ask for beyond a file that stayed the same.
fn check_settings<R>(
    settings: &FileSettings,
    witness: &HashingReader<R>,
    rows: u64,
) -> Result<(), FileRefusal> {
    match settings.min_rows {
        None if rows == 0 => return Err((FileError::NoPeople, None)),
        Some(wanted) if rows < wanted => return Err((FileError::TooFewRows { rows, wanted }, None)),
        None | Some(_) => (),
    }
    if let Some(sha256_file) = &settings.sha256_file {
        let expected = expected_digest(sha256_file, &settings.path)?;
        if witness.digest() != Some(expected) {
            return Err((FileError::WrongDigest(sha256_file.clone()), None));
        }
    }
    Ok(())
}

/// Opens the file, when its settings let it be read now.
pub(super) fn open(settings: &FileSettings, now: SystemTime) -> Result<(File, FileIdentity), FileRefusal> {
    let unreadable = |cause| (FileError::Unreadable, Some(cause));
    // A pipe would wait for its writer, so what it is comes before opening it.
    if !fs::metadata(&settings.path).map_err(unreadable)?.is_file() {
        return Err((FileError::NoFile, None));
    }
    let file = File::open(&settings.path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.len() == 0 {
        return Err((FileError::Empty, None));
    }
    let modified = metadata.modified().map_err(unreadable)?;
    if let Some(done_file) = &settings.done_file {
        let done = fs::metadata(done_file).and_then(|done| done.modified());
        let done = done.map_err(|cause| (FileError::NotDone(done_file.clone()), Some(cause)))?;
        if done < modified {
            return Err((FileError::DoneBefore(done_file.clone()), None));
        }
    }
    if let Some(most) = settings.max_age {
        let age = now.duration_since(modified).unwrap_or_default();
        if age > most {
            return Err((FileError::TooOld { age, most }, None));
        }
    }
    Ok((file, FileIdentity::from_metadata(&metadata)))
}

/// The SHA-256 that the file should have: the first word of the line that names it, or of the only line, as
/// `sha256sum` writes them.
fn expected_digest(sha256_file: &Path, path: &Path) -> Result<String, FileRefusal> {
    let text = fs::read_to_string(sha256_file)
        .map_err(|cause| (FileError::NoDigest(sha256_file.into()), Some(cause)))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    find_digest(&text, &name).ok_or_else(|| (FileError::NoDigest(sha256_file.into()), None))
}

fn find_digest(text: &str, name: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let line = match lines.as_slice() {
        [only] => only,
        several => several.iter().find(|line| {
            let named = line.split_once(' ').map_or("", |(_, file)| file.trim_start_matches([' ', '*']));
            named == name || named.ends_with(&format!("/{name}"))
        })?,
    };
    let digest = line.split_whitespace().next()?;
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then(|| digest.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_found_as_sha256sum_writes_it() {
        let (one, two) = ("a".repeat(64), "B".repeat(64));
        assert_eq!(find_digest(&format!("{one}\n"), "people.csv"), Some(one.clone()));
        assert_eq!(find_digest(&format!("{one}  elsewhere.csv\n"), "people.csv"), Some(one.clone()));
        let both = format!("{one}  groups.csv\n{two} */out/people.csv\n");
        assert_eq!(find_digest(&both, "people.csv"), Some(two.to_ascii_lowercase()));
        assert_eq!(find_digest(&both, "others.csv"), None);
        assert_eq!(find_digest("people.csv", "people.csv"), None);
        assert_eq!(find_digest("", "people.csv"), None);
    }
}
