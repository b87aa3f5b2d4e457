//! The rows of the table of keys: the sections, then the keys of each section in the order of the example.

mod connector_keys;
pub(crate) mod connector_kinds;
mod credential_keys;
mod limit_keys;
mod rule_keys;
mod service_keys;
mod source_keys;

use crate::key_spec::{KeySpec, SectionKind, SectionSpec};
use crate::value_type::ValueType::{self, Number, Text};

pub(super) use connector_kinds::KINDS;

const fn section(path: &'static str, form: SectionKind, doc: &'static str) -> SectionSpec {
    SectionSpec { path, form, doc }
}

/// The maximum length of ordinary text in characters; sufficient for a path or a distinguished name.
const TEXT: ValueType = Text { most: 1_000 };
/// The maximum length of an expression in characters. The compiler has a lower limit.
const EXPRESSION: ValueType = Text { most: 10_000 };
/// Zero to ten years. A larger number is a typing error.
const DAYS: ValueType = Number { least: 0, most: 3_650 };
/// A count of people, groups or rows.
const COUNT: ValueType = Number { least: 0, most: 1_000_000_000 };

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
