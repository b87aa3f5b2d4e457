//! Entry points of the fuzzer: the parsers of this crate with arbitrary bytes. Built only with `--cfg fuzzing`.
//!
//! No parser may panic. The two parsers of whole lists must not accept a part of a list as complete; they must
//! return an error.

use std::sync::LazyLock;

use crate::AttributeMapping;
use crate::api::fuzz_support;
use crate::api::vendors::VENDORS;
use crate::json::{NameComparison, ResponseLayout, ValueExtractor, ValuePath};
use crate::mapper::RecordMapper;
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::names::ConnectorName;

const SAMPLE_PATHS: [&str; 4] = ["id", "a.b | c", "emails[?@.type=='work'].value", "['x.y'].z"];

/// Parsed once: parsing a path takes longer than one fuzz case.
static PATHS: LazyLock<Vec<ValuePath>> =
    LazyLock::new(|| SAMPLE_PATHS.iter().filter_map(|place| ValuePath::parse(place).ok()).collect());

fn extractor() -> ValueExtractor {
    ValueExtractor::new(PATHS.iter()).with_flags(&["gone"], &["0000-00-00"])
}

fn mapping() -> AttributeMapping {
    let columns = [(Attribute::ID, "id"), (Attribute::EMAIL, "mail"), (Attribute::START_DATE, "start")];
    AttributeMapping {
        columns: columns.map(|(attribute, name)| (attribute, name.to_owned())).to_vec(),
        ..AttributeMapping::default()
    }
}

/// Parses and maps a response of an API.
pub fn json_page(bytes: &[u8]) {
    let keys = |name: &str| vec![name.to_owned()];
    let layout = ResponseLayout {
        list: keys("data"),
        total: Some(keys("total")),
        next: Some(keys("next")),
        empty: Some(keys("kind")),
        names: NameComparison::Exact,
    };
    let (name, mapping, attributes) = (ConnectorName::new("fuzz"), mapping(), AttributeSet::default());
    let mut mapper = RecordMapper::new(&name, &mapping, &attributes);
    let _ = layout.read(bytes, &mut extractor(), |record, _| mapper.push(record, String::new));
    let _ = mapper.finish();
}

/// Parses a page of a known system, selected by the first byte, with its default mapping.
pub fn kind_page(bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else { return };
    let kind = VENDORS[usize::from(*first) % VENDORS.len()];
    if let Some((page, people)) = fuzz_support::parse_page(kind, body) {
        let (received, reported) =
            (people.len() as u64 + people.set_aside(), page.records.unwrap_or_default());
        assert_eq!(received, reported, "each record of a page counts");
    }
}

/// Parses the records of a JSON file.
pub fn json_records(bytes: &[u8]) {
    crate::json_file::fuzz(bytes, &mut extractor());
}

/// Parses the header and rows of a CSV file.
pub fn csv_file(bytes: &[u8]) {
    crate::csv::fuzz(bytes, mapping());
}

/// Parses one entry of an LDAP server.
pub fn ldap_entry(bytes: &[u8]) {
    let (name, mapping, attributes) = (ConnectorName::new("fuzz"), mapping(), AttributeSet::default());
    let mut mapper = RecordMapper::new(&name, &mapping, &attributes);
    crate::ldap::fuzz(bytes, &mapping, |record| mapper.push(record, String::new));
    let _ = mapper.finish();
}

/// Splits everything that an LDAP server sends into messages and decodes them.
pub fn ldap_connection(bytes: &[u8]) {
    let (name, mapping, attributes) = (ConnectorName::new("fuzz"), mapping(), AttributeSet::default());
    let mut mapper = RecordMapper::new(&name, &mapping, &attributes);
    crate::ldap::fuzz_connection(bytes, &mapping, |record| mapper.push(record, String::new));
    let _ = mapper.finish();
}
