//! The keys of the configuration file: the sections, then the keys of each section in the order of the example.
//!
//! The parser, the messages about unknown keys, `rollcall config schema` and the test of the example all read
//! [`SECTIONS`] and [`keys`]; a key that is not listed there does not exist.

mod connector_keys;
mod credential_keys;
mod limit_keys;
mod rule_keys;
mod service_keys;
mod source_keys;

use crate::key_spec::{KeySpec, SectionKind, SectionSpec};

const fn section(path: &'static str, form: SectionKind, doc: &'static str) -> SectionSpec {
    SectionSpec { path, form, doc }
}

pub(super) static SECTIONS: &[SectionSpec] = &[
    section("", SectionKind::Table, "The configuration of rollcall."),
    section("database", SectionKind::Table, "The database of rollcall."),
    section("web", SectionKind::Table, "The pages and the HTTP API."),
    section("web.sign_in", SectionKind::Table, "The company's sign-in provider (OpenID Connect)."),
    section("worker", SectionKind::Table, "The workers that process jobs."),
    section("safety", SectionKind::Table, "Limits; changes of a run that exceed one wait for approval."),
    section("limits", SectionKind::Table, "Bounds on what comes from outside."),
    section("connector", SectionKind::List, "A source of people."),
    section(
        "connector.attributes",
        SectionKind::FreeKeys,
        "Attribute of rollcall = attribute of the source.",
    ),
    section(
        "connector.values_file",
        SectionKind::FreeKeys,
        "Attribute = a CSV file that maps codes to names.",
    ),
    section(
        "connector.dates",
        SectionKind::FreeKeys,
        "Attribute = how the source writes its dates: a pattern such as `%d.%m.%Y`, `filetime` or `unix`.",
    ),
    section(
        "connector.list_separators",
        SectionKind::FreeKeys,
        "Attribute = the separator of its values in one field of a CSV file.",
    ),
    section("connector.status", SectionKind::Table, "The meaning of the source's status values."),
    section("connector.values", SectionKind::FreeTables, "Code of the source = name."),
    section("rule", SectionKind::List, "A rule that assigns learners to groups."),
    section("course", SectionKind::List, "A course of the catalogue."),
    section("assignment", SectionKind::List, "A course assigned to groups."),
];

/// The keys of all sections.
pub(super) fn keys() -> impl Iterator<Item = &'static KeySpec> {
    let lists: [&'static [KeySpec]; 6] = [
        service_keys::SERVICE_KEYS,
        &limit_keys::LIMIT_KEYS,
        connector_keys::CONNECTOR_KEYS,
        credential_keys::CREDENTIAL_KEYS,
        source_keys::SOURCE_KEYS,
        rule_keys::RULE_KEYS,
    ];
    lists.into_iter().flatten()
}

/// The section of this path.
pub(super) fn find_section(path: &str) -> Option<&'static SectionSpec> {
    SECTIONS.iter().find(|section| section.path == path)
}

/// The key of this name in a section.
pub(super) fn find_key(section: &str, name: &str) -> Option<&'static KeySpec> {
    keys().find(|key| key.section == section && key.name == name)
}

/// The keys of a section, in the order of the table.
pub(super) fn keys_of(section: &str) -> impl Iterator<Item = &'static KeySpec> {
    keys().filter(move |key| key.section == section)
}

/// The sections directly inside a section.
pub(super) fn sections_in(parent: &str) -> impl Iterator<Item = &'static SectionSpec> {
    SECTIONS.iter().filter(move |section| match section.path.rsplit_once('.') {
        Some((above, _)) => above == parent,
        None => parent.is_empty() && !section.path.is_empty(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key_spec::Presence;

    #[test]
    fn every_key_has_a_section_a_sentence_and_a_name_of_its_own() {
        for (index, one) in keys().enumerate() {
            assert!(find_section(one.section).is_some(), "{}", one.section);
            assert!(one.doc.ends_with('.') && !one.example.is_empty(), "{}", one.name);
            assert!(
                !keys().take(index).any(|other| (other.section, other.name) == (one.section, one.name)),
                "{}.{} stands twice",
                one.section,
                one.name
            );
        }
    }

    #[test]
    fn the_example_and_the_default_of_every_key_have_its_shape() {
        for one in keys() {
            let default = match one.presence {
                Presence::Default(text) => Some(text),
                Presence::Required | Presence::Optional => None,
            };
            for text in [Some(one.example), default].into_iter().flatten() {
                let value = toml::de::DeValue::parse(text).expect(one.name);
                let faults = one.value_type.check_value(&value);
                assert!(faults.is_empty(), "{}: {faults:?}", one.name);
            }
        }
    }
}
