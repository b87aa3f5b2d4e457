//! Causes of errors in the content of a JSON file.

use std::borrow::Cow;

use super::JsonValueKind;
use crate::attempt::ConnectorAttempt;
use crate::file::error::{describe_encoding, describe_file_error};
use crate::protocol_error::ProtocolError;

/// Reason why the content of a file is not a list of people. The message follows the name of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonFileError {
    /// The list is not closed.
    #[error("the list is not closed: the file is truncated")]
    NotClosed,
    /// An object around the list of people.
    #[error("the file is not a list of people: it is an object with a list at {}", quote(lists))]
    Wrapped {
        /// The paths of lists in it.
        lists: Vec<String>,
    },
    /// The first record has nothing that is mapped.
    #[error("the first record has none of the mapped attributes; it has the keys {}", quote(keys))]
    NoAttributes {
        /// The keys of the record.
        keys: Vec<String>,
    },
    /// No list at the path of the settings.
    #[error("the file has no list at `{list}`{}", describe_keys(keys))]
    NoList {
        /// The path.
        list: String,
        /// The keys in its place.
        keys: Vec<String>,
    },
    /// The file is the list itself, but the settings have a path.
    #[error("the file is a list, but `list` is \"{list}\"")]
    IsList {
        /// The path.
        list: String,
    },
    /// A value of another kind at the path of the settings, or on the way to it.
    #[error("the file has no list at `{list}`: {} is {found}", describe_place(path))]
    WrongValue {
        /// The path.
        list: String,
        /// The path of the value; empty for the whole file.
        path: String,
        /// What the value is.
        found: JsonValueKind,
    },
    /// Text that is not UTF-8.
    #[error("{place} is not UTF-8")]
    NotUtf8 {
        /// The line, or the number of the element.
        place: String,
    },
    /// Invalid JSON, or not a record.
    #[error("{place} is not a valid JSON record: {problem}")]
    InvalidRecord {
        /// The line, or the number of the element.
        place: String,
        /// The problem.
        problem: String,
    },
}

impl ProtocolError for JsonFileError {
    fn describe(&self, attempt: &ConnectorAttempt) -> String {
        describe_file_error(self, attempt)
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::NotClosed => "incomplete",
            Self::Wrapped { .. }
            | Self::NoAttributes { .. }
            | Self::NoList { .. }
            | Self::IsList { .. }
            | Self::WrongValue { .. }
            | Self::NotUtf8 { .. }
            | Self::InvalidRecord { .. } => "bad_file",
        }
    }

    fn is_transient(&self) -> bool {
        match self {
            // The export may still be running.
            Self::NotClosed => true,
            Self::Wrapped { .. }
            | Self::NoAttributes { .. }
            | Self::NoList { .. }
            | Self::IsList { .. }
            | Self::WrongValue { .. }
            | Self::NotUtf8 { .. }
            | Self::InvalidRecord { .. } => false,
        }
    }

    fn hint(&self, _: &ConnectorAttempt) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::NotClosed => {
                "configure the export to write to a temporary file and rename it when it is complete".into()
            }
            Self::Wrapped { lists } => match lists.first() {
                Some(list) => format!("set `list = \"{list}\"`").into(),
                None => "set `list` to the path of the list".into(),
            },
            Self::NoAttributes { .. } => {
                "use the keys of the file in `[connector.attributes]`, and check the export".into()
            }
            Self::IsList { .. } => "remove `list`".into(),
            Self::WrongValue { found: JsonValueKind::Other, .. } => {
                "check the export: a message or a page may stand in place of the list".into()
            }
            Self::NoList { .. } | Self::WrongValue { .. } => {
                "set `list` to the path of the list, or remove it if the file is an array or JSON Lines"
                    .into()
            }
            Self::NotUtf8 { .. } => describe_encoding(None).into(),
            Self::InvalidRecord { .. } => {
                "configure the export to write an array of objects, or one object per line".into()
            }
        })
    }
}

fn quote(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn describe_place(path: &str) -> String {
    if path.is_empty() { "the file".to_owned() } else { format!("`{path}`") }
}

fn describe_keys(keys: &[String]) -> String {
    if keys.is_empty() { String::new() } else { format!("; it has the keys {}", quote(keys)) }
}
