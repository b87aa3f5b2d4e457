//! Parses a response: the list of records, and the paging information.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::{KeyPath, MemberName, NameComparison, ValueExtractor, count_parts};
use crate::mapper::RecordValues;
use rollcall_model::resource_limits::ResourceLimit;

/// Positions of the parts of a response.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResponseLayout {
    /// The list of records; if empty, the response itself.
    pub list: KeyPath,
    /// The total number of records.
    pub total: Option<KeyPath>,
    /// The URL or cursor of the next page.
    pub next: Option<KeyPath>,
    /// The member that marks a response without a list as an empty page.
    pub empty: Option<KeyPath>,
    /// How the names of members are compared.
    pub names: NameComparison,
}

/// Paging information of a response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ResponsePage {
    /// Number of records in the response; `None` if there is no list.
    pub records: Option<u64>,
    /// Total number of records.
    pub total: Option<u64>,
    /// The URL or cursor of the next page.
    pub next: Option<String>,
    /// `true` if the response is marked as an empty page.
    pub is_empty: bool,
}

/// Reason why a response cannot be read.
#[derive(Debug)]
pub(crate) enum UnreadableResponse {
    /// Invalid or truncated JSON.
    Json(serde_json::Error),
    /// The total number of records is not a valid number.
    Total(String),
}

impl ResponseLayout {
    /// Reads a response and passes on its records with their positions in the list.
    pub(crate) fn read(
        &self,
        json: &[u8],
        extractor: &mut ValueExtractor,
        each: impl FnMut(&RecordValues, u64),
    ) -> Result<ResponsePage, UnreadableResponse> {
        self.read_into(json, &mut ExtractingReceiver { extractor, record: RecordValues::default(), each })
    }

    /// Reads a response and keeps the raw text of its records.
    pub(crate) fn read_raw(
        &self,
        json: &[u8],
        records: &mut Vec<Box<RawValue>>,
    ) -> Result<ResponsePage, UnreadableResponse> {
        self.read_into(json, records)
    }

    fn read_into<R: RecordReceiver>(
        &self,
        json: &[u8],
        records: &mut R,
    ) -> Result<ResponsePage, UnreadableResponse> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let mut into = ResponseTarget {
            records,
            page: ResponsePage::default(),
            total: None,
            seen: Vec::new(),
            names: self.names,
        };
        let mut wanted = vec![(self.list.as_slice(), ResponsePart::List)];
        wanted.extend(self.total.as_deref().map(|keys| (keys, ResponsePart::Total)));
        wanted.extend(self.next.as_deref().map(|keys| (keys, ResponsePart::Next)));
        wanted.extend(self.empty.as_deref().map(|keys| (keys, ResponsePart::Empty)));
        ValueTarget { wanted, into: &mut into }.deserialize(&mut reader).map_err(UnreadableResponse::Json)?;
        let ResponseTarget { mut page, total, .. } = into;
        reader.end().map_err(UnreadableResponse::Json)?;
        if let Some(text) = total {
            page.total = Some(text.parse().map_err(|_| UnreadableResponse::Total(text))?);
        }
        Ok(page)
    }
}

impl ResponseLayout {
    /// Reads a response with one record in the place of the list.
    pub(crate) fn read_one<'j>(&self, json: &'j [u8]) -> Result<&'j RawValue, UnreadableResponse> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let mut found: &RawValue =
            serde::Deserialize::deserialize(&mut reader).map_err(UnreadableResponse::Json)?;
        reader.end().map_err(UnreadableResponse::Json)?;
        for key in &self.list {
            let inside: BTreeMap<Cow<'_, str>, &RawValue> =
                serde_json::from_str(found.get()).map_err(UnreadableResponse::Json)?;
            let Some(inner) = inside.get(key.as_str()) else { break };
            found = inner;
        }
        Ok(found)
    }
}

/// The names of the members of a response next to the last name of a path that it has; for messages.
pub(crate) fn names_beside(json: &[u8], path: &[String]) -> Vec<String> {
    type Members<'j> = BTreeMap<Cow<'j, str>, &'j RawValue>;
    let most = ResourceLimit::RecordParts.default_size();
    if count_parts(json, most) > most {
        return Vec::new();
    }
    let Ok(mut members) = serde_json::from_slice::<Members<'_>>(json) else { return Vec::new() };
    let mut prefix = String::new();
    for key in path {
        let inner = members.get(key.as_str()).map(|json| serde_json::from_str::<Members<'_>>(json.get()));
        let Some(Ok(inner)) = inner else { break };
        prefix.push_str(key);
        prefix.push('.');
        members = inner;
    }
    members.keys().map(|name| format!("{prefix}{name}")).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ResponsePart {
    List,
    Total,
    Next,
    Empty,
}

impl ResponsePart {
    fn in_words(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Total => "total number of records",
            Self::Next => "next page",
            Self::Empty => "marker of an empty page",
        }
    }
}

/// Receiver of records.
trait RecordReceiver {
    /// Receives a record and its position in the list.
    fn receive<'de, D: Deserializer<'de>>(&mut self, json: D, number: u64) -> Result<(), D::Error>;
}

/// Extracts the mapped values of each record.
struct ExtractingReceiver<'p, F> {
    extractor: &'p mut ValueExtractor,
    record: RecordValues,
    each: F,
}

