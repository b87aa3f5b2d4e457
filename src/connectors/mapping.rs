//! Mapping from attributes of a source to attributes of rollcall.

use std::sync::Arc;

use chrono_tz::Tz;
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_64;

use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::names::fold;
use rollcall_model::source_date::DateFormat;
use rollcall_model::status::EmploymentStatus;
use rollcall_rules::rule::CompiledExpression;

/// `[connector.attributes]`, `[connector.values.X]` and `[connector.status]` of one connector.
#[derive(Debug, Clone, Default)]
pub struct AttributeMapping {
    /// Attributes of rollcall and of the source; `id` is always present.
    pub columns: Vec<(Attribute, String)>,
    /// How many of the columns, from the first, some record should have a value for: those that the configuration file
    /// names. In a file or a table with a header, the header proves that a column exists, and none is expected.
    pub expected_columns: usize,
    /// Codes of the source (trimmed, as written) and the names that replace them.
    pub codes: FxHashMap<Attribute, FxHashMap<String, String>>,
    /// Status values of the source (folded) and their meanings; any other value is active.
    pub statuses: FxHashMap<String, EmploymentStatus>,
    /// How the dates of the source are written.
    pub dates: DateMapping,
    /// The expression that selects people; all records if `None`.
    pub include: Option<IncludeExpression>,
}

/// `[connector.dates]`: how a source writes its dates.
#[derive(Debug, Clone)]
pub struct DateMapping {
    /// The formats by attribute. An attribute in this table is a date.
    pub formats: FxHashMap<Attribute, DateFormat>,
    /// The zone in which an instant falls on a day.
    pub zone: Tz,
}

impl Default for DateMapping {
    fn default() -> Self {
        Self { formats: FxHashMap::default(), zone: Tz::UTC }
    }
}

impl DateMapping {
    /// Returns the format of an attribute; `None` if the attribute is not a date.
    #[must_use]
    pub fn format_of(&self, attribute: Attribute) -> Option<&DateFormat> {
        let is_date = matches!(attribute, Attribute::START_DATE | Attribute::END_DATE);
        self.formats.get(&attribute).or_else(|| is_date.then_some(&DateFormat::Standard))
    }
}

/// An expression that selects people among other entries of a directory.
#[derive(Debug, Clone)]
pub struct IncludeExpression {
    /// The source text.
    pub text: String,
    /// The compiled expression.
    pub condition: Arc<CompiledExpression>,
}

/// The default mapping of a kind of source.
#[derive(Debug, Clone, Copy)]
pub struct DefaultMapping {
    /// Attributes of rollcall and of the source.
    pub columns: &'static [(&'static str, &'static str)],
    /// Status values that mean active, leave and left.
    pub statuses: [&'static [&'static str]; 3],
}

impl DefaultMapping {
    /// The meanings of the status values by their folded text.
    #[must_use]
    pub fn folded_statuses(&self) -> FxHashMap<String, EmploymentStatus> {
        let meanings = [EmploymentStatus::Active, EmploymentStatus::Leave, EmploymentStatus::Left]
            .into_iter()
            .zip(self.statuses);
        meanings.flat_map(|(status, values)| values.iter().map(move |value| (fold(value), status))).collect()
    }
}

impl AttributeMapping {
    /// A digest of the whole mapping (XXH3, 64 bits), independent of its order; detects an edited mapping.
    #[must_use]
    pub fn digest(&self, attributes: &AttributeSet) -> i64 {
        let mut lines: Vec<String> = Vec::new();
        for (attribute, column) in &self.columns {
            lines.push(format!("attribute\u{1e}{}\u{1e}{column}", attributes.name(*attribute)));
        }
        for (attribute, codes) in &self.codes {
            let name = attributes.name(*attribute);
            lines.extend(
                codes.iter().map(|(code, value)| format!("code\u{1e}{name}\u{1e}{code}\u{1e}{value}")),
            );
        }
        let statuses = self.statuses.iter();
        lines.extend(statuses.map(|(value, status)| format!("status\u{1e}{value}\u{1e}{}", status.as_str())));
        for (attribute, format) in &self.dates.formats {
            lines.push(format!("date\u{1e}{}\u{1e}{}", attributes.name(*attribute), format.text()));
        }
        lines.extend(self.include.iter().map(|include| format!("include\u{1e}{}", include.text.trim())));
        lines.sort_unstable();
        xxh3_64(lines.join("\u{1d}").as_bytes()).cast_signed()
    }

    /// Returns whether this connector maps an attribute.
    #[must_use]
    pub fn maps(&self, attribute: Attribute) -> bool {
        self.columns.iter().any(|(mapped, _)| *mapped == attribute)
    }
}
