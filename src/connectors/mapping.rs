//! From the words of a source to the attributes of rollcall.

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
    /// Attribute of rollcall, attribute of the source; `id` is always there.
    pub columns: Vec<(Attribute, String)>,
    /// Codes of the source (trimmed, as written) and the names that they stand for.
    pub codes: FxHashMap<Attribute, FxHashMap<String, String>>,
    /// Values of the source's status (folded) and what they mean; any other value is active.
    pub statuses: FxHashMap<String, EmploymentStatus>,
    /// Who of the source counts as a person; everybody where there is none.
    pub include: Option<IncludeExpression>,
}

/// An expression that tells people from what else stands in a directory.
#[derive(Debug, Clone)]
pub struct IncludeExpression {
    /// As it was written.
    pub text: String,
    /// Compiled.
    pub condition: Arc<CompiledExpression>,
}

/// What a kind of source maps where the file says nothing.
#[derive(Debug, Clone, Copy)]
pub struct DefaultMapping {
    /// Attribute of rollcall, attribute of the source.
    pub columns: &'static [(&'static str, &'static str)],
    /// Values of its status, and what they mean: active, leave, left.
    pub statuses: [&'static [&'static str]; 3],
}

impl DefaultMapping {
    /// What the values of its status mean, by their folded text.
    #[must_use]
    pub fn folded_statuses(&self) -> FxHashMap<String, EmploymentStatus> {
        let means = [EmploymentStatus::Active, EmploymentStatus::Leave, EmploymentStatus::Left]
            .into_iter()
            .zip(self.statuses);
        means.flat_map(|(standing, values)| values.iter().map(move |value| (fold(value), standing))).collect()
    }
}

impl AttributeMapping {
    /// A digest of all that it says (XXH3, 64 bits), whatever its order: tells an edited mapping.
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
        let standings = self.statuses.iter();
        lines.extend(
            standings.map(|(value, standing)| format!("status\u{1e}{value}\u{1e}{}", standing.as_str())),
        );
        lines.extend(self.include.iter().map(|include| format!("include\u{1e}{}", include.text.trim())));
        lines.sort_unstable();
        xxh3_64(lines.join("\u{1d}").as_bytes()).cast_signed()
    }

    /// Whether this connector maps an attribute.
    #[must_use]
    pub fn maps(&self, attribute: Attribute) -> bool {
        self.columns.iter().any(|(mapped, _)| *mapped == attribute)
    }
}
