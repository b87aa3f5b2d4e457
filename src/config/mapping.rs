//! `[connector.attributes]`, `[connector.status]` and `[connector.values.X]`.

use rustc_hash::FxHashMap;

use crate::config::section::{At, Section};
use crate::config::shape::offer;
use crate::config::{Surroundings, keys};
use crate::connectors::{self, Mapping};
use crate::model::attributes::{Attribute, Attributes, STANDARD};
use crate::model::names::{clean, fold};
use crate::model::rule::Condition;
use crate::model::status::Standing;

/// Words that mean something else in an expression (CEL language definition, "Syntax").
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

/// The longest name of an attribute, in bytes: what a column's name may be in PostgreSQL.
const LONGEST: usize = 63;

/// Reads a connector's mapping, making its attributes known.
pub(super) fn read(section: &Section<'_>, around: &Surroundings<'_>, attributes: &mut Attributes) -> Mapping {
    let usual = section.kind().and_then(connectors::usual);
    let columns = columns(section, attributes, usual.map_or(&[], |usual| usual.columns));
    let mapping = Mapping { columns, ..Mapping::default() };
    let codes = codes(section, &mapping, around, attributes);
    let standings = match usual {
        Some(usual) if section.table("status").is_silent() => usual.meanings(),
        Some(_) | None => standings(section, &mapping),
    };
    Mapping { codes, standings, ..mapping }
}

/// What the file maps, and of a known system what the file says nothing about.
fn columns(
    section: &Section<'_>,
    attributes: &mut Attributes,
    defaults: &[(&'static str, &'static str)],
) -> Vec<(Attribute, String)> {
    let mapped = section.table("attributes");
    let mut columns = Vec::new();
    for (name, source) in mapped.open() {
        if let Some((message, hint)) = bad_name(name.value) {
            section.report.mistake(name.finding(message).hint(hint));
            continue;
        }
        if clean(source.value).is_empty() {
            section
                .report
                .mistake(source.finding(format!("`{}` names no attribute of the source", name.value)));
            continue;
        }
        if !STANDARD.contains(&name.value)
            && keys::key("connector", name.value).is_some_and(|key| key.belongs_to(section.kind()))
        {
            let finding = name.finding(format!("`{}` is taken as an attribute here", name.value));
            section.report.warning(finding.hint(format!(
                "if the connector's own key is meant, put it above the line `[connector.attributes]`: `{}`",
                name.value
            )));
        }
        columns.push((attributes.add(name.value), source.value.trim().to_owned()));
    }
    for (name, source) in defaults {
        if !mapped.has(name) {
            columns.push((attributes.add(name), (*source).to_owned()));
        }
    }
    if !mapped.has("id") && defaults.is_empty() {
        let finding = mapped.finding("no attribute of the source is mapped to `id`");
        section.report.absence(finding.hint(
            "under `[connector.attributes]` add a line such as id = \"entryUUID\": what never changes for a person"
                .to_owned(),
        ));
    }
    columns
}

/// Why an attribute cannot have this name, and what to do.
fn bad_name(name: &str) -> Option<(String, Option<String>)> {
    if STANDARD.contains(&name) {
        return None;
    }
    let letters =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !letters || name.starts_with(|c: char| c.is_ascii_digit()) {
        let hint = "use small letters, digits and `_`, beginning with a letter".to_owned();
        return Some((format!("`{name}` cannot be the name of an attribute"), Some(hint)));
    }
    if name.len() > LONGEST {
        return Some((format!("the name `{name}` is too long, at most {LONGEST} letters are allowed"), None));
    }
    if name.ends_with("_all") {
        let message =
            format!("`{name}` cannot be the name of an attribute: `_all` stands for lists in rules");
        return Some((message, None));
    }
    let mut alone = Attributes::default();
    alone.add(name);
    if RESERVED.contains(&name) || Condition::compile(&format!("{name} == \"\""), &alone).is_err() {
        return Some((
            format!("`{name}` cannot be the name of an attribute: it has a meaning in rules"),
            None,
        ));
    }
    None
}

