//! Extracts the mapped values of a record while it is parsed.

use serde::de::{DeserializeSeed, Deserializer};
use serde_json::value::RawValue;

use crate::json::path_node::{PathNode, PathNodeSeed};
use crate::json::{NameComparison, ValuePath};
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

    /// Compares the names of members in this way.
    pub(crate) fn comparing_names(mut self, names: NameComparison) -> Self {
        self.root.set_names(names);
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
        if let Some(excess) = self.found.excess() {
            let column = self.columns.iter().position(|slots| slots.contains(&excess.column));
            record.exceed(excess.kind, column.unwrap_or_default());
            return Ok(());
        }
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

    /// SCIM has no case in names and in the values that choose an entry, and writes an address as a plain text.
    #[test]
    fn names_of_scim_have_no_case() {
        let texts = [
            "emails[?@.type=='work'].value | emails[?@.primary==true].value | emails.value",
            "['urn:example:Enterprise:2.0:User'].department",
            "userName",
        ];
        let paths: Vec<ValuePath> = texts.map(|path| ValuePath::parse(path).expect(path)).into();
        let read = |json: &str, names| {
            let mut extractor = ValueExtractor::new(&paths).comparing_names(names);
            let mut record = RecordValues::default();
            extractor.extract(&mut serde_json::Deserializer::from_str(json), &mut record).expect(json);
            let of = |column| record.values_of(column).map(str::to_owned).collect::<Vec<_>>().join(",");
            [of(0), of(1), of(2)]
        };
        let (work, home) = (r#"{"Type": "WORK", "Value": "w"}"#, r#"{"type": "home", "value": "h"}"#);
        let primary = r#"{"primary": "True", "value": "p"}"#;
        for (emails, expected) in [
            (format!("[{home}, {work}]"), "w"),
            (format!("[{home}, {primary}]"), "p"),
            (r#"["a", "b"]"#.to_owned(), "a,b"),
            (r#""a""#.to_owned(), "a"),
            (r#"{"value": "v"}"#.to_owned(), "v"),
        ] {
            let json = format!(
                r#"{{"EMAILS": {emails}, "URN:Example:enterprise:2.0:user": {{"Department": "Sales"}}, "username": "u"}}"#
            );
            assert_eq!(read(&json, NameComparison::Scim), [expected, "Sales", "u"], "{json}");
            assert_eq!(read(&json, NameComparison::Exact), ["", "", ""], "{json}");
        }
    }
}
