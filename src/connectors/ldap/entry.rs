//! What stands in one message of a search's answer.
//!
//! The crate's own parser panics on what is malformed, and takes apart attributes that nobody mapped; this one answers
//! with `None`, copies nothing that is not wanted, and sees the bytes of binary ids as they are.

use std::borrow::Cow;
use std::fmt::Write;

use ldap3::asn1::{PL, StructureTag, parse_tag};
use rustc_hash::FxHashMap;

use crate::connectors::Mapping;
use crate::connectors::mapper::Record;
use crate::model::names::clean;

/// The id of a search result entry (RFC 4511 4.5.2).
pub(super) const ENTRY: u64 = 4;

/// The id of a search result reference.
pub(super) const REFERENCE: u64 = 19;

/// Takes entries apart by the columns of a mapping.
#[derive(Debug)]
pub(super) struct Entries {
    wanted: FxHashMap<String, Vec<usize>>,
    /// Attribute names as this server spells them, and their columns; none for a name that nobody mapped.
    spellings: FxHashMap<Vec<u8>, Wanted>,
}

#[derive(Debug, Clone)]
struct Wanted {
    columns: Vec<usize>,
    is_guid: bool,
}

impl Entries {
    /// Prepares for the columns of a mapping. Names are compared without case (RFC 4512 2.5); one with options, such as
    /// `title;lang-de`, is another attribute than the one without.
    pub fn new(mapping: &Mapping) -> Self {
        let mut wanted: FxHashMap<String, Vec<usize>> = FxHashMap::default();
        for (column, (_, name)) in mapping.columns.iter().enumerate() {
            wanted.entry(name.to_ascii_lowercase()).or_default().push(column);
        }
        Self { wanted, spellings: FxHashMap::default() }
    }

    /// Reads an entry into a record; `None` when it is malformed.
    pub fn read(&mut self, entry: &StructureTag, record: &mut Record) -> Option<()> {
        record.clear();
        let [dn, attributes] = constructed(entry)? else { return None };
        for attribute in constructed(attributes)? {
            let [name, values] = constructed(attribute)? else { return None };
            let (name, values) = (primitive(name)?, constructed(values)?);
            let wanted = self.wanted(name)?;
            if wanted.columns.is_empty() {
                continue;
            }
            for value in values {
                let value = primitive(value)?;
                let is_guid = wanted.is_guid && value.len() == GUID_ORDER.len();
                let text = match std::str::from_utf8(value) {
                    Ok(text) if !is_guid => Cow::Borrowed(text),
                    Ok(_) | Err(_) => Cow::Owned(binary(value, is_guid)),
                };
                for &column in &wanted.columns {
                    record.add(column, &text);
                }
            }
        }
        primitive(dn).map(|_| ())
    }

    fn wanted(&mut self, name: &[u8]) -> Option<&Wanted> {
        if !self.spellings.contains_key(name) {
            let lower = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
            let columns = self.wanted.get(&lower).cloned().unwrap_or_default();
            self.spellings.insert(name.to_vec(), Wanted { columns, is_guid: lower == "objectguid" });
        }
        self.spellings.get(name)
    }
}

/// The DN of an entry, as the server spells it.
pub(super) fn dn(entry: &StructureTag) -> Option<&[u8]> {
    constructed(entry)?.first().and_then(primitive)
}

/// The first address of a search result reference, for the report.
pub(super) fn reference(message: &StructureTag) -> String {
    let first = constructed(message).and_then(<[_]>::first).and_then(primitive).unwrap_or_default();
    clean(&String::from_utf8_lossy(first)).into_owned()
}

/// The cookie of a paging control's value (RFC 2696 2); `None` when it is malformed.
pub(super) fn cookie(value: &[u8]) -> Option<Vec<u8>> {
    let (_, control) = parse_tag(value).ok()?;
    let [_, cookie] = constructed(&control)? else { return None };
    primitive(cookie).map(<[u8]>::to_vec)
}

