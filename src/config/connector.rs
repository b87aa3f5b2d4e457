//! `[[connector]]`: what all kinds have in common.

use std::sync::Arc;

use chrono_tz::Tz;

use crate::config::section::{At, Section};
use crate::config::{Surroundings, api, csv, ldap, mapping, rule, sql};
use crate::connectors::api::kinds;
use crate::connectors::mapping::Include;
use crate::connectors::{Connector, Mapping, Source, json_file};
use crate::model::attributes::Attributes;
use crate::model::names::{ConnectorName, fold};
use crate::model::schedule::Schedule;

/// The names of the connectors, for rules to choose from: also of those that are otherwise wrong.
pub(super) fn names<'d>(sections: &[Section<'d>]) -> Vec<At<&'d str>> {
    let mut names: Vec<At<&str>> = Vec::new();
    for section in sections {
        let Some(name) = section.text("name") else { continue };
        if !name.value.chars().all(|c| c.is_ascii_alphanumeric() || ['.', '_', '-'].contains(&c)) {
            let finding = name.finding(format!("`{}` cannot be the name of a connector", name.value));
            section.report.mistake(finding.hint("use letters, digits, `.`, `_` and `-`".to_owned()));
        }
        twice(section, &name, &names, "connector");
        names.push(name);
    }
    names
}

/// Refuses a name that stands further up already.
pub(super) fn twice(section: &Section<'_>, name: &At<&str>, earlier: &[At<&str>], what: &str) {
    let folded = fold(name.value);
    if let Some(first) = earlier.iter().find(|one| fold(one.value) == folded) {
        let line = section.report.document.line_of(first.span.start) + 1;
        let finding = name.finding(format!("there are two {what}s `{}`", name.value));
        section.report.mistake(finding.hint(format!("the first stands in line {line}")));
    }
}

/// The connectors that can be made; what is wrong with the others is said.
pub(super) fn read(
    sections: &[Section<'_>],
    zone: Tz,
    around: &Surroundings<'_>,
    attributes: &mut Attributes,
) -> Vec<Connector> {
    let mappings: Vec<Mapping> =
        sections.iter().map(|section| mapping::read(section, around, attributes)).collect();
    // Every attribute is known now, and an expression may name any of them.
    let both = sections.iter().zip(mappings);
    both.filter_map(|(section, mapping)| one(section, mapping, zone, around, attributes)).collect()
}

fn one(
    section: &Section<'_>,
    mut mapping: Mapping,
    zone: Tz,
    around: &Surroundings<'_>,
    attributes: &Attributes,
) -> Option<Connector> {
    mapping.include = include(section, attributes);
    let schedule = schedule(section, zone);
    let match_attribute = mapping::matched(section, &mapping, attributes);
    let source = match section.kind()? {
        "ldap" => Source::Ldap(ldap::read(section, around)?),
        "active_directory" => Source::ActiveDirectory(ldap::controllers(section, around, zone)?),
        "csv" => Source::Csv(csv::read(section, around)?),
        "json_file" => Source::JsonFile(json_file(section, around, &mapping)?),
        "sql" => Source::Sql(sql::read(section, around)?),
        name => Source::Api(Box::new(api::read(section, around, kinds::kind(name)?, &mapping)?)),
    };
    Some(Connector {
        name: ConnectorName::new(section.text("name")?.value),
        schedule,
        prehire_days: section.number("prehire_days").map_or(0, |days| days.value),
        match_attribute,
        mapping,
        source,
    })
}

fn json_file(
    section: &Section<'_>,
    around: &Surroundings<'_>,
    mapping: &Mapping,
) -> Option<json_file::Settings> {
    let (file, paths) = (csv::file(section, around), api::paths(section, mapping));
    Some(json_file::Settings { file: file?, paths: paths? })
}

/// Who counts as a person.
fn include(section: &Section<'_>, attributes: &Attributes) -> Option<Include> {
    let text = section.text("include")?;
    let condition = rule::compiled(section, &text, attributes)?;
    Some(Include { text: text.value.to_owned(), condition: Arc::new(condition) })
}

fn schedule(section: &Section<'_>, zone: Tz) -> Option<Schedule> {
    let zone = section.parsed("timezone").map_or(zone, |zone| zone.value);
    let text = section.text("schedule")?;
    match Schedule::parse(text.value, zone) {
        Ok(schedule) => Some(schedule),
        Err(error) => {
            let hint = "for example \"0 2 * * *\" is every day at 02:00".to_owned();
            section.report.mistake(text.finding(error.to_string()).hint(hint));
            None
        }
    }
}
