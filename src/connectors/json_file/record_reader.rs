//! Splits a file into the raw bytes of its records.
//!
//! Only brackets, quotes and commas are examined; the JSON parser handles the rest.

use std::io::{self, BufRead, Read};

use super::json_value_kind::JsonValueKind;
use crate::exceeded_limit::ExceededLimit;
use crate::json::KeyPath;
use rollcall_model::resource_limits::ResourceLimit;

/// The bound on the size of a record; a typical person has a few thousand bytes.
const LARGEST: ResourceLimit = ResourceLimit::RecordBytes;

/// Number of bytes behind the first record that are looked at if it is not a person.
const LOOK_AHEAD: u64 = 1 << 16;

/// The UTF-8 byte order mark.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Iterates over the records of a file.
#[derive(Debug)]
pub(super) struct JsonRecordReader<R> {
    pub(super) file: R,
    /// The path of the list; empty if the file is the list.
    pub(super) list: KeyPath,
    form: Option<JsonRecordLayout>,
    pub(super) record: Vec<u8>,
    number: u64,
}

/// The layout of the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum JsonRecordLayout {
    /// In one array, after its last record so far.
    Array,
    /// In an array that is closed.
    Closed,
    /// One record per line.
    Lines,
}

/// Reason why there is no next record.
#[derive(Debug)]
pub(super) enum JsonRecordError {
    /// The system cannot read on.
    Unreadable(io::Error),
    /// The file ends inside the array.
    NotClosed,
    /// The file has no list at the path.
    NoList {
        /// The keys in its place.
        keys: Vec<String>,
    },
    /// The value at the path, or on the way to it, is of another kind.
    WrongValue {
        /// The names as far as the value; empty for the whole file.
        path: KeyPath,
        /// What it is.
        found: JsonValueKind,
    },
    /// The record exceeds its bound.
    TooLarge(ExceededLimit),
    /// Unexpected content instead of a record.
    Wrong {
        /// The position.
        place: String,
        /// The problem.
        what: &'static str,
    },
}

impl<R: BufRead> JsonRecordReader<R> {
    pub(super) fn new(file: R, list: KeyPath) -> Self {
        Self { file, list, form: None, record: Vec::new(), number: 0 }
    }

    /// Returns whether the records are in one array.
    pub(super) fn is_array(&self) -> bool {
        matches!(self.form, Some(JsonRecordLayout::Array | JsonRecordLayout::Closed))
    }

    /// The position of the last record.
    pub(super) fn place(&self) -> String {
        let what = if self.is_array() { "element" } else { "line" };
        format!("{what} {}", self.number)
    }

    /// The text of the last record.
    pub(super) fn record(&self) -> &[u8] {
        &self.record
    }

    /// Reads the start of what follows the last record, for a message. No record can be read afterwards.
    pub(super) fn read_on(&mut self) -> io::Result<()> {
        (&mut self.file).take(LOOK_AHEAD).read_to_end(&mut self.record).map(drop)
    }

