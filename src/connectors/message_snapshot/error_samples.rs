//! A sample of every error of this crate.
//!
//! A new variant of an error does not compile until it has an arm here; add a sample of it, too.

use std::io;

use rollcall_model::names::ConnectorName;
use rollcall_model::resource_limits::ResourceLimit;

use crate::ldap::{LdapError, LdapErrorResult};
use crate::sql::SqlError;
use crate::tls::{CertificateProblem, TlsError};
use crate::{ConnectorAttempt, ConnectorCause, ConnectorError, ExceededLimit, NetworkError, ReadingError};

/// A sample. A new protocol needs a function with its samples.
pub(super) fn error(attempt: ConnectorAttempt, cause: impl Into<ConnectorCause>) -> ConnectorError {
    let error = ConnectorError::new(&ConnectorName::new("corp"), attempt, cause);
    match error.cause() {
        ConnectorCause::Reading(_)
        | ConnectorCause::Network(_)
        | ConnectorCause::Tls(_)
        | ConnectorCause::Ldap(_)
        | ConnectorCause::Http(_)
        | ConnectorCause::File(_)
        | ConnectorCause::Csv(_)
        | ConnectorCause::JsonFile(_)
        | ConnectorCause::Sql(_) => error,
    }
}

/// Errors of every protocol but those of files and HTTP responses.
pub(super) fn connector_errors() -> Vec<ConnectorError> {
    let mut errors = reading_errors();
    errors.extend(network_errors());
    errors.extend(tls_errors());
    errors.extend(ldap_errors());
    errors.extend(sql_errors());
    errors
}

fn reading_errors() -> Vec<ConnectorError> {
    let causes = [
        ReadingError::Cancelled,
        ReadingError::InvalidSetting { setting: "base_dn", fault: "is missing" },
        ReadingError::Unproven,
        ReadingError::NoPeople { set_aside: 0, left_out: 0 },
        ReadingError::NoPeople { set_aside: 1, left_out: 12 },
        ReadingError::TooManyRejectedRecords { set_aside: 12, records: 100 },
        ReadingError::UnreadableDates {
            attribute: "end_date".to_owned(),
            column: "Austritt".to_owned(),
            unreadable: 98,
            values: 100,
            sample: "31.12.2026".to_owned(),
            formats: vec!["%d.%m.%Y"],
        },
        ReadingError::UnusableSecret {
            key: "bind_password_file",
            path: std::path::PathBuf::from("/etc/rollcall/secrets/ldap"),
            fault: "is empty".to_owned(),
        },
        unreadable_dates("12-31"),
        unreadable_dates("unbefristet"),
        ReadingError::LimitExceeded(exceeded(ResourceLimit::ReadingRecords)),
        ReadingError::LimitExceeded(exceeded(ResourceLimit::LdapNestingLevels).of(|| "a message".to_owned())),
    ];
    for cause in &causes {
        match cause {
            ReadingError::Cancelled
            | ReadingError::InvalidSetting { .. }
            | ReadingError::Unproven
            | ReadingError::NoPeople { .. }
            | ReadingError::TooManyRejectedRecords { .. }
            | ReadingError::UnreadableDates { .. }
            | ReadingError::UnusableSecret { .. }
            | ReadingError::LimitExceeded(_) => (),
        }
    }
    causes.map(|cause| error(ConnectorAttempt::Reading, cause)).into()
}

fn exceeded(limit: ResourceLimit) -> ExceededLimit {
    ExceededLimit::reached(limit, limit.default_value())
}

fn network_errors() -> Vec<ConnectorError> {
    let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
    let host = || "dc1.corp.example".to_owned();
    let address = || "dc1.corp.example:636".to_owned();
    let samples = [
        (ConnectorAttempt::ResolveHost { host: host() }, NetworkError::HostNotFound(refused())),
        (ConnectorAttempt::Connect { address: address() }, NetworkError::NotConnected(refused())),
        (
            ConnectorAttempt::Connect { address: "hr.example".to_owned() },
            NetworkError::Timeout { seconds: 20.0 },
        ),
        (
            ConnectorAttempt::OpenDatabase { address: "hr.example:5432".to_owned() },
            NetworkError::NotConnected(refused()),
        ),
        (
            ConnectorAttempt::ReadPage { page: 1, url: "http://hr.example/people".to_owned() },
            NetworkError::ConnectionLost(None),
        ),
        (ConnectorAttempt::TlsHandshake { host: host() }, NetworkError::ConnectionLost(None)),
        (ConnectorAttempt::StartTls { address: address() }, NetworkError::ConnectionLost(None)),
        (ConnectorAttempt::StartTls { address: address() }, NetworkError::Timeout { seconds: 20.0 }),
        (search(), NetworkError::ConnectionLost(None)),
        (search(), NetworkError::Timeout { seconds: 2.5 }),
    ];
    for (_, cause) in &samples {
        match cause {
            NetworkError::HostNotFound(_)
            | NetworkError::NotConnected(_)
            | NetworkError::ConnectionLost(_)
            | NetworkError::Timeout { .. } => (),
        }
    }
    samples.map(|(attempt, cause)| error(attempt, cause)).into()
}

