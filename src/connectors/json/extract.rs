//! Extracts the mapped values of a record while it is parsed.

use std::borrow::Cow;
use std::fmt;

use rustc_hash::FxHashMap;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use serde_json_path::JsonPath;

use crate::json::filter::{EntryFilterSet, EntryListVisitor};
use crate::json::{MemberName, ValuePath};
use crate::mapper::RecordValues;

/// The paths of all columns, as a tree that is traversed together with the record.
#[derive(Debug, Default)]
pub(crate) struct ValueExtractor {
    root: PathNode,
    /// The slots of each column, in order of preference.
    columns: Vec<Vec<usize>>,
    slots: usize,
    /// Boolean members, and the slot of each.
    flags: Vec<(&'static str, usize)>,
    /// The slots that receive the names of boolean members.
    flag_slots: Vec<usize>,
    blanks: &'static [&'static str],
    /// The values in the slots of a record.
    found: RecordValues,
}

/// The path for boolean members of a record: yields the names of those that are true, or `active`.
pub(crate) const FLAGS: &str = "@flags";

#[derive(Debug, Default)]
pub(super) struct PathNode {
    pub(super) inner: FxHashMap<Box<str>, PathNode>,
    /// Slots that receive the value itself.
    slots: Vec<usize>,
    /// Slots that receive the results of a query on the value.
    queries: Vec<(usize, JsonPath)>,
    /// Slots that receive a value of filtered list entries, if no full query is needed.
    pub(super) choices: EntryFilterSet,
    /// `true` if a query is not a simple filter.
    is_involved: bool,
}

impl ValueExtractor {
    /// Builds an extractor for the values of these columns.
    pub(crate) fn new<'p>(paths: impl IntoIterator<Item = &'p ValuePath>) -> Self {
        let mut extractor = Self::default();
        let mut slots = 0;
        for path in paths {
            let mut column = Vec::new();
            for alternative in &path.alternatives {
                let node = alternative.keys.iter().fold(&mut extractor.root, |node, key| {
                    node.inner.entry(key.as_str().into()).or_default()
                });
                match &alternative.query {
                    Some(query) => {
                        let is_plain = query.choice.as_ref().is_some_and(|one| node.choices.add(slots, one));
                        node.is_involved |= !is_plain;
                        node.queries.push((slots, query.path.clone()));
                    }
                    None => node.slots.push(slots),
                }
                column.push(slots);
                slots += 1;
            }
            extractor.columns.push(column);
        }
        extractor.slots = slots;
        extractor
    }

    /// Adds boolean members for the path [`FLAGS`], and texts that are treated as empty.
    pub(crate) fn with_flags(
        mut self,
        flags: &'static [&'static str],
        blanks: &'static [&'static str],
    ) -> Self {
        self.blanks = blanks;
        if let Some(node) = self.root.inner.remove(FLAGS) {
            self.flag_slots = node.slots;
            for (slot, flag) in (self.slots..).zip(flags) {
                self.root.inner.entry((*flag).into()).or_default().slots.push(slot);
                self.flags.push((flag, slot));
            }
        }
        self
    }

    /// Reads one record.
    pub(crate) fn extract<'de, D: Deserializer<'de>>(
        &mut self,
        json: D,
        record: &mut RecordValues,
    ) -> Result<(), D::Error> {
        self.found.clear();
        record.clear();
        PathNodeSeed { node: &self.root, found: &mut self.found }.deserialize(json)?;
        self.read_flags();
        let means_something = |value: &str| !self.blanks.contains(&value);
        for (column, slots) in self.columns.iter().enumerate() {
            let slot = slots.iter().find(|&&slot| self.found.values_of(slot).any(means_something));
            if let Some(&slot) = slot {
                record.add_all(column, self.found.values_of(slot).filter(|value| means_something(value)));
            }
        }
        Ok(())
    }

    /// Reads one record from its raw text.
    pub(crate) fn extract_raw(
        &mut self,
        json: &RawValue,
        record: &mut RecordValues,
    ) -> Result<(), serde_json::Error> {
        self.extract(&mut serde_json::Deserializer::from_str(json.get()), record)
    }

    fn read_flags(&mut self) {
        for &slot in &self.flag_slots {
            let mut any = false;
            for &(flag, place) in &self.flags {
                if self.found.values_of(place).next().is_some_and(|value| value == "true") {
                    self.found.add(slot, flag);
                    any = true;
                }
            }
            if !any {
                self.found.add(slot, "active");
            }
        }
    }
}

