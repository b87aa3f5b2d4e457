//! Checks the keys of a section against the table of keys: unknown keys, missing keys, and values of another type.

use std::ops::Range;

use toml::Spanned;
use toml::de::DeValue;

use crate::diagnostic::PendingDiagnostic;
use crate::diagnostic_collector::SpannedValue;
use crate::key_spec::{self, KeySpec, SectionKind};
use crate::schema_keys;
use crate::section::ConfigSection;
use crate::value_type::{ValueType, describe_value, suggest_name};
use rollcall_model::names::fold;

impl ConfigSection<'_> {
    pub(super) fn check(&self) {
        let Some(spec) = schema_keys::find_section(self.path) else { return };
        if matches!(spec.form, SectionKind::FreeKeys | SectionKind::FreeTables) {
            return;
        }
        for (name, value) in self.rows.into_iter().flatten() {
            let word = name.get_ref().as_ref();
            if let Some(inner) = schema_keys::sections_in(self.path).find(|inner| inner.name() == word) {
                self.check_form(inner.form, word, value);
                continue;
            }
            match schema_keys::find_key(self.path, word).filter(|key| key.belongs_to(self.kind())) {
                Some(key) => self.check_value(key, value),
                None => self.report_unknown_key(word, name.span()),
            }
        }
        for key in schema_keys::keys_of(self.path).filter(|key| key.is_required_for(self.kind())) {
            if !self.has(key.name) {
                let finding = self.finding(format!("`{}` is missing", key.name));
                self.report.report_absence(
                    finding.hint(format!("add a line such as {} = {}", key.name, key.example)),
                );
            }
        }
    }

    fn check_value(&self, key: &KeySpec, value: &Spanned<DeValue<'_>>) {
        let shape = key.value_type_for(self.kind());
        for fault in shape.check_value(value) {
            let hint = fault.hint.or_else(|| match shape {
                ValueType::Text { .. } | ValueType::Secret if value.get_ref().is_str() => None,
                _ => Some(format!("for example {} = {}", key.name, key.example)),
            });
            let message = format!("`{}` {}", key.name, fault.message);
            let finding =
                PendingDiagnostic::new(&key_spec::join_path(&self.key, key.name), fault.span, message);
            self.report.report_error(finding.hint(hint));
        }
    }

    fn check_form(&self, form: SectionKind, name: &str, value: &Spanned<DeValue<'_>>) {
        let path = key_spec::join_path(self.path, name);
        let right = match form {
            SectionKind::List => value.get_ref().is_array(),
            SectionKind::Table | SectionKind::FreeKeys | SectionKind::FreeTables => {
                value.get_ref().is_table()
            }
        };
        if !right {
            let (header, what) = match form {
                SectionKind::List => (format!("[[{path}]]"), "a list of sections"),
                SectionKind::Table | SectionKind::FreeKeys => (format!("[{path}]"), "a section"),
                SectionKind::FreeTables => (format!("[{path}.NAME]"), "sections"),
            };
            let message = format!("`{name}` should be {what}, found {}", describe_value(value.get_ref()));
            let finding =
                PendingDiagnostic::new(&key_spec::join_path(&self.key, name), value.span(), message);
            self.report.report_error(finding.hint(format!("write it as `{header}`")));
        }
    }

    fn report_unknown_key(&self, name: &str, span: Range<usize>) {
        let key = key_spec::join_path(&self.key, name);
        let finding = if self.path.is_empty() {
            PendingDiagnostic::new(&key, span, format!("unknown key or section `{name}`"))
        } else {
            PendingDiagnostic::new(&key, span, format!("`{}` has no key `{name}`", self.path))
        };
        let known =
            schema_keys::keys_of(self.path).filter(|key| key.belongs_to(self.kind())).map(|key| key.name);
        let inner = schema_keys::sections_in(self.path).map(key_spec::SectionSpec::name);
        let hint = self.suggest_section(name).or_else(|| suggest_name(name, known.chain(inner)));
        self.report.report_error(finding.hint(hint));
    }

    /// Suggests the section of a key that exists in another section.
    pub(crate) fn suggest_section(&self, name: &str) -> Option<String> {
        let elsewhere: Vec<&KeySpec> = schema_keys::keys().filter(|key| key.name == name).collect();
        let key = match elsewhere.as_slice() {
            [key] => key,
            several => several.iter().find(|key| key.section.is_empty())?,
        };
        match (key.kinds, key.section) {
            ([_, ..], section) if section == self.path => {
                let kinds: Vec<String> = key.kinds.iter().map(|kind| format!("`{kind}`")).collect();
                Some(format!("`{name}` belongs to connectors of kind {}", kinds.join(", ")))
            }
            (_, "") => Some(format!("`{name}` belongs at the top of the file, above the first section")),
            (_, section) if section.starts_with(self.path) || !self.path.starts_with(section) => {
                Some(format!("`{name}` belongs to `{section}`"))
            }
            (_, section) => {
                Some(format!("`{name}` belongs to `{section}`, above the line `[{}]`", self.path))
            }
        }
    }
}

/// Reports a name that was already used earlier in the file.
pub(super) fn reject_duplicate(
    section: &ConfigSection<'_>,
    name: &SpannedValue<&str>,
    earlier: &[SpannedValue<&str>],
    what: &str,
) {
    let folded = fold(name.value);
    if let Some(first) = earlier.iter().find(|one| fold(one.value) == folded) {
        let line = section.report.document.line_of(first.span.start) + 1;
        let finding = name.finding(format!("duplicate {what} `{}`", name.value));
        section.report.report_error(finding.hint(format!("the first one is in line {line}")));
    }
}
