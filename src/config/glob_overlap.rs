//! Checks whether a rule can create a group that an assignment names.

use rollcall_model::names::fold;

/// A pattern of names: a group template, or the glob of an assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamePattern(Vec<PatternToken>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PatternToken {
    Char(char),
    AnyChar,
    AnyChars,
}

/// Returns true if the name of a group is a glob.
pub(super) fn is_glob(name: &str) -> bool {
    name.contains(['*', '?'])
}

impl NamePattern {
    /// The names that a glob matches, ignoring case: `*` matches any characters, `?` exactly one.
    pub(super) fn of_glob(glob: &str) -> Self {
        let folded = fold(glob);
        let pieces = folded.chars().map(|c| match c {
            '*' => PatternToken::AnyChars,
            '?' => PatternToken::AnyChar,
            other => PatternToken::Char(other),
        });
        Self(pieces.collect())
    }

    /// The names that a valid template can produce.
    pub(super) fn of_template(template: &str) -> Self {
        let mut pieces = Vec::new();
        let folded = fold(template);
        let mut rest = folded.as_str();
        while let Some(first) = rest.chars().next() {
            let doubled = rest.starts_with("{{") || rest.starts_with("}}");
            let close = rest.find('}').filter(|_| first == '{' && !doubled);
            let (piece, length) = match close {
                Some(close) => (PatternToken::AnyChars, close + 1),
                None => (PatternToken::Char(first), if doubled { 2 } else { first.len_utf8() }),
            };
            pieces.push(piece);
            rest = &rest[length..];
        }
        Self(pieces)
    }

    /// Returns true if some name matches both patterns.
    pub(super) fn overlaps(&self, other: &NamePattern) -> bool {
        // `row[n]` is true if the tokens of `self` so far and the first n tokens of `other` match a common text.
        let width = other.0.len();
        let mut row = vec![false; width + 1];
        row[0] = true;
        for n in 0..width {
            row[n + 1] = row[n] && other.0[n] == PatternToken::AnyChars;
        }
        for &piece in &self.0 {
            let mut next = vec![false; width + 1];
            next[0] = row[0] && piece == PatternToken::AnyChars;
            for (n, &other) in other.0.iter().enumerate() {
                let many = piece == PatternToken::AnyChars || other == PatternToken::AnyChars;
                let same = match (piece, other) {
                    (PatternToken::Char(a), PatternToken::Char(b)) => a == b,
                    (PatternToken::AnyChar | PatternToken::AnyChars, _)
                    | (_, PatternToken::AnyChar | PatternToken::AnyChars) => true,
                };
                next[n + 1] = (many && (row[n + 1] || next[n])) || (same && row[n]);
            }
            row = next;
        }
        row[width]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn makes(template: &str, wanted: &str) -> bool {
        NamePattern::of_template(template).overlaps(&NamePattern::of_glob(wanted))
    }

    #[test]
    fn a_rule_makes_what_its_template_can_give() {
        assert!(makes("Department: {department}", "department: sales"));
        assert!(makes("Sales Berlin", "Sales *"));
        assert!(makes("{department} in {location}", "Sales in Berlin"));
        assert!(makes("Site: {location}", "*"));
        assert!(makes("Everyone {{here}}", "Everyone {here}"));
        assert!(makes("A {x} C", "A ? C"));
        assert!(makes("{x}lin", "Ber*"));
    }

    #[test]
    fn a_rule_does_not_make_other_names() {
        assert!(!makes("Department: {department}", "Site: *"));
        assert!(!makes("Sales Berlin", "Sales"));
        assert!(!makes("A {x} C", "A * D"));
        assert!(!makes("ab", "?"));
    }
}
