//! The text of a field.

use std::borrow::Cow;

use rollcall_model::names::clean;

/// The text of a field. `="00123"`, which keeps Excel from reading a number, is `00123`.
pub(super) fn field_text(field: &str) -> Cow<'_, str> {
    let formula = field.trim().strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    match formula {
        Some(text) if text.contains('"') => Cow::Owned(text.replace("\"\"", "\"")),
        Some(text) => Cow::Borrowed(text),
        None => Cow::Borrowed(field),
    }
}

/// Returns whether no field of a row has text. Excel writes such rows for cells that were cleared.
pub(super) fn is_blank(row: &::csv::ByteRecord) -> bool {
    row.iter().all(|field| std::str::from_utf8(field).is_ok_and(|field| clean(&field_text(field)).is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_of_excel_are_their_text() {
        for (field, expected) in [
            ("=\"00123\"", "00123"),
            (" =\"a\"\"b\" ", "a\"b"),
            ("=\"\"", ""),
            ("=\"", "=\""),
            ("=A1", "=A1"),
            ("00123", "00123"),
        ] {
            assert_eq!(field_text(field), expected);
        }
    }

    #[test]
    fn row_without_text_is_blank() {
        assert!(is_blank(&::csv::ByteRecord::from(vec!["", " ", "\t", "\u{a0}", "=\"\"", "\x1a"])));
        assert!(!is_blank(&::csv::ByteRecord::from(vec!["", "0"])));
        assert!(!is_blank(&::csv::ByteRecord::from(vec![&b"\xff"[..]])));
    }
}
