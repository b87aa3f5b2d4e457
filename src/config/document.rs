//! The text of the file: positions in it, and the parts of it that may be shown.

use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, Error};

use crate::diagnostic::{Diagnostic, PendingDiagnostic, SourceLine};
use crate::redact;

/// Shorter secrets are not searched for in messages, because they would match ordinary words.
const MIN_SECRET_LENGTH: usize = 4;

/// A configuration file, parsed as far as it is valid TOML.
#[derive(Debug)]
pub(super) struct ConfigDocument<'t> {
    /// The path, as shown in messages.
    pub path: &'t Path,
    pub text: &'t str,
    /// The parsed content; incomplete if there are syntax errors.
    pub root: DeTable<'t>,
    /// The TOML syntax errors.
    pub errors: Vec<Error>,
    starts: Vec<usize>,
    hidden: Vec<Range<usize>>,
}

impl<'t> ConfigDocument<'t> {
    /// Parses a text and continues after TOML syntax errors.
    pub(crate) fn read(path: &'t Path, text: &'t str) -> Self {
        let (root, errors) = DeTable::parse_recoverable(text);
        let root = root.into_inner();
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let hidden = redact::find_secret_spans(text, &root, !errors.is_empty());
        Self { path, text, root, errors, starts, hidden }
    }

    /// Converts a pending diagnostic: adds line, column and the source line without its secrets.
    pub(crate) fn build_diagnostic(&self, finding: PendingDiagnostic) -> Diagnostic {
        let start = self.floor(finding.span.start);
        let end = self.floor(finding.span.end).max(start);
        let line = self.line_of(start);
        let column = self.text[self.starts[line]..start].chars().count();
        Diagnostic {
            line: line + 1,
            column: column + 1,
            key: self.redacted(&finding.key),
            message: self.redacted(&finding.message),
            hint: finding.hint.map(|hint| self.redacted(&hint)),
            file: self.path.to_owned(),
            source_line: Some(self.build_source_line(line, start..end)),
        }
    }

    /// The number of the line, from 0.
    pub(crate) fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start <= offset) - 1
    }

    /// Returns the message on one line, without secrets. If a quotation mark is missing, a value that the message quotes
    /// may extend over the following lines.
    fn redacted(&self, message: &str) -> String {
        let mut one_line = match (message.split_once('\n'), message.rsplit_once('`')) {
            (Some((first, rest)), Some((_, end))) if rest.contains('`') => {
                format!("{}…`{end}", first.trim_end())
            }
            (Some((first, _)), _) => first.trim_end().to_owned(),
            (None, _) => message.to_owned(),
        };
        let hidden =
            self.hidden.iter().map(|span| self.text[span.clone()].trim_matches(['"', '\'', ' ', '\n', '\r']));
        for secret in hidden.filter(|secret| secret.len() >= MIN_SECRET_LENGTH) {
            one_line = one_line.replace(secret, "***");
        }
        one_line
    }

    fn build_source_line(&self, line: usize, marked: Range<usize>) -> SourceLine {
        let start = self.starts[line];
        let end = self.starts.get(line + 1).map_or(self.text.len(), |&next| next - 1);
        let mut quote = SourceLine { line: String::new(), caret: 0, width: 0 };
        let (mut at, mut caret, mut stop, mut shown) = (start, None, None, 0);
        while at < end {
            let hidden = self.hidden.iter().find(|hidden| hidden.contains(&at));
            let next = match hidden {
                Some(hidden) => hidden.end.min(end),
                None => at + self.text[at..].chars().next().map_or(1, char::len_utf8),
            };
            if caret.is_none() && marked.start < next {
                caret = Some(shown);
            }
            let part = if hidden.is_some() { "***" } else { &self.text[at..next] };
            quote.line.push_str(part);
            shown += part.chars().count();
            if marked.end >= next {
                stop = Some(shown);
            }
            at = next;
        }
        quote.line.truncate(quote.line.trim_end().len());
        let length = quote.line.chars().count();
        quote.caret = caret.unwrap_or(length).min(length);
        quote.width = stop.unwrap_or(0).min(length).saturating_sub(quote.caret).max(1);
        quote
    }

    fn floor(&self, offset: usize) -> usize {
        self.text.floor_char_boundary(offset.min(self.text.len()))
    }
}

