//! Text that must not be displayed.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

/// A password, a token or a database URL. It is formatted as `***`; only [`SecretText::reveal`] returns the text.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct SecretText {
    text: String,
    #[serde(skip)]
    file: Option<SecretFile>,
}

/// The file that contains a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretFile {
    /// The key of the configuration file that names it.
    pub key: &'static str,
    /// The path.
    pub path: PathBuf,
}

impl SecretText {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), file: None }
    }

    /// Wraps the text of a file, which is read anew for each run.
    pub fn from_file(text: impl Into<String>, file: SecretFile) -> Self {
        Self { text: text.into(), file: Some(file) }
    }

    /// Returns the text, to send it to a server.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// The file that contains the secret; `None` if it stands in the configuration file or the environment.
    #[must_use]
    pub fn file(&self) -> Option<&SecretFile> {
        self.file.as_ref()
    }
}

/// Secrets are equal if their texts are, wherever they come from.
impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for SecretText {}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
