//! One answer of a source: the list of records in it, and what it says of the rest.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::connectors::json::{Keys, Name, Picker};
use crate::connectors::mapper::Record;

/// Where an answer has what.
#[derive(Debug, Clone, Default)]
pub(in crate::connectors) struct Shape {
    /// The list of records; the answer itself where there are no names.
    pub list: Keys,
    /// How many records there are in all.
    pub total: Option<Keys>,
    /// The URL or the cursor of the next page.
    pub next: Option<Keys>,
    /// What an answer without a list must have to be an empty page.
    pub empty: Option<Keys>,
}

/// What an answer said besides its records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::connectors) struct Page {
    /// How many records came; none where there was no list.
    pub records: Option<u64>,
    /// How many there are in all.
    pub total: Option<u64>,
    /// The URL or the cursor of the next page.
    pub next: Option<String>,
    /// Whether it has what makes it an empty page where it has no list.
    pub is_empty: bool,
}

/// Why an answer cannot be read.
#[derive(Debug)]
pub(in crate::connectors) enum Unreadable {
    /// It is no JSON, or not to its end.
    Json(serde_json::Error),
    /// The number of all records is none.
    Total(String),
}

impl Shape {
    /// Reads an answer and hands on its records, the number of each in the list beside it.
    pub fn read(
        &self,
        json: &[u8],
        picker: &mut Picker,
        each: impl FnMut(&Record, u64),
    ) -> Result<Page, Unreadable> {
        self.read_into(json, &mut Picked { picker, record: Record::default(), each })
    }

    /// Reads an answer and keeps its records as they were sent.
    pub fn read_raw(&self, json: &[u8], records: &mut Vec<Box<RawValue>>) -> Result<Page, Unreadable> {
        self.read_into(json, records)
    }

    fn read_into<R: Records>(&self, json: &[u8], records: &mut R) -> Result<Page, Unreadable> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let mut into = Into { records, page: Page::default(), total: None, seen: Vec::new() };
        let mut wanted = vec![(self.list.as_slice(), What::List)];
        wanted.extend(self.total.as_deref().map(|keys| (keys, What::Total)));
        wanted.extend(self.next.as_deref().map(|keys| (keys, What::Next)));
        wanted.extend(self.empty.as_deref().map(|keys| (keys, What::Empty)));
        At { wanted, into: &mut into }.deserialize(&mut reader).map_err(Unreadable::Json)?;
        let Into { mut page, total, .. } = into;
        reader.end().map_err(Unreadable::Json)?;
        if let Some(text) = total {
            page.total = Some(text.parse().map_err(|_| Unreadable::Total(text))?);
        }
        Ok(page)
    }
}

impl Shape {
    /// Reads an answer that holds one record where others hold a list.
    pub fn read_one<'j>(&self, json: &'j [u8]) -> Result<&'j RawValue, Unreadable> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let mut found: &RawValue = serde::Deserialize::deserialize(&mut reader).map_err(Unreadable::Json)?;
        reader.end().map_err(Unreadable::Json)?;
        for key in &self.list {
            let inside: BTreeMap<Cow<'_, str>, &RawValue> =
                serde_json::from_str(found.get()).map_err(Unreadable::Json)?;
            let Some(inner) = inside.get(key.as_str()) else { break };
            found = inner;
        }
        Ok(found)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    List,
    Total,
    Next,
    Empty,
}

impl What {
    fn in_words(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Total => "number of all records",
            Self::Next => "next page",
            Self::Empty => "mark of an empty page",
        }
    }
}

/// Where records go.
trait Records {
    /// Takes one, the number of it in the list beside it.
    fn take<'de, D: Deserializer<'de>>(&mut self, json: D, number: u64) -> Result<(), D::Error>;
}

/// The values of each that are mapped.
struct Picked<'p, F> {
    picker: &'p mut Picker,
    record: Record,
    each: F,
}

impl<F: FnMut(&Record, u64)> Records for Picked<'_, F> {
    fn take<'de, D: Deserializer<'de>>(&mut self, json: D, number: u64) -> Result<(), D::Error> {
        self.picker.pick(json, &mut self.record)?;
        (self.each)(&self.record, number);
        Ok(())
    }
}

