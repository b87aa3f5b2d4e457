//! Comparison and parsing of distinguished names (RFC 4514, RFC 4518, and the older forms of RFC 1779).

use rollcall_model::names::fold;
use xxhash_rust::xxh3::xxh3_128;

/// Separator of relative names in a key. Folding removes control characters from values.
const RELATIVE_NAME_END: &str = "\0";
/// Separator of the values of one relative name in a key.
const VALUE_END: &str = "\u{1}";

/// Short names of attribute types, and their other names and numbers (RFC 4514 3, RFC 4519 2).
const ATTRIBUTE_TYPES: &[(&str, &[&str])] = &[
    ("c", &["countryname", "2.5.4.6"]),
    ("cn", &["commonname", "2.5.4.3"]),
    ("dc", &["domaincomponent", "0.9.2342.19200300.100.1.25"]),
    ("l", &["localityname", "2.5.4.7"]),
    ("mail", &["rfc822mailbox", "0.9.2342.19200300.100.1.3"]),
    ("o", &["organizationname", "2.5.4.10"]),
    ("ou", &["organizationalunitname", "2.5.4.11"]),
    ("sn", &["surname", "2.5.4.4"]),
    ("st", &["stateorprovincename", "2.5.4.8"]),
    ("street", &["streetaddress", "2.5.4.9"]),
    ("uid", &["userid", "0.9.2342.19200300.100.1.1"]),
];

/// Normalized form of a name: equal for all spellings of it. Case, spaces around separators, the kind of escaping,
/// quotes, other names of attribute types, and the order of the values of a relative name do not matter.
pub(crate) fn key(dn: &str) -> String {
    relative_keys(dn).join(RELATIVE_NAME_END)
}

/// Digest of the normalized form (XXH3, 128 bits).
pub(crate) fn digest(dn: &str) -> u128 {
    xxh3_128(key(dn).as_bytes())
}

/// Returns whether a name is a base, or below it.
pub(crate) fn is_below(dn: &str, base: &str) -> bool {
    relative_keys(dn).ends_with(&relative_keys(base))
}

/// The value of the first part, such as the `cn` of a group. The `cn` if the first part has several values.
pub(crate) fn first_value(dn: &str) -> String {
    let first = relative_names(dn).first().copied().unwrap_or_default();
    let values = split(first, b"+");
    let is_common_name = |part: &&&str| attribute_type(part) == Some("cn".to_owned());
    let named = values.iter().find(is_common_name).or(values.first()).copied().unwrap_or_default();
    unescape(named.split_once('=').map_or(named, |(_, value)| value))
}

/// The domain of a name: its trailing `dc=` parts, or the name itself if there are none.
pub(crate) fn domain(dn: &str) -> &str {
    let is_domain = |part: &&str| attribute_type(part).is_some_and(|name| name == "dc");
    let parts = relative_names(dn);
    let length: usize =
        parts.iter().rev().take_while(|part| is_domain(part)).map(|part| part.len() + 1).sum();
    if length == 0 { dn.trim() } else { dn[dn.len() - (length - 1)..].trim() }
}

/// The name in a value of `uniqueMember`, which can end with a bit string: `cn=a,dc=b#'0101'B` (RFC 4517 3.3.21).
pub(crate) fn without_unique_id(value: &str) -> &str {
    let Some(start) = value.strip_suffix("'B").and_then(|rest| rest.rfind("#'")) else { return value };
    let bits = &value[start + 2..value.len() - 2];
    if bits.bytes().all(|bit| matches!(bit, b'0' | b'1')) { &value[..start] } else { value }
}

fn relative_keys(dn: &str) -> Vec<String> {
    relative_names(dn).into_iter().map(relative_key).collect()
}

/// The normalized form of a relative name.
fn relative_key(name: &str) -> String {
    let mut values: Vec<String> = split(name, b"+").into_iter().map(value_key).collect();
    values.sort_unstable();
    values.join(VALUE_END)
}

fn value_key(part: &str) -> String {
    match (attribute_type(part), part.split_once('=')) {
        (Some(attribute), Some((_, value))) => {
            format!("{attribute}={}", fold(&unescape(value)))
        }
        _ => fold(part),
    }
}

