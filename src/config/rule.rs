//! Rules (`[[rule]]`): names, expressions and templates.

use crate::diagnostic_collector::SpannedValue;
use crate::document::locate_in_string;
use crate::section::ConfigSection;
use crate::section_checks::reject_duplicate;
use crate::value_type::suggest_name;
use rollcall_connectors::Connector;
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::names::{ConnectorName, RuleName, fold};
use rollcall_rules::name_template::NameTemplate;
use rollcall_rules::rule::{CompiledExpression, Rule};

/// The names that rules may refer to.
#[derive(Debug, Clone, Copy)]
pub(super) struct NameScope<'a> {
    /// Every attribute.
    pub attributes: &'a AttributeSet,
    /// The names of the connectors.
    pub connectors: &'a [SpannedValue<&'a str>],
}

/// Builds the valid rules and reports the errors of the others.
pub(super) fn read(sections: &[ConfigSection<'_>], known: NameScope<'_>) -> Vec<Rule> {
    let mut names: Vec<SpannedValue<&str>> = Vec::new();
    let mut rules = Vec::new();
    for section in sections {
        if let Some(name) = section.text("name") {
            check_name(section, &name, &names);
            names.push(name);
        }
        rules.extend(one(section, known));
    }
    rules
}

fn check_name(section: &ConfigSection<'_>, name: &SpannedValue<&str>, earlier: &[SpannedValue<&str>]) {
    if name.value.contains(['(', ')']) {
        section.report.report_error(name.finding("the name of a rule must not contain parentheses"));
    }
    reject_duplicate(section, name, earlier, "rule");
}

fn one(section: &ConfigSection<'_>, known: NameScope<'_>) -> Option<Rule> {
    let condition = condition(section, known.attributes);
    let group = template(section, known.attributes, condition.as_ref());
    let connectors = connectors(section, known.connectors);
    let max_group_removals = section.percent("max_group_removals").map(|share| share.value);
    let name = RuleName::new(section.text("name")?.value.trim());
    let when = section.text("when")?.value.to_owned();
    let mut rule = Rule::new(name, when, group?, condition?);
    rule.connectors = connectors;
    rule.max_group_removals = max_group_removals;
    Some(rule)
}

fn condition(section: &ConfigSection<'_>, attributes: &AttributeSet) -> Option<CompiledExpression> {
    compile_expression(section, &section.text("when")?, attributes)
}

/// Compiles an expression of the file and reports errors at their position.
pub(super) fn compile_expression(
    section: &ConfigSection<'_>,
    text: &SpannedValue<&str>,
    attributes: &AttributeSet,
) -> Option<CompiledExpression> {
    match CompiledExpression::compile(text.value, attributes) {
        Ok(condition) => Some(condition),
        Err(mistakes) => {
            for mistake in mistakes {
                let place = (mistake.line, mistake.column);
                report_at(section, text, place, &mistake.message, mistake.suggestion.as_deref());
            }
            None
        }
    }
}

fn template(
    section: &ConfigSection<'_>,
    attributes: &AttributeSet,
    condition: Option<&CompiledExpression>,
) -> Option<NameTemplate> {
    let group = section.text("group")?;
    let patterns = condition.map_or(&[][..], CompiledExpression::patterns);
    match NameTemplate::parse(group.value, attributes, patterns) {
        Ok(template) => Some(template),
        // The expression, which is not valid, may name a part of a pattern so.
        Err(mistake) if condition.is_none() && names_part(section, mistake.unknown.as_deref()) => None,
        Err(mistake) => {
            let before = group.value.get(..mistake.at).unwrap_or("");
            let line = before.matches('\n').count();
            let column = before.rsplit('\n').next().unwrap_or(before).chars().count();
            report_at(section, &group, (line, column), &mistake.message, mistake.suggestion.as_deref());
            None
        }
    }
}

/// Returns true if the text of the expression names a part of a pattern so.
fn names_part(section: &ConfigSection<'_>, name: Option<&str>) -> bool {
    let when = section.text("when").map_or("", |when| when.value);
    name.is_some_and(|name| when.contains(&format!("<{name}>")))
}

/// Reports a message at a position inside a text. An unknown name may be defined in a part of the file that could not
/// be parsed.
fn report_at(
    section: &ConfigSection<'_>,
    text: &SpannedValue<&str>,
    (line, column): (usize, usize),
    message: &str,
    suggestion: Option<&str>,
) {
    let file = section.report.document.text;
    let start = locate_in_string(file, &text.span, text.value, line, column);
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let length = file[start..].find(|c| !word(c)).unwrap_or(file.len() - start);
    let end = (start + length).min(text.span.end);
    let hint = suggestion.map(|near| format!("did you mean `{near}`?"));
    let placed = SpannedValue { value: (), key: text.key.clone(), span: start..end.max(start) };
    section.report.report_absence(placed.finding(message).hint(hint));
}

fn connectors(section: &ConfigSection<'_>, known: &[SpannedValue<&str>]) -> Option<Vec<ConnectorName>> {
    let chosen = section.texts("connectors")?;
    if let (true, Some(place)) = (chosen.is_empty(), section.place("connectors")) {
        let finding = place.finding("`connectors` is an empty list, so the rule never matches");
        section.report.report_error(
            finding.hint("remove `connectors` to include the people of all connectors".to_owned()),
        );
    }
    let mut names = Vec::new();
    for one in chosen {
        match known.iter().find(|name| fold(name.value) == fold(one.value)) {
            Some(name) => names.push(ConnectorName::new(name.value)),
            None => {
                let finding = one.finding(format!("there is no connector `{}`", one.value));
                section.report.report_absence(
                    finding.hint(suggest_name(one.value, known.iter().map(|name| name.value))),
                );
            }
        }
    }
    Some(names)
}

/// Warns about rules that read an attribute that no connector maps.
pub(super) fn warn_unmapped_attributes(
    sections: &[ConfigSection<'_>],
    rules: &[Rule],
    connectors: &[Connector],
    attributes: &AttributeSet,
) {
    for (section, rule) in sections.iter().zip(rules) {
        let mut reads: Vec<_> = rule.condition().reads().into_iter().chain(rule.group.reads()).collect();
        reads.sort_unstable();
        reads.dedup();
        for attribute in reads {
            // Computed attributes follow from `manager`.
            let attribute = if attribute.is_computed() { Attribute::MANAGER } else { attribute };
            // Without a mapping, everyone who is in the directory is active.
            let is_known = attribute == Attribute::STATUS
                || connectors.iter().any(|connector| connector.mapping.maps(attribute));
            if is_known {
                continue;
            }
            let place = if rule.group.reads().any(|read| read == attribute) { "group" } else { "when" };
            let Some(place) = section.text(place) else { continue };
            section.report.report_warning(empty(&place, attribute, attributes));
        }
    }
}

fn empty(
    place: &SpannedValue<&str>,
    attribute: Attribute,
    attributes: &AttributeSet,
) -> crate::diagnostic::PendingDiagnostic {
    let name = attributes.name(attribute);
    let finding = place.finding(format!("no connector maps `{name}`: it is empty for every person"));
    finding.hint(format!("map `{name}` under `[connector.attributes]`"))
}
