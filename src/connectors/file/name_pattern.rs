//! Paths whose file name has wildcards or the parts of a date.
//!
//! `*` stands for any characters and `?` for one; `%Y`, `%m`, `%d`, `%H`, `%M` and `%S` stand for year, month, day,
//! hour, minute and second with a fixed number of digits; `%%` is a percent sign. The folder has none of them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use chrono::{NaiveDate, NaiveDateTime};
use regex::Regex;

use crate::file::name_date::find_date;

/// A part of a file name that stands for different texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placeholder {
    /// `*`
    Any,
    /// `?`
    One,
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum NamePart {
    Text(String),
    Placeholder(Placeholder),
}

/// A path whose file name has placeholders.
#[derive(Debug, Clone)]
pub struct FileNamePattern {
    folder: PathBuf,
    parts: Vec<NamePart>,
    expression: Regex,
}

/// Reason why a path is not a valid pattern. The message follows the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNamePattern {
    /// A placeholder in a folder.
    #[error("has `{0}` in the name of a folder")]
    InFolder(String),
    /// A percent sign before another letter.
    #[error("contains `{0}`, which is not a part of a date")]
    UnknownPart(String),
    /// Parts of a date that are no date.
    #[error("contains a part of a date, but not each of `%Y`, `%m` and `%d` once")]
    NotADate,
}

/// A file name that matches a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MatchedName {
    /// The texts of the placeholders, in their order.
    texts: Vec<String>,
    /// The date in the name.
    pub date: NameDate,
}

/// The date in a file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameDate {
    None,
    /// The digits in the place of the date are no date.
    Invalid,
    Date(NaiveDateTime),
}

impl Placeholder {
    fn of_letter(letter: char) -> Option<Self> {
        Some(match letter {
            'Y' => Self::Year,
            'm' => Self::Month,
            'd' => Self::Day,
            'H' => Self::Hour,
            'M' => Self::Minute,
            'S' => Self::Second,
            _ => return None,
        })
    }

    fn expression(self) -> &'static str {
        match self {
            Self::Any => "(.*)",
            Self::One => "(.)",
            Self::Year => "([0-9]{4})",
            Self::Month | Self::Day | Self::Hour | Self::Minute | Self::Second => "([0-9]{2})",
        }
    }

    fn is_wildcard(self) -> bool {
        matches!(self, Self::Any | Self::One)
    }
}

impl FileNamePattern {
    /// Parses a path; `None` if its name has no placeholder.
    ///
    /// # Errors
    ///
    /// If placeholders are in a folder, or parts of a date are unknown, missing or repeated.
    pub fn parse(path: &Path) -> Result<Option<Self>, InvalidNamePattern> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        check_folder(folder)?;
        let parts = parse_name(name)?;
        let placeholders: Vec<Placeholder> = placeholders(&parts).collect();
        if placeholders.is_empty() {
            return Ok(None);
        }
        let times = |wanted| placeholders.iter().filter(|one| **one == wanted).count();
        let date = [Placeholder::Year, Placeholder::Month, Placeholder::Day].map(times);
        let time = [Placeholder::Hour, Placeholder::Minute, Placeholder::Second].map(times);
        let is_date = date == [1, 1, 1] && time.iter().all(|times| *times <= 1);
        if !is_date && date.iter().chain(&time).any(|times| *times > 0) {
            return Err(InvalidNamePattern::NotADate);
        }
        let expression = Regex::new(&expression(&parts)).map_err(|_| InvalidNamePattern::NotADate)?;
        Ok(Some(Self { folder: folder.to_owned(), parts, expression }))
    }

    /// The same pattern, relative to a folder.
    #[must_use]
    pub fn in_folder(self, folder: &Path) -> Self {
        Self { folder: folder.join(self.folder), ..self }
    }

    /// The folder of the files.
    pub(super) fn folder(&self) -> &Path {
        if self.folder.as_os_str().is_empty() { Path::new(".") } else { &self.folder }
    }

    /// Whether another pattern has the same placeholders in the same order, so that the texts of one name fit both.
    #[must_use]
    pub fn has_placeholders_of(&self, other: &Self) -> bool {
        placeholders(&self.parts).eq(placeholders(&other.parts))
    }

    /// Compares a name with the pattern.
    pub(super) fn match_name(&self, name: &str) -> Option<MatchedName> {
        let found = self.expression.captures(name)?;
        let texts: Vec<String> =
            found.iter().skip(1).map(|text| text.map_or("", |text| text.as_str()).to_owned()).collect();
        let date = self.date(&texts);
        Some(MatchedName { texts, date })
    }

    /// The date in the texts of the placeholders.
    fn date(&self, texts: &[String]) -> NameDate {
        let parts: Vec<(Placeholder, &String)> = placeholders(&self.parts).zip(texts).collect();
        let number = |wanted| {
            let text = parts.iter().find(|(part, _)| *part == wanted).map(|(_, text)| text.as_str());
            text.and_then(|text| text.parse::<u32>().ok())
        };
        let Some(year) = number(Placeholder::Year) else {
            let wildcards = parts.iter().filter(|(part, _)| part.is_wildcard());
            let mut dates = wildcards.filter_map(|(_, text)| find_date(text));
            return match (dates.next(), dates.next()) {
                (Some(date), None) => NameDate::Date(date),
                (None | Some(_), _) => NameDate::None,
            };
        };
        let part = |wanted| number(wanted).unwrap_or_default();
        let day = i32::try_from(year)
            .ok()
            .and_then(|year| NaiveDate::from_ymd_opt(year, part(Placeholder::Month), part(Placeholder::Day)));
        let time = (part(Placeholder::Hour), part(Placeholder::Minute), part(Placeholder::Second));
        day.and_then(|day| day.and_hms_opt(time.0, time.1, time.2)).map_or(NameDate::Invalid, NameDate::Date)
    }

    /// The path with the texts of a name in the places of the placeholders.
    pub(super) fn fill(&self, name: &MatchedName) -> PathBuf {
        let mut texts = name.texts.iter();
        let filled: String = self
            .parts
            .iter()
            .map(|part| match part {
                NamePart::Text(text) => text.as_str(),
                NamePart::Placeholder(_) => texts.next().map_or("", String::as_str),
            })
            .collect();
        self.folder.join(filled)
    }
}

