//! What every command has: exit statuses in its help, a manual page, and silence when nothing reads its output.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::program::{rollcall_command, run_to_end};

fn run(args: &[&str]) -> String {
    run_to_end(rollcall_command(Path::new("rollcall.toml")).args(args)).expect_status(0).out
}

/// The words of all commands, those of groups of commands too.
fn list_commands(command: &[&str], all: &mut Vec<Vec<String>>) {
    let help = run(&[command, &["--help"]].concat());
    all.push(command.iter().map(|word| (*word).to_owned()).collect());
    let names = help.split_once("\nCommands:\n").map_or("", |(_, rest)| rest);
    let names = names.lines().take_while(|line| !line.is_empty());
    for name in names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        list_commands(&[command, &[name]].concat(), all);
    }
}

/// The help of every command lists its exit statuses. That of the program lists environment variables and files.
#[test]
fn help_lists_exit_statuses_environment_and_files() {
    let mut all = Vec::new();
    list_commands(&[], &mut all);
    assert!(all.len() > 50, "{all:?}");
    for words in &all {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let help = run(&[&words[..], &["--help"]].concat());
        for status in ["Exit status:", "  0 ", "  1 ", "  2 ", "  130 "] {
            assert!(help.contains(status), "`{status}` in the help of {words:?}: {help}");
        }
        assert_eq!(help.contains("\n  4 "), words.is_empty() || words == ["sync"], "{words:?}");
    }
    let help = run(&["--help"]);
    for part in ["ROLLCALL_CONFIG", "NO_COLOR", "/etc/rollcall/rollcall.toml", "rollcall.db"] {
        assert!(help.contains(part), "{part}");
    }
}

/// Every command has a manual page with its exit statuses, and each page that a page names exists.
#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().expect("a folder");
    run(&["man", "--folder", folder.path().to_str().expect("a path")]);
    let mut all = Vec::new();
    list_commands(&[], &mut all);
    let mut expected: Vec<String> = all
        .iter()
        .map(|words| {
            format!(
                "{}.1",
                ["rollcall"]
                    .into_iter()
                    .chain(words.iter().map(String::as_str))
                    .collect::<Vec<_>>()
                    .join("-")
            )
        })
        .collect();
    expected.sort();
    let mut names: Vec<String> = fs::read_dir(folder.path())
        .expect("the folder")
        .map(|file| file.expect("a file").file_name().into_string().expect("a plain name"))
        .collect();
    names.sort();
    assert_eq!(names, expected);
    for name in &names {
        let page = fs::read_to_string(folder.path().join(name)).expect("a page");
        for section in
            [".SH NAME", ".SH SYNOPSIS", ".SH \"EXIT STATUS\"", ".SH \"ENVIRONMENT\"", ".SH \"FILES\""]
        {
            assert!(page.contains(section), "{section} of {name}: {page}");
        }
        for line in page.lines().filter(|line| line.starts_with("rollcall\\-") && line.ends_with("(1)")) {
            let named = line.replace('\\', "").replace("(1)", ".1");
            assert!(names.contains(&named), "{name} names {named}");
        }
    }
    let page = fs::read_to_string(folder.path().join("rollcall-learners-suspend.1")).expect("a page");
    assert_eq!(run(&["man", "learners", "suspend"]).trim_end(), page.trim_end());
    assert!(page.contains(".TH rollcall-learners-suspend"), "{page}");
    let unknown = run_to_end(rollcall_command(Path::new("rollcall.toml")).args(["man", "learner"]));
    assert!(unknown.expect_status(2).err.contains("`rollcall learner` is not a command"));
}

/// A command whose output nothing reads ends as otherwise, and says nothing of the pipe.
#[test]
fn closed_pipe_is_quiet() {
    on_both(|engine| {
        // Output of several kilobytes, which is not written at once.
        let company = Company::limited(engine, 30, 30);
        company.sync_without_hold();
        let path = company.write();
        for args in [
            &["learners", "list"][..],
            &["learners", "list", "--json"],
            &["learners", "show", "s1@corp.example"],
            &["groups", "list"],
            &["groups", "show", "Sales", "--json"],
            &["groups", "create", "Piped", "--json"],
            &["courses", "list"],
            &["enrollments", "list", "--json"],
            &["explain", "s1@corp.example"],
            &["runs", "list"],
            &["audit"],
            &["audit", "--json"],
            &["connectors", "list"],
            &["verify"],
            &["sync", "--dry-run"],
            &["sync", "--json"],
            &["check"],
            &["check", "--json"],
            &["config", "example"],
            &["config", "schema"],
            &["completions", "bash"],
            &["man"],
            &["--help"],
            &["groups", "--help"],
            &["--version"],
        ] {
            let (read, write) = std::io::pipe().expect("a pipe");
            drop(read);
            let mut command = rollcall_command(&path);
            let done = command.args(args).stdout(Stdio::from(write)).output().expect("rollcall runs");
            let said = String::from_utf8_lossy(&done.stderr).to_lowercase();
            assert_eq!(done.status.code(), Some(0), "{args:?}: {said}");
            assert!(!said.contains("pipe") && !said.contains("panic"), "{args:?}: {said}");
        }
    });
}

/// A day in another form is refused with the form that is expected, for every option with a day.
#[test]
fn day_in_another_form_is_refused_with_the_right_form() {
    let company = Company::sales(Engine::Sqlite, &["ada"], "");
    company.sync();
    for args in [
        &["assign", "GDPR", "--group", "Sales", "--due", "31.12.2026"][..],
        &["enrollments", "list", "--due-before", "31.12.2026"],
        &["enrollments", "complete", "ada@corp.example", "GDPR", "--at", "31.12.2026"],
        &["explain", "ada@corp.example", "--at", "31.12.2026"],
        &["audit", "--since", "31.12.2026"],
        &["groups", "remove", "Sales", "ada@corp.example", "--until", "31.12.2026"],
        &["admin", "token", "create", "t", "--role", "viewer", "--until", "31.12.2026"],
    ] {
        let refused = company.rollcall(args).expect_status(2).err;
        assert!(refused.contains("31.12.2026") && refused.contains("2026-12-31"), "{args:?}: {refused}");
        assert!(!refused.contains("input contains"), "{refused}");
    }
}

/// A token that is valid on its last day is listed with that day, and the command that makes it says so.
#[test]
fn last_day_of_token_is_named() {
    on_both(|engine| {
        let company = Company::new(engine);
        let day = company.day(40);
        let made = ["admin", "token", "create", "export", "--role", "viewer", "--until", &day];
        let made = company.rollcall(&made).expect_status(0);
        assert!(made.err.contains(&format!("it is valid through {day}")), "{made:?}");
        let listed = company.rollcall(&["admin", "list"]).expect_status(0).out;
        assert!(listed.contains(&format!("after {day}")), "{listed}");
    });
}