/// Returns the offset in the file of a position inside a string, given as `line` and `column` (from 0, in characters)
/// of the string's value. Returns the start of the string if the position cannot be determined.
pub(super) fn locate_in_string(
    file: &str,
    string: &Range<usize>,
    value: &str,
    line: usize,
    column: usize,
) -> usize {
    let characters = characters(file, string, value);
    let mut current = (0, 0);
    for &(offset, character) in &characters {
        if current == (line, column) || current.0 > line {
            return offset;
        }
        current = if character == '\n' { (current.0 + 1, 0) } else { (current.0, current.1 + 1) };
    }
    match characters.last() {
        Some((offset, last)) => offset + last.len_utf8(),
        None => string.start,
    }
}

/// Returns every character of a string's value with its offset in the file; empty if value and file do not agree.
fn characters(file: &str, string: &Range<usize>, value: &str) -> Vec<(usize, char)> {
    let raw = &file[string.clone()];
    let quotes =
        ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| raw.starts_with(quotes)).unwrap_or("");
    let Some(body) = raw.strip_prefix(quotes).and_then(|body| body.strip_suffix(quotes)) else {
        return Vec::new();
    };
    let mut rest = body;
    if quotes.len() == 3 {
        rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).unwrap_or(rest);
    }
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        let offset = string.end - quotes.len() - rest.len();
        let escaped = quotes.starts_with('"').then(|| rest.strip_prefix('\\')).flatten();
        rest = match escaped {
            None => {
                found.push((offset, first));
                &rest[first.len_utf8()..]
            }
            Some(after) if after.starts_with([' ', '\t', '\r', '\n']) => after.trim_start(),
            Some(after) => {
                let Some((character, after)) = escape(after) else { return Vec::new() };
                found.push((offset, character));
                after
            }
        };
    }
    if found.iter().map(|(_, character)| *character).eq(value.chars()) { found } else { Vec::new() }
}

/// Decodes an escape sequence and returns the character and the remaining text (TOML 1.1, "String").
fn escape(after: &str) -> Option<(char, &str)> {
    let letter = after.chars().next()?;
    let rest = &after[letter.len_utf8()..];
    let digits = match letter {
        'b' => return Some(('\u{8}', rest)),
        't' => return Some(('\t', rest)),
        'n' => return Some(('\n', rest)),
        'f' => return Some(('\u{c}', rest)),
        'r' => return Some(('\r', rest)),
        'e' => return Some(('\u{1b}', rest)),
        '"' | '\\' => return Some((letter, rest)),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => return None,
    };
    let number = u32::from_str_radix(rest.get(..digits)?, 16).ok()?;
    Some((char::from_u32(number)?, &rest[digits..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rest of the file from a position inside its only string.
    fn at(file: &str, line: usize, column: usize) -> &str {
        let value = toml::de::DeTable::parse(file).expect("TOML").into_inner();
        let (_, value) = value.iter().next().expect("a key");
        let text = value.get_ref().as_str().expect("a string");
        &file[locate_in_string(file, &value.span(), text, line, column)..]
    }

    #[test]
    fn a_place_inside_a_string_is_found_in_the_file() {
        assert_eq!(at("k = 'ab == c'", 0, 6), "c'");
        assert_eq!(at("k = '''\nab\nc d'''", 1, 2), "d'''");
        assert_eq!(at("k = '''ab\r\nc d'''", 1, 2), "d'''");
        assert_eq!(at("k = \"\u{e4}b == c\"", 0, 6), "c\"");
        assert_eq!(at("k = 'ab'", 0, 2), "'");
    }

    #[test]
    fn escapes_count_as_the_characters_that_they_stand_for() {
        assert_eq!(at(r#"k = "a == \"x\" && b""#, 0, 12), r#"b""#);
        assert_eq!(at(r#"k = "\u00e4\U0001F600\x41b""#, 0, 3), r#"b""#);
        assert_eq!(at("k = \"\"\"a \\\n   b\"\"\"", 0, 2), "b\"\"\"");
        assert_eq!(at(r#"k = "a\nb c""#, 1, 2), r#"c""#);
    }
}
