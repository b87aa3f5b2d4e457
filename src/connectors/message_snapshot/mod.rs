//! A snapshot of every error message and warning of this crate, so that messages are reviewed as text.
//!
//! The snapshot is `messages.txt`. The test writes the current text to the temporary directory if it differs.

mod error_samples;
mod file_samples;
mod http_samples;

use std::fmt::Write;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::names::ConnectorName;
use rollcall_model::resource_limits::ResourceLimits;
use rollcall_model::run_warning::RunWarning;

use crate::csv::CsvSettings;
use crate::file::FileSettings;
use crate::json::{InvalidPath, ValuePath, parse_key_path};
use crate::ldap::{LdapError, LdapErrorResult};
use crate::retry::RetryPolicy;
use crate::{
    AttributeMapping, CheckStep, Connector, ConnectorAttempt, ConnectorError, ReadContext, ReadProgress,
    SourceSettings,
};

const SNAPSHOT: &str = include_str!("../messages.txt");

/// Every message of this crate is in the snapshot, with its kind and hint.
#[test]
fn messages_match_snapshot() {
    let mut text = String::new();
    add_errors(&mut text, "Connector errors", error_samples::connector_errors());
    add_errors(&mut text, "File errors", file_samples::file_errors());
    add_errors(&mut text, "HTTP errors", http_samples::http_errors());
    add_errors(&mut text, "LDAP result codes", ldap_results().into_iter().map(ldap_error));
    add_errors(&mut text, "Refused LDAP accounts", refused_results().into_iter().map(refused_error));
    add_lines(&mut text, "Paths in the configuration file", invalid_paths());
    add_lines(&mut text, "Steps and warnings of a check", check_lines());
    add_lines(&mut text, "Warnings of a reading", reading_warnings());
    if text != SNAPSHOT {
        let actual = std::env::temp_dir().join("rollcall-connectors-messages.txt");
        std::fs::write(&actual, &text).expect("the temporary directory is writable");
        panic!(
            "the messages differ from src/connectors/messages.txt; the current text is in {}",
            actual.display()
        );
    }
}

fn add_errors(text: &mut String, title: &str, errors: impl IntoIterator<Item = ConnectorError>) {
    let lines = errors.into_iter().map(|error| {
        let hint = error.hint().map_or_else(String::new, |hint| format!("\n    hint: {hint}"));
        format!("[{}] {error}{hint}", error.kind())
    });
    add_lines(text, title, lines);
}

fn add_lines(text: &mut String, title: &str, lines: impl IntoIterator<Item = String>) {
    writeln!(text, "# {title}\n").expect("writing to a string cannot fail");
    for line in lines {
        writeln!(text, "{line}").expect("writing to a string cannot fail");
    }
    text.push('\n');
}

fn name() -> ConnectorName {
    ConnectorName::new("corp")
}

fn ldap_error(answer: LdapErrorResult) -> ConnectorError {
    error_samples::error(ConnectorAttempt::Bind { account: None }, LdapError::Result(answer))
}

/// Every result code that has its own message, one that has none, and an anonymous request to Active Directory.
fn ldap_results() -> Vec<LdapErrorResult> {
    let codes = [1, 2, 3, 4, 8, 10, 11, 12, 13, 32, 34, 48, 49, 50, 51, 52, 53, 80];
    let mut results: Vec<LdapErrorResult> =
        codes.into_iter().map(|code| LdapErrorResult::new(code, "")).collect();
    results.push(LdapErrorResult::new(1, "000004DC: LdapErr: DSID-0C090A5C"));
    results
}

fn refused_error(answer: LdapErrorResult) -> ConnectorError {
    let account = Some("cn=reader".to_owned());
    error_samples::error(ConnectorAttempt::Bind { account }, LdapError::Refused(answer))
}

fn refused_results() -> Vec<LdapErrorResult> {
    let codes = ["525", "52e", "530", "531", "532", "533", "701", "773", "775", "999"];
    codes.into_iter().map(|code| LdapErrorResult::new(49, &format!("error, data {code}, v4563"))).collect()
}

fn invalid_paths() -> Vec<String> {
    let errors = [
        ValuePath::parse("a |  | b").expect_err("an empty path"),
        parse_key_path("data[0]").expect_err("more than names"),
        InvalidPath::Grammar("(reason of the JSONPath library)".to_owned()),
    ];
    errors.iter().map(|error| format!("`list` {error}")).collect()
}

/// A connector for a CSV file with unusual values.
fn csv_connector(folder: &TempDir) -> (Connector, AttributeSet) {
    let path = folder.path().join("people.csv");
    let rows = "id,mail,start,status,phone\n1,ada at corp,31.12.2026,retired,\n1,ada,,,\n2,bob,,,\n,eve,,,\nTotal,,,,\n";
    std::fs::write(&path, rows).expect("written");
    let mut attributes = AttributeSet::default();
    let phone = attributes.add("phone");
    let columns = [
        (Attribute::ID, "id"),
        (Attribute::EMAIL, "mail"),
        (Attribute::START_DATE, "start"),
        (Attribute::STATUS, "status"),
        (phone, "phone"),
    ];
    let columns = columns.map(|(attribute, column)| (attribute, column.to_owned())).to_vec();
    let statuses = [("active".to_owned(), rollcall_model::status::EmploymentStatus::Active)];
    let mapping =
        AttributeMapping { columns, statuses: statuses.into_iter().collect(), ..AttributeMapping::default() };
    let settings =
        CsvSettings { file: FileSettings { path, ..FileSettings::default() }, ..CsvSettings::default() };
    let source = SourceSettings::Csv(settings);
    let (schedule, prehire_days, match_attribute) = (None, 0, None);
    (Connector { name: name(), schedule, prehire_days, match_attribute, mapping, source }, attributes)
}

fn context() -> ReadContext {
    let (cancel, progress) = (CancellationToken::new(), ReadProgress::default());
    ReadContext {
        cancel,
        progress,
        retry: RetryPolicy::SINGLE_ATTEMPT,
        limits: ResourceLimits::default(),
        last_file: None,
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

fn check_lines() -> Vec<String> {
    let folder = TempDir::new().expect("a folder");
    let (connector, attributes) = csv_connector(&folder);
    let steps = block_on(connector.check(&attributes, &context()));
    let place = folder.path().display().to_string();
    let describe = |step: CheckStep| {
        let outcome = step.outcome.unwrap_or_else(|error| error.to_string());
        let mut line = format!("{}: {outcome}", step.name).replace(&place, "FOLDER");
        for warning in step.warnings {
            line.push_str("\n    warning: ");
            line.push_str(&warning);
        }
        line
    };
    steps.into_iter().map(describe).collect()
}

fn reading_warnings() -> Vec<String> {
    let folder = TempDir::new().expect("a folder");
    let (connector, attributes) = csv_connector(&folder);
    let (people, warnings) =
        block_on(connector.read(&attributes, &context())).expect("the file is complete").into_parts();
    let format = |warning: &RunWarning| format!("{}: {}", warning.subject, warning.message);
    let set_aside: Vec<RunWarning> = people.set_aside_problems().collect();
    warnings.iter().chain(&set_aside).map(format).collect()
}
