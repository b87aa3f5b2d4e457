//! The file: every mistake at its place, every secret out of sight, the example and the demo without a mistake.

use std::path::Path;

use rollcall_config::{Config, Diagnostics};

mod connector_diagnostics;
mod diagnostics;
mod example_files;
mod secrets;

/// Stands in a text where a mistake is expected.
const MARK: char = '\u{ab}';

fn no_env(_: &str) -> Option<String> {
    None
}

fn parse(text: &str) -> Result<Config, Diagnostics> {
    Config::parse(text, Path::new("/etc/rollcall/rollcall.toml"), &no_env)
}

/// Reads a text whose marks say where mistakes are expected, and compares them with those that are found: places, and
/// a part of each message or hint.
fn wrong(marked: &str, messages: &[&str]) {
    let mut expected = Vec::new();
    for (number, line) in marked.split('\n').enumerate() {
        for (nth, (at, _)) in line.match_indices(MARK).enumerate() {
            expected.push((number + 1, line[..at].chars().count() - nth + 1));
        }
    }
    let mistakes = parse(&marked.replace(MARK, "")).expect_err("the file is refused");
    let found: Vec<_> = mistakes.iter().map(|mistake| (mistake.line, mistake.column)).collect();
    assert_eq!(found, expected, "{marked}\n{mistakes}");
    assert_eq!(found.len(), messages.len(), "{mistakes}");
    for (mistake, message) in mistakes.iter().zip(messages) {
        let whole = format!("{} | {}", mistake.message, mistake.hint.as_deref().unwrap_or(""));
        assert!(whole.contains(message), "{marked}\n{whole}");
    }
}

/// A connector of kind `ldap`, right but for these lines.
fn ldap(lines: &str) -> String {
    let url = if lines.contains("url = ") { "" } else { "url = 'ldaps://dc1'\n" };
    let base = if lines.contains("base_dn") { "" } else { "base_dn = 'dc=x'\n" };
    format!("[[connector]]\nname = 'corp'\nkind = 'ldap'\n{url}{base}{lines}\n{}", attributes(lines))
}

/// A connector of kind `csv`, right but for these lines.
fn csv(lines: &str) -> String {
    let start = "[[connector]]\nname = 'drop'\nkind = 'csv'\npath = 'people.csv'\n";
    format!("{start}{lines}\n{}", attributes(lines))
}

fn attributes(lines: &str) -> &'static str {
    if lines.contains("[connector.attributes]") { "" } else { "[connector.attributes]\nid = 'x'\n" }
}

fn rule(lines: &str) -> String {
    format!("[[rule]]\nname = 'r'\n{lines}\n")
}

fn assignment(lines: &str) -> String {
    format!("[[assignment]]\ncourse = 'A'\n{lines}\n")
}

/// Takes a file out of everybody else's sight.
fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("set");
}

#[test]
fn a_file_may_be_empty() {
    let config = parse("").expect("every key has a default");
    assert_eq!(config.timezone, chrono_tz::Tz::UTC);
    assert_eq!(config.database.url.reveal(), "sqlite:///etc/rollcall/rollcall.db");
    assert_eq!(config.web.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.worker.concurrency, 2);
    assert_eq!(config.safety, rollcall_model::guard::SafetyLimits::default());
    assert!(config.connectors.is_empty() && config.warnings.is_empty());
}

/// A setting that is valid but suspicious gives a warning.
#[test]
fn suspicious_but_valid_settings_warn() {
    let text = csv("[connector.attributes]\nid = 'x'\nfilter = 'y'\ndelimiter = 'z'\n")
        + &rule("group = 'Site: {location}'\nwhen = 'department != \"\"'")
        + &assignment("groups = ['Site: *', 'Sales']");
    let config = parse(&text).expect("a file");
    let warnings: Vec<_> = config.warnings.iter().map(|one| (one.line, one.message.as_str())).collect();
    assert_eq!(
        warnings,
        [
            (8, "`delimiter` is read as an attribute here"),
            (12, "no connector maps `location`: it is empty for every person"),
            (13, "no connector maps `department`: it is empty for every person"),
            (15, "the file does not define the course `A`"),
            (16, "no rule creates the group `Sales`"),
        ]
    );
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rollcall.toml");
    let error = Config::load(&path, &no_env).expect_err("not there").to_string();
    assert!(error.contains("cannot be read") && error.contains("config example"), "{error}");
    std::fs::write(&path, b"timezone = 'UTC'\n# \xff").expect("written");
    let mistakes = Config::load(&path, &no_env).expect_err("not UTF-8");
    assert_eq!(mistakes.iter().map(|one| (one.line, one.column)).collect::<Vec<_>>(), [(2, 3)]);
}
