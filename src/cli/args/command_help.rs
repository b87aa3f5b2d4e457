//! Help that is the same in `--help` and in the manual pages: exit statuses, environment variables and files.

use clap::{Command, CommandFactory};

use super::CliArgs;

/// A term and its explanation.
pub(crate) type HelpEntry = (&'static str, &'static str);

/// Environment variables that rollcall reads.
pub(crate) const ENVIRONMENT: [HelpEntry; 5] = [
    ("ROLLCALL_CONFIG", "Configuration file, if --config is not given"),
    ("NO_COLOR", "Any value: output without colours and progress bars"),
    ("RUST_LOG", "Levels of the log instead of those of --verbose, such as rollcall=debug"),
    ("HTTPS_PROXY, ALL_PROXY, NO_PROXY", "Proxy of connections to HTTP sources"),
    ("SSL_CERT_FILE, SSL_CERT_DIR", "Certificates of trusted authorities instead of those of the system"),
];

/// Files that rollcall reads and writes.
pub(crate) const FILES: [HelpEntry; 3] = [
    ("rollcall.toml", "Configuration file in the current folder"),
    ("/etc/rollcall/rollcall.toml", "Configuration file, if there is none in the current folder"),
    ("rollcall.db", "Default database, in the folder of the configuration file"),
];

/// The words of a command after `rollcall`, and its statuses besides those that all commands have.
const OWN_STATUSES: [(&str, HelpEntry); 10] = [
    ("sync", ("3", "Done, but changes are held")),
    ("sync", ("4", "With --dry-run --exit-code: the plan is not empty")),
    ("connectors retire", ("3", "Done, but changes are held")),
    ("holds", ("3", "Changes wait for a decision")),
    ("check", ("1", "The database, [web] or a connector cannot be used")),
    ("worker", ("1", "With --until-empty: jobs failed permanently")),
    ("verify", ("1", "Enrollments differ from memberships and assignments")),
    ("health", ("1", "The service on this machine is not running")),
    ("migrate", ("1", "With --status: a migration is missing")),
    ("run", ("1", "A task of the service ended, or the service could not start")),
];

/// Returns the exit statuses of a command, which is named by its words after `rollcall`. The program itself has those of
/// all commands.
pub(crate) fn list_exit_statuses(words: &str) -> Vec<HelpEntry> {
    let is_own = |(command, _): &&(&str, HelpEntry)| *command == words;
    let own = OWN_STATUSES.iter().filter(is_own).map(|(_, entry)| *entry);
    let mut statuses = vec![
        ("0", "Done; also if there was nothing to do"),
        ("1", "Failed, or jobs failed permanently"),
        ("2", "Wrong usage, or errors in the configuration file"),
    ];
    for (status, text) in own {
        match statuses.iter_mut().find(|(other, _)| *other == status) {
            Some(entry) => entry.1 = text,
            None => statuses.push((status, text)),
        }
    }
    if words.is_empty() {
        statuses.extend([
            ("3", "Done, but changes are held or wait for a decision"),
            ("4", "With sync --dry-run --exit-code: the plan is not empty"),
        ]);
    }
    statuses.push(("130", "Interrupted: unfinished work was rolled back"));
    statuses
}

/// Returns the command line with all help.
pub(crate) fn build_command() -> Command {
    add_help(CliArgs::command(), "")
}

fn add_help(command: Command, words: &str) -> Command {
    let mut help = format_entries("Exit status", &list_exit_statuses(words));
    if words.is_empty() {
        help.push_str(&format_entries("\n\nEnvironment", &ENVIRONMENT));
        help.push_str(&format_entries("\n\nFiles", &FILES));
    } else {
        help.push_str("\n\n`rollcall --help` lists environment variables and files.");
    }
    command.after_help(help).mut_subcommands(|one| {
        let words = format!("{words} {}", one.get_name());
        add_help(one, words.trim_start())
    })
}

fn format_entries(title: &str, entries: &[HelpEntry]) -> String {
    let width = entries.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines = entries.iter().map(|(name, text)| format!("\n  {name:width$}  {text}"));
    format!("{title}:{}", lines.collect::<String>())
}
