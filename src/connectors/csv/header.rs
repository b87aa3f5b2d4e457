//! The header line: delimiter and columns.

use std::collections::HashSet;

use crate::AttributeMapping;
use crate::csv::CsvError;
use crate::csv::field::field_text;
use crate::file::decode_garbled;
use crate::mapper::find_address;
use rollcall_model::attributes::AttributeSet;
use rollcall_model::names::{clean, nearest};

/// Number of columns that an error message lists.
const LISTED_COLUMNS: usize = 100;

/// Delimiters that are tried, the most common first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The delimiter that yields most of the mapped columns, then most fields.
pub(super) fn delimiter(line: &[u8], mapping: &AttributeMapping) -> u8 {
    let score = |delimiter: u8| {
        let fields = fields(line, delimiter);
        let mapped =
            mapping.columns.iter().filter(|(_, source)| fields.iter().any(|field| field == source)).count();
        (mapped, fields.len())
    };
    // `max_by_key` returns the last of equal elements, so the most common delimiter comes last.
    DELIMITERS.into_iter().rev().max_by_key(|&delimiter| score(delimiter)).unwrap_or(b',')
}

/// Whether a line has all mapped columns.
pub(super) fn has_all_columns(line: &[u8], mapping: &AttributeMapping) -> bool {
    let fields = fields(line, delimiter(line, mapping));
    mapping.columns.iter().all(|(_, source)| fields.contains(source))
}

fn fields(line: &[u8], delimiter: u8) -> Vec<String> {
    let mut record = ::csv::ByteRecord::new();
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter).from_reader(line);
    match reader.read_byte_record(&mut record) {
        Ok(true) => record.iter().map(|field| column_name(&String::from_utf8_lossy(field))).collect(),
        Ok(false) | Err(_) => Vec::new(),
    }
}

/// The name of a column as it is compared with the mapping.
pub(super) fn column_name(field: &str) -> String {
    clean(&field_text(field)).into_owned()
}

/// Returns whether a line in the place of the header has values of a person, and no mapped column.
pub(super) fn has_values(columns: &[String], mapping: &AttributeMapping) -> bool {
    let is_value = |field: &String| {
        find_address(field).is_some()
            || (!field.is_empty() && field.bytes().all(|byte| byte.is_ascii_digit()))
    };
    columns.iter().any(is_value) && mapping.columns.iter().all(|(_, source)| !columns.contains(source))
}

/// The letters of ASCII of a name, with a mark for what stands between them.
fn ascii_skeleton(name: &str) -> String {
    let mut skeleton = String::new();
    for c in name.chars() {
        if c.is_ascii() {
            skeleton.push(c);
        } else if !skeleton.ends_with('\u{fffd}') {
            skeleton.push('\u{fffd}');
        }
    }
    skeleton
}

/// The error of a mapped column that the header has in another encoding.
fn find_garbled_column(source: &str, columns: &[String]) -> Option<CsvError> {
    if source.is_ascii() {
        return None;
    }
    let skeleton = ascii_skeleton(source);
    let found = columns.iter().find(|name| !name.is_ascii() && ascii_skeleton(name) == skeleton)?;
    // The bytes of UTF-8 that were read as letters of Windows-1252.
    let encoding = decode_garbled(found).is_some_and(|name| clean(&name) == source).then_some("utf-8");
    Some(CsvError::GarbledColumn { expected: source.to_owned(), found: found.clone(), encoding })
}

/// The position of each mapped column in a row, in the order of the mapping.
///
/// # Errors
///
/// If the header contains a column twice or lacks mapped columns; the error lists all of them.
pub(super) fn places(
    columns: &[String],
    mapping: &AttributeMapping,
    attributes: &AttributeSet,
) -> Result<Vec<usize>, CsvError> {
    let mut seen = HashSet::new();
    if let Some(repeated) = columns.iter().find(|name| !name.is_empty() && !seen.insert(name.as_str())) {
        return Err(CsvError::RepeatedColumn(repeated.clone()));
    }
    let mut places = Vec::new();
    let mut missing = Vec::new();
    for (attribute, source) in &mapping.columns {
        match columns.iter().position(|name| name == source) {
            Some(place) => places.push(place),
            None => {
                if let Some(garbled) = find_garbled_column(source, columns) {
                    return Err(garbled);
                }
                let meant = nearest(source, columns.iter().map(String::as_str));
                let meant = meant.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                missing.push(format!("`{source}` (mapped to `{}`{meant})", attributes.name(*attribute)));
            }
        }
    }
    if missing.is_empty() {
        return Ok(places);
    }
    let more = columns.len().saturating_sub(LISTED_COLUMNS);
    let mut columns: Vec<String> =
        columns.iter().take(LISTED_COLUMNS).map(|name| format!("`{name}`")).collect();
    if more > 0 {
        columns.push(format!("and {more} more"));
    }
    Err(CsvError::MissingColumns { missing, columns })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollcall_model::attributes::Attribute;

    fn mapping() -> AttributeMapping {
        let columns = vec![(Attribute::ID, "id".to_owned()), (Attribute::NAME, "full name".to_owned())];
        AttributeMapping { columns, ..AttributeMapping::default() }
    }

    #[test]
    fn the_delimiter_is_the_one_that_makes_sense_of_the_header() {
        for (line, expected) in [
            ("id,full name\n", b','),
            ("id;full name;a,b,c,d\r\n", b';'),
            ("id\tfull name\n", b'\t'),
            ("id|\"full name\"\n", b'|'),
            ("id\n", b','),
            ("x;y;z\n", b';'),
        ] {
            assert_eq!(delimiter(line.as_bytes(), &mapping()), expected, "{line}");
        }
    }

    #[test]
    fn every_missing_column_is_named_with_the_nearest_one() {
        let header = ["fullname", "mail"].map(str::to_owned);
        let fault =
            places(&header, &mapping(), &AttributeSet::default()).expect_err("two are missing").to_string();
        assert!(fault.contains("`id` (mapped to `id`)"), "{fault}");
        assert!(fault.contains("`full name` (mapped to `name`; did you mean `fullname`?)"), "{fault}");
        assert!(fault.ends_with("it has `fullname`, `mail`"), "{fault}");
    }

    #[test]
    fn column_in_another_encoding_is_told() {
        let columns = vec![(Attribute::ID, "Beschäftigung".to_owned())];
        let mapping = AttributeMapping { columns, ..AttributeMapping::default() };
        for (found, encoding) in [("BeschÃ¤ftigung", Some("utf-8")), ("Besch„ftigung", None)] {
            let header = [found.to_owned()];
            let error = places(&header, &mapping, &AttributeSet::default()).expect_err("garbled");
            let expected = "Beschäftigung".to_owned();
            assert_eq!(error, CsvError::GarbledColumn { expected, found: found.to_owned(), encoding });
        }
        let header = ["Beschaftigung".to_owned()];
        let error = places(&header, &mapping, &AttributeSet::default()).expect_err("another column");
        assert!(matches!(error, CsvError::MissingColumns { .. }), "{error:?}");
    }

    #[test]
    fn a_column_may_not_be_named_twice() {
        let header = ["id", "full name", " id ", "", "=\"\""].map(column_name);
        let fault = places(&header, &mapping(), &AttributeSet::default()).expect_err("named twice");
        assert_eq!(fault, CsvError::RepeatedColumn("id".to_owned()));
    }
}
