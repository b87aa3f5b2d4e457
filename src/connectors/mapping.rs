//! From the words of a source to the attributes of rollcall.

use rustc_hash::FxHashMap;

use crate::model::attributes::Attribute;
use crate::model::status::Standing;

/// `[connector.attributes]`, `[connector.values.X]` and `[connector.status]` of one connector.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    /// Attribute of rollcall, attribute of the source; `id` is always there.
    pub columns: Vec<(Attribute, String)>,
    /// Codes of the source (trimmed, as written) and the names that they stand for.
    pub codes: FxHashMap<Attribute, FxHashMap<String, String>>,
    /// Values of the source's status (folded) and what they mean; any other value is active.
    pub standings: FxHashMap<String, Standing>,
}

impl Mapping {
    /// Whether this connector maps an attribute.
    #[must_use]
    pub fn maps(&self, attribute: Attribute) -> bool {
        self.columns.iter().any(|(mapped, _)| *mapped == attribute)
    }
}