impl Records for Vec<Box<RawValue>> {
    fn take<'de, D: Deserializer<'de>>(&mut self, json: D, _: u64) -> Result<(), D::Error> {
        self.push(serde::Deserialize::deserialize(json)?);
        Ok(())
    }
}

/// Where what is found goes.
struct Into<'a, R> {
    records: &'a mut R,
    page: Page,
    total: Option<String>,
    /// What has been found.
    seen: Vec<What>,
}

/// A value of the answer, and what is wanted below it.
struct At<'w, 'i, 'a, R> {
    wanted: Vec<(&'w [String], What)>,
    into: &'i mut Into<'a, R>,
}

impl<'de, R: Records> DeserializeSeed<'de> for At<'_, '_, '_, R> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        let here = self.wanted.iter().find(|(keys, _)| keys.is_empty());
        if let Some((_, what)) = here {
            // Of two lists, or two cursors, none can be trusted to be the right one.
            if self.into.seen.contains(what) {
                return Err(D::Error::custom(format!("the {} stands there twice", what.in_words())));
            }
            self.into.seen.push(*what);
        }
        match here {
            Some((_, What::List)) => json.deserialize_any(List(self.into)),
            Some((_, what)) => {
                let raw: &RawValue = serde::Deserialize::deserialize(json)?;
                let text = scalar(raw.get()).map_err(D::Error::custom)?;
                match what {
                    What::Total => self.into.total = text,
                    What::Next => self.into.page.next = text,
                    What::List | What::Empty => self.into.page.is_empty = text.is_some(),
                }
                Ok(())
            }
            None => json.deserialize_any(self),
        }
    }
}

/// A text or a number; nothing for anything else.
fn scalar(text: &str) -> Result<Option<String>, serde_json::Error> {
    match text.as_bytes().first() {
        Some(b'"') => {
            serde_json::from_str::<String>(text).map(|text| Some(text).filter(|text| !text.is_empty()))
        }
        Some(b'-' | b'0'..=b'9') => Ok(Some(text.to_owned())),
        Some(_) | None => Ok(None),
    }
}

impl<'de, R: Records> Visitor<'de> for At<'_, '_, '_, R> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Name(key)) = map.next_key()? {
            let below =
                self.wanted.iter().filter(|(keys, _)| keys.first().is_some_and(|first| *first == key));
            let wanted: Vec<(&[String], What)> = below.map(|&(keys, what)| (&keys[1..], what)).collect();
            if wanted.is_empty() {
                map.next_value::<IgnoredAny>()?;
            } else {
                map.next_value_seed(At { wanted, into: &mut *self.into })?;
            }
        }
        Ok(())
    }

    // Where an object was looked for and something else stands, nothing is found.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    ignore_scalars!();
}

/// The list itself.
struct List<'i, 'a, R>(&'i mut Into<'a, R>);

impl<'de, R: Records> Visitor<'de> for List<'_, '_, R> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut number = 0;
        while list.next_element_seed(One(&mut *self.0.records, number + 1))?.is_some() {
            number += 1;
        }
        self.0.page.records = Some(number);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// One record of the list, and its number.
struct One<'r, R>(&'r mut R, u64);

