//! Parser of search result entries.
//!
//! This is the only code that reads entries. The parser of `ldap3` panics on malformed input and builds
//! attributes that are not mapped; this one returns an error, copies only mapped values, and keeps the bytes of
//! binary ids.

use ldap3::asn1::{PL, StructureTag};
use rustc_hash::FxHashMap;

use crate::exceeded_limit::ExceededLimit;
use crate::ldap::attribute_syntax::AttributeSyntax;
use crate::ldap::ber::{self, INTEGER, OCTETS, SEQUENCE, SET};
use crate::ldap::value_range::{ValuePart, ValueRange};
use crate::mapper::{RecordValues, ValueExcess};
use rollcall_model::names::clean;
use rollcall_model::resource_limits::ResourceLimit;

/// The tag of a search result entry (RFC 4511 4.5.2).
pub(super) const ENTRY: u8 = 0x64;

/// The tag of the result of a search (RFC 4511 4.5.2).
pub(super) const RESULT: u8 = 0x65;

/// The operation id of a search result reference.
pub(super) const REFERENCE: u64 = 19;

/// The operation id of an intermediate response (RFC 4511 4.13).
pub(super) const INTERMEDIATE: u64 = 25;

/// Number of spellings that are kept: many more than a server has, few enough to be searched.
const MOST_SPELLINGS: usize = 1_000;

/// Reason why an entry is not usable.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum EntryError {
    /// Not an entry (RFC 4511 4.5.2).
    Malformed,
    /// A value or the record exceeds a bound.
    Exceeded(ExceededLimit),
}

/// Parses entries and extracts the mapped columns.
#[derive(Debug)]
pub(super) struct EntryParser {
    wanted: FxHashMap<String, Vec<usize>>,
    /// Attribute names as spelled by this server.
    spellings: Vec<AttributeSpelling>,
    /// The index of the spelling that is expected next: servers send attributes in the same order in every entry.
    likely: usize,
    /// The attributes of the last entry that were only partly returned.
    parts: Vec<ValuePart>,
}

/// An attribute name as spelled by a server, and its columns; empty if the attribute is not mapped.
#[derive(Debug, Clone)]
struct AttributeSpelling {
    name: Box<[u8]>,
    columns: Vec<usize>,
    form: AttributeSyntax,
    /// The attribute in lower case without the range, and the range.
    part: Option<(String, ValueRange)>,
}

impl EntryParser {
    /// Creates a parser for columns, by the attribute of each; a column without an attribute receives no values.
    /// Names are compared without case (RFC 4512 2.5). A name with options, such as `title;lang-de`, is a
    /// different attribute. A range of values, such as `member;range=0-1499`, belongs to the attribute itself.
    pub(super) fn new<'n>(columns: impl IntoIterator<Item = &'n str>) -> Self {
        let mut wanted: FxHashMap<String, Vec<usize>> = FxHashMap::default();
        for (column, name) in columns.into_iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            wanted.entry(name.to_ascii_lowercase()).or_default().push(column);
        }
        Self { wanted, spellings: Vec::new(), likely: 0, parts: Vec::new() }
    }

    /// Parses the contents of an entry into a record.
    pub(super) fn read(&mut self, entry: &[u8], record: &mut RecordValues) -> Result<(), EntryError> {
        record.clear();
        self.read_more(entry, record)
    }

    /// Parses an entry and adds its values to the record.
    pub(super) fn read_more(
        &mut self,
        mut entry: &[u8],
        record: &mut RecordValues,
    ) -> Result<(), EntryError> {
        self.parts.clear();
        let dn = take(&mut entry, OCTETS)?;
        let mut attributes = take(&mut entry, SEQUENCE)?;
        while !attributes.is_empty() {
            let mut attribute = take(&mut attributes, SEQUENCE)?;
            let name = take(&mut attribute, OCTETS)?;
            let mut values = take(&mut attribute, SET)?;
            let place = self.spelling(name).ok_or(EntryError::Malformed)?;
            let spelling = &self.spellings[place];
            let mut count = 0;
            while !values.is_empty() {
                let value = take(&mut values, OCTETS)?;
                count += 1;
                if spelling.columns.is_empty() {
                    continue;
                }
                ExceededLimit::check_size(ResourceLimit::LdapValueBytes, value.len())
                    .map_err(|limit| EntryError::Exceeded(limit.of(|| describe_value(name, dn))))?;
                let text = spelling.form.text(value);
                for &column in &spelling.columns {
                    record.add(column, &text);
                }
                if let Some(excess) = record.excess() {
                    return Err(EntryError::Exceeded(describe_excess(excess, name, dn)));
                }
            }
            if let Some((attribute, range)) = &spelling.part {
                self.parts.push(ValuePart { attribute: attribute.clone(), range: *range, count });
            }
        }
        if entry.is_empty() { Ok(()) } else { Err(EntryError::Malformed) }
    }

    /// The mapped attributes of the last entry that were only partly returned.
    pub(super) fn parts(&self) -> &[ValuePart] {
        &self.parts
    }

    fn spelling(&mut self, name: &[u8]) -> Option<usize> {
        let is_it = |spelling: &AttributeSpelling| *spelling.name == *name;
        let place = if self.spellings.get(self.likely).is_some_and(is_it) {
            self.likely
        } else {
            match self.spellings.iter().position(is_it) {
                Some(place) => place,
                None => self.add_spelling(name)?,
            }
        };
        self.likely = place + 1;
        if self.likely == self.spellings.len() {
            self.likely = 0;
        }
        Some(place)
    }

    fn add_spelling(&mut self, name: &[u8]) -> Option<usize> {
        let lower = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
        let (attribute, range) = ValueRange::split(&lower);
        let columns = self.wanted.get(&attribute).cloned().unwrap_or_default();
        let form = AttributeSyntax::for_attribute(&attribute);
        let part = range.filter(|_| !columns.is_empty()).map(|range| (attribute, range));
        if self.spellings.len() == MOST_SPELLINGS {
            self.spellings.clear();
        }
        self.spellings.push(AttributeSpelling { name: name.into(), columns, form, part });
        Some(self.spellings.len() - 1)
    }
}

