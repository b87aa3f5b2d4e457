//! Finds the texts that a person can see in the source of a Rust file.

/// Macros, functions and attributes of which the texts are not shown to a person, or have a snapshot of their own.
const HIDDEN: &[&str] = &[
    "trace!",
    "debug!",
    "info!",
    "warn!",
    "error!",
    "debug_assert!",
    "assert!",
    "matches!",
    "unreachable!",
    "expect",
    "include_str!",
    "doc",
    "serde",
    "schema",
    "path",
    "template",
    "cfg",
    "cfg_attr",
    "params",
    "responses",
];

/// Returns the texts of a file in order: string literals with at least two words, outside tests, logs and attributes.
pub(crate) fn find_texts(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]\nmod ").next().unwrap_or(source);
    Scanner { rest: code, word: String::new(), open: Vec::new(), texts: Vec::new() }.scan()
}

/// A scanner that knows the calls in which a literal stands.
struct Scanner<'s> {
    rest: &'s str,
    /// The identifier before the current position.
    word: String,
    /// The identifiers before the open brackets.
    open: Vec<String>,
    texts: Vec<String>,
}

impl Scanner<'_> {
    fn scan(mut self) -> Vec<String> {
        while let Some(next) = self.rest.chars().next() {
            if self.rest.starts_with("//") {
                self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
            } else if next.is_alphanumeric() || next == '_' {
                self.read_word();
            } else if next == '"' {
                self.read_text();
            } else if next == '\'' {
                self.skip_char_or_lifetime();
            } else {
                self.read_sign(next);
            }
        }
        self.texts
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    fn read_word(&mut self) {
        let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let word = self.rest[..end].to_owned();
        self.skip(end);
        let hashes = self.rest.len() - self.rest.trim_start_matches('#').len();
        if (word == "r" || word == "br") && self.rest[hashes..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            self.skip(hashes + 1);
            let length = self.rest.find(&close).unwrap_or(0);
            let text = self.rest[..length].to_owned();
            self.skip(length + close.len());
            self.add(text);
        } else {
            self.word = word;
        }
    }

    fn read_sign(&mut self, sign: char) {
        self.skip(sign.len_utf8());
        match sign {
            '(' | '[' | '{' => self.open.push(std::mem::take(&mut self.word)),
            ')' | ']' | '}' => {
                self.open.pop();
                self.word.clear();
            }
            '!' => self.word.push('!'),
            _ if sign.is_whitespace() => {}
            _ => self.word.clear(),
        }
    }

    /// Skips `'a'` and `'\n'` whole; of a lifetime only the quote.
    fn skip_char_or_lifetime(&mut self) {
        let mut chars = self.rest.char_indices().skip(1);
        let first = chars.next();
        let length = match first {
            Some((_, '\\')) => self.rest[3..].find('\'').map(|at| at + 4),
            Some(_) => chars.next().filter(|(_, c)| *c == '\'').map(|(at, _)| at + 1),
            None => None,
        };
        self.skip(length.unwrap_or(1));
    }

    fn read_text(&mut self) {
        self.skip(1);
        let mut text = String::new();
        while let Some(next) = self.rest.chars().next() {
            self.skip(next.len_utf8());
            match next {
                '"' => break,
                '\\' => self.read_escape(&mut text),
                _ => text.push(next),
            }
        }
        self.add(text);
    }

    fn read_escape(&mut self, text: &mut String) {
        let Some(next) = self.rest.chars().next() else { return };
        self.skip(next.len_utf8());
        match next {
            'n' => text.push_str("\\n"),
            '\n' => self.rest = self.rest.trim_start(),
            _ => text.push(next),
        }
    }

    fn add(&mut self, text: String) {
        let hidden = self.open.iter().any(|name| HIDDEN.contains(&name.as_str()));
        let is_text = text.trim().contains(' ') && text.contains(char::is_alphabetic);
        let is_protocol =
            text.contains("charset=") || text.contains("; Path=") || text.starts_with("public, ");
        if is_text && !hidden && !is_protocol && !is_sql(&text) {
            self.texts.push(text);
        }
    }
}

/// Returns true for a statement of SQL.
fn is_sql(text: &str) -> bool {
    let start = text.trim_start();
    ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "].iter().any(|word| start.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::find_texts;

    /// Texts are found in calls, and not in logs, comments, characters and attributes.
    #[test]
    #[expect(clippy::needless_raw_string_hashes, reason = "the text contains a raw text of its own")]
    fn texts_are_found_outside_logs_and_attributes() {
        let source = r##"
            // a "comment line"
            #[expect(dead_code, reason = "not shown here")]
            #[error("run {run} failed")]
            fn f<'a>(x: &'a str) -> char { info!("not a text"); g('"', "one two \
                three"); h(r#"raw "text""#); '\'' }
        "##;
        assert_eq!(find_texts(source), ["run {run} failed", "one two three", "raw \"text\""]);
    }
}
