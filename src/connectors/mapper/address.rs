//! E-mail addresses as sources write them.

use rollcall_model::names::is_address;

/// Prefixes of an address: of a link, and of Exchange's `proxyAddresses`.
const PREFIXES: [&str; 2] = ["mailto:", "smtp:"];

/// The address in a text such as `mailto:ada@corp.example`, `SMTP:ada@corp.example` or `Ada <ada@corp.example>`; none
/// if there is none, or if it is of another kind, such as `sip:`.
pub(crate) fn find_address(text: &str) -> Option<&str> {
    let text = text.trim();
    let inner = text.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')).map(|(_, inner)| inner);
    let text = inner.unwrap_or(text).trim();
    let address = match PREFIXES.into_iter().find(|prefix| has_prefix(text, prefix)) {
        Some(prefix) => text[prefix.len()..].split('?').next().unwrap_or_default().trim(),
        None => text,
    };
    (is_address(address) && !address.contains([':', '<', '>'])).then_some(address)
}

/// Returns whether Exchange marks the address as the one from which its owner sends.
pub(super) fn is_primary(text: &str) -> bool {
    text.starts_with("SMTP:")
}

/// The texts of a source that mean an address, for a search by equality.
pub(crate) fn spell_address(email: &str) -> [String; 3] {
    let [mailto, smtp] = PREFIXES.map(|prefix| format!("{prefix}{email}"));
    [email.to_owned(), smtp, mailto]
}

fn has_prefix(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_is_taken_out_of_what_is_around_it() {
        for text in [
            "ada@corp.example",
            "mailto:ada@corp.example",
            "MAILTO:ada@corp.example?subject=Hello",
            "SMTP:ada@corp.example",
            "smtp:ada@corp.example",
            "<ada@corp.example>",
            "Ada Lovelace <ada@corp.example>",
            "\"Lovelace, Ada <London>\" < mailto:ada@corp.example >",
            " <SMTP:ada@corp.example>",
        ] {
            assert_eq!(find_address(text), Some("ada@corp.example"), "{text}");
        }
        assert_eq!(find_address("smtp+ada?@corp.example"), Some("smtp+ada?@corp.example"));
    }

    #[test]
    fn other_kinds_of_addresses_are_none() {
        for text in
            ["sip:ada@corp.example", "X500:/o=Corp/cn=ada@corp", "Ada <ada>", "<>", "mailto:", "é", "a@b <c>"]
        {
            assert_eq!(find_address(text), None, "{text}");
        }
    }
}
