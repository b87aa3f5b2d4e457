//! The walk through the file: one section at a time, against the table of keys.
//!
//! Opening a [`ConfigSection`] checks its keys, their shapes and what is missing; reading a key afterwards gives a value or
//! nothing, and what is wrong with it has been said already.

use std::cell::RefCell;
use std::ops::Range;
use std::time::Duration;

use chrono::NaiveDate;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Diagnostics, PendingDiagnostic, sort};
use crate::document::ConfigDocument;
use crate::key_spec::{self, KeySpec, SectionKind};
use crate::schema_keys::KINDS;
use crate::value_type::{self, ValueType, describe_value, integer, suggest_name};
use crate::{toml_errors, units};

/// Gathers what is found while the file is walked.
#[derive(Debug)]
pub(super) struct DiagnosticCollector<'d> {
    pub document: &'d ConfigDocument<'d>,
    mistakes: RefCell<Vec<PendingDiagnostic>>,
    warnings: RefCell<Vec<PendingDiagnostic>>,
    unreadable: Vec<usize>,
}

impl<'d> DiagnosticCollector<'d> {
    /// Begins with what is no TOML.
    pub(crate) fn new(document: &'d ConfigDocument<'d>) -> Self {
        let mistakes = toml_errors::collect_syntax_errors(document);
        let unreadable = mistakes.iter().map(|finding| document.line_of(finding.span.start)).collect();
        Self { document, mistakes: RefCell::new(mistakes), warnings: RefCell::default(), unreadable }
    }

    /// Something that is wrong whatever else the file holds; not said of a line that is no TOML.
    pub(crate) fn report_error(&self, finding: PendingDiagnostic) {
        if !self.unreadable.contains(&self.document.line_of(finding.span.start)) {
            self.mistakes.borrow_mut().push(finding);
        }
    }

    /// Something that is wrong because another thing is not there; not said of a file that could not be read to its end.
    pub(crate) fn report_absence(&self, finding: PendingDiagnostic) {
        if self.unreadable.is_empty() {
            self.mistakes.borrow_mut().push(finding);
        }
    }

    /// Something that works, and is worth a second look.
    pub(crate) fn report_warning(&self, finding: PendingDiagnostic) {
        self.warnings.borrow_mut().push(finding);
    }

    /// The warnings, or everything that is wrong.
    pub(crate) fn into_result(self) -> Result<Vec<Diagnostic>, Diagnostics> {
        let placed = |findings: RefCell<Vec<PendingDiagnostic>>| -> Vec<Diagnostic> {
            findings.into_inner().into_iter().map(|finding| self.document.build_diagnostic(finding)).collect()
        };
        let mistakes = placed(self.mistakes);
        if !mistakes.is_empty() {
            return Err(Diagnostics::new(mistakes));
        }
        let mut warnings = placed(self.warnings);
        sort(&mut warnings);
        Ok(warnings)
    }
}

/// A value with its place.
#[derive(Debug, Clone)]
pub(super) struct SpannedValue<T> {
    pub value: T,
    pub key: String,
    pub span: Range<usize>,
}

impl<T> SpannedValue<T> {
    /// Something to say about this value.
    pub(crate) fn finding(&self, message: impl Into<String>) -> PendingDiagnostic {
        PendingDiagnostic::new(&self.key, self.span.clone(), message)
    }
}

/// One section of the file, or the silence in its place.
#[derive(Debug, Clone)]
pub(super) struct ConfigSection<'d> {
    pub report: &'d DiagnosticCollector<'d>,
    /// Its path in the table of keys.
    path: &'static str,
    /// Its path in this file, with the numbers of lists.
    pub key: String,
    /// Its header.
    pub span: Range<usize>,
    rows: Option<&'d DeTable<'d>>,
}

impl<'d> ConfigSection<'d> {
    /// The top of the file.
    pub(crate) fn root(report: &'d DiagnosticCollector<'d>) -> Self {
        let root =
            Self { report, path: "", key: String::new(), span: 0..0, rows: Some(&report.document.root) };
        root.check();
        root
    }

