//! What the fuzzer calls: the parsers of this room, each with any bytes. Built only with `--cfg fuzzing`.
//!
//! None of them may panic; the two that read whole lists must not take a part of one for all of it, which they show by
//! ending in an error.

use std::sync::LazyLock;

use crate::api::any;
use crate::api::kinds::KINDS;
use crate::json::{Path, Picker, Shape};
use crate::mapper::Mapper;
use crate::mapping::Mapping;
use rollcall_model::attributes::{Attribute, Attributes};
use rollcall_model::names::ConnectorName;

const PLACES: [&str; 4] = ["id", "a.b | c", "emails[?@.type=='work'].value", "['x.y'].z"];

/// Read once: to read a path takes longer than what is tried with it.
static PATHS: LazyLock<Vec<Path>> =
    LazyLock::new(|| PLACES.iter().filter_map(|place| Path::parse(place).ok()).collect());

fn picker() -> Picker {
    Picker::new(PATHS.iter()).with(&["gone"], &["0000-00-00"])
}

fn mapping() -> Mapping {
    let columns = [(Attribute::ID, "id"), (Attribute::EMAIL, "mail"), (Attribute::START_DATE, "start")];
    Mapping {
        columns: columns.map(|(attribute, name)| (attribute, name.to_owned())).to_vec(),
        ..Mapping::default()
    }
}

/// An answer of an API, mapped.
pub fn json_page(bytes: &[u8]) {
    let keys = |name: &str| vec![name.to_owned()];
    let shape = Shape {
        list: keys("data"),
        total: Some(keys("total")),
        next: Some(keys("next")),
        empty: Some(keys("kind")),
    };
    let (name, mapping, attributes) = (ConnectorName::new("fuzz"), mapping(), Attributes::default());
    let mut mapper = Mapper::new(&name, &mapping, &attributes);
    let _ = shape.read(bytes, &mut picker(), |record, _| mapper.push(record, String::new));
    let _ = mapper.finish();
}

/// A page of a known system, which the first byte chooses, read by its default mapping.
pub fn kind_page(bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else { return };
    let kind = KINDS[usize::from(*first) % KINDS.len()];
    if let Some((page, people)) = any::page(kind, body) {
        let (came, told) = (people.len() as u64 + people.set_aside(), page.records.unwrap_or_default());
        assert_eq!(came, told, "each record of a page counts");
    }
}

/// The records of a file of JSON.
pub fn json_records(bytes: &[u8]) {
    crate::json_file::fuzz(bytes, &mut picker());
}

/// The header and the rows of a file of fields.
pub fn csv_file(bytes: &[u8]) {
    crate::csv::fuzz(bytes, mapping());
}

/// One entry of an LDAP server, as it comes over the line.
pub fn ldap_entry(bytes: &[u8]) {
    let (name, mapping, attributes) = (ConnectorName::new("fuzz"), mapping(), Attributes::default());
    let mut mapper = Mapper::new(&name, &mapping, &attributes);
    crate::ldap::fuzz(bytes, &mapping, |record| mapper.push(record, String::new));
    let _ = mapper.finish();
}
