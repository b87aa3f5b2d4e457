//! The help texts, errors and hints of the command, reviewed as text in snapshot files.

use std::path::Path;

use crate::support::company::Company;
use crate::support::database::Engine;
use crate::support::program::{rollcall_command, run_to_end};

/// Returns the help of a command and of all its subcommands.
fn collect_help(command: &[&str], out: &mut String) {
    let args = [command, &["--help"]].concat();
    let help = run_to_end(rollcall_command(Path::new("rollcall.toml")).args(&args)).expect_status(0).out;
    out.push_str(&format!("# rollcall {}\n\n{}\n\n", command.join(" "), help.trim_end()));
    let names = help.split_once("\nCommands:\n").map_or("", |(_, rest)| rest);
    let names = names.lines().take_while(|line| !line.is_empty());
    for name in names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        collect_help(&[command, &[name]].concat(), out);
    }
}

/// The help of every command is reviewed as text in one file.
#[test]
fn help_matches_snapshot() {
    let mut help = String::new();
    collect_help(&[], &mut help);
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    insta::assert_snapshot!("command_help", lines.join("\n"));
}

/// Replaces dates, which depend on the day of the test.
fn mask_dates(line: &str) -> String {
    let is_date = |word: &str| word.parse::<chrono::NaiveDate>().is_ok();
    line.split(' ').map(|word| if is_date(word) { "DATE" } else { word }).collect::<Vec<_>>().join(" ")
}

/// Replaces the duration of a reading, which depends on the machine.
fn mask_duration(line: &str) -> String {
    match line.split_once("` in ") {
        Some((before, after)) if line.starts_with("Read ") && after.ends_with(" s") => {
            format!("{before}` in DURATION")
        }
        _ => line.to_owned(),
    }
}

/// The errors and hints of commands are reviewed as text in one file.
#[test]
fn errors_match_snapshot() {
    let company = Company::sales(Engine::Sqlite, &["ada"], "due_days = 30");
    company.rollcall(&["sync"]).expect_status(0);
    let folder = company.write().parent().map(|path| path.display().to_string()).unwrap_or_default();
    let mut messages = String::new();
    for args in [
        &["sync", "hrr"][..],
        &["sync", "--only", "nobody@corp.example"],
        &["config", "example", "oktta"],
        &["groups", "show", "Saless"],
        &["groups", "rename", "Sales", " "],
        &["groups", "create", "Sales"],
        &["groups", "add", "Sales", "eve@corp.example"],
        &["groups", "restore", "Sales"],
        &["exclusions", "lift", "Sales", "eve@corp.example"],
        &["learners", "show", "eve@corp.example"],
        &["learners", "add", "no address", "--name", "Eve"],
        &["learners", "link", "ada@corp.example", "ada@corp.example"],
        &["assign", "NONE", "--group", "Sales"],
        &["unassign", "GDPR", "--group", "Sales"],
        &["enrollments", "complete", "ada@corp.example", "GDPR", "--at", "yesterday"],
        &["explain", "eve@corp.example"],
        &["explain", "ada@corp.example", "--at", "2001-01-01"],
        &["explain", "ada@corp.example", "--group", "Nowhere"],
        &["runs", "show", "99"],
        &["approve", "99"],
        &["approve", "1"],
        &["reject", "99"],
        &["undo", "99"],
        &["connectors", "retire", "hr"],
        &["connectors", "retire", "hrr"],
        &["jobs", "retry", "99"],
        &["jobs", "drop", "99"],
        &["admin", "role", "eve@corp.example", "--role", "viewer"],
        &["admin", "invite", "eve@corp.example"],
        &["admin", "revoke", "eve@corp.example"],
        &["admin", "token", "revoke", "eve"],
        &["health"],
    ] {
        let done = company.rollcall(args);
        messages.push_str(&format!("$ rollcall {}\n", args.join(" ")));
        for line in done.out.lines().chain(done.err.lines()) {
            messages.push_str(mask_duration(&mask_dates(&line.replace(&folder, "FOLDER"))).trim_end());
            messages.push('\n');
        }
        messages.push_str(&format!("[{}]\n\n", done.status));
    }
    insta::assert_snapshot!("command_errors", messages);
}
