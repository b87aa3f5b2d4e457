//! Errors of commands: message, cause, hint and exit status.

use std::fmt::Write;

use rollcall_config::{ConfigNotFound, Diagnostics};
use rollcall_core::sync::link_learners;
use rollcall_core::{accounts, groups};
use rollcall_store as store;
pub(crate) use rollcall_views::format_error_chain;

/// The error of a command.
#[derive(Debug)]
pub(crate) struct CliError {
    /// The exit status: 1 failure, 2 invalid usage or configuration, 130 interrupted.
    pub status: u8,
    text: String,
    hint: Option<String>,
}

impl CliError {
    /// Creates an error of invalid usage (status 2).
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self { status: 2, text: text.into(), hint: None }
    }

    /// Creates a failure (status 1).
    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self { status: 1, text: text.into(), hint: None }
    }

    /// Sets the hint.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The message without its hint.
    pub(crate) fn message(&self) -> &str {
        &self.text
    }

    /// The hint.
    pub(crate) fn next_step(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Formats the message for standard error.
    #[must_use]
    pub(crate) fn render(&self) -> String {
        let mut out = format!("error: {}", self.text);
        if let Some(hint) = &self.hint {
            write!(out, "\n\nhint: {hint}").expect("writing to a string does not fail");
        }
        out
    }
}

impl From<store::StoreError> for CliError {
    fn from(error: store::StoreError) -> Self {
        let hint = match &error {
            store::StoreError::Unreachable { .. } => Some(
                "check that the server of `database.url` is running, and that this machine may connect to its port",
            ),
            store::StoreError::AccountRefused { .. } => Some(
                "check the account and the password in `database.url`, and that the server's `pg_hba.conf` allows the \
                 account from this machine",
            ),
            store::StoreError::UnknownDatabase { .. } => Some(
                "check the name in `database.url`, or create the database with `createdb`; rollcall creates the tables",
            ),
            store::StoreError::NewerVersion { .. } => {
                Some("use the newer version of rollcall, or a separate database")
            }
            store::StoreError::DatabaseFull { .. } => {
                Some("free disk space, or increase `database.max_size`; no partial changes were written")
            }
            store::StoreError::SchemaOutdated { .. } => {
                Some("run `rollcall migrate` with the role that owns the schema, then repeat the command")
            }
            store::StoreError::Query { .. } if error.is_permission_denied() => {
                Some("grant the role of `database.url` the rights that `docs/operations.md` lists")
            }
            store::StoreError::UnusableFile { cause, .. }
                if cause.kind() == std::io::ErrorKind::InvalidData =>
            {
                Some("check `database.url`; restore the file from a backup if it is the right one")
            }
            store::StoreError::UnusableFile { .. } => Some(
                "check that the folder in `database.url` exists, and that this account may read and write there",
            ),
            store::StoreError::DamagedFile { .. } => {
                Some("check `database.url`; restore the file from a backup if it is the right one")
            }
            store::StoreError::InvalidUrl { .. }
            | store::StoreError::MigrationMismatch(_)
            | store::StoreError::TaskFailed(_)
            | store::StoreError::Query { .. } => None,
        };
        Self { status: 1, text: format_error_chain(&error), hint: hint.map(str::to_owned) }
    }
}

impl From<groups::GroupError> for CliError {
    fn from(error: groups::GroupError) -> Self {
        match error {
            groups::GroupError::Store(error) => error.into(),
            error => Self { status: 1, text: format_error_chain(&error), hint: error.hint() },
        }
    }
}

impl From<link_learners::LinkError> for CliError {
    fn from(error: link_learners::LinkError) -> Self {
        match error {
            link_learners::LinkError::Refused(error) => error.into(),
            error @ link_learners::LinkError::Undecided { .. } => Self {
                status: 1,
                text: format_error_chain(&error),
                hint: Some(link_learners::LinkError::HINT.to_owned()),
            },
        }
    }
}

impl From<accounts::AccountError> for CliError {
    fn from(error: accounts::AccountError) -> Self {
        match error {
            accounts::AccountError::Store(error) => error.into(),
            error => {
                let hint = error.hint().map(str::to_owned);
                Self { status: 1, text: format_error_chain(&error), hint }
            }
        }
    }
}

impl From<Diagnostics> for CliError {
    fn from(mistakes: Diagnostics) -> Self {
        // Each diagnostic begins with `error: `, and `render` writes it for the first one.
        let text = mistakes.to_string();
        let text = text.strip_prefix("error: ").unwrap_or(&text).to_owned();
        Self { status: 2, text, hint: None }
    }
}

impl From<ConfigNotFound> for CliError {
    fn from(error: ConfigNotFound) -> Self {
        Self { status: 2, text: error.to_string(), hint: Some(error.hint().to_owned()) }
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        Self { status: 1, text: error.to_string(), hint: None }
    }
}