fn take<'a>(bytes: &mut &'a [u8], tag: u8) -> Result<&'a [u8], EntryError> {
    ber::take_element(bytes, tag).ok_or(EntryError::Malformed)
}

/// An attribute of an entry, for messages.
pub(super) fn describe_value(attribute: &[u8], dn: &[u8]) -> String {
    format!("a value of `{}` of `{}`", shown(attribute), shown(dn))
}

/// A bound that the values of an attribute of an entry exceed.
fn describe_excess(excess: ValueExcess, attribute: &[u8], dn: &[u8]) -> ExceededLimit {
    excess.describe(&format!("`{}`", shown(attribute)), &format!("`{}`", shown(dn)))
}

/// A name of a server, for messages.
pub(super) fn shown(name: &[u8]) -> String {
    clean(&String::from_utf8_lossy(name)).into_owned()
}

/// The DN of an entry, as spelled by the server.
pub(super) fn dn(mut entry: &[u8]) -> Option<&[u8]> {
    ber::take_element(&mut entry, OCTETS)
}

/// The first URL of a search result reference, for messages.
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

/// The cookie in the value of a paging control (RFC 2696 2); `None` if it is malformed.
pub(super) fn cookie(mut value: &[u8]) -> Option<Vec<u8>> {
    let mut control = ber::take_element(&mut value, SEQUENCE)?;
    ber::take_element(&mut control, INTEGER)?;
    ber::take_element(&mut control, OCTETS).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {

    use proptest::prelude::*;

    use super::*;
    use crate::AttributeMapping;
    use crate::mapper::RecordMapper;
    use rollcall_model::attributes::{Attribute, AttributeSet};
    use rollcall_model::names::ConnectorName;

    fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
        match u8::try_from(contents.len()) {
            Ok(length @ ..0x80) => [&[tag, length], contents].concat(),
            Ok(length) => [&[tag, 0x81, length], contents].concat(),
            Err(_) => {
                let length = u16::try_from(contents.len()).expect("short ones only").to_be_bytes();
                [&[tag, 0x82], &length[..], contents].concat()
            }
        }
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
        let mut record = RecordValues::default();
        EntryParser::new([source]).read(entry, &mut record).ok()?;
        Some(record.values_of(0).map(str::to_owned).collect())
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
        let (mut entries, mut record) = (EntryParser::new(["uid", "mail"]), RecordValues::default());
        for names in
            [["uid", "mail", "l"], ["mail", "l", "uid"], ["l", "uid", "mail"], ["mail", "mail", "uid"]]
        {
            let values = names.map(|name| [name.as_bytes()]);
            let attributes = [0, 1, 2].map(|place| (names[place], &values[place][..]));
            let entry = entry(&attributes);
            assert_eq!(entries.read(&entry, &mut record), Ok(()));
            assert_eq!(dn(&entry), Some(&b"cn=ada"[..]));
            let of = |column| record.values_of(column).map(str::to_owned).collect::<Vec<_>>();
            let mails = names.iter().filter(|&&name| name == "mail").count();
            assert_eq!((of(0), of(1)), (vec!["uid".to_owned()], vec!["mail".to_owned(); mails]), "{names:?}");
        }
    }

    #[test]
    fn a_part_of_the_values_is_of_the_attribute_itself_and_told() {
        let mut entries = EntryParser::new(["memberOf", "mail"]);
        let mut record = RecordValues::default();
        let both = entry(&[
            ("memberOf", &[]),
            ("memberOf;Range=0-1", &[b"a", b"b"]),
            ("x;range=0-1", &[b"y"]),
            ("mail", &[b"m"]),
        ]);
        assert_eq!(entries.read(&both, &mut record), Ok(()));
        assert_eq!(record.values_of(0).map(str::to_owned).collect::<Vec<_>>(), ["a", "b"]);
        let part = ValuePart {
            attribute: "memberof".to_owned(),
            range: ValueRange { first: 0, last: Some(1) },
            count: 2,
        };
        assert_eq!(entries.parts(), [part]);
        assert_eq!(entries.read(&entry(&[("mail", &[b"m"])]), &mut record), Ok(()));
        assert_eq!(entries.parts(), []);
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

    /// Parses an entry as the connector does and maps it; returns the number of people and of rejected records.
    fn mapped(bytes: &[u8]) -> Option<(usize, u64)> {
        let columns = [
            (Attribute::ID, "objectGUID"),
            (Attribute::EMAIL, "mail"),
            (Attribute::STATUS, "objectSid"),
            (Attribute::START_DATE, "from"),
        ];
        let columns = columns.map(|(attribute, name)| (attribute, name.to_owned())).to_vec();
        let (name, attributes) = (ConnectorName::new("corp"), AttributeSet::default());
        let mapping = AttributeMapping { columns, ..AttributeMapping::default() };
        let mut mapper = RecordMapper::new(&name, &mapping, &attributes);
        let mut record = RecordValues::default();
        EntryParser::new(mapping.columns.iter().map(|(_, name)| name.as_str()))
            .read(bytes, &mut record)
            .ok()?;
        mapper.push(&record, String::new);
        let people = mapper.into_people().ok()?;
        Some((people.len(), people.set_aside()))
    }

    fn attributes() -> impl Strategy<Value = Vec<(String, Vec<Vec<u8>>)>> {
        let known = ["objectGUID", "MAIL", "objectSid", "from", "mail;range=0-1", "objectguid;lang-de"];
        let name = prop_oneof![
            4 => prop::sample::select(known.to_vec()).prop_map(str::to_owned),
            1 => "[a-z;=0-9*-]{0,9}",
        ];
        let value = prop_oneof![
            any::<[u8; 16]>().prop_map(|bytes| bytes.to_vec()),
            prop::collection::vec(any::<u8>(), 0..9),
            "\\PC{0,3}@[a-z]{1,3}".prop_map(String::into_bytes),
        ];
        let values = prop::collection::vec(value, 0..3);
        prop::collection::vec((name, values), 0..3)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = (mapped(&bytes), dn(&bytes), cookie(&bytes), ber::parse_message(&bytes), ber::measure_message(&bytes, 50));
        }

        #[test]
        fn an_entry_is_one_record_and_no_part_of_it_is_an_entry(attributes in attributes()) {
            let slices: Vec<(&str, Vec<&[u8]>)> =
                attributes.iter().map(|(name, values)| (name.as_str(), values.iter().map(Vec::as_slice).collect())).collect();
            let slices: Vec<(&str, &[&[u8]])> =
                slices.iter().map(|(name, values)| (*name, values.as_slice())).collect();
            let whole = entry(&slices);
            let (people, set_aside) = mapped(&whole).expect("well formed");
            prop_assert_eq!(people as u64 + set_aside, 1);
            for end in 0..whole.len() {
                prop_assert_eq!(mapped(&whole[..end]), None);
            }
            prop_assert_eq!(mapped(&[whole.as_slice(), &[OCTETS, 0]].concat()), None, "something follows");
            // The message that contains the entry, as the transport splits it.
            let number = element(INTEGER, &[7]);
            let message = element(SEQUENCE, &[number, element(ENTRY, &whole)].concat());
            for end in 0..message.len() {
                prop_assert_eq!(ber::measure_message(&message[..end], 1000), ber::MessageState::Incomplete);
                prop_assert_eq!(ber::parse_message(&message[..end]), None);
            }
            let found = ber::parse_message(&message).map(|message| (message.operation, message.contents));
            let begin = message.len() - whole.len();
            prop_assert_eq!(found, Some((ENTRY, begin..message.len())));
        }

        #[test]
        fn an_entry_that_lost_gained_or_changed_a_byte_is_one_record_or_none(
            attributes in attributes(), at in any::<prop::sample::Index>(), byte in any::<u8>(), how in 0..3,
        ) {
            let slices: Vec<(&str, Vec<&[u8]>)> =
                attributes.iter().map(|(name, values)| (name.as_str(), values.iter().map(Vec::as_slice).collect())).collect();
            let slices: Vec<(&str, &[&[u8]])> =
                slices.iter().map(|(name, values)| (*name, values.as_slice())).collect();
            let mut bytes = entry(&slices);
            let at = at.index(bytes.len());
            match how {
                0 => drop(bytes.remove(at)),
                1 => bytes.insert(at, byte),
                _ => bytes[at] = byte,
            }
            if let Some((people, set_aside)) = mapped(&bytes) {
                prop_assert_eq!(people as u64 + set_aside, 1);
            }
        }
    }
}