impl<F: FnMut(&RecordValues, u64)> RecordReceiver for ExtractingReceiver<'_, F> {
    fn receive<'de, D: Deserializer<'de>>(&mut self, json: D, number: u64) -> Result<(), D::Error> {
        self.extractor.extract(json, &mut self.record)?;
        (self.each)(&self.record, number);
        Ok(())
    }
}

impl RecordReceiver for Vec<Box<RawValue>> {
    fn receive<'de, D: Deserializer<'de>>(&mut self, json: D, _: u64) -> Result<(), D::Error> {
        self.push(serde::Deserialize::deserialize(json)?);
        Ok(())
    }
}

/// Target of the parsed parts.
struct ResponseTarget<'a, R> {
    records: &'a mut R,
    page: ResponsePage,
    total: Option<String>,
    /// The parts found so far.
    seen: Vec<ResponsePart>,
    names: NameComparison,
}

/// A value of the response, and the parts below it.
struct ValueTarget<'w, 'i, 'a, R> {
    wanted: Vec<(&'w [String], ResponsePart)>,
    into: &'i mut ResponseTarget<'a, R>,
}

impl<'de, R: RecordReceiver> DeserializeSeed<'de> for ValueTarget<'_, '_, '_, R> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        let here = self.wanted.iter().find(|(keys, _)| keys.is_empty());
        if let Some((_, what)) = here {
            // With two lists or two cursors it is unclear which one is valid.
            if self.into.seen.contains(what) {
                return Err(D::Error::custom(format!("duplicate {}", what.in_words())));
            }
            self.into.seen.push(*what);
        }
        match here {
            Some((_, ResponsePart::List)) => json.deserialize_any(RecordListVisitor(self.into)),
            Some((_, what)) => {
                let raw: &RawValue = serde::Deserialize::deserialize(json)?;
                let text = scalar(raw.get()).map_err(D::Error::custom)?;
                match what {
                    ResponsePart::Total => self.into.total = text,
                    ResponsePart::Next => self.into.page.next = text,
                    ResponsePart::List | ResponsePart::Empty => self.into.page.is_empty = text.is_some(),
                }
                Ok(())
            }
            None => json.deserialize_any(self),
        }
    }
}

/// A string or number; `None` for other values.
fn scalar(text: &str) -> Result<Option<String>, serde_json::Error> {
    match text.as_bytes().first() {
        Some(b'"') => {
            serde_json::from_str::<String>(text).map(|text| Some(text).filter(|text| !text.is_empty()))
        }
        Some(b'-' | b'0'..=b'9') => Ok(Some(text.to_owned())),
        Some(_) | None => Ok(None),
    }
}

impl<'de, R: RecordReceiver> Visitor<'de> for ValueTarget<'_, '_, '_, R> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(MemberName(key)) = map.next_key()? {
            let names = self.into.names;
            let below = self
                .wanted
                .iter()
                .filter(|(keys, _)| keys.first().is_some_and(|first| names.equals(first, &key)));
            let wanted: Vec<(&[String], ResponsePart)> =
                below.map(|&(keys, what)| (&keys[1..], what)).collect();
            if wanted.is_empty() {
                map.next_value::<IgnoredAny>()?;
            } else {
                map.next_value_seed(ValueTarget { wanted, into: &mut *self.into })?;
            }
        }
        Ok(())
    }

    // A list in the place of an object contains no parts.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    ignore_scalars!();
}

/// The list of records.
struct RecordListVisitor<'i, 'a, R>(&'i mut ResponseTarget<'a, R>);

impl<'de, R: RecordReceiver> Visitor<'de> for RecordListVisitor<'_, '_, R> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut number = 0;
        while list.next_element_seed(RecordSeed(&mut *self.0.records, number + 1))?.is_some() {
            number += 1;
        }
        self.0.page.records = Some(number);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// One record of the list, and its position.
struct RecordSeed<'r, R>(&'r mut R, u64);