impl<'de, R: Records> DeserializeSeed<'de> for One<'_, R> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        self.0.take(json, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::json::Path;

    fn read(shape: &Shape, json: &str) -> (Vec<String>, Result<Page, Unreadable>) {
        let mut picker = Picker::new(&[Path::parse("id").expect("a path")]);
        let mut ids = Vec::new();
        let page = shape.read(json.as_bytes(), &mut picker, |record, _| {
            ids.push(record.of(0).next().unwrap_or_default().to_owned());
        });
        (ids, page)
    }

    fn keys(words: &[&str]) -> Keys {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn a_page_has_a_list_a_total_and_a_next_wherever_they_stand() {
        let shape = Shape {
            list: keys(&["data", "items"]),
            total: Some(keys(&["meta", "total"])),
            next: Some(keys(&["meta", "next"])),
            empty: None,
        };
        let json = r#"{"meta": {"next": "abc", "total": "3", "x": []}, "data": {"items": [{"id": 1}, {"id": "b"}], "y": 1}}"#;
        let (ids, page) = read(&shape, json);
        assert_eq!(ids, ["1", "b"]);
        let page = page.expect("a page");
        assert_eq!(
            page,
            Page { records: Some(2), total: Some(3), next: Some("abc".to_owned()), is_empty: false }
        );
        let (_, page) = read(&shape, r#"{"meta": {"next": null, "total": 0}, "data": null}"#);
        assert_eq!(
            page.expect("a page"),
            Page { records: None, total: Some(0), next: None, is_empty: false }
        );
    }

    #[test]
    fn the_answer_itself_may_be_the_list() {
        let (ids, page) = read(&Shape::default(), r#"[{"id": "a"}, {"id": "b"}]"#);
        assert_eq!((ids.len(), page.expect("a page").records), (2, Some(2)));
    }

    #[test]
    fn what_is_cut_or_followed_by_something_is_no_answer() {
        let json = r#"[{"id": "a"}, {"id": "b"}]"#;
        for end in 0..json.len() {
            assert!(read(&Shape::default(), &json[..end]).1.is_err(), "{}", &json[..end]);
        }
        assert!(read(&Shape::default(), "[] []").1.is_err());
        assert!(read(&Shape::default(), r#"{"error": "no"}"#).1.is_err(), "an object is no list");
        let deep = "[".repeat(200) + &"]".repeat(200);
        assert!(read(&Shape::default(), &deep).1.is_err(), "too deep");
    }

    #[test]
    fn an_answer_that_says_something_twice_is_none() {
        let shape = Shape {
            list: keys(&["data"]),
            total: Some(keys(&["meta", "total"])),
            next: Some(keys(&["meta", "next"])),
            empty: None,
        };
        for json in [
            r#"{"data": [{"id": 1}, {"id": 2}], "data": []}"#,
            r#"{"data": [{"id": 1}], "data": null}"#,
            r#"{"data": [], "meta": {"next": "a", "next": null}}"#,
            r#"{"data": [], "meta": {"total": 7}, "meta": {"total": 1}}"#,
        ] {
            let (_, page) = read(&shape, json);
            let said = page.map_or_else(|error| format!("{error:?}"), |page| format!("{page:?}"));
            assert!(said.contains("stands there twice"), "{json}: {said}");
        }
        let apart =
            r#"{"meta": {"total": 1}, "data": [{"id": 1, "id": 1}], "meta": {"next": "a"}, "x": 1, "x": 2}"#;
        assert!(read(&shape, apart).1.is_ok());
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_nothing_panics_and_nothing_is_made_up(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let shape = Shape { list: keys(&["data"]), ..Shape::default() };
            let mut picker = Picker::new(&[Path::parse("id | a[?@.b=='c'].d").expect("a path")]);
            let _ = shape.read(&bytes, &mut picker, |_, _| {});
        }

        #[test]
        fn a_list_that_lost_or_gained_a_byte_is_the_same_list_or_none(at in 0_usize..60, byte in proptest::prelude::any::<u8>(), cut in proptest::prelude::any::<bool>()) {
            let whole = br#"{"data": [{"id": "a"}, {"id": "b"}, {"id": "c"}], "n": 1}"#.to_vec();
            let at = at.min(whole.len() - 1);
            let mut bent = whole;
            if cut { bent.truncate(at); } else { bent.insert(at, byte); }
            let shape = Shape { list: keys(&["data"]), ..Shape::default() };
            let mut picker = Picker::new(&[Path::parse("id").expect("a path")]);
            let page = shape.read(&bent, &mut picker, |_, _| {});
            // A byte in a name may hide the list, which the reader of pages refuses; half a list there is never.
            if let Ok(page) = page {
                proptest::prop_assert!(page.records.is_none_or(|records| records == 3), "{:?}", String::from_utf8_lossy(&bent));
            }
        }
    }
}
