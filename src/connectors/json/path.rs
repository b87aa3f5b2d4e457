//! Where a value stands in a JSON record.
//!
//! A path is a JSONPath (RFC 9535) from the record on, without the leading `$.`: `profile.email`,
//! `emails[?@.type=='work'].value`, `['urn:example:User'].department`. Several paths with ` | ` between them are tried
//! from left to right until one has a value. Names pass through arrays: of `emails.value` every value counts.

use serde_json_path::JsonPath;

/// Names from the outside in.
pub type Keys = Vec<String>;

/// Where the values of a column stand.
#[derive(Debug, Clone)]
pub struct Path {
    pub(super) alternatives: Vec<Alternative>,
}

/// One place.
#[derive(Debug, Clone)]
pub(super) struct Alternative {
    /// The names up to where it becomes difficult.
    pub keys: Keys,
    /// What is asked of what stands there.
    pub query: Option<Query>,
}

/// What is asked of a list.
#[derive(Debug, Clone)]
pub(super) struct Query {
    /// The question.
    pub path: JsonPath,
    /// The same, where it is the plainest of all.
    pub choice: Option<Choice>,
}

/// One value of the entries that have another: `[?@.type=='work'].value`. Most questions are of this kind, and it takes no
/// more than a look at the text to answer them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    /// The name of the value that decides.
    pub by: String,
    /// What it must be.
    pub is: Literal,
    /// The name of the value that is wanted.
    pub wanted: String,
}

/// A value that is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Literal {
    /// A text.
    Text(String),
    /// `true`, `false` or `null`, as they are written.
    Word(&'static str),
}

/// What is wrong with a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
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

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        let alternatives = text.split(" | ").map(|one| alternative(one.trim())).collect::<Result<_, _>>()?;
        Ok(Self { alternatives })
    }

    /// The place of a name that stands at the top of a record, whatever characters it has.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        Self { alternatives: vec![Alternative { keys: vec![name.to_owned()], query: None }] }
    }

    /// The first name of each place: what a source that is told which attributes to send must be asked for.
    #[must_use]
    pub fn heads(&self) -> Vec<&str> {
        self.alternatives.iter().filter_map(|one| one.keys.first().map(String::as_str)).collect()
    }
}

/// Reads names with dots between them; none at all where the text is `$`.
///
/// # Errors
/// When it is more than names.
pub fn keys(text: &str) -> Result<Keys, Flaw> {
    if text == "$" {
        return Ok(Keys::new());
    }
    let Alternative { keys, query } = alternative(text)?;
    if query.is_some() || keys.is_empty() { Err(Flaw::NoNames) } else { Ok(keys) }
}

fn alternative(text: &str) -> Result<Alternative, Flaw> {
    let text = text.strip_prefix('$').unwrap_or(text);
    let mut rest = text.strip_prefix('.').unwrap_or(text);
    if rest.is_empty() {
        return Err(Flaw::Empty);
    }
    let mut keys = Keys::new();
    while let Some((key, after)) = name(rest) {
        keys.push(key);
        rest = after;
    }
    if rest.is_empty() {
        return Ok(Alternative { keys, query: None });
    }
    let separator = if rest.starts_with(['[', '.']) { "" } else { "." };
    let query =
        JsonPath::parse(&format!("${separator}{rest}")).map_err(|error| Flaw::Grammar(error.to_string()))?;
    let query = Query { path: query, choice: choice(rest) };
    Ok(Alternative { keys, query: Some(query) })
}

/// The plainest question, where it is one.
fn choice(text: &str) -> Option<Choice> {
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
        Some(text) => Literal::Text(text.to_owned()),
        None => Literal::Word(["true", "false", "null"].into_iter().find(|word| *word == is)?),
    };
    (is_plain(by) && is_plain(wanted)).then(|| Choice { by: by.to_owned(), is, wanted: wanted.to_owned() })
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
        let path = Path::parse(text).expect(text);
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
            assert!(Path::parse(text).is_err(), "{text}");
        }
        assert_eq!(keys("$"), Ok(Vec::new()));
        assert_eq!(keys("data.items"), Ok(words(&["data", "items"])));
        assert_eq!(keys("data[0]"), Err(Flaw::NoNames));
    }
}
