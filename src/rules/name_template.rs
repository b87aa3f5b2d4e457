//! Templates of group names: `"Department: {department}"` creates one group for each department.

use std::fmt;

use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::interner::{Interner, Symbol};
use rollcall_model::names::{GroupName, fold, nearest};

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
    /// Parses a template.
    ///
    /// # Errors
    /// If a brace is unbalanced or an attribute is unknown.
    pub fn parse(text: &str, attributes: &AttributeSet) -> Result<Self, BadTemplate> {
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
            })?;
            let name = after[..close].trim();
            let attribute = attributes.find(name).ok_or_else(|| unknown(at + 1, name, attributes))?;
            if !literal.is_empty() {
                parts.push(TemplateSegment::Text(std::mem::take(&mut literal)));
            }
            parts.push(TemplateSegment::Value(attribute));
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
            TemplateSegment::Value(attribute) => Some(*attribute),
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
    /// At most 100 groups are returned.
    #[must_use]
    pub fn render(&self, values: &Interner, cell_of: impl Fn(Attribute) -> Symbol) -> Vec<RenderedName> {
        let mut filled = vec![RenderedName { key: String::new(), name: String::new() }];
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
            }
        }
        filled
    }
}

impl RenderedName {
    fn with(&self, value: &str) -> Self {
        let mut next = self.clone();
        if !next.key.is_empty() {
            next.key.push(rollcall_model::interner::SEPARATOR);
        }
        next.key.push_str(&fold(value));
        next.name.push_str(value);
        next
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
    Some(BadTemplate { at, message, suggestion: None })
}

fn unknown(at: usize, name: &str, attributes: &AttributeSet) -> BadTemplate {
    let suggestion = nearest(name, attributes.names()).map(str::to_owned);
    BadTemplate { at, message: format!("no connector maps an attribute `{name}`"), suggestion }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(template: &str, department: &[&str], location: &[&str]) -> Vec<String> {
        let attributes = AttributeSet::default();
        let template = NameTemplate::parse(template, &attributes).expect("a template");
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
            let template = NameTemplate::parse(template, &AttributeSet::default()).expect("a template");
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

    #[test]
    fn a_mistyped_attribute_is_named_with_its_nearest() {
        let error = NameTemplate::parse("Dept {departmnt}", &AttributeSet::default()).expect_err("unknown");
        assert_eq!(error.at, 6);
        assert_eq!(error.suggestion.as_deref(), Some("department"), "{}", error.message);
        for habit in ["Team {{department}}", "Team {{ department }}", "Team ${department}"] {
            let error = NameTemplate::parse(habit, &AttributeSet::default()).expect_err(habit);
            assert!(error.message.ends_with("write `{department}`"), "{habit}: {}", error.message);
        }
        for broken in ["Dept {department", "Dept }", "{"] {
            assert!(NameTemplate::parse(broken, &AttributeSet::default()).is_err(), "{broken}");
        }
    }
}
