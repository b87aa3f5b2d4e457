//! Types of values, and the checks that need only the value itself.

use std::net::SocketAddr;
use std::ops::Range;

use chrono::NaiveDate;
use chrono_tz::{TZ_VARIANTS, Tz};
use toml::Spanned;
use toml::de::{DeInteger, DeValue};

use crate::connector_kinds::KINDS;
use crate::units;
use rollcall_model::guard;
use rollcall_model::names::{clean, nearest};

/// The type of a key's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueType {
    /// Non-empty text with a maximum length.
    Text {
        /// The maximum number of characters.
        most: usize,
    },
    /// Text that is never displayed.
    Secret,
    /// A list of non-empty texts.
    Texts,
    /// One text, or a list of them.
    OneOrMoreTexts,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number {
        /// The smallest.
        least: i64,
        /// The largest.
        most: i64,
    },
    /// A percentage in quotes.
    Percent {
        /// The largest.
        most: u32,
    },
    /// A duration, such as `"30s"`.
    Duration,
    /// A size, such as `"512MiB"`.
    Size,
    /// A calendar day, with or without quotes.
    Day,
    /// The name of a time zone.
    Zone,
    /// An IP address and a port.
    Address,
    /// A connector kind.
    Kind,
}

/// The maximum length of ordinary text in characters; sufficient for a path or a distinguished name.
pub(super) const TEXT: ValueType = ValueType::Text { most: 1_000 };
/// The maximum length of an expression in characters. The compiler has a lower limit.
pub(super) const EXPRESSION: ValueType = ValueType::Text { most: 10_000 };
/// Zero to ten years. A larger number is a typing error.
pub(super) const DAYS: ValueType = ValueType::Number { least: 0, most: 3_650 };
/// A count of people, groups or rows.
pub(super) const COUNT: ValueType = ValueType::Number { least: 0, most: 1_000_000_000 };

/// An error in a value.
#[derive(Debug)]
pub(super) struct TypeError {
    /// The byte range in the file.
    pub span: Range<usize>,
    /// The message.
    pub message: String,
    /// A hint that is more specific than the example of the key.
    pub hint: Option<String>,
}

