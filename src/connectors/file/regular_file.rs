//! Opens files at paths that others may change: never a pipe, a device or a folder.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rollcall_model::format::thousands;
use rollcall_model::resource_limits::ResourceLimit;
use rustix::fs::OFlags;

/// Reason why a file is not read.
#[derive(Debug, thiserror::Error)]
pub enum RegularFileError {
    /// The system cannot read it.
    #[error(transparent)]
    Unreadable(#[from] io::Error),
    /// A folder, pipe or device.
    #[error("it is not a regular file")]
    NotRegular,
    /// It has more bytes than a bound.
    #[error("it has more than {} bytes, the limit `{}`", thousands(limit.default_value()), limit.spec().name)]
    TooLarge {
        /// The bound.
        limit: ResourceLimit,
    },
}

impl From<RegularFileError> for io::Error {
    fn from(error: RegularFileError) -> Self {
        match error {
            RegularFileError::Unreadable(error) => error,
            error @ (RegularFileError::NotRegular | RegularFileError::TooLarge { .. }) => Self::other(error),
        }
    }
}

/// Opens a regular file for reading. To open a pipe or a device may wait or act, and another file may take the place of one
/// that was examined. So the file is first opened without access to its content, examined, and opened again by its handle.
///
/// # Errors
/// If it is not a regular file, or the system cannot read it.
pub fn open_regular_file(path: &Path) -> Result<File, RegularFileError> {
    let path_only = i32::try_from(OFlags::PATH.bits()).map_err(io::Error::other)?;
    let found = OpenOptions::new().read(true).custom_flags(path_only).open(path)?;
    if !found.metadata()?.is_file() {
        return Err(RegularFileError::NotRegular);
    }
    Ok(File::open(format!("/proc/self/fd/{}", found.as_raw_fd()))?)
}

/// Reads a regular file of a bounded size.
///
/// # Errors
/// If it is not a regular file, is larger than the bound, or the system cannot read it.
pub fn read_regular_file(path: &Path, limit: ResourceLimit) -> Result<Vec<u8>, RegularFileError> {
    let most = limit.default_value();
    let mut bytes = Vec::new();
    open_regular_file(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        limit.record_reached();
        return Err(RegularFileError::TooLarge { limit });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    fn make_pipe(path: &Path) {
        assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo runs").success());
    }

    #[test]
    fn pipes_devices_and_folders_are_refused() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let pipe = folder.path().join("pipe");
        make_pipe(&pipe);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&pipe, &link).expect("a link");
        for path in [pipe.as_path(), &link, folder.path(), Path::new("/dev/zero")] {
            let error = open_regular_file(path).expect_err("not regular");
            assert!(matches!(error, RegularFileError::NotRegular), "{}: {error:?}", path.display());
        }
    }

    /// A pipe that takes the place of a file again and again is never waited for.
    #[test]
    fn pipe_that_takes_the_place_of_a_file_is_not_opened() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let (file, pipe) = (folder.path().join("people.csv"), folder.path().join("pipe"));
        std::fs::write(&file, "id\n").expect("written");
        make_pipe(&pipe);
        let is_done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                use rustix::fs::{CWD, RenameFlags, renameat_with};
                while !is_done.load(Ordering::Relaxed) {
                    renameat_with(CWD, &file, CWD, &pipe, RenameFlags::EXCHANGE).expect("exchanged");
                }
            });
            let mut refused = 0;
            for _ in 0..20_000 {
                match open_regular_file(&file) {
                    Ok(opened) => assert!(opened.metadata().expect("metadata").is_file()),
                    Err(RegularFileError::NotRegular) => refused += 1,
                    Err(other) => panic!("{other:?}"),
                }
            }
            is_done.store(true, Ordering::Relaxed);
            assert!(refused > 0);
        });
    }

    #[test]
    fn file_of_one_byte_more_than_the_bound_is_refused() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("file");
        for limit in [
            ResourceLimit::SecretBytes,
            ResourceLimit::CertificateBytes,
            ResourceLimit::ConfigBytes,
            ResourceLimit::ImportBytes,
        ] {
            let most = limit.default_size();
            std::fs::write(&path, vec![b'a'; most]).expect("written");
            assert_eq!(read_regular_file(&path, limit).expect("read").len(), most);
            std::fs::write(&path, vec![b'a'; most + 1]).expect("written");
            let before = limit.times_reached();
            let error = read_regular_file(&path, limit).expect_err("too large");
            assert!(error.to_string().contains(limit.spec().name), "{error}");
            assert!(limit.times_reached() > before);
        }
    }
}
