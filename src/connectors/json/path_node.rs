//! Traverses a record while it is parsed and extracts the values that paths select.

use std::borrow::Cow;
use std::fmt;

use rustc_hash::FxHashMap;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use serde_json_path::JsonPath;

use crate::json::filter::{EntryFilterSet, MAX_FILTER_NAMES};
use crate::json::{MemberName, NameComparison, count_parts};
use crate::mapper::{ExcessKind, RecordValues};
use rollcall_model::resource_limits::ResourceLimit;

/// The paths that go on from one member of a record.
#[derive(Debug, Default)]
pub(super) struct PathNode {
    pub(super) inner: FxHashMap<Box<str>, PathNode>,
    /// Slots that receive the value itself.
    pub(super) slots: Vec<usize>,
    /// Slots that receive the results of a query on the value.
    pub(super) queries: Vec<(usize, JsonPath)>,
    /// Slots that receive a value of filtered list entries, if no full query is needed.
    pub(super) choices: EntryFilterSet,
    /// `true` if a query is not a simple filter.
    pub(super) is_involved: bool,
    /// How the names of members are compared.
    pub(super) names: NameComparison,
}

/// The member that a text in the place of an entry stands for (RFC 7643 2.4).
const VALUE: &str = "value";

impl PathNode {
    /// Compares the names of all members in this way.
    pub(super) fn set_names(&mut self, names: NameComparison) {
        self.names = names;
        self.inner.values_mut().for_each(|node| node.set_names(names));
    }

    /// The paths that go on from a member.
    fn child(&self, name: &str) -> Option<&PathNode> {
        self.inner.get(name).or_else(|| match self.names {
            NameComparison::Exact => None,
            NameComparison::Scim => {
                let mut nodes = self.inner.iter();
                nodes.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, node)| node)
            }
        })
    }

    /// Adds a text in the place of an object.
    fn add_text(&self, text: &str, found: &mut RecordValues) {
        match self.names {
            NameComparison::Exact => {}
            NameComparison::Scim => {
                let slots = self.inner.get(VALUE).map_or(&[][..], |node| &node.slots);
                for &slot in slots {
                    found.add(slot, text);
                }
            }
        }
    }

    /// Extracts values of list entries by filters on other values of the entry.
    fn apply_filters(&self, text: &str, found: &mut RecordValues) -> Result<(), serde_json::Error> {
        if !text.starts_with('[') {
            // For an object, a filter applies to each value. This is rare and need not be fast.
            return self.query_text(text, found);
        }
        serde_json::Deserializer::from_str(text).deserialize_seq(EntryListVisitor { node: self, found })
    }

    /// Applies queries to a value, which must be built for them.
    fn query_text(&self, text: &str, found: &mut RecordValues) -> Result<(), serde_json::Error> {
        if let Some(value) = self.build_value(text, found)? {
            self.apply_queries(&value, found);
        }
        Ok(())
    }

    /// Builds a value, unless it has more parts than a record may have.
    fn build_value(&self, text: &str, found: &mut RecordValues) -> Result<Option<Value>, serde_json::Error> {
        let most = ResourceLimit::RecordParts.default_size();
        if count_parts(text.as_bytes(), most) > most {
            let slot = self.queries.first().map_or(0, |(slot, _)| *slot);
            found.exceed(ExcessKind::RecordParts, slot);
            return Ok(None);
        }
        serde_json::from_str(text).map(Some)
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

    fn visit_children(&self, value: &Value, found: &mut RecordValues) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    if let Some(node) = self.child(key) {
                        node.apply_queries(value, found);
                    }
                }
            }
            Value::Array(list) => list.iter().for_each(|one| self.visit_children(one, found)),
            Value::String(text) => self.add_text(text, found),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
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
            let raw: &RawValue = serde::Deserialize::deserialize(json)?;
            return node.query_text(raw.get(), found).map_err(D::Error::custom);
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
fn add_scalars(text: &str, slots: &[usize], found: &mut RecordValues) -> Result<(), serde_json::Error> {
    let mut add = |value: &str| slots.iter().for_each(|&slot| found.add(slot, value));
    match text.as_bytes().first() {
        Some(b'"') => {
            // The text as written, unless it contains escapes.
            let inner = &text[1..text.len() - 1];
            if inner.contains('\\') { add(&serde_json::from_str::<Cow<'_, str>>(text)?) } else { add(inner) }
        }
        Some(b'[') => {
            let mut list = serde_json::Deserializer::from_str(text);
            list.deserialize_seq(ScalarListVisitor { slots, found })?;
        }
        Some(b'{' | b'n') | None => {}
        // Digits as written: an id of twenty digits does not fit a number.
        Some(_) => add(text),
    }
    Ok(())
}

/// Visits the elements of an array, and adds those that are scalars.
struct ScalarListVisitor<'w> {
    slots: &'w [usize],
    found: &'w mut RecordValues,
}

impl<'de> Visitor<'de> for ScalarListVisitor<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(element) = list.next_element::<&RawValue>()? {
            if !element.get().starts_with(['[', '{']) {
                add_scalars(element.get(), self.slots, &mut *self.found).map_err(A::Error::custom)?;
            }
        }
        Ok(())
    }
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
            match self.node.child(key.as_ref()) {
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

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.node.add_text(text, self.found);
        Ok(())
    }

    ignore_scalars!(except_text);
}

