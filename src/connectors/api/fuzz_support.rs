//! Parses arbitrary bytes as a page of a known system with its default mapping; used by the fuzzer and by
//! property tests.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::AttributeMapping;
use crate::api::vendors::{VENDORS, Vendor, VendorSettings};
use crate::json::{ResponsePage, ValueExtractor, ValuePath};
use crate::mapper::RecordMapper;
use rollcall_model::attributes::AttributeSet;
use rollcall_model::names::ConnectorName;
use rollcall_model::people::PeopleTable;

/// The paths of every system, in the order of [`VENDORS`]; parsing a path takes longer than parsing a page.
static PATHS: LazyLock<Vec<Vec<ValuePath>>> = LazyLock::new(|| {
    let paths =
        |kind: &&Vendor| kind.mapping.iter().filter_map(|(_, place)| ValuePath::parse(place).ok()).collect();
    VENDORS.iter().map(paths).collect()
});

/// Parses a page of a system; `None` if it cannot be parsed or if the list depends on the configuration file.
pub(crate) fn parse_page(kind: &Vendor, body: &[u8]) -> Option<(ResponsePage, PeopleTable)> {
    let mut attributes = AttributeSet::default();
    let named = kind.mapping.iter();
    let columns: Vec<_> = named.map(|&(name, place)| (attributes.add(name), place.to_owned())).collect();
    let places: Vec<String> = columns.iter().map(|(_, place)| place.clone()).collect();
    let number = VENDORS.iter().position(|known| known.name == kind.name)?;
    let given = VendorSettings { page_size: 100, texts: &BTreeMap::new(), places: &places, http_json: None };
    let description = (kind.describe)(&given);
    let (name, standings) = (ConnectorName::new("any"), kind.default_mapping().folded_statuses());
    let mapping = AttributeMapping { columns, statuses: standings, ..AttributeMapping::default() };
    let mut mapper = RecordMapper::new(&name, &mapping, &attributes);
    let mut extractor = ValueExtractor::new(&PATHS[number])
        .with_flags(description.flags, description.blanks)
        .comparing_names(description.names);
    let shape = description.lists.first()?.response_layout(description.names);
    let page = shape.read(body, &mut extractor, |record, number| mapper.push(record, || number.to_string()));
    page.ok().and_then(|page| Some((page, mapper.into_people().ok()?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::json::KeyPath;

    fn known() -> impl Iterator<Item = &'static Vendor> {
        VENDORS.iter().copied().filter(|kind| !kind.mapping.is_empty())
    }

    /// The position of a system's list.
    fn list_of(kind: &Vendor) -> KeyPath {
        let given = VendorSettings { page_size: 100, texts: &BTreeMap::new(), places: &[], http_json: None };
        (kind.describe)(&given).lists[0].list.clone()
    }

    /// Names that the mappings use.
    fn names() -> Vec<String> {
        let mut names: Vec<String> = known()
            .flat_map(|kind| kind.mapping)
            .flat_map(|(_, place)| place.split(['.', '[', ']', '|', '?', '@', '=', '\'', ' ']))
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        names.push("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User".to_owned());
        names.sort();
        names.dedup();
        names
    }

    /// Arbitrary JSON in which known names are frequent.
    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            prop::sample::select(vec!["", "true", "work", "active", "0000-00-00", "2026-02-30", " a@b "])
                .prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 6, |inner| {
            let name = prop_oneof![8 => prop::sample::select(names()), 1 => any::<String>()];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((name, inner), 0..8)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }

    /// A response whose list contains these records.
    fn answer(list: &[String], records: &[Value]) -> Vec<u8> {
        let inner = Value::from(records.to_vec());
        let outer =
            list.iter().rev().fold(inner, |inner, key| json!({ "a": 1, (key.as_str()): inner, "z": [] }));
        outer.to_string().into_bytes()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_make_a_system_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for kind in VENDORS {
                let _ = parse_page(kind, &bytes);
            }
        }

        #[test]
        fn whatever_the_records_of_a_system_hold_each_of_them_counts(
            records in prop::collection::vec(value(), 0..6),
        ) {
            for kind in known() {
                let body = answer(&list_of(kind), &records);
                let read = parse_page(kind, &body);
                let Some((page, people)) = read else {
                    return Err(TestCaseError::fail(format!("{}: {}", kind.name, String::from_utf8_lossy(&body))));
                };
                let count = records.len() as u64;
                prop_assert_eq!(page.records, Some(count), "{}", kind.name);
                let read = people.len() as u64 + people.set_aside() + people.identical();
                prop_assert_eq!(read, count, "{}", kind.name);
            }
        }

        #[test]
        fn no_part_of_an_answer_is_an_answer(
            records in prop::collection::vec(value(), 0..4),
            cuts in prop::collection::vec(any::<Index>(), 8),
        ) {
            for kind in known() {
                let body = answer(&list_of(kind), &records);
                for cut in &cuts {
                    let part = &body[..cut.index(body.len())];
                    prop_assert!(parse_page(kind, part).is_none(), "{}: {}", kind.name, String::from_utf8_lossy(part));
                }
            }
        }
    }
}
