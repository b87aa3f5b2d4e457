//! One column of a mapping: its codes, and its values that are in no table.

use rustc_hash::FxHashMap;

use crate::AttributeMapping;
use rollcall_model::attributes::Attribute;
use rollcall_model::names::clean;
use rollcall_model::run_warning::{RunWarning, RunWarningKind};
use rollcall_model::source_date::DateFormat;

/// Maximum number of unknown values of one attribute that are reported individually: applying a code table to
/// free text would report all.
const MOST_UNKNOWN: usize = 100;

/// More than one unreadable date in this many (5 %) means a wrong format. A single one is a typing error.
const UNREADABLE_SHARE: u64 = 20;

/// Number of unreadable dates that tell the format: among so many days one is after the twelfth of a month.
const MOST_SAMPLES: usize = 100;

/// Translation of one column of the mapping.
#[derive(Debug)]
pub(super) struct MappedColumn<'a> {
    /// The position in the mapping.
    pub number: usize,
    /// The attribute that it is mapped to.
    pub attribute: Attribute,
    codes: Option<FxHashMap<String, String>>,
    unknown: FxHashMap<String, u64>,
    /// How its dates are written; none if it is not a date.
    pub date_format: Option<&'a DateFormat>,
    dates: DateCounts,
    /// Whether a record has a value.
    pub has_values: bool,
}

/// The dates of a column.
#[derive(Debug, Clone, Default)]
pub(super) struct DateCounts {
    /// Records with a value.
    pub values: u64,
    /// Records whose value is not a date.
    pub unreadable: u64,
    /// The first values that are not dates.
    pub samples: Vec<String>,
}

impl<'a> MappedColumn<'a> {
    /// Prepares a column; its codes are normalized like values.
    pub(super) fn new(number: usize, attribute: Attribute, mapping: &'a AttributeMapping) -> Self {
        let cleaned = |(code, name): (&String, &String)| (clean(code).into_owned(), clean(name).into_owned());
        let codes = mapping.codes.get(&attribute).map(|table| table.iter().map(cleaned).collect());
        let date_format = mapping.dates.format_of(attribute);
        let (unknown, dates) = (FxHashMap::default(), DateCounts::default());
        Self { number, attribute, codes, unknown, date_format, dates, has_values: false }
    }

    /// The name of a code, if there is one.
    pub(super) fn name_of(&self, code: &str) -> Option<&str> {
        self.codes.as_ref()?.get(code).map(String::as_str)
    }

    /// The name of a code; an unknown code is kept and counted.
    pub(super) fn translate<'t>(&'t mut self, value: &'t str) -> &'t str {
        let Some(codes) = &self.codes else { return value };
        if let Some(name) = codes.get(value) {
            return name;
        }
        count(&mut self.unknown, value);
        value
    }

    /// Counts a date, or the text in its place.
    pub(super) fn count_date(&mut self, unreadable: Option<&str>) {
        self.dates.values += 1;
        let Some(text) = unreadable else { return };
        if self.dates.samples.len() < MOST_SAMPLES {
            self.dates.samples.push(text.to_owned());
        }
        self.dates.unreadable += 1;
    }

    /// The counts, if so few dates can be read that the format must be wrong.
    pub(super) fn unreadable_dates(&self) -> Option<&DateCounts> {
        let DateCounts { values, unreadable, .. } = self.dates;
        (unreadable > 1 && unreadable * UNREADABLE_SHARE > values).then_some(&self.dates)
    }

    /// The counts, if a date cannot be read.
    pub(super) fn any_unreadable_dates(&self) -> Option<&DateCounts> {
        (self.dates.unreadable > 0).then_some(&self.dates)
    }

    /// Counts a value that is in no table.
    pub(super) fn unknown(&mut self, value: &str) {
        count(&mut self.unknown, value);
    }

    /// The values that are in no table with their number of people, the most frequent first. `name` is the name
    /// of the attribute.
    pub(super) fn problems(&self, name: &str) -> Vec<RunWarning> {
        let mut unknown: Vec<(&str, u64)> =
            self.unknown.iter().map(|(value, &times)| (value.as_str(), times)).collect();
        unknown.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        let is_status = self.attribute == Attribute::STATUS;
        let kind = if is_status { RunWarningKind::UnknownStatus } else { RunWarningKind::UnknownCode };
        let message = |(value, times): &(&str, u64)| {
            let people = if *times == 1 { "1 person".to_owned() } else { format!("{times} people") };
            if is_status {
                format!(
                    "`[connector.status]` does not contain `{value}`: known people keep their status, new ones are active \
                     ({people})"
                )
            } else {
                format!("`[connector.values.{name}]` does not translate `{value}`: kept as it is ({people})")
            }
        };
        let mut messages: Vec<String> = unknown.iter().take(MOST_UNKNOWN).map(message).collect();
        if unknown.len() > MOST_UNKNOWN {
            let more = unknown.len() - MOST_UNKNOWN;
            messages.push(format!("{more} more values of `{name}` are not in any table"));
        }
        messages.into_iter().map(|message| RunWarning::new(kind, name, message)).collect()
    }
}

fn count(counts: &mut FxHashMap<String, u64>, value: &str) {
    match counts.get_mut(value) {
        Some(times) => *times += 1,
        None => {
            counts.insert(value.to_owned(), 1);
        }
    }
}