impl ValueType {
    /// Describes the type for a message.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Text { .. } | Self::Secret => "text in quotes",
            Self::Texts => "a list of texts",
            Self::OneOrMoreTexts => "text in quotes, or a list of texts",
            Self::Flag => "true or false",
            Self::Number { .. } => "a whole number",
            Self::Percent { .. } => "a percentage in quotes",
            Self::Duration => "a duration in quotes",
            Self::Size => "a size in quotes",
            Self::Day => "a day",
            Self::Zone => "the name of a time zone",
            Self::Address => "an IP address and a port in quotes",
            Self::Kind => "a connector kind",
        }
    }

    /// Returns all errors of a value; empty if it is valid.
    pub(super) fn check_value(self, value: &Spanned<DeValue<'_>>) -> Vec<TypeError> {
        let mut faults = Vec::new();
        let mut fault = |span: Range<usize>, (message, hint): (String, Option<String>)| {
            faults.push(TypeError { span, message, hint });
        };
        match (self, value.get_ref()) {
            (Self::Flag, DeValue::Boolean(_)) => {}
            (Self::Day, DeValue::Datetime(_)) => {
                if day(value).is_none() {
                    fault(value.span(), ("should be a day without a time".to_owned(), None));
                }
            }
            (Self::Number { least, most }, DeValue::Integer(number)) => {
                if !integer(number).is_some_and(|number| (least..=most).contains(&number)) {
                    fault(value.span(), (format!("should be a whole number from {least} to {most}"), None));
                }
            }
            (Self::Percent { .. }, DeValue::Integer(number)) if integer(number) == Some(0) => {}
            (Self::Texts | Self::OneOrMoreTexts, DeValue::Array(list)) => {
                if list.is_empty() && self == Self::OneOrMoreTexts {
                    fault(value.span(), ("is an empty list".to_owned(), None));
                }
                for one in list {
                    for inner in ENTRY.check_value(one) {
                        fault(inner.span, (format!("has an entry that {}", inner.message), inner.hint));
                    }
                }
            }
            (Self::Texts | Self::Flag | Self::Number { .. }, other) => {
                fault(value.span(), (self.describe_mismatch(other), None));
            }
            (_, DeValue::String(text)) => {
                if let Err(wrong) = self.check_text(text) {
                    fault(value.span(), wrong);
                }
            }
            (_, other) => fault(value.span(), (self.describe_mismatch(other), None)),
        }
        faults
    }

    fn describe_mismatch(self, other: &DeValue<'_>) -> String {
        format!("should be {}, found {}", self.describe(), describe_value(other))
    }

    /// Checks a text and returns the message and the hint of an error.
    fn check_text(self, text: &str) -> Result<(), (String, Option<String>)> {
        if clean(text).is_empty() {
            return Err(("is empty".to_owned(), None));
        }
        let no = |what: &str, hint: Option<String>| Err((format!("is `{text}`, which is {what}"), hint));
        let write = |example: &str| Some(format!("write {example}"));
        match self {
            Self::Text { most } if text.chars().count() > most => {
                let length = text.chars().count();
                Err((format!("has {length} characters, at most {most} are allowed"), None))
            }
            Self::Percent { most } => match text.parse::<guard::Percent>() {
                Ok(share) if share <= guard::Percent::new(most) => Ok(()),
                Ok(_) => no(&format!("greater than {most} %"), None),
                Err(_) => no("not a valid percentage", None),
            },
            Self::Duration if units::duration(text).is_none() => no(
                "not a valid duration",
                write("a whole number and s, m, h or d, such as \"30s\" or \"26h\""),
            ),
            Self::Size if units::size(text).is_none() => {
                no("not a valid size", write("a whole number and a unit, such as \"512MiB\" or \"2GiB\""))
            }
            Self::Day if text.parse::<NaiveDate>().is_err() => {
                no("not a valid day", write("year, month and day, such as \"2026-12-31\""))
            }
            Self::Zone if text.parse::<Tz>().is_err() => {
                let near = suggest_name(text, TZ_VARIANTS.iter().map(|zone| zone.name()));
                no(
                    "not a valid time zone",
                    near.or_else(|| write("a name such as \"Europe/Berlin\" or \"UTC\"")),
                )
            }
            Self::Address if text.parse::<SocketAddr>().is_err() => {
                let hint = "an IP address and a port, such as \"127.0.0.1:8080\" or \"[::1]:8080\"";
                no("not a valid address with a port", write(hint))
            }
            Self::Kind if !KINDS.contains(&text) => {
                let near = suggest_name(text, KINDS.iter().copied());
                let hint = near.or_else(|| Some(kinds_in_words()));
                no("not a valid connector kind", hint)
            }
            Self::Text { .. }
            | Self::Secret
            | Self::Texts
            | Self::OneOrMoreTexts
            | Self::Flag
            | Self::Number { .. }
            | Self::Duration
            | Self::Size
            | Self::Day
            | Self::Zone
            | Self::Address
            | Self::Kind => Ok(()),
        }
    }
}

fn kinds_in_words() -> String {
    let kinds: Vec<String> = KINDS.iter().map(|kind| format!("`{kind}`")).collect();
    format!("supported kinds: {}", kinds.join(", "))
}

/// The entries of lists.
const ENTRY: ValueType = ValueType::Text { most: 1_000 };

/// Suggests the most similar name if one is similar enough.
pub(super) fn suggest_name<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(typed, known).map(|near| format!("did you mean `{near}`?"))
}

/// Describes a value for a message.
pub(super) fn describe_value(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
    }
}

/// Converts a TOML integer; `None` if it does not fit.
pub(super) fn integer(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// Reads the calendar day of a text or of a date without a time.
pub(super) fn day(value: &Spanned<DeValue<'_>>) -> Option<NaiveDate> {
    match value.get_ref() {
        DeValue::String(text) => text.parse().ok(),
        DeValue::Datetime(date) if date.time.is_none() => date.to_string().parse().ok(),
        _ => None,
    }
}
