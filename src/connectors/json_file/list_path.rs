//! A list inside an object: the way to it, and from its end to the end of the file.

use std::io::BufRead;

use super::json_value_kind::JsonValueKind;
use super::record_reader::{JsonRecordError, JsonRecordReader};

/// Number of keys that an error message lists.
pub(super) const LISTED_KEYS: usize = 20;

impl<R: BufRead> JsonRecordReader<R> {
    /// Moves to the first element of the list at the path. Other members are passed over.
    pub(super) fn enter_list(&mut self) -> Result<(), JsonRecordError> {
        let (list, mut keys) = (self.list.clone(), Vec::new());
        for (depth, name) in list.iter().enumerate() {
            if !self.starts_with(b'{')? {
                return Err(self.wrong_value(depth)?);
            }
            keys.clear();
            loop {
                let Some(key) = self.next_key()? else { return Err(JsonRecordError::NoList { keys }) };
                let is_found = key == *name;
                if keys.len() < LISTED_KEYS {
                    keys.push(key);
                }
                if is_found {
                    break;
                }
                self.skip_member()?;
            }
        }
        if self.starts_with(b'[')? { Ok(()) } else { Err(self.wrong_value(list.len())?) }
    }

    /// The error about the next value, which stands at the first `depth` names of the path and is neither the list nor an
    /// object on the way to it.
    fn wrong_value(&mut self, depth: usize) -> Result<JsonRecordError, JsonRecordError> {
        let found = JsonValueKind::of(self.skip_space()?);
        Ok(JsonRecordError::WrongValue { path: self.list[..depth].to_vec(), found })
    }

    /// Passes over the rest of the objects around the list.
    pub(super) fn leave_objects(&mut self) -> Result<(), JsonRecordError> {
        for _ in 0..self.list.len() {
            if self.skip_space()? == Some(b',') {
                self.file.consume(1);
            }
            while self.next_key()?.is_some() {
                self.skip_member()?;
            }
        }
        Ok(())
    }

    /// Consumes a bracket if it is next.
    fn starts_with(&mut self, bracket: u8) -> Result<bool, JsonRecordError> {
        let next = self.skip_space()?.ok_or(JsonRecordError::NotClosed)?;
        if next == bracket {
            self.file.consume(1);
        }
        Ok(next == bracket)
    }

    /// The next key of an object, with its colon; `None` at the end of the object.
    fn next_key(&mut self) -> Result<Option<String>, JsonRecordError> {
        match self.skip_space()?.ok_or(JsonRecordError::NotClosed)? {
            b'}' => {
                self.file.consume(1);
                return Ok(None);
            }
            b'"' => {}
            _ => return Err(self.wrong("a key is not a text")),
        }
        self.record.clear();
        let mut is_escaped = false;
        loop {
            let buffer = self.file.fill_buf().map_err(JsonRecordError::Unreadable)?;
            let Some(&byte) = buffer.first() else { return Err(JsonRecordError::NotClosed) };
            self.file.consume(1);
            self.record.push(byte);
            self.check_size()?;
            match byte {
                b'"' if self.record.len() > 1 && !is_escaped => break,
                _ => is_escaped = byte == b'\\' && !is_escaped,
            }
        }
        let key: String =
            serde_json::from_slice(&self.record).map_err(|_| self.wrong("a key is not a text"))?;
        if self.starts_with(b':')? { Ok(Some(key)) } else { Err(self.wrong("a key has no value")) }
    }

    fn skip_member(&mut self) -> Result<(), JsonRecordError> {
        self.value(b'}', false).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The records of the list at a path, or the keys in its place.
    fn read(text: &str, path: &[&str]) -> Result<Vec<String>, Vec<String>> {
        let list: Vec<String> = path.iter().map(|&key| key.to_owned()).collect();
        let mut records = JsonRecordReader::new(std::io::BufReader::with_capacity(3, text.as_bytes()), list);
        let mut found = Vec::new();
        loop {
            match records.next() {
                Ok(Some(record)) => found.push(String::from_utf8_lossy(record).trim().to_owned()),
                Ok(None) => return Ok(found),
                Err(JsonRecordError::NoList { keys }) => return Err(keys),
                Err(JsonRecordError::WrongValue { path, found }) => {
                    return Err(vec![path.join("."), found.to_string()]);
                }
                Err(JsonRecordError::NotClosed) => return Err(vec!["not closed".to_owned()]),
                Err(JsonRecordError::Wrong { what, .. }) => return Err(vec![what.to_owned()]),
                Err(other) => panic!("{other:?}"),
            }
        }
    }

    const TEXT: &str = r#" {"n\"}": "]}", "meta": {"value": [7]}, "d": {"x": [[]], "value": [ {"a": [1]}, {} ], "y": "{"},
        "z": null} "#;

    #[test]
    fn list_is_found_among_other_members() {
        assert_eq!(read(TEXT, &["d", "value"]), Ok(vec!["{\"a\": [1]}".to_owned(), "{}".to_owned()]));
        assert_eq!(read(TEXT, &["meta", "value"]), Ok(vec!["7".to_owned()]));
        assert_eq!(read("{\"value\": []}", &["value"]), Ok(Vec::new()));
        assert_eq!(read("{\"value\": [1], \"next\": {}}\n", &["value"]), Ok(vec!["1".to_owned()]));
    }

    #[test]
    fn keys_in_the_place_of_the_list_are_told() {
        let keys = |names: &[&str]| Err(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        assert_eq!(read(TEXT, &["value"]), keys(&["n\"}", "meta", "d", "z"]));
        assert_eq!(read(TEXT, &["d", "items"]), keys(&["x", "value", "y"]));
        assert_eq!(read(TEXT, &["d"]), keys(&["d", "an object"]));
        assert_eq!(read(TEXT, &["z", "value"]), keys(&["z", "null"]));
        assert_eq!(read(TEXT, &["meta", "value", "x"]), keys(&["meta.value", "a list"]));
        assert_eq!(read("[1]", &["d"]), keys(&["", "a list"]));
        assert_eq!(read("\"d\"", &["d"]), keys(&["", "a text"]));
        assert_eq!(read("{\"value\": [1]} 7", &["value"]), keys(&["unexpected data after the list"]));
    }

    #[test]
    fn no_part_of_the_file_is_a_list() {
        let whole = TEXT.trim();
        for end in 1..whole.len() {
            assert_eq!(read(&whole[..end], &["d", "value"]), Err(vec!["not closed".to_owned()]), "{end}");
        }
    }
}
