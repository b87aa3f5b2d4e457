//! Templates of group names: `"Department: {department}"` creates one group for each department.

use std::fmt;

use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::interner::{Interner, Symbol};
use rollcall_model::names::{GroupName, fold, nearest};

use crate::capturing_pattern::CapturingPattern;

/// A group name with placeholders for attributes. `{{` and `}}` are literal braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameTemplate {
    text: String,
    parts: Vec<TemplateSegment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum TemplateSegment {
    Text(String),
    Value(Attribute),
    /// A named part of a pattern of the rule.
    Part {
        pattern: CapturingPattern,
        name: String,
        attribute: Attribute,
    },
}

/// The error of an invalid template, with its byte position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadTemplate {
    /// The position in bytes from the start of the template.
    pub at: usize,
    /// The message.
    pub message: String,
    /// The known attribute that is most similar to an unknown one.
    pub suggestion: Option<String>,
    /// The name that is unknown.
    pub unknown: Option<String>,
}

/// The message with the suggestion.
impl fmt::Display for BadTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.suggestion {
            Some(name) => write!(f, ", did you mean `{name}`?"),
            None => Ok(()),
        }
    }
}

/// One group that a template names for one learner.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RenderedName {
    /// The key of this group among those of the rule: the folded values without the surrounding text.
    pub key: String,
    /// The rendered name.
    pub name: String,
}

/// The maximum number of groups of one rule for one person; the numbers of values of several attributes multiply.
const MAX_RENDERED_NAMES: usize = 100;

impl NameTemplate {
    /// Parses a template. `patterns` are those of the rule: a template may name their parts.
    ///
    /// # Errors
    /// If a brace is unbalanced, or if a name is neither that of an attribute nor that of a part.
    pub fn parse(
        text: &str,
        attributes: &AttributeSet,
        patterns: &[CapturingPattern],
    ) -> Result<Self, BadTemplate> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(brace) = rest.find(['{', '}']) {
            literal.push_str(&rest[..brace]);
            let at = text.len() - rest.len() + brace;
            let after = &rest[brace + 1..];
            let opening = rest[brace..].starts_with('{');
            if opening && let Some(mistake) = foreign_placeholder(&literal, after, at, attributes) {
                return Err(mistake);
            }
            if (opening && after.starts_with('{')) || (!opening && after.starts_with('}')) {
                literal.push_str(&rest[brace..=brace]);
                rest = &after[1..];
                continue;
            }
            let close = after.find('}').filter(|_| opening).ok_or_else(|| BadTemplate {
                at,
                message:
                    "unbalanced brace: write `{attribute}` for a value, or `{{` and `}}` for literal braces"
                        .to_owned(),
                suggestion: None,
                unknown: None,
            })?;
            let placeholder = read_placeholder(at + 1, after[..close].trim(), attributes, patterns)?;
            if !literal.is_empty() {
                parts.push(TemplateSegment::Text(std::mem::take(&mut literal)));
            }
            parts.push(placeholder);
            rest = &after[close + 1..];
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(TemplateSegment::Text(literal));
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// The template as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The attributes that it reads.
    pub fn reads(&self) -> impl Iterator<Item = Attribute> {
        self.parts.iter().filter_map(|part| match part {
            TemplateSegment::Value(attribute) | TemplateSegment::Part { attribute, .. } => Some(*attribute),
            TemplateSegment::Text(_) => None,
        })
    }

    /// Returns true if the name depends on values of the person.
    #[must_use]
    pub fn has_values(&self) -> bool {
        self.reads().next().is_some()
    }

    /// Returns true if the template gives this name for some values.
    #[must_use]
    pub fn may_name(&self, group: &GroupName) -> bool {
        let mut rest = group.folded();
        let mut after_value = false;
        let mut parts = self.parts.iter().peekable();
        while let Some(part) = parts.next() {
            let TemplateSegment::Text(text) = part else {
                after_value = true;
                continue;
            };
            let text = fold(text);
            let found = match (after_value, parts.peek()) {
                (false, _) => rest.starts_with(&text).then_some(0),
                // A value has at least one character.
                (true, None) => rest.rfind(&text).filter(|at| *at > 0 && at + text.len() == rest.len()),
                (true, Some(_)) => rest.match_indices(&text).map(|(at, _)| at).find(|at| *at > 0),
            };
            let Some(at) = found else { return false };
            rest = &rest[at + text.len()..];
            after_value = false;
        }
        if after_value { !rest.trim().is_empty() } else { rest.is_empty() }
    }

    /// Returns the groups for one person: one for each combination of values, none if a value is empty.
    ///
    /// Parts of one pattern are those of one value. At most 100 groups are returned.
    #[must_use]
    pub fn render(&self, values: &Interner, cell_of: impl Fn(Attribute) -> Symbol) -> Vec<RenderedName> {
        let mut filled = vec![PartialName::default()];
        for part in &self.parts {
            match part {
                TemplateSegment::Text(text) => filled.iter_mut().for_each(|one| one.name.push_str(text)),
                TemplateSegment::Value(attribute) => {
                    let cell = cell_of(*attribute);
                    filled = filled
                        .iter()
                        .flat_map(|one| values.all(cell).map(|value| one.with(value)))
                        .take(MAX_RENDERED_NAMES)
                        .collect();
                }
                TemplateSegment::Part { pattern, name, .. } => {
                    let texts = pattern.list_texts(values, &cell_of);
                    filled = filled
                        .iter()
                        .flat_map(|one| one.with_part(pattern, name, &texts))
                        .take(MAX_RENDERED_NAMES)
                        .collect();
                }
            }
        }
        filled.into_iter().map(|PartialName { key, name, .. }| RenderedName { key, name }).collect()
    }
}

/// The beginning of a rendered name.
#[derive(Debug, Clone, Default)]
struct PartialName<'t> {
    key: String,
    name: String,
    /// The text that each pattern was compared with.
    matched: Vec<(&'t CapturingPattern, &'t str)>,
}

