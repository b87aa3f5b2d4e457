//! A digest of the settings that affect a plan. Nodes that share a database compare it to detect different files.
//!
//! Comments, spacing and the order of keys are ignored. So are settings that may differ between nodes: the database,
//! the pages, the number of workers, and the source of each secret.

use toml::de::{DeTable, DeValue};
use xxhash_rust::xxh3::xxh3_128;

use crate::key_spec::looks_secret;
use crate::schema_keys;
use crate::value_type::integer;
use rollcall_connectors::Connector;
use rollcall_model::attributes::AttributeSet;

/// Sections that do not affect a plan.
const EXCLUDED_SECTIONS: &[&str] = &["database", "web", "worker"];

/// Returns the digest (XXH3, 128 bits) in hexadecimal digits.
pub(super) fn compute_digest(root: &DeTable<'_>) -> String {
    let mut text = String::new();
    table(root, true, &mut text);
    format!("{:032x}", xxh3_128(text.as_bytes()))
}

/// Adds the content of code files, which mappings read, to a digest.
pub(super) fn add_mappings(digest: &str, connectors: &[Connector], attributes: &AttributeSet) -> String {
    let mappings: Vec<String> =
        connectors.iter().map(|connector| connector.mapping.digest(attributes).to_string()).collect();
    format!("{:032x}", xxh3_128(format!("{digest} {}", mappings.join(" ")).as_bytes()))
}

fn table(rows: &DeTable<'_>, top: bool, out: &mut String) {
    let mut rows: Vec<_> =
        rows.iter().map(|(name, value)| (name.get_ref().as_ref(), value.get_ref())).collect();
    rows.sort_unstable_by_key(|(name, _)| *name);
    out.push('{');
    for (name, inner) in rows {
        if (top && EXCLUDED_SECTIONS.contains(&name)) || is_secret(name) {
            continue;
        }
        out.push_str(&format!("{name:?}:"));
        value(inner, out);
    }
    out.push('}');
}

/// Returns true if a key sets a secret, in any of the three ways.
fn is_secret(name: &str) -> bool {
    let plain = name.strip_suffix("_file").or_else(|| name.strip_suffix("_env")).unwrap_or(name);
    looks_secret(plain) && schema_keys::find_key("connector", plain).is_some()
}

fn value(value: &DeValue<'_>, out: &mut String) {
    match value {
        DeValue::Table(rows) => table(rows, false, out),
        DeValue::Array(list) => {
            out.push('[');
            for one in list {
                self::value(one.get_ref(), out);
                out.push(',');
            }
            out.push(']');
        }
        DeValue::String(text) => out.push_str(&format!("{text:?};")),
        DeValue::Integer(number) => out.push_str(&format!("{:?};", integer(number))),
        DeValue::Float(number) => out.push_str(&format!("{};", number.as_str())),
        DeValue::Boolean(flag) => out.push_str(&format!("{flag};")),
        DeValue::Datetime(date) => out.push_str(&format!("{:?};", date.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(text: &str) -> String {
        compute_digest(DeTable::parse(text).expect("TOML").get_ref())
    }

    #[test]
    fn only_what_decides_a_plan_changes_the_digest() {
        let first =
            digest("timezone = 'UTC'\n[web]\nlisten = 'a'\n[[connector]]\nname = 'a'\nbind_password = 'x'\n");
        let second = digest(
            "# same\nconnector = [{ bind_password_file = \"f\", name = \"a\" }]\ntimezone = \"UTC\"\n",
        );
        let other = digest("timezone = 'UTC'\n[[connector]]\nname = 'b'\n");
        assert_eq!(first, second);
        assert_ne!(first, other);
        assert_eq!(first.len(), 32);
    }

    #[test]
    fn a_digest_is_the_same_on_every_machine() {
        assert_eq!(digest("timezone = 'UTC'"), "e898200d8fcff601145ae7b3382256e5");
    }
}