impl<'de, R: RecordReceiver> DeserializeSeed<'de> for RecordSeed<'_, R> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        self.0.receive(json, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::ValuePath;

    fn read(shape: &ResponseLayout, json: &str) -> (Vec<String>, Result<ResponsePage, UnreadableResponse>) {
        let mut extractor = ValueExtractor::new(&[ValuePath::parse("id").expect("a path")]);
        let mut ids = Vec::new();
        let page = shape.read(json.as_bytes(), &mut extractor, |record, _| {
            ids.push(record.values_of(0).next().unwrap_or_default().to_owned());
        });
        (ids, page)
    }

    fn keys(words: &[&str]) -> KeyPath {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn a_page_has_a_list_a_total_and_a_next_wherever_they_stand() {
        let shape = ResponseLayout {
            list: keys(&["data", "items"]),
            total: Some(keys(&["meta", "total"])),
            next: Some(keys(&["meta", "next"])),
            empty: None,
            names: NameComparison::Exact,
        };
        let json = r#"{"meta": {"next": "abc", "total": "3", "x": []}, "data": {"items": [{"id": 1}, {"id": "b"}], "y": 1}}"#;
        let (ids, page) = read(&shape, json);
        assert_eq!(ids, ["1", "b"]);
        let page = page.expect("a page");
        assert_eq!(
            page,
            ResponsePage { records: Some(2), total: Some(3), next: Some("abc".to_owned()), is_empty: false }
        );
        let (_, page) = read(&shape, r#"{"meta": {"next": null, "total": 0}, "data": null}"#);
        assert_eq!(
            page.expect("a page"),
            ResponsePage { records: None, total: Some(0), next: None, is_empty: false }
        );
    }

    #[test]
    fn the_answer_itself_may_be_the_list() {
        let (ids, page) = read(&ResponseLayout::default(), r#"[{"id": "a"}, {"id": "b"}]"#);
        assert_eq!((ids.len(), page.expect("a page").records), (2, Some(2)));
    }

    #[test]
    fn what_is_cut_or_followed_by_something_is_no_answer() {
        let json = r#"[{"id": "a"}, {"id": "b"}]"#;
        for end in 0..json.len() {
            assert!(read(&ResponseLayout::default(), &json[..end]).1.is_err(), "{}", &json[..end]);
        }
        assert!(read(&ResponseLayout::default(), "[] []").1.is_err());
        assert!(read(&ResponseLayout::default(), r#"{"error": "no"}"#).1.is_err(), "an object is no list");
        let deep = "[".repeat(200) + &"]".repeat(200);
        assert!(read(&ResponseLayout::default(), &deep).1.is_err(), "too deep");
    }

    #[test]
    fn an_answer_that_says_something_twice_is_none() {
        let shape = ResponseLayout {
            list: keys(&["data"]),
            total: Some(keys(&["meta", "total"])),
            next: Some(keys(&["meta", "next"])),
            empty: None,
            names: NameComparison::Exact,
        };
        for json in [
            r#"{"data": [{"id": 1}, {"id": 2}], "data": []}"#,
            r#"{"data": [{"id": 1}], "data": null}"#,
            r#"{"data": [], "meta": {"next": "a", "next": null}}"#,
            r#"{"data": [], "meta": {"total": 7}, "meta": {"total": 1}}"#,
        ] {
            let (_, page) = read(&shape, json);
            let said = page.map_or_else(|error| format!("{error:?}"), |page| format!("{page:?}"));
            assert!(said.contains("duplicate "), "{json}: {said}");
        }
        let apart =
            r#"{"meta": {"total": 1}, "data": [{"id": 1, "id": 1}], "meta": {"next": "a"}, "x": 1, "x": 2}"#;
        assert!(read(&shape, apart).1.is_ok());
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_nothing_panics_and_nothing_is_made_up(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let shape = ResponseLayout { list: keys(&["data"]), ..ResponseLayout::default() };
            let mut extractor = ValueExtractor::new(&[ValuePath::parse("id | a[?@.b=='c'].d").expect("a path")]);
            let _ = shape.read(&bytes, &mut extractor, |_, _| {});
        }

        #[test]
        fn a_list_that_lost_or_gained_a_byte_is_the_same_list_or_none(at in 0_usize..60, byte in proptest::prelude::any::<u8>(), cut in proptest::prelude::any::<bool>()) {
            let whole = br#"{"data": [{"id": "a"}, {"id": "b"}, {"id": "c"}], "n": 1}"#.to_vec();
            let at = at.min(whole.len() - 1);
            let mut bent = whole;
            if cut { bent.truncate(at); } else { bent.insert(at, byte); }
            let shape = ResponseLayout { list: keys(&["data"]), ..ResponseLayout::default() };
            let mut extractor = ValueExtractor::new(&[ValuePath::parse("id").expect("a path")]);
            let page = shape.read(&bent, &mut extractor, |_, _| {});
            // A changed byte in a name can hide the list, which the page reader rejects; but a partial list is
            // never returned.
            if let Ok(page) = page {
                proptest::prop_assert!(page.records.is_none_or(|records| records == 3), "{:?}", String::from_utf8_lossy(&bent));
            }
        }
    }
}
