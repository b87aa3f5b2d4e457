//! Names, and the comparison of their spellings.
//!
//! Names and addresses are compared by [`fold`]: trimmed, in Unicode normal form C and case-folded (Unicode
//! default case folding, the Unicode Standard 3.13). The first spelling is the one that is displayed.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::column::column;

/// The maximum length of a group name in characters.
pub const LONGEST_GROUP_NAME: usize = 200;

/// Normalizes a value for storage: trimmed, in normal form C, without control characters and invisible characters, with
/// single spaces between words.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    let is_single_spaced = !trimmed.as_bytes().windows(2).any(|pair| pair == b"  ");
    if is_single_spaced && trimmed.is_ascii() && !trimmed.bytes().any(|byte| byte.is_ascii_control()) {
        return Cow::Borrowed(trimmed);
    }
    let is_other_space = |c: char| c != ' ' && (c.is_whitespace() || c.is_control());
    let printable: Cow<'_, str> =
        if is_single_spaced && !trimmed.chars().any(|c| is_other_space(c) || is_invisible(c)) {
            Cow::Borrowed(trimmed)
        } else {
            Cow::Owned(space_words(trimmed))
        };
    match is_nfc_quick(printable.chars()) {
        IsNormalized::Yes => printable,
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(printable.nfc().collect()),
    }
}

/// The words of a text with single spaces between them, without invisible characters.
fn space_words(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    let mut is_gap = false;
    for c in text.chars().filter(|&c| !is_invisible(c)) {
        if c.is_whitespace() || c.is_control() {
            is_gap = true;
            continue;
        }
        if is_gap && !spaced.is_empty() {
            spaced.push(' ');
        }
        is_gap = false;
        spaced.push(c);
    }
    spaced
}

/// Returns whether a character neither shows nor separates: soft hyphen, zero-width space, word joiner, byte order mark,
/// and marks of direction. Joiners are not among them, because they change letters of Persian and Hindi.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
    )
}

/// Zero-width non-joiner and joiner: two texts that differ in them look alike in most scripts.
const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];

/// Returns the form in which names and addresses are compared.
#[must_use]
pub fn fold(text: &str) -> String {
    let cleaned = clean(text);
    if cleaned.is_ascii() {
        return cleaned.to_ascii_lowercase();
    }
    let folded = if cleaned.contains(JOINERS) {
        caseless::default_case_fold_str(clean(&cleaned.replace(JOINERS, "")).as_ref())
    } else {
        caseless::default_case_fold_str(&cleaned)
    };
    folded.nfc().collect()
}

/// Returns the search words of some texts: folded, without accents, without duplicates, separated by single spaces.
///
/// A word ends at any character that is not a letter or a digit, so that each part of an address can be found. Text in
/// scripts without spaces is one word.
#[must_use]
pub fn terms<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let (mut words, mut seen) = (Vec::new(), HashSet::new());
    for text in texts {
        let plain: String = fold(text).nfkd().filter(|c| !is_combining_mark(*c)).collect();
        for word in plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            let word = fold(word);
            if seen.insert(word.clone()) {
                words.push(word);
            }
        }
    }
    words.join(" ")
}

/// Returns true if a text has the form of an e-mail address: one `@` with text on both sides, and no space.
///
/// RFC 5321 differs in both directions. The check only decides whether the value can identify one person, not whether
/// mail can be delivered.
#[must_use]
pub fn is_address(text: &str) -> bool {
    text.len() <= 254
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && is_domain(domain))
}

/// Returns true if a text can be a domain: it has none of the signs that separate addresses or stand around them.
fn is_domain(text: &str) -> bool {
    !text.is_empty() && !text.contains(['@', ',', ';', '(', ')', '<', '>', '"', '\\'])
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        column!($name, String, |value| Ok(Self(value)));

        impl $name {
            /// Creates a name without checks; the parser of the file has checked it.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The name as it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

name!(
    /// The name of a connector, unique in the file.
    ConnectorName
);
name!(
    /// The name of a rule, unique in the file.
    RuleName
);

/// The name of a group, in its displayed and its compared form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GroupName {
    shown: String,
    folded: String,
}

/// The reason why a text is not a valid group name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadGroupName {
    /// The name is empty after trimming.
    #[error("a group must have a name")]
    Empty,
    /// The name has more characters than [`LONGEST_GROUP_NAME`].
    #[error("a group name must have at most {LONGEST_GROUP_NAME} characters, this one has {0}")]
    TooLong(usize),
}

impl GroupName {
    /// Parses and validates a name.
    ///
    /// # Errors
    /// When the name is empty or too long.
    pub fn parse(text: &str) -> Result<Self, BadGroupName> {
        let shown = clean(text).into_owned();
        let length = shown.chars().count();
        if length == 0 {
            return Err(BadGroupName::Empty);
        }
        if length > LONGEST_GROUP_NAME {
            return Err(BadGroupName::TooLong(length));
        }
        let folded = fold(&shown);
        Ok(Self { shown, folded })
    }

    /// The displayed spelling.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The compared spelling.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

/// Returns the most similar name to a mistyped one if it is similar enough.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(typed, name), name))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_found_by_every_word_without_its_accents() {
        let found = terms(["Zoë Müller-Łoś", "zoe.mueller@corp.example", "R&D", "東京", "Müller"]);
        assert_eq!(found, "zoe muller łos mueller corp example r d 東京");
    }

    /// A comparison of each word with all before would take hours.
    #[test]
    fn a_text_of_many_words_takes_time_in_proportion() {
        let many: String = (0..1_000_000).map(|number| format!("{number} ")).collect();
        assert_eq!(terms([many.as_str(), "7"]).split(' ').count(), 1_000_000);
    }

    #[test]
    fn spellings_that_differ_in_case_form_or_spaces_are_one_name() {
        assert_eq!(fold(" SALES "), fold("sales"));
        assert_eq!(fold("Stra\u{df}e"), fold("STRASSE"));
        assert_eq!(fold("Se\u{301}curite\u{301}"), fold("S\u{e9}CURIT\u{c9}"));
    }

    #[test]
    fn control_characters_become_spaces() {
        assert_eq!(clean("\u{0}Sales\u{1f}North\n"), "Sales North");
    }

    /// A text that was pasted from a page or a sheet is the text that is seen.
    #[test]
    fn invisible_characters_and_repeated_spaces_make_no_difference() {
        for text in [
            "Sales  North",
            "Sales\u{a0}North",
            "Sales \u{2009}\t North\u{a0}",
            "\u{feff}Sales\u{200b} North",
            "Sa\u{ad}les\r\nNorth",
            "\u{202a}Sales North\u{202c}",
            "\u{200b} Sales\u{2060} North \u{feff}",
        ] {
            assert_eq!(clean(text), "Sales North", "{text:?}");
            assert_eq!(clean(&clean(text)), clean(text));
            assert_eq!(fold(text), "sales north", "{text:?}");
        }
        assert_eq!(clean("\u{200b}\u{a0}"), "");
        assert_eq!(clean("می\u{200c}خواهم"), "می\u{200c}خواهم");
        assert_eq!(fold("Zo\u{200d}e"), fold("Zoe"));
    }

    #[test]
    fn an_address_has_two_sides_and_no_space() {
        assert!(is_address("ada@corp.example"));
        for bad in ["ada", "@corp", "ada@", "ada lovelace@corp", "a@b@c", ""] {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn the_nearest_name_is_offered_only_when_it_is_near() {
        let known = ["department", "location", "role"];
        assert_eq!(nearest("departmnt", known), Some("department"));
        assert_eq!(nearest("xyz", known), None);
    }
}
