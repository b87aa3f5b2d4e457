//! Comparison and parsing of distinguished names (RFC 4514).

use rollcall_model::names::fold;

/// Normalized form of a name: equal for all spellings of it. Case, surrounding spaces and the kind of escaping do
/// not matter.
pub(super) fn key(dn: &str) -> String {
    let parts = parts(dn).into_iter().map(|part| match part.split_once('=') {
        Some((attribute, value)) => format!("{}={}", fold(attribute), fold(&unescaped(value))),
        None => fold(part),
    });
    // A value cannot contain a zero byte.
    parts.collect::<Vec<_>>().join("\0")
}

/// The value of the first part, such as the `cn` of a group.
pub(super) fn first_value(dn: &str) -> String {
    let first = parts(dn).first().copied().unwrap_or_default();
    unescaped(first.split_once('=').map_or(first, |(_, value)| value))
}

/// The domain of a name: its trailing `dc=` parts, or the name itself if there are none.
pub(super) fn domain(dn: &str) -> &str {
    let is_domain =
        |part: &&str| part.trim_start().get(..3).is_some_and(|head| head.eq_ignore_ascii_case("dc="));
    let length: usize =
        parts(dn).iter().rev().take_while(|part| is_domain(part)).map(|part| part.len() + 1).sum();
    if length == 0 { dn.trim() } else { dn[dn.len() - (length - 1)..].trim() }
}

/// The parts between unescaped commas.
fn parts(dn: &str) -> Vec<&str> {
    let (mut parts, mut from, mut escaped) = (Vec::new(), 0, false);
    for (at, byte) in dn.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b',' => {
                parts.push(&dn[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&dn[from..]);
    parts
}

/// A value without escapes: `\2C` and `\,` both become a comma.
fn unescaped(value: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(value.len()), value.trim().as_bytes());
    while let [first, after @ ..] = rest {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match (first, pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()), after) {
            (b'\\', Some(byte), _) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            (b'\\', None, [escaped, after @ ..]) => {
                bytes.push(*escaped);
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
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
        ] {
            assert_eq!(key(same), name);
        }
        assert_ne!(key("CN=Müller,CN= Jörg,OU=People,DC=corp,DC=example"), name);
        assert_ne!(key(r"CN=a\,OU=b"), key("CN=a,OU=b"));
    }

    #[test]
    fn a_group_is_called_by_the_first_part_of_its_name() {
        assert_eq!(first_value(r"CN=Sales\, North \2B East,OU=Groups,DC=corp"), "Sales, North + East");
        assert_eq!(first_value("CN=Sales"), "Sales");
        assert_eq!(first_value(r"CN=Sales\"), r"Sales\");
        assert_eq!(first_value(""), "");
    }

    #[test]
    fn a_domain_is_the_end_of_a_name() {
        assert_eq!(domain("OU=People,DC=corp,DC=example"), "DC=corp,DC=example");
        assert_eq!(domain("OU=People, dc=corp, dc=example"), "dc=corp, dc=example");
        assert_eq!(domain("DC=corp,DC=example"), "DC=corp,DC=example");
        assert_eq!(domain("OU=People,O=Corp"), "OU=People,O=Corp");
        assert_eq!(domain(r"CN=a\,DC=corp"), r"CN=a\,DC=corp");
    }
}