/// Where the bytes of an `objectGUID` stand in the form that Active Directory's own tools show: the first three parts are
/// little-endian (MS-DTYP 2.3.4).
const GUID_ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

/// A value that is no text: the 16 bytes of an `objectGUID`, or anything as lower-case hexadecimal digits.
fn binary(value: &[u8], is_guid: bool) -> String {
    let mut text = String::with_capacity(2 * value.len() + 4);
    for place in 0..value.len() {
        if is_guid && matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let byte = if is_guid { value[GUID_ORDER[place]] } else { value[place] };
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
    }
    text
}

fn constructed(tag: &StructureTag) -> Option<&[StructureTag]> {
    match &tag.payload {
        PL::C(parts) => Some(parts),
        PL::P(_) => None,
    }
}

fn primitive(tag: &StructureTag) -> Option<&[u8]> {
    match &tag.payload {
        PL::P(bytes) => Some(bytes),
        PL::C(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use ldap3::asn1::TagClass;

    use super::*;
    use crate::model::attributes::Attribute;

    fn bytes(value: &[u8]) -> StructureTag {
        StructureTag { class: TagClass::Universal, id: 4, payload: PL::P(value.to_vec()) }
    }

    fn list(parts: Vec<StructureTag>) -> StructureTag {
        StructureTag { class: TagClass::Universal, id: 16, payload: PL::C(parts) }
    }

    fn entry(attributes: &[(&str, &[&[u8]])]) -> StructureTag {
        let attributes = attributes.iter().map(|(name, values)| {
            list(vec![bytes(name.as_bytes()), list(values.iter().map(|v| bytes(v)).collect())])
        });
        list(vec![bytes(b"cn=ada"), list(attributes.collect())])
    }

    fn read(source: &str, entry: &StructureTag) -> Option<Vec<String>> {
        let mapping = Mapping { columns: vec![(Attribute::ID, source.to_owned())], ..Mapping::default() };
        let mut record = Record::default();
        Entries::new(&mapping).read(entry, &mut record)?;
        Some(record.of(0).map(std::borrow::Cow::into_owned).collect())
    }

    #[test]
    fn an_object_guid_is_written_as_active_directory_writes_it_even_where_its_bytes_are_text() {
        let guid =
            [0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF];
        let shown = read("objectguid", &entry(&[("objectGUID", &[&guid])])).expect("well formed");
        assert_eq!(shown, ["00112233-4455-6677-8899-aabbccddeeff"]);
        let shown =
            read("objectGUID", &entry(&[("objectGUID", &[b"abcdefghijklmnop"])])).expect("well formed");
        assert_eq!(shown, ["64636261-6665-6867-696a-6b6c6d6e6f70"]);
    }

    #[test]
    fn other_values_that_are_no_text_become_hexadecimal_digits() {
        assert_eq!(
            read("badge", &entry(&[("badge", &[&[0xff, 0x00, 0xA1]])])),
            Some(vec!["ff00a1".to_owned()])
        );
    }

    #[test]
    fn an_attribute_with_options_is_another_one() {
        let both = entry(&[("title;lang-de", &[b"Leiterin"]), ("TITLE", &[b"Head"])]);
        assert_eq!(read("title", &both), Some(vec!["Head".to_owned()]));
        assert_eq!(read("title;lang-DE", &both), Some(vec!["Leiterin".to_owned()]));
    }

    #[test]
    fn a_malformed_entry_is_no_entry_and_no_panic() {
        assert_eq!(read("mail", &bytes(b"x")), None);
        assert_eq!(read("mail", &list(vec![bytes(b"cn=ada")])), None);
        assert_eq!(read("mail", &list(vec![bytes(b"cn=ada"), list(vec![bytes(b"mail")])])), None);
        assert_eq!(read("mail", &entry(&[("\u{e9}", &[])])), Some(vec![]));
        assert_eq!(cookie(&[0x30, 0x80, 0x01]), None);
        assert_eq!(cookie(&[0x30, 0x05, 0x02, 0x01, 0x00, 0x04, 0x00]), Some(vec![]));
    }
}
