//! The description of a section and of a key of the configuration file. [`super::schema_keys`] lists all of them.

use crate::value_type::ValueType;

/// One `[section]` or `[[section]]` of the file.
#[derive(Debug)]
pub(super) struct SectionSpec {
    /// The dotted path; "" is the top level of the file.
    pub path: &'static str,
    /// The form of the section.
    pub form: SectionKind,
    /// A description in one sentence.
    pub doc: &'static str,
}

/// The form of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SectionKind {
    /// `[section]` with the keys of the table.
    Table,
    /// `[[section]]`, any number of times, with the keys of the table.
    List,
    /// `[section]` with arbitrary keys; every value is text.
    FreeKeys,
    /// `[section.NAME]` with arbitrary names, each a [`SectionKind::FreeKeys`] section.
    FreeTables,
}

/// One key of a section.
#[derive(Debug)]
pub(super) struct KeySpec {
    /// The path of its section.
    pub section: &'static str,
    /// The name of the key.
    pub name: &'static str,
    /// The type of the value.
    pub value_type: ValueType,
    /// Whether the key is required, optional or has a default.
    pub presence: Presence,
    /// The connector kinds that have the key; all kinds if empty.
    pub kinds: &'static [&'static str],
    /// The connector kinds for which a required key is optional.
    pub optional_kinds: &'static [&'static str],
    /// The connector kinds for which the value may be a list of texts.
    pub list_kinds: &'static [&'static str],
    /// A description in one sentence.
    pub doc: &'static str,
    /// An example value in TOML.
    pub example: &'static str,
}

/// The behavior if a key is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// The file is rejected.
    Required,
    /// Nothing happens.
    Optional,
    /// This value, written in TOML, is used.
    Default(&'static str),
}

impl KeySpec {
    /// Creates an optional key.
    pub(super) const fn new(
        section: &'static str,
        name: &'static str,
        value_type: ValueType,
        example: &'static str,
        doc: &'static str,
    ) -> Self {
        Self {
            section,
            name,
            value_type,
            presence: Presence::Optional,
            kinds: &[],
            optional_kinds: &[],
            list_kinds: &[],
            doc,
            example,
        }
    }

    /// Makes the key required.
    pub(super) const fn required(self) -> Self {
        Self { presence: Presence::Required, ..self }
    }

    /// Sets the default.
    pub(super) const fn with_default(self, default: &'static str) -> Self {
        Self { presence: Presence::Default(default), ..self }
    }

    /// Restricts the key to some connector kinds.
    pub(super) const fn only_for(self, kinds: &'static [&'static str]) -> Self {
        Self { kinds, ..self }
    }

    /// Makes a required key optional for these kinds.
    pub(super) const fn optional_for(self, spared: &'static [&'static str]) -> Self {
        Self { optional_kinds: spared, ..self }
    }

    /// Allows a list of texts for these kinds.
    pub(super) const fn list_for(self, several: &'static [&'static str]) -> Self {
        Self { list_kinds: several, ..self }
    }

    /// The type of the value in a connector of this kind.
    pub(super) fn value_type_for(&self, kind: Option<&str>) -> ValueType {
        if kind.is_some_and(|kind| self.list_kinds.contains(&kind)) {
            ValueType::OneOrMoreTexts
        } else {
            self.value_type
        }
    }

    /// Returns true if connectors of this kind have the key, or if the kind is unknown.
    pub(super) fn belongs_to(&self, kind: Option<&str>) -> bool {
        self.kinds.is_empty() || kind.is_none_or(|kind| self.kinds.contains(&kind))
    }

    /// Returns true if the key is required for this kind; for an unknown kind, only if all kinds require it.
    pub(super) fn is_required_for(&self, kind: Option<&str>) -> bool {
        let by_kind = match kind {
            Some(kind) => self.belongs_to(Some(kind)) && !self.optional_kinds.contains(&kind),
            None => self.kinds.is_empty(),
        };
        self.presence == Presence::Required && by_kind
    }
}

impl SectionSpec {
    /// The last word of the path: the key under which it stands in its parent.
    pub(super) fn name(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, name)| name)
    }
}

/// The dotted path of a name inside a section.
pub(super) fn join_path(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

/// Returns true if a key of this name contains a secret. `NAME_file` and `NAME_env` name the place of a secret.
pub(super) fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    if name == "database_url" {
        return true;
    }
    let points = ["_file", "_env", "_url", "_header", "_id", "_param"].iter().any(|end| name.ends_with(end));
    !points
        && ["pass", "pwd", "token", "secret", "key", "credential", "service_account"]
            .iter()
            .any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_name_and_where_it_is_kept_is_none() {
        assert!(looks_secret("bind_password") && looks_secret("apiToken") && looks_secret("client-secret"));
        assert!(!looks_secret("bind_password_file") && !looks_secret("bind_password_env"));
        assert!(!looks_secret("base_dn"));
    }
}