impl<'t> PartialName<'t> {
    fn with(&self, value: &str) -> Self {
        let mut next = self.clone();
        if !next.key.is_empty() {
            next.key.push(rollcall_model::interner::SEPARATOR);
        }
        next.key.push_str(&fold(value));
        next.name.push_str(value);
        next
    }

    /// Returns one name for each text in which the pattern finds the part; only for the same text as before, if any.
    fn with_part(&self, pattern: &'t CapturingPattern, name: &str, texts: &[&'t str]) -> Vec<Self> {
        let before = self.matched.iter().find(|(one, _)| *one == pattern).map(|(_, text)| *text);
        let texts = texts.iter().filter(|text| before.is_none_or(|before| before == **text));
        let next = |text: &&'t str| {
            let mut next = self.with(&pattern.find_part(text, name)?);
            next.matched.push((pattern, *text));
            Some(next)
        };
        texts.filter_map(next).collect()
    }
}

/// Reads the name of a placeholder: an attribute, or a part of a pattern.
fn read_placeholder(
    at: usize,
    name: &str,
    attributes: &AttributeSet,
    patterns: &[CapturingPattern],
) -> Result<TemplateSegment, BadTemplate> {
    if let Some(attribute) = attributes.find(name) {
        return Ok(TemplateSegment::Value(attribute));
    }
    let Some(pattern) = patterns.iter().find(|pattern| pattern.names().any(|part| part == name)) else {
        return Err(unknown(at, name, attributes, patterns));
    };
    match pattern.attribute() {
        Some(attribute) => {
            Ok(TemplateSegment::Part { pattern: pattern.clone(), name: name.to_owned(), attribute })
        }
        None => {
            let message = format!(
                "the part `{name}` is not that of an attribute: write `department.matches(\"…(?P<{name}>…)…\")`"
            );
            Err(BadTemplate { at, message, suggestion: None, unknown: None })
        }
    }
}

/// Finds `{{department}}` and `${department}`, as other programs write the value of an attribute.
fn foreign_placeholder(
    before: &str,
    after: &str,
    at: usize,
    attributes: &AttributeSet,
) -> Option<BadTemplate> {
    let inner = after.strip_prefix('{');
    let name = inner.unwrap_or(after).split(['{', '}']).next()?.trim();
    attributes.find(name)?;
    let written = match inner {
        Some(inner) if inner.contains("}}") => format!("{{{{{name}}}}}"),
        None if before.ends_with('$') => format!("${{{name}}}"),
        Some(_) | None => return None,
    };
    let message = format!("`{written}` is not the value of `{name}`: write `{{{name}}}`");
    Some(BadTemplate { at, message, suggestion: None, unknown: None })
}

