//! Causes of errors that every kind of source can have.

use std::borrow::Cow;
use std::path::PathBuf;

use crate::attempt::ConnectorAttempt;
use crate::exceeded_limit::ExceededLimit;
use crate::protocol_error::ProtocolError;
use rollcall_model::format::count;

/// Reason why a reading is not possible or not usable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadingError {
    /// The reading was cancelled.
    #[error("the reading was cancelled")]
    Cancelled,
    /// Invalid setting.
    #[error("`{setting}` {fault}")]
    InvalidSetting {
        /// The key in the configuration file.
        setting: &'static str,
        /// The problem, as the rest of a sentence after the key.
        fault: &'static str,
    },
    /// No error occurred, but the end of the list is not proven.
    #[error("the source did not prove that its list is complete")]
    Unproven,
    /// The first reading of a source contains no people.
    #[error("the source contains no people{}", format_unused_records(*.set_aside, *.left_out))]
    NoPeople {
        /// The number of records without a usable id.
        set_aside: u64,
        /// The number of records that `include` excludes.
        left_out: u64,
    },
    /// So many records are unusable that the mapping must be wrong.
    #[error(
        "{set_aside} of {records} records have an empty or repeated id, or no name: the mapping is wrong"
    )]
    TooManyRejectedRecords {
        /// Unusable records.
        set_aside: u64,
        /// All records.
        records: u64,
    },
    /// So few dates can be read that the format must be another one.
    #[error(
        "{unreadable} of {values} values of `{attribute}` (`{column}` in the source), such as `{sample}`, are not valid dates"
    )]
    UnreadableDates {
        /// The attribute.
        attribute: String,
        /// The name in the source.
        column: String,
        /// Values that are not dates.
        unreadable: u64,
        /// All values.
        values: u64,
        /// One of the values.
        sample: String,
        /// The formats in which the values would be dates.
        formats: Vec<&'static str>,
    },
    /// The file of a secret does not contain one.
    #[error("the secret in `{}` (`{key}`) {fault}", path.display())]
    UnusableSecret {
        /// The key in the configuration file.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// The problem, as the rest of a sentence after the file.
        fault: String,
    },
    /// The source exceeds a bound.
    #[error("the source {0}")]
    LimitExceeded(ExceededLimit),
}

fn format_unused_records(set_aside: u64, left_out: u64) -> String {
    let records = |number| count(number, "record", "records");
    let set_aside = (set_aside > 0).then(|| format!("{} without a usable id", records(set_aside)));
    let left_out = (left_out > 0).then(|| format!("{} that `include` excludes", records(left_out)));
    let all: Vec<String> = set_aside.into_iter().chain(left_out).collect();
    if all.is_empty() { String::new() } else { format!(", only {}", all.join(" and ")) }
}

/// Says what to write for dates that cannot be read.
fn describe_date_settings(attribute: &str, sample: &str, formats: &[&str]) -> String {
    if !formats.is_empty() {
        let lines: Vec<String> =
            formats.iter().map(|format| format!("`{attribute} = \"{format}\"`")).collect();
        let lines = lines.join(" or ");
        return format!("under `[connector.dates]` write how the source writes days: {lines}");
    }
    if sample.bytes().any(|byte| byte.is_ascii_digit()) {
        return format!(
            "under `[connector.dates]` write how the source writes `{attribute}`: `%d` is the day, `%m` the month, `%Y` the year, `%H:%M:%S` a time"
        );
    }
    format!("if this word means no date, write `\"{sample}\" = \"\"` under `[connector.values.{attribute}]`")
}

impl ProtocolError for ReadingError {
    fn describe(&self, attempt: &ConnectorAttempt) -> String {
        match self {
            Self::LimitExceeded(limit) => match &limit.subject {
                Some(subject) => format!("{subject} {limit} during {attempt}"),
                None => format!("{attempt} {limit}"),
            },
            Self::Cancelled
            | Self::InvalidSetting { .. }
            | Self::Unproven
            | Self::NoPeople { .. }
            | Self::TooManyRejectedRecords { .. }
            | Self::UnreadableDates { .. }
            | Self::UnusableSecret { .. } => self.to_string(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::InvalidSetting { .. } => "bad_setting",
            Self::Unproven => "incomplete",
            Self::NoPeople { .. } => "no_people",
            Self::TooManyRejectedRecords { .. } => "set_aside",
            Self::UnreadableDates { .. } => "unreadable_dates",
            Self::UnusableSecret { .. } => "unusable_secret",
            Self::LimitExceeded(_) => "limit_exceeded",
        }
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::Cancelled
            | Self::InvalidSetting { .. }
            | Self::Unproven
            | Self::NoPeople { .. }
            | Self::TooManyRejectedRecords { .. }
            | Self::UnreadableDates { .. }
            | Self::UnusableSecret { .. }
            | Self::LimitExceeded(_) => false,
        }
    }

    fn hint(&self, _: &ConnectorAttempt) -> Option<Cow<'static, str>> {
        match self {
            Self::Cancelled | Self::InvalidSetting { .. } | Self::Unproven => None,
            Self::NoPeople { set_aside: 0, left_out: 0 } => Some(
                "check where the connector reads: its path, base, filter or query; if the source is empty on purpose, set `min_read = 0` in `[safety]`".into(),
            ),
            Self::NoPeople { .. } => Some(
                "check the mapping of `id`, and `include`; if this is right, set `min_read = 0` in `[safety]`".into(),
            ),
            Self::TooManyRejectedRecords { .. } => Some(
                "map `id` to an attribute with one unique value for each person, such as `entryUUID`; if a person has several records, set `several = \"merge\"`".into(),
            ),
            Self::UnusableSecret { .. } => Some(
                "write the secret to the file; it is read anew for each run, so that a reload is not required".into(),
            ),
            Self::UnreadableDates { attribute, sample, formats, .. } => {
                Some(describe_date_settings(attribute, sample, formats).into())
            }
            Self::LimitExceeded(limit) => {
                let spec = limit.limit.spec();
                Some(match spec.range {
                    Some(_) => format!("if the source is right, raise `{}` in `[limits]`", spec.name).into(),
                    None => "check what the source contains: this limit is fixed".into(),
                })
            }
        }
    }
}
