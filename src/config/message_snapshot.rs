//! Snapshot of the diagnostics of `check`, one file of each kind of mistake, so that they are reviewed as text.
//!
//! The files are in `mistake_examples.txt`; `tests/messages` fails for a text without an example.

use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::{Config, Diagnostics};

const EXAMPLES: &str = include_str!("mistake_examples.txt");

/// Creates the files that the examples refer to.
fn create_files(folder: &Path) {
    let texts = [
        ("fields.csv", "1,Sales\n2\n"),
        ("twice.csv", "1,A\n1,B\n"),
        ("empty", "\n"),
        ("open", "sqlite://a.db"),
    ];
    for (name, text) in texts {
        let file = folder.join(name);
        std::fs::write(&file, text).expect("a file");
        let mode = if name == "open" { 0o644 } else { 0o600 };
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("a mode");
    }
}

fn describe(result: Result<Config, Diagnostics>) -> String {
    match result {
        Err(diagnostics) => diagnostics.to_string(),
        Ok(config) => {
            let warnings = config.warnings.iter().map(|warning| format!("warning: {warning}"));
            warnings.collect::<Vec<_>>().join("\n\n")
        }
    }
}

/// The text of every diagnostic matches the snapshot.
#[test]
fn messages() {
    let folder = tempfile::tempdir().expect("a folder");
    create_files(folder.path());
    let place = folder.path().display().to_string();
    let env = |name: &str| (name == "EMPTY").then(String::new);
    let mut out = String::new();
    for example in EXAMPLES.split("## ").filter(|example| !example.is_empty()) {
        let (name, text) = example.split_once('\n').expect("a name and a file");
        let text = text.replace("FOLDER", &place).replace("LLLLLLLLLL", &"L".repeat(300));
        let described = describe(Config::parse(&text, Path::new("rollcall.toml"), &env));
        assert!(!described.is_empty(), "the example `{name}` has no mistake");
        let described = described.replace(&place, "FOLDER").replace(&"L".repeat(300), "L…");
        writeln!(out, "# {name}\n\n{described}\n").expect("a string");
    }
    let missing = describe(Config::load(&folder.path().join("rollcall.toml"), &env));
    std::fs::write(folder.path().join("latin.toml"), b"timezone = 'UTC'\n# \xff").expect("a file");
    let latin = describe(Config::load(&folder.path().join("latin.toml"), &env));
    std::fs::write(folder.path().join("long.toml"), "#".repeat(70_000)).expect("a file");
    let long = describe(Config::load(&folder.path().join("long.toml"), &env));
    writeln!(out, "# no file\n\n{missing}\n\n# not UTF-8\n\n{latin}\n\n# long line\n\n{long}")
        .expect("a string");
    insta::assert_snapshot!(out.replace(&place, "FOLDER").trim());
}
