//! JSON text output.

use std::fmt::Write;

/// Writes a JSON string (RFC 8259 7).
pub fn push_string(out: &mut String, value: &str) {
    out.push('"');
    if value.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        for c in value.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                c if (c as u32) < 0x20 => {
                    write!(out, "\\u{:04x}", c as u32).expect("writing to a string does not fail");
                }
                c => out.push(c),
            }
        }
    } else {
        out.push_str(value);
    }
    out.push('"');
}