fn unknown(at: usize, name: &str, attributes: &AttributeSet, patterns: &[CapturingPattern]) -> BadTemplate {
    let known = attributes.names().chain(patterns.iter().flat_map(CapturingPattern::names));
    let suggestion = nearest(name, known).map(str::to_owned);
    let mut message = format!("no connector maps an attribute `{name}`");
    if suggestion.is_none() {
        let advice =
            format!("; for a part of a text, write `(?P<{name}>…)` in a pattern of `matches` in `when`");
        message.push_str(&advice);
    }
    BadTemplate { at, message, suggestion, unknown: Some(name.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::CompiledExpression;

    fn fill(template: &str, department: &[&str], location: &[&str]) -> Vec<String> {
        let attributes = AttributeSet::default();
        let template = NameTemplate::parse(template, &attributes, &[]).expect("a template");
        let mut values = Interner::default();
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let department = values.intern_all(&mut owned(department));
        let location = values.intern_all(&mut owned(location));
        let cell_of = |attribute| if attribute == Attribute::DEPARTMENT { department } else { location };
        template.render(&values, cell_of).into_iter().map(|one| one.name).collect()
    }

    #[test]
    fn one_group_for_each_value_and_none_for_an_empty_one() {
        assert_eq!(fill("Department: {department}", &["Sales"], &[]), ["Department: Sales"]);
        assert_eq!(fill("{department}", &["Sales", "HR"], &[]), ["HR", "Sales"]);
        assert_eq!(fill("{department} in {location}", &["Sales"], &[]), Vec::<String>::new());
        assert_eq!(fill("{department}/{location}", &["A", "B"], &["X", "Y"]), ["A/X", "A/Y", "B/X", "B/Y"]);
        assert_eq!(fill("Everyone {{here}}", &[], &[]), ["Everyone {here}"]);
    }

    /// A template may name a group whose name has its texts around values of at least one character.
    #[test]
    fn template_may_name_what_has_its_texts() {
        let may = |template: &str, name: &str| {
            let template = NameTemplate::parse(template, &AttributeSet::default(), &[]).expect("a template");
            template.may_name(&GroupName::parse(name).expect("a name"))
        };
        assert!(may("Sales", "sales ") && !may("Sales", "Sales team"));
        assert!(may("Team {department}", "team Sales") && !may("Team {department}", "Team"));
        assert!(
            may("{department} in {location}", "HR in Berlin")
                && !may("{department} in {location}", "in Berlin")
        );
        assert!(may("{department} all", "HR all all") && !may("{department} all", "HR all of them"));
        assert!(may("{department}", "VIP"));
    }

    fn fill_parts(when: &str, template: &str, department: &[&str]) -> Vec<String> {
        let attributes = AttributeSet::default();
        let condition = CompiledExpression::compile(when, &attributes).expect("an expression");
        let template = NameTemplate::parse(template, &attributes, condition.patterns()).expect("a template");
        let mut values = Interner::default();
        let mut texts = department.iter().map(|&text| text.to_owned()).collect();
        let cell = values.intern_all(&mut texts);
        template.render(&values, |_| cell).into_iter().map(|one| one.name).collect()
    }

    /// A part of a pattern names a group, for the first value or for each one; parts of one pattern belong together.
    #[test]
    fn parts_of_patterns_name_groups() {
        let first = r#"department.matches("^(?P<area>[A-Z]+)-(?P<team>.*)")"#;
        assert_eq!(fill_parts(first, "Area {area}", &["EMEA-Sales"]), ["Area EMEA"]);
        assert_eq!(fill_parts(first, "Area {area}", &["Sales"]), Vec::<String>::new());
        let each = r#"department_all.exists(d, d.matches("^(?P<area>[A-Z]+)-(?P<team>.*)"))"#;
        let names = fill_parts(each, "{team} of {area}", &["EMEA-Sales", "APAC-HR", "Board"]);
        assert_eq!(names, ["HR of APAC", "Sales of EMEA"]);
        let either = r#"department == "Board" || department.matches("^(?P<area>[A-Z]+)?-")"#;
        assert_eq!(fill_parts(either, "Area {area}", &["Board"]), Vec::<String>::new());
        assert_eq!(fill_parts(either, "Area {area}", &["-"]), Vec::<String>::new());
    }

    #[test]
    fn a_mistyped_attribute_is_named_with_its_nearest() {
        let error =
            NameTemplate::parse("Dept {departmnt}", &AttributeSet::default(), &[]).expect_err("unknown");
        assert_eq!(error.at, 6);
        assert_eq!(error.suggestion.as_deref(), Some("department"), "{}", error.message);
        for habit in ["Team {{department}}", "Team {{ department }}", "Team ${department}"] {
            let error = NameTemplate::parse(habit, &AttributeSet::default(), &[]).expect_err(habit);
            assert!(error.message.ends_with("write `{department}`"), "{habit}: {}", error.message);
        }
        for broken in ["Dept {department", "Dept }", "{"] {
            assert!(NameTemplate::parse(broken, &AttributeSet::default(), &[]).is_err(), "{broken}");
        }
    }
}
