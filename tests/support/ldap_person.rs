//! People for a directory, the hard cases among them.

use std::fmt::Write;

/// Where people are, unless they say otherwise.
pub(crate) const PEOPLE: &str = "ou=people,dc=corp,dc=example";

/// One entry, to be changed until it is what the test needs.
#[derive(Debug, Clone)]
pub(crate) struct LdapPerson {
    dn: String,
    values: Vec<(String, Vec<u8>)>,
}

impl LdapPerson {
    /// A plain person: `p7` of number 7.
    pub(crate) fn new(number: usize) -> Self {
        Self::named(&format!("uid=p{number}"), &format!("p{number}"))
    }

    /// A person under a relative name of their own, which must hold `uid` or `cn`.
    pub(crate) fn named(rdn: &str, uid: &str) -> Self {
        let person = Self { dn: format!("{rdn},{PEOPLE}"), values: Vec::new() };
        person
            .with("objectClass", "inetOrgPerson")
            .with("objectClass", "rollcallPerson")
            .with("uid", uid)
            .with("cn", &format!("Person {uid}"))
            .with("sn", "Person")
            .with("mail", &format!("{uid}@corp.example"))
            .with("employeeNumber", uid)
            .with("departmentNumber", "Sales")
            .with("l", "Berlin")
            .with("title", "Clerk")
    }

    /// Adds a value.
    pub(crate) fn with(self, attribute: &str, value: &str) -> Self {
        self.with_bytes(attribute, value.as_bytes())
    }

    /// Adds a value that is no text.
    pub(crate) fn with_bytes(mut self, attribute: &str, value: &[u8]) -> Self {
        self.values.push((attribute.to_owned(), value.to_vec()));
        self
    }

    /// Takes an attribute away.
    pub(crate) fn without(mut self, attribute: &str) -> Self {
        self.values.retain(|(name, _)| name != attribute);
        self
    }

    /// Moves the entry below another base.
    pub(crate) fn below(mut self, base: &str) -> Self {
        self.dn = self.dn.replace(PEOPLE, base);
        self
    }

    /// The entry as `slapadd` reads it (RFC 2849).
    pub(crate) fn ldif(&self) -> String {
        let mut text = format!("dn:: {}\n", base64(self.dn.as_bytes()));
        for (name, value) in &self.values {
            writeln!(text, "{name}:: {}", base64(value)).expect("a string");
        }
        text.push('\n');
        text
    }
}

/// So many plain people, from number 0.
pub(crate) fn people(count: usize) -> Vec<LdapPerson> {
    (0..count).map(LdapPerson::new).collect()
}

/// People whose entries have been trouble before.
pub(crate) fn hard_cases() -> Vec<LdapPerson> {
    vec![
        LdapPerson::new(0).without("mail"),
        LdapPerson::new(1).without("departmentNumber"),
        LdapPerson::new(2).with("departmentNumber", "HR"),
        LdapPerson::new(3).with("title;lang-de", "Sachbearbeiter"),
        LdapPerson::named(r"cn=Lovelace\, Ada \+ \#1 \22x\22 \\ \<\> \;", "p4")
            .with("cn", r#"Lovelace, Ada + #1 "x" \ <> ;"#),
        LdapPerson::named("uid=p5+sn=Person", "p5"),
        LdapPerson::new(6).without("cn").with("cn", "山田 太郎"),
        LdapPerson::new(7).without("cn").with("cn", "Se\u{301}verine"),
        LdapPerson::new(8).with_bytes("badge", &[0xff, 0x00, 0x9f]),
    ]
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}
