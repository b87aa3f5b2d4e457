//! The texts of each room, reviewed in one snapshot file a room.
//!
//! The texts are taken from the source files, so that a new or changed text differs from the snapshot until it is
//! reviewed. `{}` stands for a value. The tests of the crates show the same messages with values.

mod literals;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use literals::find_texts;

/// Collects the source files of a folder, sorted.
fn collect_sources(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).expect("the folder of a room");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            collect_sources(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") && name != "message_snapshot.rs" {
            files.push(path);
        }
    }
}

/// Returns the texts of each file of a room. `skipped` are files and folders without messages.
fn collect_texts(room: &str, skipped: &[&str]) -> Vec<(String, Vec<String>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
    let mut files = Vec::new();
    collect_sources(&root, &mut files);
    let mut all = Vec::new();
    for file in files {
        let name = file.strip_prefix(&root).expect("a file of the room").display().to_string();
        let texts = find_texts(&std::fs::read_to_string(&file).expect("a source file"));
        if !texts.is_empty() && !skipped.iter().any(|skipped| name.starts_with(skipped)) {
            all.push((name, texts));
        }
    }
    all
}

/// Compares the texts of a room with its snapshot.
fn check_room(room: &str, skipped: &[&str]) {
    let mut out = String::new();
    for (name, texts) in collect_texts(room, skipped) {
        writeln!(out, "# {name}\n\n{}\n", texts.join("\n")).expect("a string");
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots/messages" }, {
        insta::assert_snapshot!(room, out.trim_end());
    });
}

/// Returns the constant parts of a text: `{…}` is a value, `{{` a brace.
fn constant_parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        let last = parts.last_mut().expect("at least one part");
        match next {
            '{' | '}' if rest.peek() == Some(&next) => {
                rest.next();
                last.push(next);
            }
            '{' => {
                rest.by_ref().find(|&end| end == '}');
                parts.push(String::new());
            }
            _ => last.push(next),
        }
    }
    parts
}

/// Returns true if a line contains the parts in this order.
fn contains_parts(line: &str, parts: &[String]) -> bool {
    let mut rest = line;
    parts.iter().all(|part| match rest.split_once(part.as_str()) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

/// Fails for a text of a room without an example in the snapshot of its crate. `internal` are texts that no person sees.
fn check_examples(room: &str, skipped: &[&str], internal: &[&str]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room).join("snapshots");
    let snapshot = folder.join(format!("rollcall_{room}__message_snapshot__messages.snap"));
    let examples = std::fs::read_to_string(snapshot).expect("the snapshot of the room");
    let texts = collect_texts(room, skipped)
        .into_iter()
        .flat_map(|(name, texts)| texts.into_iter().map(move |text| format!("{name}: {text}")));
    let missing: Vec<String> = texts
        .filter(|text| {
            let text = text.split_once(": ").map_or(text.as_str(), |(_, text)| text);
            let parts = constant_parts(text.trim_start_matches("\\n"));
            let has_example =
                examples.lines().any(|line| line.contains(text) || contains_parts(line, &parts));
            !has_example && !internal.contains(&text)
        })
        .collect();
    assert!(
        missing.is_empty(),
        "add an example of each text to the snapshot of `{room}`:\n{}",
        missing.join("\n")
    );
}

/// Texts of pages and API.
#[test]
fn web_texts_match_snapshot() {
    check_room("web", &[]);
}

/// Texts of the command; its help has a snapshot of its own.
#[test]
fn cli_texts_match_snapshot() {
    check_room("cli", &[]);
}

/// Texts of `check` about the configuration file. The descriptions of keys are in the schema.
#[test]
fn config_texts_match_snapshot() {
    check_room("config", &["schema", "limit_tests.rs"]);
}

/// Every diagnostic of the configuration file has an example file.
#[test]
fn every_diagnostic_has_example() {
    let internal = ["error: {mistake}\\n\\n", "{name} == \"\"", ", did you mean ", "unclosed array"];
    check_examples("config", &["schema", "config_digest.rs", "discover.rs", "limit_tests.rs"], &internal);
}

/// Every reason of a hold and every warning of a plan has an example.
#[test]
fn every_planner_message_has_example() {
    check_examples("planner", &["population.rs", "membership_plan.rs"], &[]);
}

/// Every error of an expression or a template has an example.
#[test]
fn every_rule_error_has_example() {
    let internal = [
        "there is no date",
        "the expression could not be parsed",
        "a part of the expression is missing",
        "the evaluation was stopped before its end",
        "the evaluation ended early",
        "the text to compare with a pattern",
        "compare longer texts with `contains` or `startsWith`",
    ];
    check_examples(
        "rules",
        &["fuzz.rs", "limits.rs", "rule/limit_tests.rs", "rule/rule_tests.rs"],
        &internal,
    );
}

/// Texts of runs, approvals, manual changes, explanations and accounts.
#[test]
fn core_texts_match_snapshot() {
    check_room("core", &[]);
}

/// Reasons of holds and warnings of a plan.
#[test]
fn planner_texts_match_snapshot() {
    check_room("planner", &[]);
}

/// Errors of rule expressions and name templates.
#[test]
fn rules_texts_match_snapshot() {
    check_room("rules", &["fuzz.rs", "rule/limit_tests.rs", "rule/rule_tests.rs"]);
}

/// Errors of names, schedules, roles and percentages.
#[test]
fn model_texts_match_snapshot() {
    check_room("model", &[]);
}

/// Texts of results, the same for command, pages and API.
#[test]
fn views_texts_match_snapshot() {
    check_room("views", &[]);
}
