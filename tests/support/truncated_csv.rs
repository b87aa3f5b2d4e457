//! What a CSV file that is cut somewhere still says of itself.

/// The kind of error that the first bytes of a file cause, of so many columns; none if they end with a whole row, where
/// only a proof from outside can tell.
pub(crate) fn truncation_error(part: &[u8], columns: usize) -> Option<&'static str> {
    let (mut is_quoted, mut fields, mut is_row_end) = (false, 1, false);
    for byte in part {
        is_row_end = !is_quoted && *byte == b'\n';
        match byte {
            b'"' => is_quoted = !is_quoted,
            b',' if !is_quoted => fields += 1,
            b'\n' if !is_quoted => fields = 1,
            _ => {}
        }
    }
    if is_row_end {
        return None;
    }
    // A quote without its end, or fields too few; otherwise only the line break is missing.
    Some(if is_quoted || (!part.is_empty() && fields < columns) { "bad_file" } else { "incomplete" })
}
