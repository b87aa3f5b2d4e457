//! Counts the parts of JSON text before anything is built from it.

/// The number of values and members of JSON text, as its commas and opening brackets tell it without parsing. Counting
/// ends above `most`, so that a hostile text costs no more than a good one.
pub(crate) fn count_parts(json: &[u8], most: usize) -> usize {
    let (mut parts, mut is_text, mut is_escaped) = (1, false, false);
    for &byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b',' | b'[' | b'{' if !is_text => {
                parts += 1;
                if parts > most {
                    break;
                }
            }
            _ => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_outside_of_texts() {
        for (json, parts) in [("7", 1), ("[1, 2]", 3), (r#"{"a": [",[{\",", {}]}"#, 5), (r#""\\",1"#, 2)] {
            assert_eq!(count_parts(json.as_bytes(), 100), parts, "{json}");
        }
        assert_eq!(count_parts(b"[1,2,3,4,5,6]", 3), 4);
    }
}
