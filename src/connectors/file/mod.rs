//! Files that other systems export: readiness checks, detection of changes while reading, and the other proofs
//! that a file is complete. The content belongs to the kind of file.

mod binary_format;
pub(crate) mod error;
mod folder_scan;
mod hashing_reader;
pub(crate) mod identity;
pub(crate) mod line_counter;
mod name_date;
mod name_pattern;
mod near_miss;
mod newest_file;
mod regular_file;
mod text_encoding;
mod text_reader;
mod utf8_evidence;

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::mapper::{PeopleSample, RecordMapper};
use crate::proof::{CompletenessProof, FileEnd, FileObservation, IncompleteFile};
use crate::{
    ConnectorAttempt, ConnectorCause, ConnectorError, DirectoryReading, ExceededLimit, ReadContext,
    ReadingError,
};
use rollcall_model::names::ConnectorName;
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_model::source_file::SourceFile;

pub use binary_format::BinaryFormat;
use binary_format::is_web_page;
pub use error::FileError;
pub(super) use hashing_reader::HashingReader;
pub(crate) use identity::FileIdentity;
pub use name_pattern::{FileNamePattern, InvalidNamePattern};
#[cfg(test)]
pub(crate) use near_miss::FileOrder;
pub use near_miss::{NearMiss, NearMissReason};
pub use newest_file::NewestFile;
pub(super) use newest_file::{FileResult, with_newest};
pub use regular_file::{RegularFileError, open_regular_file, read_regular_file};
pub(crate) use text_encoding::decode_garbled;
pub use text_encoding::{InvalidUtf16, TextEncoding, WrongEncoding};
pub(super) use text_reader::TextReader;

/// Settings of a file, independent of its content.
#[derive(Debug, Clone, Default)]
pub struct FileSettings {
    /// The path of the file, or the pattern of the paths of several.
    pub path: PathBuf,
    /// How the newest of several files is found; `None` if `path` is one file.
    pub newest: Option<NewestFile>,
    /// A file that the export creates when it has finished.
    pub done_file: Option<PathBuf>,
    /// A file with the SHA-256 digest in hexadecimal, in the format of `sha256sum`.
    pub sha256_file: Option<PathBuf>,
    /// Minimum number of records.
    pub min_rows: Option<u64>,
    /// Maximum age of the file. Older files are rejected.
    pub max_age: Option<Duration>,
    /// The encoding of a file without a byte order mark.
    pub encoding: TextEncoding,
}

impl FileSettings {
    /// Creates an error about this file.
    pub(super) fn error(
        &self,
        connector: &ConnectorName,
        cause: impl Into<ConnectorCause>,
    ) -> ConnectorError {
        ConnectorError::new(connector, self.attempt(), cause)
    }

    /// The attempt to read the file.
    pub(super) fn attempt(&self) -> ConnectorAttempt {
        ConnectorAttempt::ReadFile { path: self.path.clone() }
    }
}

/// Runs work that may block, on a blocking thread.
pub(super) async fn run_blocking<T: Send + 'static>(
    name: &ConnectorName,
    work: impl FnOnce() -> Result<T, ConnectorError> + Send + 'static,
) -> Result<T, ConnectorError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
        Err(_) => Err(ConnectorError::cancelled(name)),
    }
}

/// Reads the file of the settings, or the newest complete one, with `read_one`.
pub(super) fn read_newest(
    name: &ConnectorName,
    settings: &FileSettings,
    context: &ReadContext,
    read_one: impl FnMut(&FileSettings) -> Result<DirectoryReading, ConnectorError>,
) -> Result<DirectoryReading, ConnectorError> {
    let mut result = with_newest(name, settings, context, read_one)?;
    let warnings = result.warnings();
    result.value.add_problems(warnings);
    Ok(result.value)
}

