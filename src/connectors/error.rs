//! Errors of connectors.
//!
//! A [`ConnectorError`] names the connector, what it attempted, and the cause. Each protocol has an enum of causes in
//! its own module; [`ConnectorCause`] joins them. [`ConnectorError::kind`] is for scripts, [`ConnectorError::hint`]
//! tells the operator the next step. No error contains a password.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::attempt::ConnectorAttempt;
use crate::csv::error::CsvError;
use crate::file::error::FileError;
use crate::http::error::HttpError;
use crate::json_file::error::JsonFileError;
use crate::ldap::error::LdapError;
use crate::network_error::NetworkError;
use crate::protocol_error::ProtocolError;
use crate::reading_error::ReadingError;
use crate::sql::error::SqlError;
use crate::tls::error::TlsError;
use rollcall_model::names::ConnectorName;
use rollcall_model::people::PeopleTable;

/// Failure to read a source, or an incomplete result.
#[derive(Debug)]
pub struct ConnectorError {
    connector: ConnectorName,
    attempt: ConnectorAttempt,
    cause: Box<ConnectorCause>,
}

/// The cause of an error, by protocol.
#[derive(Debug)]
pub enum ConnectorCause {
    /// A cause that every kind of source can have.
    Reading(ReadingError),
    /// The network.
    Network(NetworkError),
    /// Encryption and certificates, of every protocol.
    Tls(TlsError),
    /// An LDAP server.
    Ldap(LdapError),
    /// An HTTP server.
    Http(HttpError),
    /// A file, independent of its content.
    File(FileError),
    /// The content of a CSV file.
    Csv(CsvError),
    /// The content of a JSON file.
    JsonFile(JsonFileError),
    /// A database.
    Sql(SqlError),
}

impl ConnectorCause {
    fn protocol_error(&self) -> &dyn ProtocolError {
        match self {
            Self::Reading(cause) => cause,
            Self::Network(cause) => cause,
            Self::Tls(cause) => cause,
            Self::Ldap(cause) => cause,
            Self::Http(cause) => cause,
            Self::File(cause) => cause,
            Self::Csv(cause) => cause,
            Self::JsonFile(cause) => cause,
            Self::Sql(cause) => cause,
        }
    }
}

impl ConnectorError {
    /// Creates an error.
    pub(crate) fn new(
        connector: &ConnectorName,
        attempt: ConnectorAttempt,
        cause: impl Into<ConnectorCause>,
    ) -> Self {
        Self { connector: connector.clone(), attempt, cause: Box::new(cause.into()) }
    }

    /// The reading was cancelled.
    pub(crate) fn cancelled(connector: &ConnectorName) -> Self {
        Self::new(connector, ConnectorAttempt::Reading, ReadingError::Cancelled)
    }

    /// The source did not prove that its list is complete.
    #[must_use]
    pub fn unproven(connector: &ConnectorName) -> Self {
        Self::new(connector, ConnectorAttempt::Reading, ReadingError::Unproven)
    }

    /// The first reading of a source contains no people.
    #[must_use]
    pub fn no_people(connector: &ConnectorName, people: &PeopleTable) -> Self {
        let cause = ReadingError::NoPeople { set_aside: people.set_aside(), left_out: people.left_out() };
        Self::new(connector, ConnectorAttempt::Reading, cause)
    }

    /// A setting is not valid; `fault` is the rest of a sentence after the key.
    pub(crate) fn invalid_setting(
        connector: &ConnectorName,
        setting: &'static str,
        fault: &'static str,
    ) -> Self {
        let cause = ReadingError::InvalidSetting { setting, fault };
        Self::new(connector, ConnectorAttempt::CheckSettings, cause)
    }

    /// The connector.
    #[must_use]
    pub fn connector(&self) -> &ConnectorName {
        &self.connector
    }

    /// What was attempted.
    #[must_use]
    pub fn attempt(&self) -> &ConnectorAttempt {
        &self.attempt
    }

    /// The cause.
    #[must_use]
    pub fn cause(&self) -> &ConnectorCause {
        &self.cause
    }

    /// Returns whether a retry may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.cause.protocol_error().is_transient()
    }

    /// Returns whether the reading was cancelled.
    pub(crate) fn is_cancellation(&self) -> bool {
        matches!(*self.cause, ConnectorCause::Reading(ReadingError::Cancelled))
    }

    /// Returns whether the source exceeded a bound.
    pub(crate) fn is_exceeded_limit(&self) -> bool {
        matches!(*self.cause, ConnectorCause::Reading(ReadingError::LimitExceeded(_)))
    }

    /// Returns whether a secret cannot be read.
    pub(crate) fn is_unusable_secret(&self) -> bool {
        matches!(*self.cause, ConnectorCause::Reading(ReadingError::UnusableSecret { .. }))
    }

    /// Returns whether the source was read, and its values do not fit the mapping.
    pub(crate) fn is_mapping_fault(&self) -> bool {
        let ConnectorCause::Reading(cause) = &*self.cause else { return false };
        matches!(cause, ReadingError::UnreadableDates { .. } | ReadingError::TooManyRejectedRecords { .. })
    }

    /// Returns whether an HTTP server answered with this status (RFC 9110).
    pub(crate) fn has_status(&self, wanted: u16) -> bool {
        matches!(*self.cause, ConnectorCause::Http(HttpError::Status { status, .. }) if status == wanted)
    }

    /// The wait that the source requests before the next attempt.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        self.cause.protocol_error().wait()
    }

    /// Converts the error into one that says that the requested wait exceeds the remaining time.
    pub(super) fn into_wait_exceeded(self, wait: Duration) -> Self {
        Self { cause: Box::new(HttpError::TooLongAWait { seconds: wait.as_secs() }.into()), ..self }
    }

    /// A stable word for scripts.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.cause.protocol_error().kind()
    }

    /// The next step for the operator, if there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.cause.protocol_error().hint(&self.attempt).map(Cow::into_owned)
    }
}

impl fmt::Display for ConnectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.cause.protocol_error().describe(&self.attempt);
        write!(f, "connector `{}`: {message}", self.connector)
    }
}

impl Error for ConnectorError {
    /// The technical cause. The message of this error already contains the cause itself.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.protocol_error().source()
    }
}

/// Converts the causes of a protocol.
macro_rules! from_protocol_error {
    ($($variant:ident($error:ty)),+ $(,)?) => {
        $(impl From<$error> for ConnectorCause {
            fn from(cause: $error) -> Self {
                Self::$variant(cause)
            }
        })+
    };
}

from_protocol_error!(
    Reading(ReadingError),
    Network(NetworkError),
    Tls(TlsError),
    Ldap(LdapError),
    Http(HttpError),
    File(FileError),
    Csv(CsvError),
    JsonFile(JsonFileError),
    Sql(SqlError),
);
