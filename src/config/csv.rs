//! Keys of connectors of kind `csv`.

use crate::Environment;
use crate::section::ConfigSection;
use rollcall_connectors::csv::CsvSettings;
use rollcall_connectors::file;

/// Reads the settings; `None` if something required is missing.
pub(super) fn read(section: &ConfigSection<'_>, around: &Environment<'_>) -> Option<CsvSettings> {
    let delimiter = delimiter(section);
    let list_separator = section.text("list_separator");
    if let (Some(separator), Some(delimiter)) = (&list_separator, delimiter)
        && separator.value.as_bytes() == [delimiter]
    {
        let finding = separator.finding("`list_separator` is the same as `delimiter`");
        section
            .report
            .report_error(finding.hint("use a different separator for the values of one field".to_owned()));
    }
    Some(CsvSettings {
        file: file(section, around)?,
        delimiter,
        list_separator: list_separator.map(|separator| separator.value.to_owned()),
    })
}

/// Reads the keys that all file-based kinds share.
pub(super) fn file(section: &ConfigSection<'_>, around: &Environment<'_>) -> Option<file::FileSettings> {
    let path = |name| section.text(name).map(|path| around.folder.join(path.value));
    Some(file::FileSettings {
        path: path("path")?,
        done_file: path("done_file"),
        sha256_file: path("sha256_file"),
        min_rows: section.number("min_rows").map(|number| number.value),
        max_age: section.duration("max_age").map(|age| age.value),
    })
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
