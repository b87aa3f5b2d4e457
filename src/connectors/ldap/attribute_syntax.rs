//! Text forms of binary attribute values.

use std::borrow::Cow;
use std::fmt::Write;

use ldap3::ldap_escape;

/// Text form of the values of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AttributeSyntax {
    /// Text; lower-case hexadecimal digits if the value is not valid UTF-8.
    Plain,
    /// A GUID of 16 bytes, in the form that Active Directory's tools show.
    Guid,
    /// A security identifier, `S-1-5-21-…` (MS-DTYP 2.4.2).
    Sid,
}

/// Byte order of a GUID in its text: the first three parts are little-endian (MS-DTYP 2.3.4).
const GUID_ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

impl AttributeSyntax {
    /// The syntax of an attribute, by its lower-case name. Binary values of these attributes can be valid UTF-8
    /// by chance.
    pub(super) fn for_attribute(attribute: &str) -> Self {
        match attribute {
            "objectguid" | "ms-ds-consistencyguid" => Self::Guid,
            "objectsid" => Self::Sid,
            _ => Self::Plain,
        }
    }

    /// Converts a value to text.
    pub(super) fn text(self, value: &[u8]) -> Cow<'_, str> {
        match self {
            Self::Guid if value.len() == GUID_ORDER.len() => Cow::Owned(guid(value)),
            Self::Sid => Cow::Owned(sid(value).unwrap_or_else(|| hexadecimal(value))),
            Self::Plain | Self::Guid => match std::str::from_utf8(value) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => Cow::Owned(hexadecimal(value)),
            },
        }
    }
}

/// A filter part (RFC 4515) that matches the value with this text. A GUID is matched by its bytes, because its
/// text is not the value of the attribute.
pub(super) fn equality_filter(attribute: &str, text: &str) -> String {
    let mut filter = format!("({attribute}=");
    match AttributeSyntax::for_attribute(&attribute.to_ascii_lowercase()) {
        AttributeSyntax::Guid if guid_bytes(text).is_some() => {
            for byte in guid_bytes(text).into_iter().flatten() {
                write!(filter, "\\{byte:02x}").expect("writing to a string cannot fail");
            }
        }
        AttributeSyntax::Plain | AttributeSyntax::Guid | AttributeSyntax::Sid => {
            filter.push_str(&ldap_escape(text));
        }
    }
    filter.push(')');
    filter
}

fn guid(value: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (place, &from) in GUID_ORDER.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        write!(text, "{:02x}", value[from]).expect("writing to a string cannot fail");
    }
    text
}

/// The bytes of a GUID text with 8-4-4-4-12 digits.
fn guid_bytes(text: &str) -> Option<[u8; 16]> {
    let dashes = text.bytes().enumerate().filter(|(_, byte)| *byte == b'-').map(|(place, _)| place);
    if text.len() != 36 || !dashes.eq([8, 13, 18, 23]) {
        return None;
    }
    let digits: Vec<u8> = text
        .chars()
        .filter(|&c| c != '-')
        .map(|c| u8::try_from(c.to_digit(16)?).ok())
        .collect::<Option<_>>()?;
    let mut bytes = [0; 16];
    for (pair, &place) in digits.chunks_exact(2).zip(&GUID_ORDER) {
        bytes[place] = pair[0] << 4 | pair[1];
    }
    Some(bytes)
}

fn sid(value: &[u8]) -> Option<String> {
    let (&[revision, count, ref authority @ ..], parts) = value.split_first_chunk::<8>()?;
    if parts.len() != 4 * usize::from(count) {
        return None;
    }
    let authority = authority.iter().fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
    let mut text = format!("S-{revision}-{authority}");
    for part in parts.as_chunks::<4>().0 {
        write!(text, "-{}", u32::from_le_bytes(*part)).expect("writing to a string cannot fail");
    }
    Some(text)
}

fn hexadecimal(value: &[u8]) -> String {
    let mut text = String::with_capacity(2 * value.len());
    for byte in value {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_asked_for_by_the_bytes_that_it_came_as() {
        let guid: Vec<u8> = (0x00..0x10).collect();
        let text = AttributeSyntax::Guid.text(&guid).into_owned();
        assert_eq!(text, "03020100-0504-0706-0809-0a0b0c0d0e0f");
        let asked = r"(objectGUID=\00\01\02\03\04\05\06\07\08\09\0a\0b\0c\0d\0e\0f)";
        assert_eq!(equality_filter("objectGUID", &text), asked);
        assert_eq!(equality_filter("objectGUID", &text.to_uppercase()), asked);
        for none in ["", "*", "03020100-0504-0706-0809-0a0b0c0d0e0", "03020100050407060809-0a-0b-0c-0d0e0f"] {
            assert_eq!(equality_filter("objectGUID", none), format!("(objectGUID={})", ldap_escape(none)));
        }
        assert_eq!(equality_filter("uid", "a*b"), r"(uid=a\2ab)");
    }

    #[test]
    fn a_security_identifier_is_shown_by_its_parts_even_where_its_bytes_are_text() {
        let mut bytes = vec![1, 2, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 2, 0, 0];
        assert_eq!(AttributeSyntax::Sid.text(&bytes), "S-1-5-21-513");
        bytes.pop();
        assert_eq!(AttributeSyntax::Sid.text(&bytes), "010200000000000515000000010200");
    }
}
