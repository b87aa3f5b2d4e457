//! Where a value stands in a JSON record.
//!
//! A path is a JSONPath (RFC 9535) from the record on, without the leading `$.`: `profile.email`,
//! `emails[?@.type=='work'].value`, `['urn:example:User'].department`. Several paths with ` | ` between them are tried
//! from left to right until one has a value. Names pass through arrays: of `emails.value` every value counts.

use serde_json_path::JsonPath;

/// Names from the outside in.
pub type KeyPath = Vec<String>;

/// Where the values of a column stand.
#[derive(Debug, Clone)]
pub struct ValuePath {
    pub(super) alternatives: Vec<PathAlternative>,
}

/// One place.
#[derive(Debug, Clone)]
pub(super) struct PathAlternative {
    /// The names up to where it becomes difficult.
    pub keys: KeyPath,
    /// What is asked of what stands there.
    pub query: Option<PathQuery>,
}

/// What is asked of a list.
#[derive(Debug, Clone)]
pub(super) struct PathQuery {
    /// The question.
    pub path: JsonPath,
    /// The same, where it is the plainest of all.
    pub choice: Option<EntryFilter>,
}

/// One value of the entries that have another: `[?@.type=='work'].value`. Most questions are of this kind, and it takes no
/// more than a look at the text to answer them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EntryFilter {
    /// The name of the value that decides.
    pub by: String,
    /// What it must be.
    pub is: FilterLiteral,
    /// The name of the value that is wanted.
    pub wanted: String,
}

/// A value that is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FilterLiteral {
    /// A text.
    Text(String),
    /// `true`, `false` or `null`, as they are written.
    Word(&'static str),
}

/// What is wrong with a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPath {
    /// Nothing stands between two separators.
    #[error("has an empty place")]
    Empty,
    /// The grammar does not know it.
    #[error("is no path (RFC 9535): {0}")]
    Grammar(String),
    /// A list can only be found by names.
    #[error("must be names with dots between them")]
    NoNames,
}

impl ValuePath {
    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, InvalidPath> {
        let alternatives =
            text.split(" | ").map(|one| parse_alternative(one.trim())).collect::<Result<_, _>>()?;
        Ok(Self { alternatives })
    }

    /// The place of a name that stands at the top of a record, whatever characters it has.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        Self { alternatives: vec![PathAlternative { keys: vec![name.to_owned()], query: None }] }
    }

    /// The first name of each place: what a source that is told which attributes to send must be asked for.
    #[must_use]
    pub fn first_names(&self) -> Vec<&str> {
        self.alternatives.iter().filter_map(|one| one.keys.first().map(String::as_str)).collect()
    }
}

/// Reads names with dots between them; none at all where the text is `$`.
///
/// # Errors
/// When it is more than names.
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

/// The plainest question, where it is one.
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

/// A name at the beginning of a path, and what comes after it.
fn name(text: &str) -> Option<(String, &str)> {
    for quote in ["'", "\""] {
        if let Some(inner) = text.strip_prefix(&format!("[{quote}")) {
            let (key, after) = inner.split_once(quote)?;
            // An escape, or something behind the quote: that is for the grammar.
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