/// A value of the record together with its node of the tree.
pub(super) struct PathNodeSeed<'w> {
    pub node: &'w PathNode,
    pub found: &'w mut RecordValues,
}

impl<'de> DeserializeSeed<'de> for PathNodeSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        let Self { node, found } = self;
        if !node.queries.is_empty() {
            if !node.is_involved && node.slots.is_empty() {
                let raw: &RawValue = serde::Deserialize::deserialize(json)?;
                return node.apply_filters(raw.get(), found).map_err(D::Error::custom);
            }
            let value = <Value as serde::Deserialize>::deserialize(json)?;
            node.apply_queries(&value, found);
            return Ok(());
        }
        if node.slots.is_empty() {
            return json.deserialize_any(NestedValueVisitor { node, found });
        }
        let raw: &RawValue = serde::Deserialize::deserialize(json)?;
        let text = raw.get();
        if !node.inner.is_empty() && text.starts_with(['{', '[']) {
            let mut inner = serde_json::Deserializer::from_str(text);
            NestedValueVisitor { node, found: &mut *found }
                .deserialize(&mut inner)
                .map_err(D::Error::custom)?;
        }
        add_scalars(text, &node.slots, found).map_err(D::Error::custom)
    }
}

/// Adds a scalar, or each scalar of an array.
pub(super) fn add_scalars(
    text: &str,
    slots: &[usize],
    found: &mut RecordValues,
) -> Result<(), serde_json::Error> {
    let mut add = |value: &str| slots.iter().for_each(|&slot| found.add(slot, value));
    match text.as_bytes().first() {
        Some(b'"') => {
            // The text as written, unless it contains escapes.
            let inner = &text[1..text.len() - 1];
            if inner.contains('\\') { add(&serde_json::from_str::<Cow<'_, str>>(text)?) } else { add(inner) }
        }
        Some(b'[') => {
            for element in serde_json::from_str::<Vec<&RawValue>>(text)? {
                if !element.get().starts_with(['[', '{']) {
                    add_scalars(element.get(), slots, found)?;
                }
            }
        }
        Some(b'{' | b'n') | None => {}
        // Digits as written: an id of twenty digits does not fit a number.
        Some(_) => add(text),
    }
    Ok(())
}

/// Visits the members of a value that is not extracted itself.
struct NestedValueVisitor<'w> {
    node: &'w PathNode,
    found: &'w mut RecordValues,
}

impl<'de> DeserializeSeed<'de> for NestedValueVisitor<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NestedValueVisitor<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(MemberName(key)) = map.next_key()? {
            match self.node.inner.get(key.as_ref()) {
                Some(node) => map.next_value_seed(PathNodeSeed { node, found: &mut *self.found })?,
                None => map.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list
            .next_element_seed(NestedValueVisitor { node: self.node, found: &mut *self.found })?
            .is_some()
        {}
        Ok(())
    }

    ignore_scalars!();
}

impl PathNode {
    /// Extracts values of list entries by filters on other values of the entry.
    fn apply_filters(&self, text: &str, found: &mut RecordValues) -> Result<(), serde_json::Error> {
        if !text.starts_with('[') {
            // For an object, a filter applies to each value. This is rare and need not be fast.
            self.apply_queries(&serde_json::from_str(text)?, found);
            return Ok(());
        }
        serde_json::Deserializer::from_str(text).deserialize_seq(EntryListVisitor { node: self, found })
    }

    /// Applies queries to a value that had to be built, because a query needs more than names.
    fn apply_queries(&self, value: &Value, found: &mut RecordValues) {
        for &slot in &self.slots {
            add(value, slot, found);
        }
        for (slot, query) in &self.queries {
            query.query(value).all().into_iter().for_each(|value| add(value, *slot, found));
        }
        self.visit_children(value, found);
    }

    pub(super) fn visit_children(&self, value: &Value, found: &mut RecordValues) {
        match value {
            Value::Object(map) => {
                for (key, node) in &self.inner {
                    if let Some(value) = map.get(key.as_ref()) {
                        node.apply_queries(value, found);
                    }
                }
            }
            Value::Array(list) => list.iter().for_each(|one| self.visit_children(one, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

fn add(value: &Value, slot: usize, found: &mut RecordValues) {
    match value {
        Value::String(text) => found.add(slot, text),
        Value::Number(number) => found.add(slot, &number.to_string()),
        Value::Bool(flag) => found.add(slot, if *flag { "true" } else { "false" }),
        Value::Array(list) => {
            list.iter().filter(|one| !one.is_array()).for_each(|one| add(one, slot, found));
        }
        Value::Object(_) | Value::Null => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pick(json: &str, paths: &[&str]) -> Vec<Vec<String>> {
        let paths: Vec<ValuePath> = paths.iter().map(|path| ValuePath::parse(path).expect(path)).collect();
        let mut extractor = ValueExtractor::new(&paths);
        let mut record = RecordValues::default();
        extractor.extract(&mut serde_json::Deserializer::from_str(json), &mut record).expect(json);
        (0..paths.len()).map(|column| record.values_of(column).map(str::to_owned).collect()).collect()
    }

    #[test]
    fn values_are_picked_by_name_through_objects_and_arrays() {
        let json = r#"{"id": 1234567890123456789012, "skip": {"id": [1, {"x": null}]}, "active": false,
            "profile": {"name": "Zo\u00eb \"Z\"", "tags": ["a", 2, null, {"b": 1}]},
            "emails": [{"value": "a@x"}, {"value": "b@x"}, 7], "gone": null}"#;
        let picked =
            pick(json, &["id", "active", "profile.name", "profile.tags", "emails.value", "gone", "no.where"]);
        assert_eq!(picked[0], ["1234567890123456789012"]);
        assert_eq!(picked[1], ["false"]);
        assert_eq!(picked[2], ["Zoë \"Z\""]);
        assert_eq!(picked[3], ["a", "2"]);
        assert_eq!(picked[4], ["a@x", "b@x"]);
        assert!(picked[5].is_empty() && picked[6].is_empty());
    }

    #[test]
    fn the_first_place_that_has_a_value_is_taken() {
        let paths = &["mail | upn", "d.value.name | d.value", "mail"];
        let both = pick(r#"{"upn": "u", "mail": "m", "d": {"value": {"name": "Sales"}}}"#, paths);
        assert_eq!(both, [["m"], ["Sales"], ["m"]]);
        let one = pick(r#"{"mail": " ", "upn": "u", "d": {"value": "Lab"}}"#, paths);
        assert_eq!(one[..2], [["u"], ["Lab"]]);
    }

    #[test]
    fn switches_become_names_and_what_means_nothing_is_nothing() {
        let path = |text| ValuePath::parse(text).expect("a path");
        let mut extractor = ValueExtractor::new(&[path("@flags"), path("end")])
            .with_flags(&["suspended", "archived"], &["0000-00-00"]);
        let mut read = |json: &str| {
            let mut record = RecordValues::default();
            extractor.extract(&mut serde_json::Deserializer::from_str(json), &mut record).expect(json);
            let of = |column| record.values_of(column).map(str::to_owned).collect::<Vec<_>>().join(",");
            (of(0), of(1))
        };
        let pair = |one: &str, two: &str| (one.to_owned(), two.to_owned());
        assert_eq!(read(r#"{"suspended": false, "end": "0000-00-00"}"#), pair("active", ""));
        assert_eq!(read(r#"{"archived": true, "end": "2026-01-01"}"#), pair("archived", "2026-01-01"));
        assert_eq!(read(r#"{"archived": true, "suspended": true}"#), pair("suspended,archived", ""));
    }

    #[test]
    fn a_query_chooses_among_entries() {
        let json = r#"{"emails": [{"type": "home", "value": "h"}, {"type": "work", "value": "w"}],
            "orgs": [{"primary": true, "dep": "Lab"}, {"dep": "Old"}]}"#;
        let paths =
            &["emails[?@.type=='work'].value", "orgs[?@.primary==true].dep", "orgs.dep", "emails[0].value"];
        assert_eq!(pick(json, paths), [vec!["w"], vec!["Lab"], vec!["Lab", "Old"], vec!["h"]]);
    }
}
