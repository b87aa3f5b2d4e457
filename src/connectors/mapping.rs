//! Mapping from attributes of a source to attributes of rollcall.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_64;

use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::names::fold;
use rollcall_model::status::EmploymentStatus;
use rollcall_rules::rule::CompiledExpression;

/// `[connector.attributes]`, `[connector.values.X]` and `[connector.status]` of one connector.
#[derive(Debug, Clone, Default)]
pub struct AttributeMapping {
    /// Attributes of rollcall and of the source; `id` is always present.
    pub columns: Vec<(Attribute, String)>,
    /// Codes of the source (trimmed, as written) and the names that replace them.
    pub codes: FxHashMap<Attribute, FxHashMap<String, String>>,
    /// Status values of the source (folded) and their meanings; any other value is active.
    pub statuses: FxHashMap<String, EmploymentStatus>,
    /// The expression that selects people; all records if `None`.
    pub include: Option<IncludeExpression>,
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
