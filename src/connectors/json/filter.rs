//! Filters list entries by one of their values, without building the entries.

use crate::json::NameComparison;
use crate::json::json_path::{EntryFilter, FilterLiteral};

/// Maximum number of names in the filters of one path; their values are kept on the stack.
pub(super) const MAX_FILTER_NAMES: usize = 8;

/// The filters for the entries of one list.
#[derive(Debug, Default)]
pub(super) struct EntryFilterSet {
    /// Every name in a filter, without duplicates.
    pub names: Vec<Box<str>>,
    pub choices: Vec<IndexedFilter>,
}

/// A filter, its names by index.
#[derive(Debug)]
pub(super) struct IndexedFilter {
    pub by: usize,
    pub is: FilterLiteral,
    pub wanted: usize,
    pub slot: usize,
}

impl EntryFilterSet {
    /// Adds a filter for a slot; `false` if there are too many.
    pub(super) fn add(&mut self, slot: usize, choice: &EntryFilter) -> bool {
        let mut place = |name: &str| {
            let known = self.names.iter().position(|known| **known == *name);
            let place = known.unwrap_or(self.names.len());
            if known.is_none() {
                self.names.push(name.into());
            }
            place
        };
        let (by, wanted) = (place(&choice.by), place(&choice.wanted));
        self.choices.push(IndexedFilter { by, is: choice.is.clone(), wanted, slot });
        self.names.len() <= MAX_FILTER_NAMES
    }
}

impl FilterLiteral {
    /// Returns whether a raw value equals this literal.
    pub(super) fn matches(&self, text: &str, names: NameComparison) -> bool {
        let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        match (self, quoted) {
            (Self::Word(word), None) => text == *word,
            // Some servers write a truth value in quotes.
            (Self::Word(word), Some(inner)) => names == NameComparison::Scim && names.equals(inner, word),
            (Self::Text(wanted), Some(inner)) if !inner.contains('\\') => names.equals(inner, wanted),
            (Self::Text(wanted), Some(_)) => {
                serde_json::from_str::<String>(text).is_ok_and(|text| names.equals(&text, wanted))
            }
            (Self::Text(_), None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use crate::json::{ValueExtractor, ValuePath};
    use crate::mapper::RecordValues;

    const PLACES: [&str; 5] =
        ["a[?@.t=='x'].v", "a[?@.t==true].v | a[?@.t==null].t", "a[?@.w==\"y\"].t", "a.v", "a.t.v"];

    /// Values of the columns: by the extractor, and by the JSONPath library.
    fn both(record: &Value) -> (Vec<Vec<String>>, Vec<Vec<String>>) {
        let paths = PLACES.map(|place| ValuePath::parse(place).expect(place));
        // A query without results keeps the simple filters from being evaluated directly.
        let involved = ValuePath::parse("a[?@.none=='z'].none.none").expect("a path");
        let pick = |paths: Vec<&ValuePath>| {
            let mut record_of = RecordValues::default();
            ValueExtractor::new(paths)
                .extract(&mut serde_json::Deserializer::from_str(&record.to_string()), &mut record_of)
                .expect("JSON");
            (0..PLACES.len())
                .map(|at| record_of.values_of(at).map(Into::into).collect())
                .collect::<Vec<Vec<String>>>()
        };
        (pick(paths.iter().collect()), pick(paths.iter().chain([&involved]).collect()))
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!("x")),
            Just(json!("y")),
            Just(json!("q\"\u{e9}\n")),
            Just(json!(true)),
            Just(json!(null)),
            Just(json!(7)),
            Just(json!(""))
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            let name = prop_oneof![Just("t"), Just("v"), Just("w")].prop_map(str::to_owned);
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(name, inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_choice_finds_what_the_grammar_finds(list in value()) {
            let (looked, asked) = both(&json!({ "a": list }));
            prop_assert_eq!(looked, asked);
        }
    }

    #[test]
    fn an_entry_is_chosen_by_a_text_a_switch_or_nothing() {
        let list = json!([
            { "v": "first", "t": "x" }, { "t": "\u{78}", "v": ["second", 2, {}] }, { "t": null, "v": "third" },
            { "t": true, "v": "fourth" }, "no entry", { "t": "y" }, { "v": "no test" },
        ]);
        let (looked, asked) = both(&json!({ "a": list }));
        assert_eq!(looked, asked);
        assert_eq!(looked[0], ["first", "second", "2"]);
        assert_eq!(looked[1], ["fourth"]);
    }
}