/// The short name of the attribute type of a part, in lower case.
fn attribute_type(part: &str) -> Option<String> {
    let name = part.split_once('=')?.0.trim().to_ascii_lowercase();
    let name = name.strip_prefix("oid.").unwrap_or(&name);
    let known = ATTRIBUTE_TYPES.iter().find(|(_, others)| others.contains(&name));
    Some(known.map_or(name, |(short, _)| *short).to_owned())
}

/// The parts between separators; none of an empty name. RFC 2253 requires that `;` is read as a comma.
fn relative_names(dn: &str) -> Vec<&str> {
    if dn.trim().is_empty() { Vec::new() } else { split(dn, b",;") }
}

/// The parts of a text between separators that are neither escaped nor in a quoted value.
fn split<'t>(text: &'t str, separators: &[u8]) -> Vec<&'t str> {
    let (mut parts, mut from, mut escaped) = (Vec::new(), 0, false);
    let mut position = ValuePosition::Name;
    for (at, byte) in text.bytes().enumerate() {
        match (byte, position) {
            _ if escaped => escaped = false,
            (b'\\', _) => {
                escaped = true;
                if position == ValuePosition::Start {
                    position = ValuePosition::Plain;
                }
            }
            (b'"', ValuePosition::Start) => position = ValuePosition::Quoted,
            (b'"', ValuePosition::Quoted) => position = ValuePosition::Plain,
            (_, ValuePosition::Quoted) | (b' ', ValuePosition::Start) => {}
            (b'=', ValuePosition::Name) => position = ValuePosition::Start,
            // A part of another separator begins anew as well.
            (b',' | b';' | b'+', _) => {
                if separators.contains(&byte) {
                    parts.push(&text[from..at]);
                    from = at + 1;
                }
                position = ValuePosition::Name;
            }
            (_, ValuePosition::Name | ValuePosition::Plain) => {}
            (_, ValuePosition::Start) => position = ValuePosition::Plain,
        }
    }
    parts.push(&text[from..]);
    parts
}

/// Where in a part a byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ValuePosition {
    /// Before the equals sign.
    Name,
    /// After the equals sign, before the first character of the value.
    Start,
    /// In a value.
    Plain,
    /// In a value between quotes.
    Quoted,
}

