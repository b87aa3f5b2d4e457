//! Keys of connectors that read a file.

use std::path::PathBuf;

use crate::Environment;
use crate::section::ConfigSection;
use rollcall_connectors::file::{
    FileNamePattern, FileSettings, InvalidNamePattern, NewestFile, TextEncoding,
};

/// Reads the keys that all kinds of files share; `None` if `path` is missing or not valid.
pub(super) fn read(section: &ConfigSection<'_>, around: &Environment<'_>) -> Option<FileSettings> {
    let path = read_path(section, around, "path")?;
    let mut done_file = read_path(section, around, "done_file");
    let mut sha256_file = read_path(section, around, "sha256_file");
    let newest = match path.pattern {
        Some(pattern) => {
            check_companion(section, "done_file", done_file.as_ref(), &pattern)?;
            check_companion(section, "sha256_file", sha256_file.as_ref(), &pattern)?;
            let (done_file, sha256_file) = (take_pattern(&mut done_file), take_pattern(&mut sha256_file));
            Some(NewestFile { pattern, done_file, sha256_file })
        }
        None => {
            reject_pattern(section, "done_file", done_file.as_ref())?;
            reject_pattern(section, "sha256_file", sha256_file.as_ref())?;
            None
        }
    };
    Some(FileSettings {
        path: path.path,
        newest,
        done_file: done_file.map(|file| file.path),
        sha256_file: sha256_file.map(|file| file.path),
        min_rows: section.number("min_rows").map(|number| number.value),
        max_age: section.duration("max_age").map(|age| age.value),
        encoding: encoding(section),
    })
}

/// A path, with the pattern of its name if it has one.
struct PathKey {
    path: PathBuf,
    pattern: Option<FileNamePattern>,
}

fn read_path(section: &ConfigSection<'_>, around: &Environment<'_>, name: &'static str) -> Option<PathKey> {
    let text = section.text(name)?;
    // Only the text of the key has placeholders, not the folder of the configuration file.
    let parsed = FileNamePattern::parse(std::path::Path::new(text.value));
    let pattern = match parsed {
        Ok(pattern) => pattern.map(|pattern| pattern.in_folder(around.folder)),
        Err(invalid) => {
            let hint = match &invalid {
                InvalidNamePattern::InFolder(_) => "wildcards and dates stand only in the name of the file",
                InvalidNamePattern::UnknownPart(_) => {
                    "the parts of a date are `%Y`, `%m`, `%d`, `%H`, `%M` and `%S`; write `%%` for a percent sign"
                }
                InvalidNamePattern::NotADate => "for example path = \"people-%Y-%m-%d.csv\"",
            };
            section.report.report_error(text.finding(format!("`{name}` {invalid}")).hint(hint.to_owned()));
            return None;
        }
    };
    // Without placeholders, `%%` is the text of a name as before.
    Some(PathKey { path: around.folder.join(text.value), pattern })
}

/// Refuses a file beside the one of `path` that has other placeholders, unless it has none.
fn check_companion(
    section: &ConfigSection<'_>,
    name: &'static str,
    key: Option<&PathKey>,
    path: &FileNamePattern,
) -> Option<()> {
    let pattern = key.and_then(|key| key.pattern.as_ref());
    if pattern.is_none_or(|pattern| pattern.has_placeholders_of(path)) {
        return Some(());
    }
    report_other_placeholders(section, name);
    None
}

/// Takes a path that is a pattern.
fn take_pattern(key: &mut Option<PathKey>) -> Option<FileNamePattern> {
    key.take_if(|key| key.pattern.is_some()).and_then(|key| key.pattern)
}

fn reject_pattern(section: &ConfigSection<'_>, name: &'static str, key: Option<&PathKey>) -> Option<()> {
    if key.is_none_or(|key| key.pattern.is_none()) {
        return Some(());
    }
    report_other_placeholders(section, name);
    None
}

fn report_other_placeholders(section: &ConfigSection<'_>, name: &'static str) {
    let Some(text) = section.text(name) else { return };
    let finding = text.finding(format!("`{name}` has other wildcards or parts of a date than `path`"));
    section.report.report_error(finding.hint("write the same ones in the same order, or none".to_owned()));
}

fn encoding(section: &ConfigSection<'_>) -> TextEncoding {
    let Some(name) = section.text("encoding") else { return TextEncoding::default() };
    TextEncoding::find(name.value).unwrap_or_else(|| {
        let finding = name.finding(format!("`{}` is not a supported encoding", name.value));
        let names = TextEncoding::NAMES.map(|name| format!("`{name}`")).join(", ");
        section.report.report_error(finding.hint(format!("supported are {names}")));
        TextEncoding::default()
    })
}