fn placeholders(parts: &[NamePart]) -> impl Iterator<Item = Placeholder> {
    parts.iter().filter_map(|part| match part {
        NamePart::Text(_) => None,
        NamePart::Placeholder(placeholder) => Some(*placeholder),
    })
}

/// Refuses wildcards and parts of a date in a folder. Other percent signs are usual there.
fn check_folder(folder: &Path) -> Result<(), InvalidNamePattern> {
    let text = folder.to_string_lossy();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('*' | '?', _) => return Err(InvalidNamePattern::InFolder(character.to_string())),
            ('%', Some(&letter)) if Placeholder::of_letter(letter).is_some() => {
                return Err(InvalidNamePattern::InFolder(format!("%{letter}")));
            }
            _ => {}
        }
    }
    Ok(())
}

fn parse_name(name: &str) -> Result<Vec<NamePart>, InvalidNamePattern> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut characters = name.chars().peekable();
    while let Some(character) = characters.next() {
        let placeholder = match (character, characters.peek().copied()) {
            ('*', _) => Placeholder::Any,
            ('?', _) => Placeholder::One,
            ('%', Some('%')) => {
                characters.next();
                text.push('%');
                continue;
            }
            ('%', Some(letter)) if letter.is_ascii_alphabetic() => {
                characters.next();
                Placeholder::of_letter(letter)
                    .ok_or_else(|| InvalidNamePattern::UnknownPart(format!("%{letter}")))?
            }
            (other, _) => {
                text.push(other);
                continue;
            }
        };
        if !text.is_empty() {
            parts.push(NamePart::Text(std::mem::take(&mut text)));
        }
        parts.push(NamePart::Placeholder(placeholder));
    }
    if !text.is_empty() {
        parts.push(NamePart::Text(text));
    }
    Ok(parts)
}

fn expression(parts: &[NamePart]) -> String {
    let inner: String = parts
        .iter()
        .map(|part| match part {
            NamePart::Text(text) => regex::escape(text),
            NamePart::Placeholder(placeholder) => placeholder.expression().to_owned(),
        })
        .collect();
    format!("(?s)^{inner}$")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(path: &str) -> FileNamePattern {
        FileNamePattern::parse(Path::new(path)).expect("valid").expect("a pattern")
    }

    #[test]
    fn wildcards_and_dates_match_whole_names() {
        let glob = pattern("/in/people-*.csv");
        for (name, matches) in [
            ("people-1.csv", true),
            ("people-.csv", true),
            ("people-1.csv.part", false),
            ("my-people-1.csv", false),
            ("people-1xcsv", false),
        ] {
            assert_eq!(glob.match_name(name).is_some(), matches, "{name}");
        }
        let dated = pattern("/in/people-%Y-%m-%d.csv");
        let date = |name| dated.match_name(name).map(|found| found.date);
        let day = NaiveDate::from_ymd_opt(2026, 11, 28).and_then(|day| day.and_hms_opt(0, 0, 0));
        assert_eq!(date("people-2026-11-28.csv"), day.map(NameDate::Date));
        assert_eq!(date("people-2026-13-28.csv"), Some(NameDate::Invalid));
        assert_eq!(date("people-26-11-28.csv"), None);
        let timed =
            pattern("/in/%d.%m.%Y %H%M%S*.csv").match_name("28.11.2026 021500 (2).csv").expect("found");
        let time = NaiveDate::from_ymd_opt(2026, 11, 28).and_then(|day| day.and_hms_opt(2, 15, 0));
        assert_eq!(Some(timed.date), time.map(NameDate::Date));
    }

    #[test]
    fn texts_of_one_name_fill_the_names_of_its_companions() {
        let (glob, done) = (pattern("/in/p*-?.csv"), pattern("/done/p*-?.done"));
        assert!(done.has_placeholders_of(&glob));
        assert!(!done.has_placeholders_of(&pattern("/in/p?-*.csv")));
        let name = glob.match_name("people-3.csv").expect("found");
        assert_eq!(done.fill(&name), Path::new("/done/people-3.done"));
        assert_eq!(glob.fill(&name), Path::new("/in/people-3.csv"));
    }

    #[test]
    fn unclear_patterns_are_refused() {
        let parse = |path: &str| FileNamePattern::parse(Path::new(path)).map(|pattern| pattern.is_some());
        assert_eq!(parse("/in/100% people/people.csv"), Ok(false));
        assert_eq!(parse("/in/100%%.csv"), Ok(false));
        assert_eq!(parse("/in/*/people.csv"), Err(InvalidNamePattern::InFolder("*".to_owned())));
        assert_eq!(parse("/in/%Y/people.csv"), Err(InvalidNamePattern::InFolder("%Y".to_owned())));
        assert_eq!(parse("/in/people-%y.csv"), Err(InvalidNamePattern::UnknownPart("%y".to_owned())));
        for name in ["%Y-%m.csv", "%H.csv", "%Y%m%d-%Y.csv", "%Y%m%d%H%H.csv"] {
            assert_eq!(parse(name), Err(InvalidNamePattern::NotADate), "{name}");
        }
    }
}
