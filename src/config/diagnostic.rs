//! Diagnostics of the configuration file and their text form.

use std::fmt;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::Utf8Error;

use serde::Serialize;

use rollcall_connectors::file::RegularFileError;
use rollcall_model::format::thousands;
use rollcall_model::resource_limits::ResourceLimit;

/// One error or warning with its position in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// The line, counted from 1; 0 if the diagnostic is about the whole file.
    pub line: usize,
    /// The column in characters, counted from 1; 0 if the diagnostic is about the whole file.
    pub column: usize,
    /// The key, such as `connector[0].url`; list indexes start at 0. Empty if the diagnostic is not about a key.
    pub key: String,
    /// The message.
    pub message: String,
    /// A suggested next step.
    pub hint: Option<String>,
    #[serde(skip)]
    pub(super) file: PathBuf,
    #[serde(skip)]
    pub(super) source_line: Option<SourceLine>,
}

/// A line of the file in which every secret is replaced by `***`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SourceLine {
    /// The text of the line.
    pub line: String,
    /// The index of the first marked character, from 0.
    pub caret: usize,
    /// The number of marked characters, at least 1.
    pub width: usize,
}

impl fmt::Display for Diagnostic {
    /// Writes the message, the position, the source line with carets, and the hint, without a final line break.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        let margin = self.line.to_string().len();
        write!(f, "\n{:margin$}--> {}", "", self.file.display())?;
        if let Some(quote) = &self.source_line {
            write!(f, ":{}:{}", self.line, self.column)?;
            let indent: String =
                quote.line.chars().take(quote.caret).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            write!(f, "\n{:margin$} |", "")?;
            write!(f, "\n{} | {}", self.line, quote.line)?;
            write!(f, "\n{:margin$} | {indent}{}", "", "^".repeat(quote.width))?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// All errors in a file, in the order of its lines. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    pub(super) fn new(mut list: Vec<Diagnostic>) -> Self {
        sort(&mut list);
        Self { list }
    }

    /// The errors in the order of the file's lines.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }
}

pub(super) fn sort(list: &mut Vec<Diagnostic>) {
    list.sort_by(|a, b| (a.line, a.column, &a.key, &a.message).cmp(&(b.line, b.column, &b.key, &b.message)));
    list.dedup();
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Diagnostics {
    /// Writes every error, separated by empty lines, and the number of errors at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for mistake in &self.list {
            write!(f, "error: {mistake}\n\n")?;
        }
        match self.list.len() {
            1 => f.write_str("1 error"),
            count => write!(f, "{count} errors"),
        }
    }
}

impl std::error::Error for Diagnostics {}

/// Returns the diagnostic of a file that cannot be opened.
pub(super) fn unreadable_file(path: &Path, error: &RegularFileError) -> Diagnostics {
    let message = format!("the file cannot be read: {error}");
    let is_missing =
        matches!(error, RegularFileError::Unreadable(cause) if cause.kind() == ErrorKind::NotFound);
    let hint = is_missing.then(|| "create one with `rollcall config example > rollcall.toml`".to_owned());
    let (key, file) = (String::new(), path.to_owned());
    Diagnostics::new(vec![Diagnostic { line: 0, column: 0, key, message, hint, file, source_line: None }])
}

/// Returns the diagnostic of a file that is not valid UTF-8.
pub(super) fn invalid_utf8(path: &Path, bytes: &[u8], error: Utf8Error) -> Diagnostics {
    let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
    let line = good.matches('\n').count() + 1;
    let column = good.rsplit('\n').next().map_or(1, |last| last.chars().count() + 1);
    let message = format!("the file is not UTF-8: line {line}, column {column}");
    let hint = Some("save the file as UTF-8".to_owned());
    let (key, file) = (String::new(), path.to_owned());
    Diagnostics::new(vec![Diagnostic { line, column, key, message, hint, file, source_line: None }])
}

/// Fails if a line is longer than any that is read: some errors are searched for in each part of a line.
pub(super) fn refuse_long_lines(text: &str, path: &Path) -> Result<(), Diagnostics> {
    let limit = ResourceLimit::ConfigLineBytes;
    let Some(at) = text.split('\n').position(|line| line.len() > limit.default_size()) else { return Ok(()) };
    limit.record_reached();
    let most = thousands(limit.default_value());
    let message = format!("line {} has more than {most} bytes, the limit `{}`", at + 1, limit.spec().name);
    let (key, file) = (String::new(), path.to_owned());
    Err(Diagnostics::new(vec![Diagnostic {
        line: at + 1,
        column: 1,
        key,
        message,
        hint: Some("divide the line".to_owned()),
        file,
        source_line: None,
    }]))
}

/// A diagnostic with a byte position, before it is converted to line and column.
#[derive(Debug)]
pub(super) struct PendingDiagnostic {
    /// The key.
    pub key: String,
    /// The byte range in the file.
    pub span: Range<usize>,
    /// The message.
    pub message: String,
    /// A suggested next step.
    pub hint: Option<String>,
}

impl PendingDiagnostic {
    /// Creates a diagnostic about a key at a byte range.
    pub(crate) fn new(key: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { key: key.to_owned(), span, message: message.into(), hint: None }
    }

    /// Sets the hint.
    pub(crate) fn hint(self, hint: impl Into<Option<String>>) -> Self {
        Self { hint: hint.into(), ..self }
    }
}