    /// The `[section]` of this name; an empty one where the file has none.
    pub(crate) fn table(&self, name: &'static str) -> ConfigSection<'d> {
        let path = self.inner_path(name);
        let value = self.rows.and_then(|rows| rows.get(name));
        let rows = value.and_then(|value| value.get_ref().as_table());
        let span = value.filter(|_| rows.is_some()).map_or(self.span.clone(), Spanned::span);
        let section = ConfigSection {
            report: self.report,
            path,
            key: key_spec::join_path(&self.key, name),
            span,
            rows,
        };
        section.check();
        section
    }

    /// Every `[[section]]` of this name.
    pub(crate) fn list(&self, name: &'static str) -> Vec<ConfigSection<'d>> {
        let path = self.inner_path(name);
        let value = self.rows.and_then(|rows| rows.get(name));
        let list = value.and_then(|value| value.get_ref().as_array());
        let mut sections = Vec::new();
        for (index, one) in list.into_iter().flat_map(|list| list.iter()).enumerate() {
            let key = format!("{}[{index}]", key_spec::join_path(&self.key, name));
            match one.get_ref() {
                DeValue::Table(rows) => {
                    let section =
                        ConfigSection { report: self.report, path, key, span: one.span(), rows: Some(rows) };
                    section.check();
                    sections.push(section);
                }
                other => {
                    let message = format!("`{name}` should hold sections, this is {}", describe_value(other));
                    self.report.report_error(PendingDiagnostic::new(&key, one.span(), message));
                }
            }
        }
        sections
    }

    /// The texts of an open section in the order of the file: each key and its text.
    pub(crate) fn open(&self) -> Vec<(SpannedValue<&'d str>, SpannedValue<&'d str>)> {
        let mut pairs = Vec::new();
        for (name, value) in self.rows.into_iter().flatten() {
            let key = key_spec::join_path(&self.key, name.get_ref());
            match value.get_ref() {
                DeValue::String(text) => pairs.push((
                    SpannedValue { value: name.get_ref().as_ref(), key: key.clone(), span: name.span() },
                    SpannedValue { value: text.as_ref(), key, span: value.span() },
                )),
                other => {
                    let message = format!(
                        "`{}` should be text in quotes, this is {}",
                        name.get_ref(),
                        describe_value(other)
                    );
                    let finding = PendingDiagnostic::new(&key, value.span(), message);
                    self.report.report_error(finding.hint(self.suggest_section(name.get_ref())));
                }
            }
        }
        pairs.sort_by_key(|(name, _)| name.span.start);
        pairs
    }

    /// The `[section.NAME]` tables of an open section in the order of the file.
    pub(crate) fn open_tables(&self) -> Vec<(SpannedValue<&'d str>, ConfigSection<'d>)> {
        let mut tables = Vec::new();
        for (name, value) in self.rows.into_iter().flatten() {
            let key = key_spec::join_path(&self.key, name.get_ref());
            match value.get_ref() {
                DeValue::Table(rows) => {
                    let at =
                        SpannedValue { value: name.get_ref().as_ref(), key: key.clone(), span: name.span() };
                    let section = ConfigSection {
                        report: self.report,
                        path: self.path,
                        key,
                        span: value.span(),
                        rows: Some(rows),
                    };
                    tables.push((at, section));
                }
                other => {
                    let name = name.get_ref();
                    let message = format!("`{name}` should be a section, this is {}", describe_value(other));
                    let hint = format!("write `[{}.{name}]` and a line for each code", self.path);
                    self.report.report_error(PendingDiagnostic::new(&key, value.span(), message).hint(hint));
                }
            }
        }
        tables.sort_by_key(|(name, _)| name.span.start);
        tables
    }

    /// Something to say about the section as a whole.
    pub(crate) fn finding(&self, message: impl Into<String>) -> PendingDiagnostic {
        PendingDiagnostic::new(&self.key, self.span.clone(), message)
    }

    /// Whether the file has this key here, right or wrong.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.rows.is_some_and(|rows| rows.contains_key(name))
    }

    /// Whether the file has nothing here.
    pub(crate) fn is_absent(&self) -> bool {
        self.rows.is_none_or(|rows| rows.is_empty())
    }

    /// The place of a key's value, right or wrong.
    pub(crate) fn place(&self, name: &str) -> Option<SpannedValue<()>> {
        let value = self.rows?.get(name)?;
        Some(SpannedValue { value: (), key: key_spec::join_path(&self.key, name), span: value.span() })
    }

    pub(crate) fn text(&self, name: &'static str) -> Option<SpannedValue<&'d str>> {
        self.read(name, |value| value.get_ref().as_str())
    }

    pub(crate) fn flag(&self, name: &'static str) -> bool {
        self.read(name, |value| value.get_ref().as_bool()).is_some_and(|flag| flag.value)
    }

    /// Whether a switch is off: not there, or `false`.
    pub(crate) fn is_disabled(&self, name: &'static str) -> bool {
        self.rows.and_then(|rows| rows.get(name)).is_none_or(|value| value.get_ref().as_bool() == Some(false))
    }

    pub(crate) fn number<N: TryFrom<i64>>(&self, name: &'static str) -> Option<SpannedValue<N>> {
        self.read(name, |value| N::try_from(integer(value.get_ref().as_integer()?)?).ok())
    }

    pub(crate) fn duration(&self, name: &'static str) -> Option<SpannedValue<Duration>> {
        self.read(name, |value| units::duration(value.get_ref().as_str()?))
    }

    pub(crate) fn size(&self, name: &'static str) -> Option<SpannedValue<u64>> {
        self.read(name, |value| units::size(value.get_ref().as_str()?))
    }

    pub(crate) fn day(&self, name: &'static str) -> Option<SpannedValue<NaiveDate>> {
        self.read(name, value_type::day)
    }

    /// A text that parses into something: a percentage, a zone, an address.
    pub(crate) fn parsed<T: std::str::FromStr>(&self, name: &'static str) -> Option<SpannedValue<T>> {
        self.read(name, |value| value.get_ref().as_str()?.parse().ok())
    }

    /// The entries of a list, or the one text in its place.
    pub(crate) fn texts(&self, name: &'static str) -> Option<Vec<SpannedValue<&'d str>>> {
        let key = key_spec::join_path(&self.key, name);
        let entry = |index: Option<usize>, value: &'d Spanned<DeValue<'d>>| {
            let key = index.map_or(key.clone(), |index| format!("{key}[{index}]"));
            value.get_ref().as_str().map(|text| SpannedValue { value: text, key, span: value.span() })
        };
        let list = self.read(name, |value| match value.get_ref() {
            DeValue::Array(list) => {
                list.iter().enumerate().map(|(index, one)| entry(Some(index), one)).collect()
            }
            _ => entry(None, value).map(|one| vec![one]),
        });
        list.map(|list| list.value)
    }

    /// A value that has its key's shape.
    fn read<T>(
        &self,
        name: &'static str,
        get: impl Fn(&'d Spanned<DeValue<'d>>) -> Option<T>,
    ) -> Option<SpannedValue<T>> {
        let key = key_spec::find_key(self.path, name);
        debug_assert!(key.is_some(), "`{}.{name}` stands in the table of keys", self.path);
        let value = self.rows?.get(name)?;
        let right = key.is_some_and(|key| key.value_type_for(self.kind()).check_value(value).is_empty());
        let value = SpannedValue {
            value: get(value).filter(|_| right)?,
            key: key_spec::join_path(&self.key, name),
            span: value.span(),
        };
        Some(value)
    }

    fn inner_path(&self, name: &'static str) -> &'static str {
        let inner = key_spec::sections_in(self.path).find(|section| section.name() == name);
        debug_assert!(inner.is_some(), "the section `{name}` stands in the table of keys");
        inner.map_or("", |section| section.path)
    }

    /// The kind of connector, where this is one and the kind is known.
    pub(crate) fn kind(&self) -> Option<&'d str> {
        let kind = self.rows?.get("kind")?.get_ref().as_str()?;
        KINDS.contains(&kind).then_some(kind)
    }

    fn check(&self) {
        let Some(spec) = key_spec::find_section(self.path) else { return };
        if matches!(spec.form, SectionKind::FreeKeys | SectionKind::FreeTables) {
            return;
        }
        for (name, value) in self.rows.into_iter().flatten() {
            let word = name.get_ref().as_ref();
            if let Some(inner) = key_spec::sections_in(self.path).find(|inner| inner.name() == word) {
                self.check_form(inner.form, word, value);
                continue;
            }
            match key_spec::find_key(self.path, word).filter(|key| key.belongs_to(self.kind())) {
                Some(key) => self.check_value(key, value),
                None => self.report_unknown_key(word, name.span()),
            }
        }
        for key in key_spec::keys_of(self.path).filter(|key| key.is_required_for(self.kind())) {
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
            let message = format!("`{name}` should be {what}, this is {}", describe_value(value.get_ref()));
            let finding =
                PendingDiagnostic::new(&key_spec::join_path(&self.key, name), value.span(), message);
            self.report.report_error(finding.hint(format!("write it as `{header}`")));
        }
    }

    fn report_unknown_key(&self, name: &str, span: Range<usize>) {
        let key = key_spec::join_path(&self.key, name);
        let finding = if self.path.is_empty() {
            PendingDiagnostic::new(&key, span, format!("there is no key or section `{name}`"))
        } else {
            PendingDiagnostic::new(&key, span, format!("`{}` has no key `{name}`", self.path))
        };
        let known =
            key_spec::keys_of(self.path).filter(|key| key.belongs_to(self.kind())).map(|key| key.name);
        let inner = key_spec::sections_in(self.path).map(key_spec::SectionSpec::name);
        let hint = self.suggest_section(name).or_else(|| suggest_name(name, known.chain(inner)));
        self.report.report_error(finding.hint(hint));
    }

    /// Says where a key belongs that exists, elsewhere.
    pub(crate) fn suggest_section(&self, name: &str) -> Option<String> {
        let elsewhere: Vec<&KeySpec> = key_spec::KEYS.iter().filter(|key| key.name == name).collect();
        let key = match elsewhere.as_slice() {
            [key] => key,
            several => several.iter().find(|key| key.section.is_empty())?,
        };
        match (key.kinds, key.section) {
            ([_, ..], section) if section == self.path => {
                let kinds: Vec<String> = key.kinds.iter().map(|kind| format!("`{kind}`")).collect();
                Some(format!("`{name}` belongs to connectors of kind {}", kinds.join(", ")))
            }
            (_, "") => Some(format!("`{name}` belongs to the top of the file, above the first section")),
            (_, section) if section.starts_with(self.path) || !self.path.starts_with(section) => {
                Some(format!("`{name}` belongs to `{section}`"))
            }
            (_, section) => {
                Some(format!("`{name}` belongs to `{section}`, above the line `[{}]`", self.path))
            }
        }
    }
}