/// Visits the entries of a list.
struct EntryListVisitor<'w> {
    node: &'w PathNode,
    found: &'w mut RecordValues,
}

impl<'de> Visitor<'de> for EntryListVisitor<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(EntryVisitor { node: self.node, found: &mut *self.found })?.is_some() {}
        Ok(())
    }
}

/// Visits one entry.
struct EntryVisitor<'w> {
    node: &'w PathNode,
    found: &'w mut RecordValues,
}

impl<'de> DeserializeSeed<'de> for EntryVisitor<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for EntryVisitor<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let EntryFilterSet { names, choices } = &self.node.choices;
        let mut values: [Option<&RawValue>; MAX_FILTER_NAMES] = [None; MAX_FILTER_NAMES];
        while let Some(MemberName(key)) = map.next_key()? {
            let place = names.iter().position(|name| self.node.names.equals(name, &key));
            let inner = self.node.child(key.as_ref());
            match (place, inner) {
                (None, None) => map.next_value::<IgnoredAny>().map(drop)?,
                (None, Some(node)) => map.next_value_seed(PathNodeSeed { node, found: &mut *self.found })?,
                (Some(place), inner) => {
                    let raw: &RawValue = map.next_value()?;
                    values[place] = Some(raw);
                    if let Some(node) = inner {
                        let mut again = serde_json::Deserializer::from_str(raw.get());
                        PathNodeSeed { node, found: &mut *self.found }
                            .deserialize(&mut again)
                            .map_err(A::Error::custom)?;
                    }
                }
            }
        }
        for choice in choices {
            if let (Some(by), Some(wanted)) = (values[choice.by], values[choice.wanted])
                && choice.is.matches(by.get(), self.node.names)
            {
                add_scalars(wanted.get(), &[choice.slot], self.found).map_err(A::Error::custom)?;
            }
        }
        Ok(())
    }

    // A list in a list can contain names but has no value to filter by.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut within = |json: &RawValue| {
            if let Some(value) = self.node.build_value(json.get(), &mut *self.found)? {
                self.node.visit_children(&value, &mut *self.found);
            }
            Ok::<(), serde_json::Error>(())
        };
        while let Some(json) = list.next_element::<&RawValue>()? {
            within(json).map_err(A::Error::custom)?;
        }
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.node.add_text(text, self.found);
        Ok(())
    }

    ignore_scalars!(except_text);
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
