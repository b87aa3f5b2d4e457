//! Paths to the values of a JSON record.
//!
//! A path is a `JSONPath` (RFC 9535) relative to the record, without the leading `$.`: `profile.email`,
//! `emails[?@.type=='work'].value`, `['urn:example:User'].department`. Alternatives separated by ` | ` are tried
//! from left to right until one has a value. Names apply to each element of an array: `emails.value` yields every
//! value.

use serde_json_path::JsonPath;

/// Member names from the outside in.
pub type KeyPath = Vec<String>;

/// The paths to the values of a column.
#[derive(Debug, Clone)]
pub struct ValuePath {
    pub(super) alternatives: Vec<PathAlternative>,
}

/// One path.
#[derive(Debug, Clone)]
pub(super) struct PathAlternative {
    /// The member names before the query.
    pub keys: KeyPath,
    /// The query on the value at these names.
    pub query: Option<PathQuery>,
}

/// A query on a list.
#[derive(Debug, Clone)]
pub(super) struct PathQuery {
    /// The `JSONPath`.
    pub path: JsonPath,
    /// The equivalent simple filter, if there is one.
    pub choice: Option<EntryFilter>,
}

/// A value of the entries that have another value: `[?@.type=='work'].value`. Most queries have this form and can
/// be evaluated without building the entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EntryFilter {
    /// The name of the compared value.
    pub by: String,
    /// The expected value.
    pub is: FilterLiteral,
    /// The name of the extracted value.
    pub wanted: String,
}

/// A literal in a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FilterLiteral {
    /// A string.
    Text(String),
    /// `true`, `false` or `null`, as written.
    Word(&'static str),
}

/// Problem with a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPath {
    /// An alternative is empty.
    #[error("contains an empty path")]
    Empty,
    /// The path does not match the grammar.
    #[error("is not a valid path (RFC 9535): {0}")]
    Grammar(String),
    /// A list can only be addressed by names.
    #[error("must be names separated by dots")]
    NoNames,
}

impl ValuePath {
    /// Parses a path.
    ///
    /// # Errors
    ///
    /// If the path is empty or does not match the grammar.
    pub fn parse(text: &str) -> Result<Self, InvalidPath> {
        let alternatives =
            text.split(" | ").map(|one| parse_alternative(one.trim())).collect::<Result<_, _>>()?;
        Ok(Self { alternatives })
    }

    /// The path of a top-level member, with any characters in its name.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        Self { alternatives: vec![PathAlternative { keys: vec![name.to_owned()], query: None }] }
    }

    /// The first name of each path: the fields to request from a source.
    #[must_use]
    pub fn first_names(&self) -> Vec<&str> {
        self.alternatives.iter().filter_map(|one| one.keys.first().map(String::as_str)).collect()
    }
}

/// Parses names separated by dots; `$` yields an empty list.
///
/// # Errors
///
/// If the text is more than names.
pub fn parse_key_path(text: &str) -> Result<KeyPath, InvalidPath> {
    if text == "$" {
        return Ok(KeyPath::new());
    }
    let PathAlternative { keys, query } = parse_alternative(text)?;
    if query.is_some() || keys.is_empty() { Err(InvalidPath::NoNames) } else { Ok(keys) }
}

fn parse_alternative(text: &str) -> Result<PathAlternative, InvalidPath> {
    let text = text.strip_prefix('$').unwrap_or(text);
    let mut rest = text.strip_prefix('.').unwrap_or(text);
    if rest.is_empty() {
        return Err(InvalidPath::Empty);
    }
    let mut keys = KeyPath::new();
    while let Some((key, after)) = name(rest) {
        keys.push(key);
        rest = after;
    }
    if rest.is_empty() {
        return Ok(PathAlternative { keys, query: None });
    }
    let separator = if rest.starts_with(['[', '.']) { "" } else { "." };
    let query = JsonPath::parse(&format!("${separator}{rest}"))
        .map_err(|error| InvalidPath::Grammar(error.to_string()))?;
    let query = PathQuery { path: query, choice: parse_filter(rest) };
    Ok(PathAlternative { keys, query: Some(query) })
}

/// Converts a query into a simple filter, if possible.
fn parse_filter(text: &str) -> Option<EntryFilter> {
    let is_plain = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let (test, wanted) = text.strip_prefix("[?@.")?.split_once("].")?;
    let (by, is) = test.split_once("==")?;
    let (by, is) = (by.trim_end(), is.trim());
    let quoted = ['\'', '"'].into_iter().find_map(|quote| is.strip_prefix(quote)?.strip_suffix(quote));
    let is = match quoted {
        Some(text) if text.contains(['\'', '"', '\\', ']']) => return None,
        Some(text) => FilterLiteral::Text(text.to_owned()),
        None => FilterLiteral::Word(["true", "false", "null"].into_iter().find(|word| *word == is)?),
    };
    (is_plain(by) && is_plain(wanted)).then(|| EntryFilter {
        by: by.to_owned(),
        is,
        wanted: wanted.to_owned(),
    })
}

/// Splits off the name at the start of a path.
fn name(text: &str) -> Option<(String, &str)> {
    for quote in ["'", "\""] {
        if let Some(inner) = text.strip_prefix(&format!("[{quote}")) {
            let (key, after) = inner.split_once(quote)?;
            // An escape, or text after the quote, is left to the grammar.
            let after = after.strip_prefix(']').filter(|_| !key.contains('\\'))?;
            return Some((key.to_owned(), after.strip_prefix('.').unwrap_or(after)));
        }
    }
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (key, after) = text.split_at(end);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '@' | '/' | ':' | ' ');
    if key.is_empty() || !key.chars().all(plain) || after.starts_with("..") {
        return None;
    }
    Some((key.to_owned(), after.strip_prefix('.').unwrap_or(after)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(Vec<String>, bool)> {
        let path = ValuePath::parse(text).expect(text);
        path.alternatives.into_iter().map(|one| (one.keys, one.query.is_some())).collect()
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn names_are_taken_apart_and_the_rest_is_left_to_the_grammar() {
        assert_eq!(read("profile.email"), [(words(&["profile", "email"]), false)]);
        assert_eq!(read("$.profile.email"), [(words(&["profile", "email"]), false)]);
        assert_eq!(
            read("['urn:example:2.0:User'].department"),
            [(words(&["urn:example:2.0:User", "department"]), false)]
        );
        assert_eq!(read("['@odata.nextLink']"), [(words(&["@odata.nextLink"]), false)]);
        assert_eq!(read("emails[?@.type=='work'].value"), [(words(&["emails"]), true)]);
        assert_eq!(read("mail | upn"), [(words(&["mail"]), false), (words(&["upn"]), false)]);
        assert_eq!(read("a[?@.b=='x' || @.c=='y'].d"), [(words(&["a"]), true)]);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", "a |  | b", "a[", "a[?@.b=]", "a..", "$"] {
            assert!(ValuePath::parse(text).is_err(), "{text}");
        }
        assert_eq!(parse_key_path("$"), Ok(Vec::new()));
        assert_eq!(parse_key_path("data.items"), Ok(words(&["data", "items"])));
        assert_eq!(parse_key_path("data[0]"), Err(InvalidPath::NoNames));
    }
}
