//! The documents name files and functions that exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rollcall_model::resource_limits::ResourceLimit;

use crate::support::named_code::{check_name, root};

/// The documents that are checked, from the root of the repository.
const DOCUMENTS: &[&str] = &[
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "docs/architecture.md",
    "docs/asvs.md",
    "docs/operations.md",
    "docs/promises.md",
    "docs/sources.md",
    "docs/threat-model.md",
    "benches/README.md",
];

/// The folders that a path in a document starts with; other text with a slash is not a path.
const FOLDERS: &[&str] = &["src/", "tests/", "docs/", "config/", "migrations/", "benches/", "fuzz/", ".ci/"];

fn read_document(document: &str) -> String {
    std::fs::read_to_string(root().join(document)).unwrap_or_else(|error| panic!("{document}: {error}"))
}

/// The paths in code spans, each with the function that may follow it: `FILE::FUNCTION` or `FILE::TYPE::FUNCTION`.
fn named_paths(text: &str) -> Vec<&str> {
    let is_path = |span: &&str| {
        FOLDERS.iter().any(|folder| span.starts_with(folder)) && !span.contains([' ', '*', '…', '{'])
    };
    without_code_blocks(text)
        .into_iter()
        .flat_map(|part| part.split('`').skip(1).step_by(2))
        .filter(is_path)
        .collect()
}

/// The text outside fenced blocks.
fn without_code_blocks(text: &str) -> Vec<&str> {
    text.split("```").step_by(2).collect()
}

/// The targets of relative links, from the root of the repository.
fn linked_files(document: &str, text: &str) -> Vec<PathBuf> {
    let folder = Path::new(document).parent().expect("a document is in a folder");
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .map(|target| folder.join(target.split('#').next().unwrap_or(target)))
        .collect()
}

/// Documents name only files and functions that exist.
#[test]
fn documents_name_existing_files_and_functions() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for document in DOCUMENTS {
        let text = read_document(document);
        for named in named_paths(&text) {
            checked += 1;
            wrong.extend(check_name(named).err().map(|why| format!("{document}: {why}")));
        }
        for file in linked_files(document, &text) {
            checked += 1;
            if !root().join(&file).exists() {
                wrong.push(format!("{document}: the link to `{}` leads to no file", file.display()));
            }
        }
    }
    assert!(checked > 100, "only {checked} names were found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The path of a value through the code visits each file once.
#[test]
fn walkthrough_of_department_visits_each_file_once() {
    let text = read_document("docs/architecture.md");
    let section = text.split("## From `department`").nth(1).expect("the section");
    let section = section.split("\n## ").next().unwrap_or(section);
    let mut seen = BTreeSet::new();
    let files = named_paths(section).into_iter().filter_map(|named| named.split("::").next());
    let twice: Vec<&str> = files.filter(|file| !seen.insert(*file)).collect();
    assert!(seen.len() > 20, "{seen:?}");
    assert!(twice.is_empty(), "{twice:?}");
}

/// Every crate has a row in the table of crates.
#[test]
fn architecture_lists_every_crate() {
    let text = read_document("docs/architecture.md");
    let folders = std::fs::read_dir(root().join("src")).expect("the folder of crates");
    let crates =
        folders.map(|folder| folder.expect("an entry").path()).filter(|one| one.join("Cargo.toml").exists());
    let names: Vec<String> = crates
        .map(|folder| format!("| `src/{}/` |", folder.file_name().expect("a name").display()))
        .collect();
    assert!(names.len() > 5, "{names:?}");
    let missing: Vec<&String> = names.iter().filter(|row| !text.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The table of bounds lists every bound with its default.
#[test]
fn operations_list_every_limit() {
    let text = read_document("docs/operations.md");
    for limit in ResourceLimit::ALL {
        let spec = limit.spec();
        let default = rollcall_model::format::thousands(spec.default);
        let key = if spec.range.is_some() { "yes" } else { "" };
        let row = format!("| `{}` | {default} {} | {key} | {} |", spec.name, spec.unit, spec.about);
        assert!(text.lines().any(|line| line == row), "docs/operations.md lacks\n{row}");
    }
}
