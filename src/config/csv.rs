//! Keys of connectors of kind `csv`.

use rustc_hash::FxHashMap;

use crate::diagnostic_collector::SpannedValue;
use crate::section::ConfigSection;
use crate::{Environment, mapping, source_file};
use rollcall_connectors::AttributeMapping;
use rollcall_connectors::csv::{CsvSettings, has_one_value};
use rollcall_model::attributes::{Attribute, AttributeSet};

/// The section with the separators of single attributes.
const LIST_SEPARATORS: &str = "list_separators";

/// Reads the settings; `None` if something required is missing.
pub(super) fn read(
    section: &ConfigSection<'_>,
    around: &Environment<'_>,
    mapping: &AttributeMapping,
    attributes: &AttributeSet,
) -> Option<CsvSettings> {
    let delimiter = delimiter(section);
    let list_separator = section.text("list_separator");
    if let Some(separator) = &list_separator {
        reject_delimiter(section, separator, delimiter, "list_separator");
    }
    let list_separators = list_separators(section, delimiter, mapping, attributes);
    Some(CsvSettings {
        file: source_file::read(section, around)?,
        delimiter,
        list_separator: list_separator.map(|separator| separator.value.to_owned()),
        list_separators,
        skip_lines: section.number("skip_lines").map_or(0, |number| number.value),
        skip_rows_after_header: section.number("skip_rows_after_header").map_or(0, |number| number.value),
    })
}

/// Reads `[connector.list_separators]`.
fn list_separators(
    section: &ConfigSection<'_>,
    delimiter: Option<u8>,
    mapping: &AttributeMapping,
    attributes: &AttributeSet,
) -> FxHashMap<Attribute, String> {
    let mut separators = FxHashMap::default();
    for (name, separator) in section.table(LIST_SEPARATORS).open() {
        let Some(attribute) = mapping::find_mapped_attribute(section, mapping, attributes, &name) else {
            continue;
        };
        if has_one_value(attribute, mapping) && attribute != Attribute::EMAIL {
            section.report.report_error(name.finding(format!("`{}` has only one value", name.value)));
            continue;
        }
        reject_delimiter(section, &separator, delimiter, name.value);
        separators.insert(attribute, separator.value.to_owned());
    }
    separators
}

fn reject_delimiter(
    section: &ConfigSection<'_>,
    separator: &SpannedValue<&str>,
    delimiter: Option<u8>,
    key: &str,
) {
    if delimiter.is_some_and(|delimiter| separator.value.as_bytes() == [delimiter]) {
        let finding = separator.finding(format!("`{key}` is the same as `delimiter`"));
        section
            .report
            .report_error(finding.hint("use a different separator for the values of one field".to_owned()));
    }
}

/// Reports `[connector.list_separators]` in a connector of another kind.
pub(super) fn reject_list_separators(section: &ConfigSection<'_>) {
    let table = section.table(LIST_SEPARATORS);
    if !table.is_absent() {
        let finding = table.finding("`[connector.list_separators]` belongs to connectors of kind `csv`");
        section.report.report_error(finding);
    }
}

fn delimiter(section: &ConfigSection<'_>) -> Option<u8> {
    let at = section.text("delimiter")?;
    match at.value.as_bytes() {
        b"tab" => Some(b'\t'),
        &[one] if one.is_ascii_punctuation() && one != b'"' => Some(one),
        _ => {
            let finding = at.finding("`delimiter` is not a punctuation character or `tab`");
            section.report.report_error(finding.hint("for example delimiter = \";\"".to_owned()));
            None
        }
    }
}
