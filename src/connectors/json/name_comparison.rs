//! How the names of members are compared.

/// Comparison of the names of members, and of the values that choose an entry of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NameComparison {
    /// Names are equal if their characters are (RFC 8259).
    #[default]
    Exact,
    /// Names of attributes and schemas have no case (RFC 7643 2.1, RFC 7644 3.10). The same holds for the values that
    /// choose an entry, such as `type`. A text in the place of an entry is its `value` (RFC 7643 2.4).
    Scim,
}

impl NameComparison {
    /// Returns whether two names are equal.
    pub(super) fn equals(self, one: &str, other: &str) -> bool {
        match self {
            Self::Exact => one == other,
            Self::Scim => one.eq_ignore_ascii_case(other),
        }
    }
}
