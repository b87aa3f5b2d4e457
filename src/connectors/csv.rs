//! A file with a header line (RFC 4180).

use std::path::PathBuf;
use std::time::Duration;

/// The settings of a connector of kind `csv`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file.
    pub path: PathBuf,
    /// The delimiter; found from the header line where none is given.
    pub delimiter: Option<u8>,
    /// Exists only when whoever writes the file has finished.
    pub done_file: Option<PathBuf>,
    /// Holds the file's SHA-256 in hexadecimal digits, as `sha256sum` writes it.
    pub sha256_file: Option<PathBuf>,
    /// Fewer rows than this are no directory.
    pub min_rows: Option<u64>,
    /// An older file is yesterday's.
    pub max_age: Option<Duration>,
    /// What stands between several values of one field; none means a field is one value.
    pub list_separator: Option<String>,
}