/// Reads a file from start to end with `gather`. The result counts if the same file is at the path afterwards and
/// all requirements of the settings are met.
pub(super) fn read<'a>(
    name: &ConnectorName,
    settings: &FileSettings,
    context: &ReadContext,
    gather: impl FnOnce(&mut HashingReader<'_, &File>) -> Result<(RecordMapper<'a>, FileEnd), ConnectorError>,
) -> Result<DirectoryReading, ConnectorError> {
    let refuse = |cause: FileError| settings.error(name, cause);
    context.progress.set(0);
    let (file, before) = open(settings, SystemTime::now()).map_err(refuse)?;
    let read = || {
        ExceededLimit::check(ResourceLimit::ReadingBytes, &context.limits, before.size())
            .map_err(|limit| settings.error(name, ReadingError::LimitExceeded(limit)))?;
        let mut witness = HashingReader::new(&file, settings.sha256_file.is_some(), context);
        let gathered = gather(&mut witness);
        if let Some(end) = witness.end.take() {
            return Err(settings.error(name, end));
        }
        let (mapper, mut ending) = gathered?;
        if ending == FileEnd::LineBreak && proves_end(settings, &witness) {
            ending = FileEnd::Proven;
        }
        let after = FileIdentity::read_from_path(&settings.path).map_err(refuse)?;
        let seen = FileObservation { before, after, bytes: witness.bytes, last_byte: witness.last, ending };
        let proof = CompletenessProof::file(seen).map_err(|doubt| {
            refuse(match doubt {
                IncompleteFile::Changed => FileError::Changed(None),
                IncompleteFile::NoLineBreak => FileError::NoLineBreak,
            })
        })?;
        check_settings(settings, &witness, mapper.records()).map_err(refuse)?;
        let (people, problems) = mapper.finish()?;
        context.progress.set(people.len() as u64);
        let file = SourceFile { path: settings.path.display().to_string(), modified: before.modified() };
        Ok(DirectoryReading::complete(people, problems, proof).with_file(file))
    };
    read().map_err(|error: ConnectorError| match FileIdentity::read_from_path(&settings.path) {
        // An error in a file that changed while it was read is caused by the change.
        Ok(after) if after == before => error,
        Ok(_) | Err(_) if error.is_cancellation() || error.is_exceeded_limit() => error,
        Ok(_) => refuse(FileError::Changed(None)),
        Err(changed) => refuse(changed),
    })
}

/// Reads a file for `check`, also if its values do not fit the mapping. The result proves nothing.
pub(super) fn read_sample<'a>(
    name: &ConnectorName,
    settings: &FileSettings,
    context: &ReadContext,
    gather: impl FnOnce(&mut HashingReader<'_, &File>) -> Result<(RecordMapper<'a>, FileEnd), ConnectorError>,
) -> Result<PeopleSample, ConnectorError> {
    let (file, _) = open(settings, SystemTime::now()).map_err(|cause| settings.error(name, cause))?;
    let (mapper, _) = gather(&mut HashingReader::new(&file, false, context))?;
    mapper.into_sample(true)
}

/// Returns whether the file is whole by a proof of the export: the digest of the file, or the file that it creates at
/// the end, which is checked before.
fn proves_end<R>(settings: &FileSettings, witness: &HashingReader<'_, R>) -> bool {
    let is_digest = |sha256_file: &PathBuf| {
        expected_digest(sha256_file, &settings.path).is_ok_and(|digest| witness.digest() == Some(digest))
    };
    settings.done_file.is_some() || settings.sha256_file.as_ref().is_some_and(is_digest)
}

/// Checks the requirements of the settings.
fn check_settings<R>(
    settings: &FileSettings,
    witness: &HashingReader<'_, R>,
    rows: u64,
) -> Result<(), FileError> {
    match settings.min_rows {
        None if rows == 0 => return Err(FileError::NoPeople),
        Some(wanted) if rows < wanted => return Err(FileError::TooFewRows { rows, wanted }),
        None | Some(_) => (),
    }
    if let Some(sha256_file) = &settings.sha256_file {
        let expected = expected_digest(sha256_file, &settings.path)?;
        if witness.digest() != Some(expected) {
            return Err(FileError::WrongDigest(sha256_file.clone()));
        }
    }
    Ok(())
}

