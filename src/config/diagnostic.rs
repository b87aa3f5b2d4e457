//! What is wrong with a file, and how it is shown.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::Utf8Error;

use serde::Serialize;

/// One thing that is wrong, or worth a second look, with its place in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// The line, from 1; 0 where the file as a whole is meant.
    pub line: usize,
    /// The column, from 1, in characters; 0 where the file as a whole is meant.
    pub column: usize,
    /// The key, such as `connector[0].url`: elements of lists are counted from 0. Empty where no key is meant.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    #[serde(skip)]
    pub(super) file: PathBuf,
    #[serde(skip)]
    pub(super) source_line: Option<SourceLine>,
}

/// A line of the file as it may be shown: every secret in it is `***`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SourceLine {
    /// The line.
    pub line: String,
    /// The first marked character, from 0.
    pub caret: usize,
    /// How many characters are marked, at least 1.
    pub width: usize,
}

impl fmt::Display for Diagnostic {
    /// The message, the place, the line with carets under what is meant, and the hint; no line break at the end.
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

/// Everything that is wrong with a file, in the order of its lines. Never empty.
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

    /// The mistakes, in the order of the file's lines.
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
    /// Every mistake with its line, an empty line between them, and their number at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for mistake in &self.list {
            write!(f, "error: {mistake}\n\n")?;
        }
        match self.list.len() {
            1 => f.write_str("1 mistake"),
            count => write!(f, "{count} mistakes"),
        }
    }
}

impl std::error::Error for Diagnostics {}

/// The file cannot be opened.
pub(super) fn unreadable_file(path: &Path, error: &std::io::Error) -> Diagnostics {
    let message = format!("the file cannot be read: {error}");
    let hint = (error.kind() == std::io::ErrorKind::NotFound)
        .then(|| "begin with `rollcall config example > rollcall.toml`".to_owned());
    let (key, file) = (String::new(), path.to_owned());
    Diagnostics::new(vec![Diagnostic { line: 0, column: 0, key, message, hint, file, source_line: None }])
}

/// The file is no text.
pub(super) fn invalid_utf8(path: &Path, bytes: &[u8], error: Utf8Error) -> Diagnostics {
    let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
    let line = good.matches('\n').count() + 1;
    let column = good.rsplit('\n').next().map_or(1, |last| last.chars().count() + 1);
    let message = format!("the file is not UTF-8: line {line}, column {column}");
    let hint = Some("save it as UTF-8".to_owned());
    let (key, file) = (String::new(), path.to_owned());
    Diagnostics::new(vec![Diagnostic { line, column, key, message, hint, file, source_line: None }])
}

/// What was found, before its place is counted in lines.
#[derive(Debug)]
pub(super) struct PendingDiagnostic {
    /// The key that it is about.
    pub key: String,
    /// The bytes of the file.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl PendingDiagnostic {
    /// Something wrong with a key, at a place.
    pub(crate) fn new(key: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { key: key.to_owned(), span, message: message.into(), hint: None }
    }

    /// The same, and what to do about it.
    pub(crate) fn hint(self, hint: impl Into<Option<String>>) -> Self {
        Self { hint: hint.into(), ..self }
    }
}