fn codes(
    section: &Section<'_>,
    mapping: &Mapping,
    around: &Surroundings<'_>,
    attributes: &Attributes,
) -> FxHashMap<Attribute, FxHashMap<String, String>> {
    let mut codes = FxHashMap::default();
    for (name, file) in section.table("values_file").open() {
        let Some(attribute) = mapped(section, mapping, attributes, &name) else { continue };
        codes.insert(attribute, from_file(section, &file, around));
    }
    for (name, rows) in section.table("values").open_tables() {
        let Some(attribute) = mapped(section, mapping, attributes, &name) else { continue };
        // What stands here counts beside what a file says.
        let translated: &mut FxHashMap<String, String> = codes.entry(attribute).or_default();
        let mut here: Vec<String> = Vec::new();
        for (code, value) in rows.open() {
            let trimmed = clean(code.value).into_owned();
            if here.contains(&trimmed) {
                section.report.mistake(code.finding(format!("the code `{}` stands here twice", code.value)));
            }
            translated.insert(trimmed.clone(), value.value.to_owned());
            here.push(trimmed);
        }
    }
    codes
}

/// The codes of a CSV file without a header: code, name.
fn from_file(section: &Section<'_>, at: &At<&str>, around: &Surroundings<'_>) -> FxHashMap<String, String> {
    let path = around.folder.join(at.value);
    let mut codes = FxHashMap::default();
    let say =
        |message: String| section.report.mistake(at.finding(format!("`{}`: {message}", path.display())));
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
                    say(format!("line {line}: the code `{}` stands there twice", &row[0]));
                }
            }
            Ok(row) => {
                let line = row.position().map_or(0, ::csv::Position::line);
                say(format!("line {line}: a line has a code and a name, this one has {} fields", row.len()));
            }
            Err(error) => {
                say(error.to_string());
                break;
            }
        }
    }
    codes
}

/// The attribute of this name, if the connector maps it; says so otherwise.
fn mapped(
    section: &Section<'_>,
    mapping: &Mapping,
    attributes: &Attributes,
    name: &At<&str>,
) -> Option<Attribute> {
    let found = attributes.find(name.value).filter(|&attribute| mapping.maps(attribute));
    if found.is_none() {
        let known = mapping.columns.iter().map(|(attribute, _)| attributes.name(*attribute));
        let hint = offer(name.value, known)
            .unwrap_or_else(|| format!("map `{}` under `[connector.attributes]`", name.value));
        let finding = name.finding(format!("this connector does not map `{}`", name.value));
        section.report.absence(finding.hint(hint));
    }
    found
}

/// The attribute of `match`.
pub(super) fn matched(
    section: &Section<'_>,
    mapping: &Mapping,
    attributes: &Attributes,
) -> Option<Attribute> {
    mapped(section, mapping, attributes, &section.text("match")?)
}

fn standings(section: &Section<'_>, mapping: &Mapping) -> FxHashMap<String, Standing> {
    let status = section.table("status");
    let mut standings: FxHashMap<String, Standing> = FxHashMap::default();
    for (name, standing) in
        [("active", Standing::Active), ("leave", Standing::Leave), ("left", Standing::Left)]
    {
        for value in status.texts(name).unwrap_or_default() {
            match standings.insert(fold(value.value), standing) {
                Some(other) if other != standing => {
                    let message =
                        format!("`{}` stands for both `{}` and `{name}`", value.value, other.as_str());
                    let hint = "keep it in one of the lists; case and spaces around do not count".to_owned();
                    section.report.mistake(value.finding(message).hint(hint));
                }
                Some(_) | None => {}
            }
        }
    }
    if !standings.is_empty() && !mapping.maps(Attribute::STATUS) {
        let finding = status.finding("this connector does not map `status`");
        section.report.absence(finding.hint("map `status` under `[connector.attributes]`".to_owned()));
    }
    standings
}
