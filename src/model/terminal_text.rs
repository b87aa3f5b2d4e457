//! Texts that come from outside, on a terminal: control characters are shown as codes, so that they move no cursor, set
//! no title and forge no line.

use std::borrow::Cow;
use std::fmt::Write;

/// Returns true if a terminal acts on a character instead of showing it: control characters, and marks that change the
/// direction or the line of what follows.
fn is_active(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text with each character for which `hides` is true written by `write_code`.
fn replace_active(
    text: &str,
    hides: impl Fn(char) -> bool,
    write_code: impl Fn(&mut String, char),
) -> Cow<'_, str> {
    if !text.contains(&hides) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hides(c) { write_code(&mut shown, c) } else { shown.push(c) }
    }
    Cow::Owned(shown)
}

fn write_code(shown: &mut String, c: char) {
    shown.extend(c.escape_unicode());
}

/// Shows control characters as codes such as `\u{1b}`. Line breaks and tabs stay.
#[must_use]
pub fn show_controls(text: &str) -> Cow<'_, str> {
    replace_active(text, |c| is_active(c) && !matches!(c, '\n' | '\t'), write_code)
}

/// Shows control characters, line breaks and tabs as codes: the text stays on its line.
#[must_use]
pub fn show_on_one_line(text: &str) -> Cow<'_, str> {
    replace_active(text, is_active, write_code)
}

/// Escapes the control characters that JSON allows in strings. The document keeps its meaning.
#[must_use]
pub fn escape_in_json(json: &str) -> Cow<'_, str> {
    // Characters below U+0020 are escaped in strings already. Elsewhere they are the layout of the document.
    let hides = |c: char| c >= '\u{7f}' && is_active(c);
    replace_active(json, hides, |shown, c| {
        write!(shown, "\\u{:04x}", u32::from(c)).expect("writing to a string does not fail");
    })
}

/// A line of a log that ends with a line break. Further line breaks are followed by spaces, so that no text can look like
/// another line. Colours, which the log itself writes, stay; the log has escaped those of its fields.
#[must_use]
pub fn show_log_line(line: &str) -> Cow<'_, str> {
    let text = line.strip_suffix('\n').unwrap_or(line);
    let hides = |c: char| is_active(c) && !matches!(c, '\t' | '\u{1b}');
    match replace_active(
        text,
        hides,
        |shown, c| if c == '\n' { shown.push_str("\n    ") } else { write_code(shown, c) },
    ) {
        Cow::Borrowed(_) => Cow::Borrowed(line),
        Cow::Owned(shown) => Cow::Owned(shown + "\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_obeys_no_character_of_a_text() {
        let hostile = "Ada\u{1b}[2J\u{7}\r\u{9b}1A\u{202e}x\u{2066}\u{2028}";
        let shown = r"Ada\u{1b}[2J\u{7}\u{d}\u{9b}1A\u{202e}x\u{2066}\u{2028}";
        assert_eq!(show_controls(hostile), shown);
        assert_eq!(show_controls("a\n\tb"), "a\n\tb");
        assert_eq!(show_on_one_line("a\n\tb"), r"a\u{a}\u{9}b");
        assert!(matches!(show_on_one_line("Zoë, 東京 می\u{200c}خواهم"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_means_the_same_after_its_controls_are_escaped() {
        let text = "a\u{1b}\u{9b}\u{7f}\u{202e}\u{2069}\nb";
        let json = serde_json::json!({ "name": text }).to_string();
        let escaped = escape_in_json(&json);
        assert!(escaped.is_ascii() && !escaped.contains(char::is_control), "{escaped}");
        let read: serde_json::Value = serde_json::from_str(&escaped).expect("JSON");
        assert_eq!(read["name"], text);
        assert_eq!(escape_in_json("{\n  \"a\": 1\n}"), "{\n  \"a\": 1\n}");
    }

    #[test]
    fn text_forges_no_line_of_the_log() {
        assert_eq!(
            show_log_line("\u{1b}[32mINFO\u{1b}[0m all is well\n"),
            "\u{1b}[32mINFO\u{1b}[0m all is well\n"
        );
        assert_eq!(
            show_log_line("WARN failed\n2026-01-01 INFO all is well\r\u{202e}\n"),
            "WARN failed\n    2026-01-01 INFO all is well\\u{d}\\u{202e}\n"
        );
    }
}
