//! The first record of a file: whether it is a person, or an object around the list of people.

use super::error::JsonFileError;
use super::list_path::LISTED_KEYS;
use super::record_reader::JsonRecordReader;
use crate::json::{ValueExtractor, ValuePath};
use crate::mapper::RecordValues;

/// Depth at which an object ends for messages: the JSON parser refuses deeper ones.
const DEEPEST: usize = 128;

/// The keys of an object, as far as its text is known.
#[derive(Debug, Default, PartialEq, Eq)]
struct ObjectOutline {
    keys: Vec<String>,
    /// The paths of the lists in it, outside of other lists.
    lists: Vec<Vec<String>>,
}

/// Checks the first record. `text` is its start, and what follows if it goes on.
///
/// # Errors
///
/// If the record is an object around a list, or has no mapped attribute.
pub(super) fn check_first_record(
    text: &[u8],
    is_element: bool,
    values: &RecordValues,
    paths: &[ValuePath],
) -> Result<(), JsonFileError> {
    let outline = ObjectOutline::of(text);
    let mapped = count_columns(values, paths);
    if !is_element {
        let is_around = |list: &&Vec<String>| {
            (mapped == 0 && !outline.has_mapped_key(paths))
                || count_columns(&first_element(text, list, paths), paths) > mapped
        };
        let lists: Vec<String> = outline.lists.iter().filter(is_around).map(|list| list.join(".")).collect();
        if !lists.is_empty() {
            return Err(JsonFileError::Wrapped { lists });
        }
    }
    if mapped == 0 && !outline.keys.is_empty() && !outline.has_mapped_key(paths) {
        return Err(JsonFileError::NoAttributes { keys: outline.keys });
    }
    Ok(())
}

/// The values of the first element of a list in an object.
fn first_element(text: &[u8], list: &[String], paths: &[ValuePath]) -> RecordValues {
    let mut values = RecordValues::default();
    if let Ok(Some(element)) = JsonRecordReader::new(text, list.to_vec()).next() {
        let mut json = serde_json::Deserializer::from_slice(element);
        if ValueExtractor::new(paths).extract(&mut json, &mut values).is_err() {
            values.clear();
        }
    }
    values
}

/// Number of columns with a value.
fn count_columns(values: &RecordValues, paths: &[ValuePath]) -> usize {
    (0..paths.len()).filter(|&column| values.values_of(column).next().is_some()).count()
}

impl ObjectOutline {
    /// Reads as much as there is; invalid JSON ends the object.
    fn of(text: &[u8]) -> Self {
        let (mut outline, mut path, mut arrays, mut is_key) = (Self::default(), Vec::new(), 0_usize, false);
        let mut rest = text;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            match byte {
                b'"' => {
                    let Some(length) = text_length(after) else { break };
                    if is_key && arrays == 0 {
                        let key = String::from_utf8_lossy(&after[..length]).into_owned();
                        outline.note_key(&mut path, key);
                        is_key = false;
                    }
                    rest = &after[length + 1..];
                }
                b'[' => {
                    if arrays == 0 && outline.lists.len() < LISTED_KEYS {
                        outline.lists.push(path.clone());
                    }
                    arrays += 1;
                }
                b']' => arrays = arrays.saturating_sub(1),
                _ if arrays > 0 => {}
                b'{' if path.len() == DEEPEST => break,
                b'{' => {
                    path.push(String::new());
                    is_key = true;
                }
                b'}' => {
                    path.pop();
                    if path.is_empty() {
                        break;
                    }
                }
                b',' => is_key = true,
                _ => {}
            }
        }
        outline.lists.retain(|list| !list.is_empty());
        outline
    }

    fn note_key(&mut self, path: &mut [String], key: String) {
        if path.len() == 1 && self.keys.len() < LISTED_KEYS {
            self.keys.push(key.clone());
        }
        if let Some(current) = path.last_mut() {
            *current = key;
        }
    }

    fn has_mapped_key(&self, paths: &[ValuePath]) -> bool {
        let mut names = paths.iter().flat_map(ValuePath::first_names);
        names.any(|name| self.keys.iter().any(|key| key == name))
    }
}

/// The length of a text up to its closing quote.
fn text_length(text: &[u8]) -> Option<usize> {
    let mut is_escaped = false;
    text.iter().position(|&byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(text: &str) -> (Vec<String>, Vec<String>) {
        let outline = ObjectOutline::of(text.as_bytes());
        (outline.keys, outline.lists.iter().map(|list| list.join(".")).collect())
    }

    #[test]
    fn outline_has_the_keys_and_the_paths_of_lists() {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        for (text, keys, lists) in [
            (
                "{\"a\": 1, \"b\": [{\"c\": [1]}], \"d\": {\"e\": {\"f\": [",
                &["a", "b", "d"][..],
                &["b", "d.e.f"][..],
            ),
            ("{\n  \"a\\\"\": \"{\\\"x\\\": [\",\n \"b\": \"", &["a\\\"", "b"], &[]),
            ("{}", &[], &[]),
            ("[1]", &[], &[]),
            ("{\"a\": {}}\n{\"b\": []}", &["a"], &[]),
        ] {
            assert_eq!(outline(text), (words(keys), words(lists)), "{text}");
        }
    }

    #[test]
    fn record_that_holds_better_records_is_an_object_around_a_list() {
        let paths = ["id", "mail"].map(|path| ValuePath::parse(path).expect("a path"));
        let check = |text: &str| {
            let mut values = RecordValues::default();
            let mut json = serde_json::Deserializer::from_slice(text.as_bytes());
            let _ = ValueExtractor::new(&paths).extract(&mut json, &mut values);
            check_first_record(text.as_bytes(), false, &values, &paths)
        };
        let wrapped = Err(JsonFileError::Wrapped { lists: vec!["value".to_owned()] });
        let none = Err(JsonFileError::NoAttributes { keys: vec!["error".to_owned()] });
        assert_eq!(check(r#"{"id": 7, "value": [{"id": 1, "mail": "a@b"}]}"#), wrapped);
        assert_eq!(check(r#"{"value": []}"#), wrapped);
        assert_eq!(check(r#"{"error": "no access"}"#), none);
        assert_eq!(check(r#"{"id": 1, "mail": "a@b", "phones": [{"id": 1}]}"#), Ok(()));
        assert_eq!(check(r#"{"id": 1, "phones": [{"id": 1}]}"#), Ok(()));
        assert_eq!(check("{}"), Ok(()));
    }
}
