//! `[connector.attributes]`, `[connector.status]` and `[connector.values.X]`.

use rustc_hash::FxHashMap;

use crate::diagnostic_collector::SpannedValue;
use crate::section::ConfigSection;
use crate::value_type::suggest_name;
use crate::{Environment, schema_keys};
use rollcall_connectors::mapping::{DateMapping, SeveralRecords};
use rollcall_connectors::{self as connectors, AttributeMapping};
use rollcall_model::attributes::{Attribute, AttributeSet, STANDARD};
use rollcall_model::format::count;
use rollcall_model::names::{clean, fold};
use rollcall_model::source_date::DateFormat;
use rollcall_model::status::EmploymentStatus;
use rollcall_rules::rule::CompiledExpression;

/// Reserved words of expressions (CEL language definition, "Syntax").
const RESERVED: &[&str] = &[
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// The maximum length of an attribute name in bytes; equals the limit of column names in PostgreSQL.
const MAX_NAME_BYTES: usize = 63;

/// Reads a connector's mapping and adds its attributes to `attributes`.
pub(super) fn read(
    section: &ConfigSection<'_>,
    around: &Environment<'_>,
    attributes: &mut AttributeSet,
) -> AttributeMapping {
    let usual = section.kind().and_then(connectors::default_mapping);
    let (columns, named_columns) = columns(section, attributes, usual.map_or(&[], |usual| usual.columns));
    let has_header = matches!(section.kind(), Some("csv" | "sql"));
    let expected_columns = if has_header { 0 } else { named_columns };
    let mapping = AttributeMapping { columns, expected_columns, ..AttributeMapping::default() };
    let codes = read_codes(section, &mapping, around, attributes);
    let standings = match usual {
        Some(usual) if section.table("status").is_absent() => usual.folded_statuses(),
        Some(_) | None => read_statuses(section, &mapping),
    };
    let dates =
        DateMapping { formats: read_date_formats(section, &mapping, attributes), ..DateMapping::default() };
    AttributeMapping { codes, statuses: standings, dates, ..mapping }
}

/// Returns the mapping of the file, completed by the default mapping of a known system, and the number of columns that
/// the file names.
fn columns(
    section: &ConfigSection<'_>,
    attributes: &mut AttributeSet,
    defaults: &[(&'static str, &'static str)],
) -> (Vec<(Attribute, String)>, usize) {
    let mapped = section.table("attributes");
    let mut columns = Vec::new();
    for (name, source) in mapped.open() {
        if let Some((message, hint)) = check_attribute_name(name.value) {
            section.report.report_error(name.finding(message).hint(hint));
            continue;
        }
        if clean(source.value).is_empty() {
            section.report.report_error(
                source.finding(format!("`{}` does not name an attribute of the source", name.value)),
            );
            continue;
        }
        if !STANDARD.contains(&name.value)
            && schema_keys::find_key("connector", name.value)
                .is_some_and(|key| key.belongs_to(section.kind()))
        {
            let finding = name.finding(format!("`{}` is read as an attribute here", name.value));
            section.report.report_warning(finding.hint(format!(
                "to set the connector's key of this name, move it above the line `[connector.attributes]`: `{}`",
                name.value
            )));
        }
        columns.push((attributes.add(name.value), source.value.trim().to_owned()));
    }
    let named = columns.len();
    for (name, source) in defaults {
        if !mapped.has(name) {
            columns.push((attributes.add(name), (*source).to_owned()));
        }
    }
    if !mapped.has("id") && defaults.is_empty() {
        let finding = mapped.finding("no attribute of the source is mapped to `id`");
        section.report.report_absence(finding.hint(
            "under `[connector.attributes]` add a line such as id = \"entryUUID\", an attribute that never changes for a person"
                .to_owned(),
        ));
    }
    (columns, named)
}

/// Returns the reason why an attribute cannot have this name, and a hint.
fn check_attribute_name(name: &str) -> Option<(String, Option<String>)> {
    if STANDARD.contains(&name) {
        return None;
    }
    let letters =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !letters || name.starts_with(|c: char| c.is_ascii_digit()) {
        let hint = "use lowercase letters, digits and `_`, starting with a letter".to_owned();
        return Some((format!("`{name}` is not a valid attribute name"), Some(hint)));
    }
    if name.len() > MAX_NAME_BYTES {
        return Some((
            format!("the name `{name}` is too long: at most {MAX_NAME_BYTES} characters are allowed"),
            None,
        ));
    }
    if name.ends_with("_all") {
        let message = format!(
            "`{name}` is not a valid attribute name: the suffix `_all` is reserved for lists in rules"
        );
        return Some((message, None));
    }
    let mut alone = AttributeSet::default();
    alone.add(name);
    if RESERVED.contains(&name) || CompiledExpression::compile(&format!("{name} == \"\""), &alone).is_err() {
        return Some((
            format!("`{name}` is not a valid attribute name: it is a reserved word in rules"),
            None,
        ));
    }
    None
}

fn read_codes(
    section: &ConfigSection<'_>,
    mapping: &AttributeMapping,
    around: &Environment<'_>,
    attributes: &AttributeSet,
) -> FxHashMap<Attribute, FxHashMap<String, String>> {
    let mut codes = FxHashMap::default();
    for (name, file) in section.table("values_file").open() {
        let Some(attribute) = find_mapped_attribute(section, mapping, attributes, &name) else { continue };
        codes.insert(attribute, read_code_file(section, &file, around));
    }
    for (name, rows) in section.table("values").open_tables() {
        let Some(attribute) = find_mapped_attribute(section, mapping, attributes, &name) else { continue };
        if attribute == Attribute::ID {
            let finding = name.finding("`[connector.values.id]` has no effect: an id is not translated");
            section.report.report_error(finding.hint("remove the section".to_owned()));
            continue;
        }
        // Codes in the configuration file are added to those of the code file.
        let translated: &mut FxHashMap<String, String> = codes.entry(attribute).or_default();
        let mut here: Vec<String> = Vec::new();
        for (code, value) in rows.open() {
            let trimmed = clean(code.value).into_owned();
            if here.contains(&trimmed) {
                section.report.report_error(code.finding(format!("duplicate code `{}`", code.value)));
            }
            translated.insert(trimmed.clone(), value.value.to_owned());
            here.push(trimmed);
        }
    }
    codes
}

/// Reads codes from a CSV file without a header; each line has a code and a name.
fn read_code_file(
    section: &ConfigSection<'_>,
    at: &SpannedValue<&str>,
    around: &Environment<'_>,
) -> FxHashMap<String, String> {
    let path = around.folder.join(at.value);
    let mut codes = FxHashMap::default();
    let say =
        |message: String| section.report.report_error(at.finding(format!("`{}`: {message}", path.display())));
    let opened = ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_path(&path);
    let mut rows = match opened {
        Ok(rows) => rows,
        Err(error) => {
            say(error.to_string());
            return codes;
        }
    };
    for row in rows.records() {
        match row {
            Ok(row) if row.len() == 2 => {
                if codes.insert(clean(&row[0]).into_owned(), row[1].to_owned()).is_some() {
                    let line = row.position().map_or(0, ::csv::Position::line);
                    say(format!("line {line}: duplicate code `{}`", &row[0]));
                }
            }
            Ok(row) => {
                let line = row.position().map_or(0, ::csv::Position::line);
                let fields = count(row.len() as u64, "field", "fields");
                say(format!("line {line}: expected a code and a name, found {fields}"));
            }
            Err(error) => {
                say(error.to_string());
                break;
            }
        }
    }
    codes
}

/// Reads how the source writes the dates of attributes.
fn read_date_formats(
    section: &ConfigSection<'_>,
    mapping: &AttributeMapping,
    attributes: &AttributeSet,
) -> FxHashMap<Attribute, DateFormat> {
    let mut formats = FxHashMap::default();
    for (name, format) in section.table("dates").open() {
        let Some(attribute) = find_mapped_attribute(section, mapping, attributes, &name) else { continue };
        if matches!(attribute, Attribute::ID | Attribute::EMAIL | Attribute::STATUS) {
            let finding = name.finding(format!("`{}` cannot be a date", name.value));
            section.report.report_error(finding);
            continue;
        }
        match DateFormat::parse(format.value.trim()) {
            Ok(format) => {
                formats.insert(attribute, format);
            }
            Err(fault) => {
                let hint = "write `%d` for the day, `%m` for the month and `%Y` for the year, such as \"%d.%m.%Y\"; or \"excel\", \"filetime\" or \"unix\"";
                let finding = format.finding(format!("`{}` {fault}", format.value));
                section.report.report_error(finding.hint(hint.to_owned()));
            }
        }
    }
    formats
}

/// Returns the attribute of this name if the connector maps it; reports an error otherwise.
pub(super) fn find_mapped_attribute(
    section: &ConfigSection<'_>,
    mapping: &AttributeMapping,
    attributes: &AttributeSet,
    name: &SpannedValue<&str>,
) -> Option<Attribute> {
    let found = attributes.find(name.value).filter(|&attribute| mapping.maps(attribute));
    if found.is_none() {
        let known = mapping.columns.iter().map(|(attribute, _)| attributes.name(*attribute));
        let hint = suggest_name(name.value, known)
            .unwrap_or_else(|| format!("map `{}` under `[connector.attributes]`", name.value));
        let finding = name.finding(format!("this connector does not map `{}`", name.value));
        section.report.report_absence(finding.hint(hint));
    }
    found
}

/// Reads the attribute named by `match`.
pub(super) fn read_match_attribute(
    section: &ConfigSection<'_>,
    mapping: &AttributeMapping,
    attributes: &AttributeSet,
) -> Option<Attribute> {
    find_mapped_attribute(section, mapping, attributes, &section.text("match")?)
}

/// Reads `several`: what becomes of different records with one id.
pub(super) fn read_several(section: &ConfigSection<'_>) -> SeveralRecords {
    let default = SeveralRecords::of_kind(section.kind().unwrap_or_default());
    let Some(word) = section.text("several") else { return default };
    let read = SeveralRecords::read(word.value);
    if read.is_none() {
        let finding = word.finding(format!("`several` should be `refuse` or `merge`, not `{}`", word.value));
        let hint = "`merge` makes one person of different records with one id; `refuse` sets them aside";
        section.report.report_error(finding.hint(hint.to_owned()));
    }
    read.unwrap_or(default)
}

fn read_statuses(
    section: &ConfigSection<'_>,
    mapping: &AttributeMapping,
) -> FxHashMap<String, EmploymentStatus> {
    let status = section.table("status");
    let mut standings: FxHashMap<String, EmploymentStatus> = FxHashMap::default();
    for (name, standing) in [
        ("active", EmploymentStatus::Active),
        ("leave", EmploymentStatus::Leave),
        ("left", EmploymentStatus::Left),
    ] {
        for value in status.texts(name).unwrap_or_default() {
            match standings.insert(fold(value.value), standing) {
                Some(other) if other != standing => {
                    let message =
                        format!("`{}` is listed under both `{}` and `{name}`", value.value, other.as_str());
                    let hint =
                        "keep it in one of the lists; case and surrounding spaces are ignored".to_owned();
                    section.report.report_error(value.finding(message).hint(hint));
                }
                Some(_) | None => {}
            }
        }
    }
    if !standings.is_empty() && !mapping.maps(Attribute::STATUS) {
        let finding = status.finding("this connector does not map `status`");
        section.report.report_absence(finding.hint("map `status` under `[connector.attributes]`".to_owned()));
    }
    standings
}
