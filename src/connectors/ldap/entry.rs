//! What stands in one message of a search's answer.
//!
//! The crate's own parser panics on what is malformed, and takes apart attributes that nobody mapped; this one answers
//! with `None`, copies nothing that is not wanted, and sees the bytes of binary ids as they are.

use std::borrow::Cow;
use std::fmt::Write;

use ldap3::asn1::{PL, StructureTag};
use rustc_hash::FxHashMap;

use crate::connectors::Mapping;
use crate::connectors::ldap::ber::{self, INTEGER, OCTETS, SEQUENCE, SET};
use crate::connectors::mapper::Record;
use crate::model::names::clean;

/// The tag of a search result entry (RFC 4511 4.5.2).
pub(super) const ENTRY: u8 = 0x64;

/// The id of a search result reference.
pub(super) const REFERENCE: u64 = 19;

/// The id of an intermediate response (RFC 4511 4.13).
pub(super) const INTERMEDIATE: u64 = 25;

/// Takes entries apart by the columns of a mapping.
#[derive(Debug)]
pub(super) struct Entries {
    wanted: FxHashMap<String, Vec<usize>>,
    /// Attribute names as this server spells them.
    spellings: Vec<Spelling>,
    /// The spelling that is likely to come next: servers send attributes in the same order with every entry.
    likely: usize,
}

/// A name of an attribute as a server spells it, and its columns; none for a name that nobody mapped.
#[derive(Debug, Clone)]
struct Spelling {
    name: Box<[u8]>,
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
        Self { wanted, spellings: Vec::new(), likely: 0 }
    }

    /// Reads the contents of an entry into a record; `None` when the entry is malformed.
    pub fn read(&mut self, mut entry: &[u8], record: &mut Record) -> Option<()> {
        record.clear();
        ber::take(&mut entry, OCTETS)?;
        let mut attributes = ber::take(&mut entry, SEQUENCE)?;
        while !attributes.is_empty() {
            let mut attribute = ber::take(&mut attributes, SEQUENCE)?;
            let name = ber::take(&mut attribute, OCTETS)?;
            let mut values = ber::take(&mut attribute, SET)?;
            let spelling = self.spelling(name)?;
            while !values.is_empty() {
                let value = ber::take(&mut values, OCTETS)?;
                if spelling.columns.is_empty() {
                    continue;
                }
                let is_guid = spelling.is_guid && value.len() == GUID_ORDER.len();
                let text = match std::str::from_utf8(value) {
                    Ok(text) if !is_guid => Cow::Borrowed(text),
                    Ok(_) | Err(_) => Cow::Owned(binary(value, is_guid)),
                };
                for &column in &spelling.columns {
                    record.add(column, &text);
                }
            }
        }
        entry.is_empty().then_some(())
    }

    fn spelling(&mut self, name: &[u8]) -> Option<&Spelling> {
        let is_it = |spelling: &Spelling| *spelling.name == *name;
        let place = if self.spellings.get(self.likely).is_some_and(is_it) {
            self.likely
        } else {
            match self.spellings.iter().position(is_it) {
                Some(place) => place,
                None => self.learn(name)?,
            }
        };
        self.likely = place + 1;
        if self.likely == self.spellings.len() {
            self.likely = 0;
        }
        self.spellings.get(place)
    }

    fn learn(&mut self, name: &[u8]) -> Option<usize> {
        let lower = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
        let columns = self.wanted.get(&lower).cloned().unwrap_or_default();
        self.spellings.push(Spelling { name: name.into(), columns, is_guid: lower == "objectguid" });
        Some(self.spellings.len() - 1)
    }
}

/// The DN of an entry, as the server spells it.
pub(super) fn dn(mut entry: &[u8]) -> Option<&[u8]> {
    ber::take(&mut entry, OCTETS)
}

