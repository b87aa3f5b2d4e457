//! A snapshot of every error message and warning of this crate, so that messages are reviewed as text.
//!
//! The snapshot is `messages.txt`. A new variant of an error does not compile until it has a sample here. The test
//! writes the current text to the temporary directory if it differs.

use std::fmt::Write;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::names::ConnectorName;
use rollcall_model::run_warning::RunWarning;

use crate::api::unreadable_error;
use crate::csv::CsvSettings;
use crate::file::{FileError, FileSettings};
use crate::http::HttpError;
use crate::json::{InvalidPath, ResponseLayout, ValuePath, parse_key_path};
use crate::ldap::LdapErrorResult;
use crate::retry::RetryPolicy;
use crate::{
    AttributeMapping, CertificateProblem, CheckStep, Connector, ConnectorError, ReadContext, ReadProgress,
    SourceSettings,
};

const SNAPSHOT: &str = include_str!("messages.txt");

/// Every message of this crate is in the snapshot, with its kind and hint.
#[test]
fn messages_match_snapshot() {
    let mut text = String::new();
    add_errors(&mut text, "Connector errors", connector_errors());
    add_errors(&mut text, "File errors", file_errors().into_iter().map(file_error));
    add_errors(&mut text, "HTTP errors", http_errors().into_iter().map(http_error));
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

fn refused() -> io::Error {
    io::ErrorKind::ConnectionRefused.into()
}

fn connector_errors() -> Vec<ConnectorError> {
    let (connector, host) = (name(), "dc1.corp.example".to_owned());
    let base = "ou=people,dc=corp".to_owned();
    let attempt = format!("the search below `{base}`");
    let mut errors = vec![
        ConnectorError::Cancelled { connector: name() },
        ConnectorError::Setting { connector: name(), setting: "base_dn", fault: "is missing".to_owned() },
        ConnectorError::Resolve { connector: name(), host: host.clone(), cause: refused() },
        ConnectorError::Connect { connector: name(), address: format!("{host}:636"), cause: refused() },
        ConnectorError::NoCa { connector: name(), place: "`ca.pem`".to_owned(), cause: "empty".into() },
        ConnectorError::Tls { connector: name(), host: host.clone(), cause: "alert".into() },
        ConnectorError::Refused {
            connector: name(),
            account: "cn=reader".to_owned(),
            answer: LdapErrorResult::new(49, ""),
        },
        ConnectorError::Answer {
            connector: name(),
            attempt: attempt.clone(),
            answer: LdapErrorResult::new(4, "x"),
        },
        ConnectorError::References {
            connector: name(),
            base: base.clone(),
            count: 2,
            first: "ldap://dc2.corp.example".to_owned(),
        },
        ConnectorError::NoPaging { connector: name(), base: base.clone() },
        ConnectorError::PageRepeats { connector: name(), base, page: 3 },
        ConnectorError::Values { connector: name(), attribute: "memberof".to_owned(), first: 1500 },
        ConnectorError::CutOff { connector: name(), attempt: attempt.clone(), cause: None },
        ConnectorError::Stalled { connector: name(), attempt: attempt.clone(), seconds: 2.5 },
        ConnectorError::Malformed { connector: name(), attempt },
        ConnectorError::Unproven { connector: name() },
        file_error(FileError::Unreadable),
        http_error(HttpError::NoToken),
        ConnectorError::Query {
            connector: name(),
            attempt: "the query".to_owned(),
            cause: sqlx::Error::RowNotFound,
        },
        ConnectorError::NoColumns {
            connector: name(),
            missing: vec!["`mail`".to_owned()],
            columns: vec!["`id`".to_owned(), "`email`".to_owned()],
        },
        ConnectorError::RowCountMismatch { connector: name(), told: 702, came: 700 },
        ConnectorError::TooManyRejectedRecords { connector, set_aside: 12, records: 100 },
    ];
    for flaw in [
        CertificateProblem::UnknownCa,
        CertificateProblem::WrongName,
        CertificateProblem::Expired,
        CertificateProblem::NotYetValid,
    ] {
        let cause = rustls::Error::General("certificate".to_owned());
        errors.push(ConnectorError::Certificate { connector: name(), host: host.clone(), flaw, cause });
    }
    errors.iter().for_each(require_connector_sample);
    errors
}

/// Fails to compile if a variant is added; add a sample of it above.
fn require_connector_sample(error: &ConnectorError) {
    match error {
        ConnectorError::Cancelled { .. }
        | ConnectorError::Setting { .. }
        | ConnectorError::Resolve { .. }
        | ConnectorError::Connect { .. }
        | ConnectorError::NoCa { .. }
        | ConnectorError::Certificate { .. }
        | ConnectorError::Tls { .. }
        | ConnectorError::Refused { .. }
        | ConnectorError::Answer { .. }
        | ConnectorError::References { .. }
        | ConnectorError::NoPaging { .. }
        | ConnectorError::PageRepeats { .. }
        | ConnectorError::Values { .. }
        | ConnectorError::CutOff { .. }
        | ConnectorError::Stalled { .. }
        | ConnectorError::Malformed { .. }
        | ConnectorError::Unproven { .. }
        | ConnectorError::File { .. }
        | ConnectorError::Http { .. }
        | ConnectorError::Query { .. }
        | ConnectorError::NoColumns { .. }
        | ConnectorError::RowCountMismatch { .. }
        | ConnectorError::TooManyRejectedRecords { .. } => (),
    }
}

fn file_error(fault: FileError) -> ConnectorError {
    ConnectorError::File { connector: name(), path: PathBuf::from("/in/people.csv"), fault, cause: None }
}

fn file_errors() -> Vec<FileError> {
    let done = || PathBuf::from("/in/people.done");
    let hours = |hours: u64| Duration::from_secs(3600 * hours);
    let errors = vec![
        FileError::Unreadable,
        FileError::NoFile,
        FileError::Empty,
        FileError::NoPeople,
        FileError::TooFewRows { rows: 4, wanted: 5 },
        FileError::TooOld { age: hours(30), most: hours(26) },
        FileError::NotDone(done()),
        FileError::DoneBefore(done()),
        FileError::NoDigest(done()),
        FileError::WrongDigest(done()),
        FileError::Changed,
        FileError::NoLineBreak,
        FileError::NotClosed,
        FileError::NotJson { place: "line 2".to_owned(), what: "it is empty".to_owned() },
        FileError::NotUtf8 { line: 3 },
        FileError::StrayQuote { line: 3 },
        FileError::OpenQuote { line: 3 },
        FileError::Fields { line: 3, found: 5, expected: 4 },
        FileError::RepeatedColumn("mail".to_owned()),
        FileError::MissingColumns {
            missing: vec!["`mail` (mapped to `email`)".to_owned()],
            columns: vec!["`id`".to_owned(), "`name`".to_owned()],
        },
    ];
    for error in &errors {
        // Fails to compile if a variant is added; add a sample of it above.
        match error {
            FileError::Unreadable
            | FileError::NoFile
            | FileError::Empty
            | FileError::NoPeople
            | FileError::TooFewRows { .. }
            | FileError::TooOld { .. }
            | FileError::NotDone(_)
            | FileError::DoneBefore(_)
            | FileError::NoDigest(_)
            | FileError::WrongDigest(_)
            | FileError::Changed
            | FileError::NoLineBreak
            | FileError::NotClosed
            | FileError::NotJson { .. }
            | FileError::NotUtf8 { .. }
            | FileError::StrayQuote { .. }
            | FileError::OpenQuote { .. }
            | FileError::Fields { .. }
            | FileError::RepeatedColumn(_)
            | FileError::MissingColumns { .. } => (),
        }
    }
    errors
}

fn http_error(fault: HttpError) -> ConnectorError {
    ConnectorError::Http {
        connector: name(),
        attempt: "page 2 of `https://hr.example/users`".to_owned(),
        fault,
    }
}

fn http_errors() -> Vec<HttpError> {
    let to = || "https://login.example/".to_owned();
    let mut errors = vec![
        HttpError::Redirect { to: to() },
        HttpError::Elsewhere { to: to() },
        HttpError::TooLarge { most: 1024 },
        HttpError::NoList { place: "data.items".to_owned() },
        HttpError::NotOne,
        HttpError::PagingLoop { page: 7 },
        HttpError::TooFew { told: 221, came: 220 },
        HttpError::NoDetails,
        HttpError::NoTotal("many".to_owned()),
        HttpError::NoToken,
        HttpError::TooLongAWait { seconds: 86_400 },
        HttpError::Key("signing failed".to_owned()),
    ];
    for status in [400, 401, 403, 404, 408, 409, 410, 418, 429, 503] {
        errors.push(HttpError::Status { status, said: String::new(), wait: None });
    }
    errors.push(HttpError::Status { status: 403, said: "Not Authorized".to_owned(), wait: None });
    for body in ["", "<html>", "{\"data\": [", "{\"data\": []} 2", "{\"data\": [], \"data\": []}"] {
        errors.push(unreadable_response(body.as_bytes()));
    }
    for error in &errors {
        // Fails to compile if a variant is added; add a sample of it above.
        match error {
            HttpError::Status { .. }
            | HttpError::Redirect { .. }
            | HttpError::Elsewhere { .. }
            | HttpError::NotJson { .. }
            | HttpError::TooLarge { .. }
            | HttpError::NoList { .. }
            | HttpError::NotOne
            | HttpError::PagingLoop { .. }
            | HttpError::TooFew { .. }
            | HttpError::NoDetails
            | HttpError::NoTotal(_)
            | HttpError::NoToken
            | HttpError::TooLongAWait { .. }
            | HttpError::Key(_) => (),
        }
    }
    errors
}

fn unreadable_response(body: &[u8]) -> HttpError {
    let layout = ResponseLayout { list: vec!["data".to_owned()], ..ResponseLayout::default() };
    unreadable_error(body, &layout.read_raw(body, &mut Vec::new()).expect_err("not a valid response"))
}

fn ldap_error(answer: LdapErrorResult) -> ConnectorError {
    ConnectorError::Answer { connector: name(), attempt: "the anonymous bind".to_owned(), answer }
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
    ConnectorError::Refused { connector: name(), account: "cn=reader".to_owned(), answer }
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
    let rows = "id,mail,start,status,phone\n1,ada at corp,31.12.2026,retired,\n1,,,,\n2,,,,\n,,,,\n";
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
    ReadContext { cancel, progress, retry: RetryPolicy::SINGLE_ATTEMPT }
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