    /// The bytes of the next record; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, JsonRecordError> {
        let form = match self.form {
            Some(form) => form,
            None => self.begin()?,
        };
        let there = match form {
            JsonRecordLayout::Lines => self.next_line()?,
            JsonRecordLayout::Array => self.next_element()?,
            JsonRecordLayout::Closed => false,
        };
        Ok(there.then_some(self.record.as_slice()))
    }

    /// Detects the layout from the first byte.
    fn begin(&mut self) -> Result<JsonRecordLayout, JsonRecordError> {
        if self.file.fill_buf().map_err(JsonRecordError::Unreadable)?.starts_with(BOM) {
            self.file.consume(BOM.len());
        }
        let form = match self.skip_space()? {
            Some(_) if !self.list.is_empty() => {
                self.enter_list()?;
                JsonRecordLayout::Array
            }
            Some(b'[') => {
                self.file.consume(1);
                JsonRecordLayout::Array
            }
            Some(_) | None => JsonRecordLayout::Lines,
        };
        self.form = Some(form);
        Ok(form)
    }

    /// The next byte that is not whitespace, not consumed.
    pub(super) fn skip_space(&mut self) -> Result<Option<u8>, JsonRecordError> {
        loop {
            let buffer = self.file.fill_buf().map_err(JsonRecordError::Unreadable)?;
            let Some(&first) = buffer.first() else { return Ok(None) };
            let spaces = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            if spaces == 0 {
                return Ok(Some(first));
            }
            self.file.consume(spaces);
        }
    }

    fn next_line(&mut self) -> Result<bool, JsonRecordError> {
        loop {
            self.record.clear();
            self.number += 1;
            // One byte more than allowed.
            let mut limited = io::Read::take(&mut self.file, LARGEST.default_value() + 1);
            let read = limited.read_until(b'\n', &mut self.record).map_err(JsonRecordError::Unreadable)?;
            if read == 0 {
                return Ok(false);
            }
            self.check_size()?;
            if !self.record.iter().all(u8::is_ascii_whitespace) {
                return Ok(true);
            }
        }
    }

    fn next_element(&mut self) -> Result<bool, JsonRecordError> {
        match self.skip_space()? {
            None => return Err(JsonRecordError::NotClosed),
            Some(b']') if self.number == 0 => return self.close(),
            Some(_) => {}
        }
        self.number += 1;
        self.record.clear();
        match self.value(b']', true)? {
            b',' => {}
            // The end of the array; it is examined again with the next record.
            _ => {
                self.close()?;
            }
        }
        if self.record.iter().all(u8::is_ascii_whitespace) {
            return Err(self.wrong("it is empty"));
        }
        Ok(true)
    }

    /// Reads up to the comma or closing bracket after a value and returns it.
    pub(super) fn value(&mut self, closing: u8, is_kept: bool) -> Result<u8, JsonRecordError> {
        let (mut depth, mut in_text, mut escaped) = (0_u32, false, false);
        loop {
            let buffer = self.file.fill_buf().map_err(JsonRecordError::Unreadable)?;
            if buffer.is_empty() {
                return Err(JsonRecordError::NotClosed);
            }
            let mut end = None;
            for (at, &byte) in buffer.iter().enumerate() {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' if in_text => escaped = true,
                    b'"' => in_text = !in_text,
                    _ if in_text => {}
                    _ if depth == 0 && (byte == b',' || byte == closing) => {
                        end = Some((at, byte));
                        break;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
            let length = end.map_or(buffer.len(), |(at, _)| at);
            if is_kept {
                self.record.extend_from_slice(&buffer[..length]);
            }
            self.file.consume(length);
            self.check_size()?;
            if let Some((_, byte)) = end {
                if byte == b',' {
                    self.file.consume(1);
                }
                return Ok(byte);
            }
        }
    }

    /// Reads the closing bracket of the array; nothing may follow.
    fn close(&mut self) -> Result<bool, JsonRecordError> {
        self.file.consume(1);
        self.form = Some(JsonRecordLayout::Closed);
        let element = std::mem::take(&mut self.record);
        self.leave_objects()?;
        self.record = element;
        match self.skip_space()? {
            None => Ok(false),
            Some(_) => Err(self.wrong("unexpected data after the list")),
        }
    }

    pub(super) fn check_size(&self) -> Result<(), JsonRecordError> {
        ExceededLimit::check_size(LARGEST, self.record.len())
            .map_err(|limit| JsonRecordError::TooLarge(limit.of(|| self.place())))
    }

    pub(super) fn wrong(&self, what: &'static str) -> JsonRecordError {
        JsonRecordError::Wrong { place: self.place(), what }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// The records, or a word for the problem; must not depend on the chunks in which the bytes are read.
    fn read(text: &str) -> Result<Vec<String>, &'static str> {
        let all = |size: usize| {
            let mut records =
                JsonRecordReader::new(io::BufReader::with_capacity(size, text.as_bytes()), KeyPath::new());
            let mut found = Vec::new();
            loop {
                match records.next() {
                    Ok(Some(record)) => found.push(String::from_utf8_lossy(record).trim().to_owned()),
                    Ok(None) => return Ok(found),
                    Err(JsonRecordError::Wrong { what, .. }) => return Err(what),
                    Err(JsonRecordError::NoList { .. } | JsonRecordError::WrongValue { .. }) => {
                        return Err("no list");
                    }
                    Err(JsonRecordError::NotClosed) => return Err("not closed"),
                    Err(JsonRecordError::TooLarge(_)) => return Err("too large"),
                    Err(JsonRecordError::Unreadable(_)) => return Err("unreadable"),
                }
            }
        };
        let whole = all(1 << 16);
        assert_eq!(all(3), whole, "{text}");
        whole
    }

    #[test]
    fn an_array_falls_into_its_elements() {
        assert_eq!(read("[]"), Ok(Vec::new()));
        let text = " [ {\"a\": [1, 2, {\"b\": \"],}\\\"\"}]} ,\n{\"c\": {}}, 7 ]\n ";
        let expected = ["{\"a\": [1, 2, {\"b\": \"],}\\\"\"}]}", "{\"c\": {}}", "7"];
        assert_eq!(read(text), Ok(expected.map(str::to_owned).to_vec()));
        assert_eq!(read("\u{feff}[{}]"), Ok(vec!["{}".to_owned()]));
    }

    #[test]
    fn lines_fall_into_records_and_empty_ones_are_none() {
        assert_eq!(
            read("{\"a\": 1}\n\n{\"a\": \"]\"}\r\n"),
            Ok(vec!["{\"a\": 1}".to_owned(), "{\"a\": \"]\"}".to_owned()])
        );
    }

    #[test]
    fn what_is_cut_or_goes_on_is_no_list() {
        let text = "[{\"a\": \"b\"}, {\"c\": [1]}]";
        for end in 1..text.len() {
            assert_eq!(read(&text[..end]), Err("not closed"), "{}", &text[..end]);
        }
        assert_eq!(read("[{}] {}"), Err("unexpected data after the list"));
        assert_eq!(read("[{},]"), Err("it is empty"));
        assert_eq!(read("[,{}]"), Err("it is empty"));
    }

    /// A record of 16 MiB is read, and one more byte is refused, as a line and as an element.
    #[test]
    fn record_beyond_the_limit_is_refused() {
        let size = usize::try_from(LARGEST.default_value()).expect("it fits");
        let text = |bytes: usize| format!("\"{}\"", "a".repeat(bytes - 2));
        let count = |text: &str| {
            let mut records = JsonRecordReader::new(text.as_bytes(), KeyPath::new());
            match records.next() {
                Ok(record) => Ok(record.map_or(0, <[u8]>::len)),
                Err(JsonRecordError::TooLarge(limit)) => Err(limit.subject.unwrap_or_default()),
                Err(other) => panic!("{other:?}"),
            }
        };
        assert_eq!(count(&format!("[{}]", text(size))), Ok(size));
        assert_eq!(count(&format!("[{}]", text(size + 1))), Err("element 1".to_owned()));
        assert_eq!(count(&format!("{}\n", text(size - 1))), Ok(size));
        assert_eq!(count(&format!("{}\n", text(size))), Err("line 1".to_owned()));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i32>().prop_map(Value::from),
            "[]{}\",\\\\a\n]{0,6}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a\"\\]]{0,2}", inner, 0..3)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn an_array_has_its_elements_and_no_part_of_it_is_one(elements in prop::collection::vec(value(), 0..4), spaced in any::<bool>()) {
            let whole = Value::from(elements.clone());
            let text = if spaced { format!("{whole:#}") } else { whole.to_string() };
            prop_assert_eq!(read(&text).map(|records| records.len()), Ok(elements.len()));
            for end in (1..text.len()).filter(|&end| text.is_char_boundary(end)) {
                prop_assert!(read(&text[..end]).is_err(), "{}", &text[..end]);
            }
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let mut records = JsonRecordReader::new(io::BufReader::with_capacity(3, bytes.as_slice()), KeyPath::new());
            while let Ok(Some(_)) = records.next() {}
        }
    }
}
