//! A pattern with named parts, of which templates use the values.

use regex::Regex;
use rollcall_model::attributes::Attribute;
use rollcall_model::interner::{Interner, Symbol};
use rollcall_model::names::clean;

use crate::patterns::check_text;

/// The attribute that a pattern is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CapturedSubject {
    pub(crate) attribute: Attribute,
    /// True if the pattern is compared with each value, false if only with the first one.
    pub(crate) each_value: bool,
}

/// A pattern whose parts have names, and the attribute that it is compared with.
#[derive(Debug, Clone)]
pub struct CapturingPattern {
    pattern: Regex,
    subject: Option<CapturedSubject>,
}

impl PartialEq for CapturingPattern {
    fn eq(&self, other: &Self) -> bool {
        self.pattern.as_str() == other.pattern.as_str() && self.subject == other.subject
    }
}

impl Eq for CapturingPattern {}

impl CapturingPattern {
    /// A pattern that is compared with `subject`; `None` is a text that is no attribute.
    pub(crate) fn new(pattern: Regex, subject: Option<CapturedSubject>) -> Self {
        Self { pattern, subject }
    }

    /// The names of its parts.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pattern.capture_names().flatten()
    }

    /// The attribute whose values it is compared with.
    pub(crate) fn attribute(&self) -> Option<Attribute> {
        self.subject.map(|subject| subject.attribute)
    }

    /// The values of the attribute that it is compared with.
    pub(crate) fn list_texts<'v>(
        &self,
        values: &'v Interner,
        cell_of: impl Fn(Attribute) -> Symbol,
    ) -> Vec<&'v str> {
        match self.subject {
            Some(CapturedSubject { attribute, each_value: true }) => values.all(cell_of(attribute)).collect(),
            Some(CapturedSubject { attribute, each_value: false }) => vec![values.first(cell_of(attribute))],
            None => Vec::new(),
        }
    }

    /// Returns the value of a part in a text; `None` if the pattern does not match or the part is empty.
    pub(crate) fn find_part(&self, text: &str, name: &str) -> Option<String> {
        check_text(text).ok()?;
        let part = clean(self.pattern.captures(text)?.name(name)?.as_str()).into_owned();
        (!part.is_empty()).then_some(part)
    }
}