/// A value without escapes and quotes: `\2C`, `\,` and `","` all become a comma. `#0403…` is the encoding of a value.
fn unescape(value: &str) -> String {
    let value = value.trim_start();
    if let Some(text) = value.trim_end().strip_prefix('#').and_then(decode_value) {
        return text;
    }
    let trimmed = value.trim_end();
    let quoted = trimmed.strip_prefix('"').and_then(|inner| inner.strip_suffix('"'));
    let (mut bytes, mut rest) = (Vec::with_capacity(value.len()), quoted.unwrap_or(trimmed).as_bytes());
    while let [first, after @ ..] = rest {
        match (first, hex_pair(after), after) {
            (b'\\', Some(byte), _) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            (b'\\', None, [escaped, after @ ..]) => {
                bytes.push(*escaped);
                rest = after;
            }
            // The space after it was trimmed.
            (b'\\', None, []) if trimmed.len() < value.len() => rest = after,
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let pair = bytes.get(..2).filter(|pair| pair.iter().all(u8::is_ascii_hexdigit))?;
    u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()
}

/// The text of a value in its encoded form, if it is one of the types of text.
fn decode_value(digits: &str) -> Option<String> {
    let pairs = digits.as_bytes().chunks(2);
    let bytes: Vec<u8> = pairs.map(hex_pair).collect::<Option<_>>()?;
    let [tag, length, rest @ ..] = bytes.as_slice() else { return None };
    // OCTET STRING, UTF8String, PrintableString, TeletexString, IA5String.
    if ![0x04, 0x0c, 0x13, 0x14, 0x16].contains(tag) {
        return None;
    }
    let contents = match (length, rest) {
        (0..=0x7f, contents) if contents.len() == usize::from(*length) => contents,
        (0x81, [length, contents @ ..]) if contents.len() == usize::from(*length) => contents,
        _ => return None,
    };
    String::from_utf8(contents.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_has_many_spellings() {
        let name = key(r"CN=Müller\, Jörg,OU=People,DC=corp,DC=example");
        for same in [
            r"cn=müller\2c jörg,ou=people,dc=corp,dc=example",
            r"CN=M\c3\bcller\, J\C3\B6rg, OU=People, DC=corp, DC=example",
            r#"cn="Müller, Jörg";ou = People ; dc=corp;dc=example"#,
            r"commonName=Müller\,  Jörg, OID.2.5.4.11=People,domainComponent=corp,dc=example",
            r" 2.5.4.3 = #0c0e4dc3bc6c6c65722c204ac3b67267 ,OU=People,DC=corp,DC=example ",
        ] {
            assert_eq!(key(same), name, "{same}");
            assert_eq!(digest(same), digest(r"CN=Müller\, Jörg,OU=People,DC=corp,DC=example"));
        }
        for other in [
            "CN=Müller,CN= Jörg,OU=People,DC=corp,DC=example",
            r"CN=Müller\, Jörg,OU=People\,DC=corp,DC=example",
            r"CN=Müller\, Jörg\00OU=People,DC=corp,DC=example",
            r"UID=Müller\, Jörg,OU=People,DC=corp,DC=example",
        ] {
            assert_ne!(key(other), name, "{other}");
        }
        assert_ne!(key(r"CN=a\,OU=b"), key("CN=a,OU=b"));
    }

    #[test]
    fn the_values_of_a_relative_name_have_no_order() {
        assert_eq!(key("CN=Ada+UID=7,DC=corp"), key("uid = 7 + cn=ada, dc=corp"));
        assert_ne!(key(r"CN=Ada\+UID=7,DC=corp"), key("CN=Ada+UID=7,DC=corp"));
        assert_ne!(key(r#"CN="Ada+UID=7",DC=corp"#), key("CN=Ada+UID=7,DC=corp"));
        assert_eq!(key(r#"CN="Ada+UID=7",DC=corp"#), key(r"CN=Ada\2bUID\3D7,DC=corp"));
    }

    #[test]
    fn quotes_and_spaces_belong_to_a_value_only_where_they_are_escaped() {
        assert_eq!(key(r#"CN="a \"b\" c",DC=x"#), key(r"CN=a \22b\22 c,DC=x"));
        assert_eq!(key(r"CN=a\ ,DC=x"), key("CN = a , DC=x"));
        assert_eq!(key("CN=#04,DC=x"), key(r"CN=\#04,DC=x"));
        assert_eq!(key(r#"CN=6" pipe,DC=x"#), key(r"CN=6\22 pipe,DC=x"));
    }

    #[test]
    fn a_name_is_below_its_base_by_whole_parts() {
        assert!(is_below("uid=ada,ou=people,dc=corp", "OU=People, DC=corp"));
        assert!(is_below("ou=people,dc=corp", "OU=People, DC=corp"));
        assert!(is_below("uid=ada,ou=people,dc=corp", ""));
        assert!(!is_below(r"uid=ada\,ou=people,dc=corp", "ou=people,dc=corp"));
        assert!(!is_below("dc=corp", "ou=people,dc=corp"));
    }

    #[test]
    fn a_group_is_called_by_the_first_part_of_its_name() {
        assert_eq!(first_value(r"CN=Sales\, North \2B East,OU=Groups,DC=corp"), "Sales, North + East");
        assert_eq!(first_value(r#"CN="Sales, North",OU=Groups,DC=corp"#), "Sales, North");
        assert_eq!(first_value("gidNumber=7+cn=Sales,DC=corp"), "Sales");
        assert_eq!(first_value("CN=Sales"), "Sales");
        assert_eq!(first_value(r"CN=Sales\"), r"Sales\");
        assert_eq!(first_value(""), "");
    }

    #[test]
    fn a_domain_is_the_end_of_a_name() {
        assert_eq!(domain("OU=People,DC=corp,DC=example"), "DC=corp,DC=example");
        assert_eq!(domain("OU=People, dc=corp, dc = example"), "dc=corp, dc = example");
        assert_eq!(domain("DC=corp,DC=example"), "DC=corp,DC=example");
        assert_eq!(domain("OU=People,O=Corp"), "OU=People,O=Corp");
        assert_eq!(domain(r"CN=a\,DC=corp"), r"CN=a\,DC=corp");
    }

    #[test]
    fn a_unique_member_can_have_a_number_of_its_own() {
        assert_eq!(without_unique_id("uid=ada,dc=corp#'0101'B"), "uid=ada,dc=corp");
        assert_eq!(without_unique_id("uid=ada,dc=corp"), "uid=ada,dc=corp");
        assert_eq!(without_unique_id("uid=#'x'B"), "uid=#'x'B");
    }
}
