//! The kinds of JSON values, for messages.

use std::fmt;

/// The kind of a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonValueKind {
    /// `{…}`.
    Object,
    /// `[…]`.
    List,
    /// `"…"`.
    Text,
    /// `null`.
    Null,
    /// A number, `true` or `false`.
    Scalar,
    /// Not JSON.
    Other,
}

impl JsonValueKind {
    /// The kind of a value by its first byte.
    pub(super) fn of(first: Option<u8>) -> Self {
        match first {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::List,
            Some(b'"') => Self::Text,
            Some(b'n') => Self::Null,
            Some(b'0'..=b'9' | b'-' | b't' | b'f') => Self::Scalar,
            Some(_) | None => Self::Other,
        }
    }
}

impl fmt::Display for JsonValueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Object => "an object",
            Self::List => "a list",
            Self::Text => "a text",
            Self::Null => "null",
            Self::Scalar => "a number or truth value",
            Self::Other => "no JSON",
        })
    }
}
