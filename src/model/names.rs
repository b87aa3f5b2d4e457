//! Text that names things, and when two spellings are the same name.
//!
//! Names and addresses are compared by [`fold`]: trimmed, in Unicode normal form C and case-folded (Unicode
//! default case folding, the Unicode Standard 3.13). What is shown is always the spelling that came first.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::column::column;

/// The longest name of a group, in characters: long enough for any template, short enough for a page.
pub const LONGEST_GROUP_NAME: usize = 200;

/// A value as rollcall keeps it: trimmed, in normal form C, without control characters.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    if trimmed.is_ascii() && !trimmed.bytes().any(|byte| byte.is_ascii_control()) {
        return Cow::Borrowed(trimmed);
    }
    let printable: Cow<'_, str> = if trimmed.chars().any(char::is_control) {
        let spaced: String = trimmed.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Cow::Owned(spaced.trim().to_owned())
    } else {
        Cow::Borrowed(trimmed)
    };
    match is_nfc_quick(printable.chars()) {
        IsNormalized::Yes => printable,
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(printable.nfc().collect()),
    }
}

/// The form in which names and addresses are compared.
#[must_use]
pub fn fold(text: &str) -> String {
    let cleaned = clean(text);
    if cleaned.is_ascii() {
        return cleaned.to_ascii_lowercase();
    }
    let folded = caseless::default_case_fold_str(&cleaned);
    folded.nfc().collect()
}

/// The words of some texts, as people look for them: folded, without accents, each once, with single spaces between.
///
/// A word ends at whatever is neither letter nor digit, so that an address is found by each of its parts. Letters of
/// scripts that write no spaces are one word.
#[must_use]
pub fn terms<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut words: Vec<String> = Vec::new();
    for text in texts {
        let plain: String = fold(text).nfkd().filter(|c| !is_combining_mark(*c)).collect();
        for word in plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            let word = fold(word);
            if !words.contains(&word) {
                words.push(word);
            }
        }
    }
    words.join(" ")
}

/// Whether a text has the form of an address: one `@` with something on both sides, and no space.
///
/// RFC 5321 allows far more and far less; whether mail arrives is not rollcall's business, only whether the value
/// can stand for one person.
#[must_use]
pub fn is_address(text: &str) -> bool {
    text.len() <= 254
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && text
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        column!($name, String, |value| Ok(Self(value)));

        impl $name {
            /// Takes the text as it is; the file's reader has checked it.
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

/// The name of a group: as it is shown, and as it is compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GroupName {
    shown: String,
    folded: String,
}

/// Why a text cannot be the name of a group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadGroupName {
    /// Nothing is left after trimming.
    #[error("a group needs a name")]
    Empty,
    /// More characters than [`LONGEST_GROUP_NAME`].
    #[error("a group's name has at most {LONGEST_GROUP_NAME} characters, this one has {0}")]
    TooLong(usize),
}

impl GroupName {
    /// Reads a name, refusing what cannot be one.
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

    /// The spelling that people see.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The spelling that is compared.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

/// The name of a list that is nearest to a mistyped one, when one is near enough to be meant.
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