/// The first address of a search result reference, for the report.
pub(super) fn reference(message: &StructureTag) -> String {
    let first = match &message.payload {
        PL::C(parts) => parts.first().map(|part| &part.payload),
        PL::P(_) => None,
    };
    let address = match first {
        Some(PL::P(bytes)) => bytes.as_slice(),
        Some(PL::C(_)) | None => &[],
    };
    clean(&String::from_utf8_lossy(address)).into_owned()
}

/// The cookie of a paging control's value (RFC 2696 2); `None` when it is malformed.
pub(super) fn cookie(mut value: &[u8]) -> Option<Vec<u8>> {
    let mut control = ber::take(&mut value, SEQUENCE)?;
    ber::take(&mut control, INTEGER)?;
    ber::take(&mut control, OCTETS).map(<[u8]>::to_vec)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::attributes::Attribute;

    fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
        let length = u8::try_from(contents.len()).expect("short ones only");
        [&[tag, length], contents].concat()
    }

    fn entry(attributes: &[(&str, &[&[u8]])]) -> Vec<u8> {
        let attributes = attributes.iter().map(|(name, values)| {
            let values: Vec<u8> = values.iter().flat_map(|value| element(OCTETS, value)).collect();
            element(SEQUENCE, &[element(OCTETS, name.as_bytes()), element(SET, &values)].concat())
        });
        let attributes: Vec<u8> = attributes.flatten().collect();
        [element(OCTETS, b"cn=ada"), element(SEQUENCE, &attributes)].concat()
    }

    fn read(source: &str, entry: &[u8]) -> Option<Vec<String>> {
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
    fn attributes_may_come_in_any_order_and_more_than_once() {
        let mapping = Mapping {
            columns: vec![(Attribute::ID, "uid".to_owned()), (Attribute::EMAIL, "mail".to_owned())],
            ..Mapping::default()
        };
        let (mut entries, mut record) = (Entries::new(&mapping), Record::default());
        for names in
            [["uid", "mail", "l"], ["mail", "l", "uid"], ["l", "uid", "mail"], ["mail", "mail", "uid"]]
        {
            let values = names.map(|name| [name.as_bytes()]);
            let attributes = [0, 1, 2].map(|place| (names[place], &values[place][..]));
            let entry = entry(&attributes);
            assert_eq!(entries.read(&entry, &mut record), Some(()));
            assert_eq!(dn(&entry), Some(&b"cn=ada"[..]));
            let of = |column| record.of(column).map(Cow::into_owned).collect::<Vec<_>>();
            let mails = names.iter().filter(|&&name| name == "mail").count();
            assert_eq!((of(0), of(1)), (vec!["uid".to_owned()], vec!["mail".to_owned(); mails]), "{names:?}");
        }
    }

    #[test]
    fn a_malformed_entry_is_no_entry_and_no_panic() {
        let dn = element(OCTETS, b"cn=ada");
        let with = |attributes: &[u8]| [&dn[..], &element(SEQUENCE, attributes)].concat();
        assert_eq!(read("mail", &with(&[])), Some(vec![]));
        assert_eq!(read("mail", &[]), None);
        assert_eq!(read("mail", &dn), None);
        assert_eq!(read("mail", &with(&element(OCTETS, b"mail"))), None);
        assert_eq!(read("mail", &with(&element(SEQUENCE, &element(OCTETS, b"mail")))), None);
        assert_eq!(read("mail", &[with(&[]), dn.clone()].concat()), None);
        let whole = entry(&[("mail", &[b"ada@corp"])]);
        for length in 0..whole.len() {
            assert_eq!(read("mail", &whole[..length]), None, "{length} bytes");
        }
        assert_eq!(read("mail", &entry(&[("\u{e9}", &[])])), Some(vec![]));
        assert_eq!(cookie(&[0x30, 0x80, 0x01]), None);
        assert_eq!(cookie(&[0x30, 0x05, 0x02, 0x01, 0x00, 0x04, 0x00]), Some(vec![]));
    }
}
