//! Parses the file one section at a time against the table of keys.
//!
//! Opening a [`ConfigSection`] checks its keys, their types and missing keys. Reading a key afterwards returns the value,
//! or `None` if it is absent or was already reported as invalid.

use std::ops::Range;
use std::time::Duration;

use chrono::NaiveDate;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::connector_kinds::KINDS;
use crate::diagnostic::PendingDiagnostic;
use crate::diagnostic_collector::{DiagnosticCollector, SpannedValue};
use crate::key_spec;
use crate::schema_keys;
use crate::units;
use crate::value_type::{self, describe_value, integer};
use rollcall_model::guard::Percent;

/// One section of the file, or an empty one if the file does not have it.
#[derive(Debug, Clone)]
pub(super) struct ConfigSection<'d> {
    pub report: &'d DiagnosticCollector<'d>,
    /// The path in the table of keys.
    pub(super) path: &'static str,
    /// The path in this file, with list indexes.
    pub key: String,
    /// The byte range of the header.
    pub span: Range<usize>,
    pub(super) rows: Option<&'d DeTable<'d>>,
}

impl<'d> ConfigSection<'d> {
    /// Opens the top level of the file.
    pub(crate) fn root(report: &'d DiagnosticCollector<'d>) -> Self {
        let root =
            Self { report, path: "", key: String::new(), span: 0..0, rows: Some(&report.document.root) };
        root.check();
        root
    }

    /// Opens the `[section]` of this name; an empty one if the file does not have it.
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

    /// Opens every `[[section]]` of this name.
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
                    let message =
                        format!("`{name}` should contain sections, found {}", describe_value(other));
                    self.report.report_error(PendingDiagnostic::new(&key, one.span(), message));
                }
            }
        }
        sections
    }

    /// Returns the keys and texts of a section with arbitrary keys, in the order of the file.
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
                        "`{}` should be text in quotes, found {}",
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

    /// Returns the `[section.NAME]` tables of a section with arbitrary names, in the order of the file.
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
                    let message = format!("`{name}` should be a section, found {}", describe_value(other));
                    let hint = format!("write `[{}.{name}]` and a line for each code", self.path);
                    self.report.report_error(PendingDiagnostic::new(&key, value.span(), message).hint(hint));
                }
            }
        }
        tables.sort_by_key(|(name, _)| name.span.start);
        tables
    }

    /// Creates a diagnostic about the whole section.
    pub(crate) fn finding(&self, message: impl Into<String>) -> PendingDiagnostic {
        PendingDiagnostic::new(&self.key, self.span.clone(), message)
    }

    /// Returns true if the section has this key, valid or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.rows.is_some_and(|rows| rows.contains_key(name))
    }

    /// Returns true if the section is missing or empty.
    pub(crate) fn is_absent(&self) -> bool {
        self.rows.is_none_or(toml::map::Map::is_empty)
    }

    /// Returns the position of a key's value, valid or not.
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

    /// Returns true if a flag is absent or `false`.
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

    /// Reads a text and parses it, for example as a percentage, a time zone or an address.
    pub(crate) fn parsed<T: std::str::FromStr>(&self, name: &'static str) -> Option<SpannedValue<T>> {
        self.read(name, |value| value.get_ref().as_str()?.parse().ok())
    }

    /// Reads a percentage; the number 0 needs no sign.
    pub(crate) fn percent(&self, name: &'static str) -> Option<SpannedValue<Percent>> {
        self.read(name, |value| match value.get_ref() {
            DeValue::Integer(number) => (integer(number) == Some(0)).then_some(Percent::new(0)),
            other => other.as_str()?.parse().ok(),
        })
    }

    /// Reads a list of texts; a single text counts as a list of one.
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

    /// Reads a value that has the type of its key.
    fn read<T>(
        &self,
        name: &'static str,
        get: impl Fn(&'d Spanned<DeValue<'d>>) -> Option<T>,
    ) -> Option<SpannedValue<T>> {
        let key = schema_keys::find_key(self.path, name);
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
        let inner = schema_keys::sections_in(self.path).find(|section| section.name() == name);
        debug_assert!(inner.is_some(), "the section `{name}` stands in the table of keys");
        inner.map_or("", |section| section.path)
    }

    /// Returns the kind if this is a connector of a known kind.
    pub(crate) fn kind(&self) -> Option<&'d str> {
        let kind = self.rows?.get("kind")?.get_ref().as_str()?;
        KINDS.contains(&kind).then_some(kind)
    }
}
