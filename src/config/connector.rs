//! Connectors (`[[connector]]`): keys that all kinds share.

use std::sync::Arc;

use chrono_tz::Tz;

use crate::diagnostic_collector::SpannedValue;
use crate::section::ConfigSection;
use crate::section_checks::reject_duplicate;
use crate::{Environment, api, csv, ldap, mapping, rule, source_file, sql};
use rollcall_connectors::api::vendors;
use rollcall_connectors::json::KeyPath;
use rollcall_connectors::mapping::IncludeExpression;
use rollcall_connectors::{AttributeMapping, Connector, SourceSettings, json_file};
use rollcall_model::attributes::AttributeSet;
use rollcall_model::names::ConnectorName;
use rollcall_model::schedule::CronSchedule;

/// Returns the names of all connectors, including invalid ones, so that rules can refer to them.
pub(super) fn names<'d>(sections: &[ConfigSection<'d>]) -> Vec<SpannedValue<&'d str>> {
    let mut names: Vec<SpannedValue<&str>> = Vec::new();
    for section in sections {
        let Some(name) = section.text("name") else { continue };
        if !name.value.chars().all(|c| c.is_ascii_alphanumeric() || ['.', '_', '-'].contains(&c)) {
            let finding = name.finding(format!("`{}` is not a valid connector name", name.value));
            section.report.report_error(finding.hint("use letters, digits, `.`, `_` and `-`".to_owned()));
        }
        reject_duplicate(section, &name, &names, "connector");
        names.push(name);
    }
    names
}

/// Builds the valid connectors and reports the errors of the others.
pub(super) fn read(
    sections: &[ConfigSection<'_>],
    zone: Tz,
    around: &Environment<'_>,
    attributes: &mut AttributeSet,
) -> Vec<Connector> {
    let mappings: Vec<AttributeMapping> =
        sections.iter().map(|section| mapping::read(section, around, attributes)).collect();
    // All attributes are known at this point; an expression may use any of them.
    let both = sections.iter().zip(mappings);
    both.filter_map(|(section, mapping)| one(section, mapping, zone, around, attributes)).collect()
}

fn one(
    section: &ConfigSection<'_>,
    mut mapping: AttributeMapping,
    zone: Tz,
    around: &Environment<'_>,
    attributes: &AttributeSet,
) -> Option<Connector> {
    mapping.include = include(section, attributes);
    mapping.several = mapping::read_several(section);
    let own_zone = section.parsed("timezone").map_or(zone, |zone| zone.value);
    mapping.dates.zone = own_zone;
    let schedule = schedule(section, own_zone);
    let match_attribute = mapping::read_match_attribute(section, &mapping, attributes);
    let kind = section.kind()?;
    if kind != "csv" {
        csv::reject_list_separators(section);
    }
    let source = match kind {
        "ldap" => SourceSettings::Ldap(ldap::read(section, around)?),
        "active_directory" => {
            SourceSettings::ActiveDirectory(ldap::read_active_directory(section, around, zone)?)
        }
        "csv" => SourceSettings::Csv(csv::read(section, around, &mapping, attributes)?),
        "json_file" => SourceSettings::JsonFile(json_file(section, around, &mapping)?),
        "sql" => SourceSettings::Sql(sql::read(section, around)?),
        name => {
            SourceSettings::Api(Box::new(api::read(section, around, vendors::find_vendor(name)?, &mapping)?))
        }
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
    section: &ConfigSection<'_>,
    around: &Environment<'_>,
    mapping: &AttributeMapping,
) -> Option<json_file::JsonFileSettings> {
    let (file, paths) = (source_file::read(section, around), api::paths(section, mapping));
    let list = if section.has("list") { api::keys(section, "list") } else { Some(KeyPath::new()) };
    Some(json_file::JsonFileSettings { file: file?, paths: paths?, list: list? })
}

/// Reads the expression that selects people.
fn include(section: &ConfigSection<'_>, attributes: &AttributeSet) -> Option<IncludeExpression> {
    let text = section.text("include")?;
    let condition = rule::compile_expression(section, &text, attributes)?;
    if let Some(computed) = condition.reads().into_iter().find(|attribute| attribute.is_computed()) {
        let name = attributes.name(computed);
        let finding = text.finding(format!("`{name}` is known only after all people are read"));
        section.report.report_error(finding.hint(format!("use `{name}` in a rule")));
        return None;
    }
    if let Some(group) = condition.groups().next() {
        let finding = text
            .finding(format!("the members of `{}` are known only after all people are read", group.shown()));
        section.report.report_error(finding.hint("use `in_group` in a rule".to_owned()));
        return None;
    }
    Some(IncludeExpression { text: text.value.to_owned(), condition: Arc::new(condition) })
}

fn schedule(section: &ConfigSection<'_>, zone: Tz) -> Option<CronSchedule> {
    let text = section.text("schedule")?;
    match CronSchedule::parse(text.value, zone) {
        Ok(schedule) => Some(schedule),
        Err(error) => {
            let hint = "for example, \"0 2 * * *\" means every day at 02:00".to_owned();
            section.report.report_error(text.finding(error.to_string()).hint(hint));
            None
        }
    }
}