/// Opens the file if the settings allow it to be read now.
pub(super) fn open(settings: &FileSettings, now: SystemTime) -> Result<(File, FileIdentity), FileError> {
    let file = open_in_folder(&settings.path)?;
    let metadata = file.metadata().map_err(FileError::Unreadable)?;
    if metadata.len() == 0 {
        return Err(FileError::Empty);
    }
    if let Some(format) = BinaryFormat::detect(&file).map_err(FileError::Unreadable)? {
        return Err(FileError::Binary(format));
    }
    if is_web_page(&file).map_err(FileError::Unreadable)? {
        return Err(FileError::WebPage);
    }
    let modified = metadata.modified().map_err(FileError::Unreadable)?;
    if let Some(done_file) = &settings.done_file {
        let done = fs::metadata(done_file).and_then(|done| done.modified());
        let done = done.map_err(|cause| FileError::NotDone { done_file: done_file.clone(), cause })?;
        if done < modified {
            return Err(FileError::DoneBefore(done_file.clone()));
        }
    }
    if let Some(most) = settings.max_age {
        let age = now.duration_since(modified).unwrap_or_default();
        if age > most {
            return Err(FileError::TooOld { age, most });
        }
    }
    Ok((file, FileIdentity::from_metadata(&metadata)))
}

/// Opens a regular file in the folder of its path or below. A link to another folder is refused: otherwise everybody
/// who may write to the folder of an export could have any file of this machine read.
fn open_in_folder(path: &Path) -> Result<File, FileError> {
    let file = open_regular_file(path).map_err(|error| match error {
        RegularFileError::NotRegular => FileError::NoFile,
        error @ (RegularFileError::Unreadable(_) | RegularFileError::TooLarge { .. }) => {
            FileError::Unreadable(error.into())
        }
    })?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = fs::canonicalize(folder).map_err(FileError::Unreadable)?;
    // The name of the open file. A name that is resolved again could be another file by now.
    let place =
        fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).map_err(FileError::Unreadable)?;
    if place.starts_with(&folder) { Ok(file) } else { Err(FileError::OutsideFolder { folder }) }
}

/// Maximum size of a digest file, in bytes: thousands of lines of `sha256sum`.
const DIGEST_FILE_BYTES: u64 = 1 << 20;

/// The expected SHA-256 digest: the first word of the line that names the file, or of the only line, as
/// `sha256sum` writes them.
fn expected_digest(sha256_file: &Path, path: &Path) -> Result<String, FileError> {
    let missing = |cause| FileError::NoDigest { sha256_file: sha256_file.into(), cause };
    let file = open_in_folder(sha256_file).map_err(|error| {
        missing(Some(match error {
            FileError::Unreadable(cause) => cause,
            other => std::io::Error::other(other),
        }))
    })?;
    let mut text = String::new();
    file.take(DIGEST_FILE_BYTES).read_to_string(&mut text).map_err(|cause| missing(Some(cause)))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    find_digest(&text, &name).ok_or_else(|| missing(None))
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

    /// A link is followed inside the folder of the file and below, and refused if it leads out of it.
    #[test]
    fn link_out_of_the_folder_is_not_followed() {
        let root = tempfile::TempDir::new().expect("a folder");
        let (folder, outside) = (root.path().join("drop"), root.path().join("secret"));
        fs::create_dir_all(folder.join("archive")).expect("folders");
        fs::write(&outside, "secret").expect("written");
        fs::write(folder.join("archive/people.csv"), "id\n").expect("written");
        let link = |name: &str, target: &Path| {
            let path = folder.join(name);
            std::os::unix::fs::symlink(target, &path).expect("a link");
            open_in_folder(&path)
        };
        assert!(link("inside.csv", Path::new("archive/people.csv")).is_ok());
        assert!(link("absolute.csv", &folder.join("archive/people.csv")).is_ok());
        for (name, target) in [("out.csv", outside.as_path()), ("up.csv", Path::new("../secret"))] {
            let error = link(name, target).expect_err("outside");
            assert!(matches!(error, FileError::OutsideFolder { .. }), "{error:?}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        // The folder itself may be a link.
        std::os::unix::fs::symlink(&folder, root.path().join("other")).expect("a link");
        assert!(open_in_folder(&root.path().join("other/inside.csv")).is_ok());
        assert!(open_in_folder(&root.path().join("other/out.csv")).is_err());
    }

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