fn tls_errors() -> Vec<ConnectorError> {
    let problems = [
        CertificateProblem::UnknownCa,
        CertificateProblem::WrongName,
        CertificateProblem::Expired,
        CertificateProblem::NotYetValid,
        CertificateProblem::Invalid,
    ];
    let mut causes = vec![
        TlsError::NoCa { place: "`ca.pem`".to_owned(), cause: "empty".into() },
        TlsError::NoTls(rustls::Error::General("no TLS".to_owned())),
        TlsError::Handshake("alert".into()),
    ];
    causes.extend(problems.map(|problem| {
        let cause = rustls::Error::General("certificate".to_owned());
        TlsError::Certificate { problem, cause }
    }));
    for cause in &causes {
        match cause {
            TlsError::NoCa { .. }
            | TlsError::NoTls(_)
            | TlsError::Handshake(_)
            | TlsError::Certificate {
                problem:
                    CertificateProblem::UnknownCa
                    | CertificateProblem::WrongName
                    | CertificateProblem::Expired
                    | CertificateProblem::NotYetValid
                    | CertificateProblem::Invalid,
                ..
            } => (),
        }
    }
    let attempt = ConnectorAttempt::TlsHandshake { host: "dc1.corp.example".to_owned() };
    causes.into_iter().map(|cause| error(attempt.clone(), cause)).collect()
}

fn search() -> ConnectorAttempt {
    ConnectorAttempt::Search { base: "ou=people,dc=corp".to_owned() }
}

fn ldap_errors() -> Vec<ConnectorError> {
    let account = ConnectorAttempt::Bind { account: Some("cn=reader".to_owned()) };
    let values = ConnectorAttempt::ReadValues { attribute: "memberof".to_owned() };
    let first = "ldap://dc2.corp.example".to_owned();
    let samples = [
        (account.clone(), LdapError::Refused(LdapErrorResult::new(49, ""))),
        (account, LdapError::Result(LdapErrorResult::new(52, ""))),
        (search(), LdapError::Result(LdapErrorResult::new(4, "x"))),
        (search(), LdapError::References { count: 2, first }),
        (search(), LdapError::NoPaging),
        (search(), LdapError::PageRepeats { page: 3 }),
        (values.clone(), LdapError::MissingValues { first: 1500 }),
        (values, LdapError::Malformed),
        (search(), LdapError::Malformed),
        (ConnectorAttempt::StartTls { address: "dc1.corp.example:636".to_owned() }, LdapError::Malformed),
    ];
    for (_, cause) in &samples {
        match cause {
            LdapError::Refused(_)
            | LdapError::Result(_)
            | LdapError::References { .. }
            | LdapError::NoPaging
            | LdapError::PageRepeats { .. }
            | LdapError::MissingValues { .. }
            | LdapError::Malformed => (),
        }
    }
    samples.map(|(attempt, cause)| error(attempt, cause)).into()
}

fn sql_errors() -> Vec<ConnectorError> {
    let refused = || SqlError::Refused(sqlx::Error::RowNotFound);
    let address = || "hr.example:5432".to_owned();
    let open = || ConnectorAttempt::OpenDatabase { address: address() };
    let (missing, columns) = (vec!["`mail`".to_owned()], vec!["`id`".to_owned(), "`email`".to_owned()]);
    let samples = [
        (open(), refused()),
        (open(), SqlError::UnreadableFile { file: "hr.db".to_owned() }),
        (ConnectorAttempt::RunQuery, SqlError::DamagedFile { file: "hr.db".to_owned() }),
        (
            open(),
            SqlError::AccountRefused {
                address: address(),
                account: "hr".to_owned(),
                cause: sqlx::Error::RowNotFound,
            },
        ),
        (open(), SqlError::UnknownDatabase { address: address(), database: "hr".to_owned() }),
        (ConnectorAttempt::RunQuery, refused()),
        (ConnectorAttempt::RunCountQuery, refused()),
        (ConnectorAttempt::RunQuery, SqlError::MissingColumns { missing, columns }),
        (ConnectorAttempt::RunQuery, SqlError::RowCountMismatch { expected: 702, returned: 700 }),
    ];
    for (_, cause) in &samples {
        match cause {
            SqlError::Refused(_)
            | SqlError::UnreadableFile { .. }
            | SqlError::DamagedFile { .. }
            | SqlError::AccountRefused { .. }
            | SqlError::UnknownDatabase { .. }
            | SqlError::MissingColumns { .. }
            | SqlError::RowCountMismatch { .. } => (),
        }
    }
    samples.map(|(attempt, cause)| error(attempt, cause)).into()
}

fn unreadable_dates(sample: &str) -> ReadingError {
    ReadingError::UnreadableDates {
        attribute: "end_date".to_owned(),
        column: "Austritt".to_owned(),
        unreadable: 98,
        values: 100,
        sample: sample.to_owned(),
        formats: Vec::new(),
    }
}
