//! Errors out: what happened, why, and what to do next, with the exit status that belongs to it.

use std::fmt::Write;

use crate::config::{Mistakes, NoFile};
pub use crate::report::chain;
use crate::sync::linked;
use crate::{accounts, groups, store};

/// A command that could not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    /// The exit status: 1 failed, 2 wrong usage or wrong file, 130 interrupted.
    pub status: u8,
    text: String,
    hint: Option<String>,
}

impl Failure {
    /// Wrong usage.
    pub fn usage(text: impl Into<String>) -> Self {
        Self { status: 2, text: text.into(), hint: None }
    }

    /// Something failed.
    pub fn failed(text: impl Into<String>) -> Self {
        Self { status: 1, text: text.into(), hint: None }
    }

    /// With what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The message for standard error.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = format!("error: {}", self.text);
        if let Some(hint) = &self.hint {
            write!(out, "\n\nhint: {hint}").expect("writing to a string does not fail");
        }
        out
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        let hint = match &error {
            store::Error::Unreachable(_) => {
                Some("is the server of `database.url` up, and are the account and the password right?")
            }
            store::Error::Newer { .. } => Some("use the newer rollcall, or a database of its own"),
            store::Error::Full { .. } => {
                Some("make room, or raise `database.max_size`; nothing was half done")
            }
            store::Error::Url { .. }
            | store::Error::File { .. }
            | store::Error::Altered(_)
            | store::Error::Lost(_)
            | store::Error::Query { .. } => None,
        };
        Self { status: 1, text: chain(&error), hint: hint.map(str::to_owned) }
    }
}

impl From<groups::Error> for Failure {
    fn from(error: groups::Error) -> Self {
        match error {
            groups::Error::Store(error) => error.into(),
            error => Self { status: 1, text: chain(&error), hint: error.hint() },
        }
    }
}

impl From<linked::Error> for Failure {
    fn from(error: linked::Error) -> Self {
        match error {
            linked::Error::Refused(error) => error.into(),
            error @ linked::Error::Undecided { .. } => {
                Self { status: 1, text: chain(&error), hint: Some(linked::Error::HINT.to_owned()) }
            }
        }
    }
}

impl From<accounts::Error> for Failure {
    fn from(error: accounts::Error) -> Self {
        match error {
            accounts::Error::Store(error) => error.into(),
            error => {
                let hint = error.hint().map(str::to_owned);
                Self { status: 1, text: chain(&error), hint }
            }
        }
    }
}

impl From<Mistakes> for Failure {
    fn from(mistakes: Mistakes) -> Self {
        Self { status: 2, text: mistakes.to_string(), hint: None }
    }
}

impl From<NoFile> for Failure {
    fn from(error: NoFile) -> Self {
        Self { status: 2, text: error.to_string(), hint: Some(error.hint().to_owned()) }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self { status: 1, text: error.to_string(), hint: None }
    }
}
