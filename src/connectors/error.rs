//! Errors of connectors.
//!
//! Every message names the connector and the attempt; the technical cause is the source of the error.
//! [`ConnectorError::kind`] is for scripts, [`ConnectorError::hint`] tells the operator the next step. No error
//! contains a password.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::file::FileError;
use crate::http;
use crate::ldap::LdapErrorResult;
use rollcall_model::names::ConnectorName;

/// A cause that is only displayed.
pub type BoxedCause = Box<dyn std::error::Error + Send + Sync>;

/// Failure to read a source, or an incomplete result.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// The reading was cancelled.
    #[error("connector `{connector}`: the reading was cancelled")]
    Cancelled {
        /// The connector.
        connector: ConnectorName,
    },
    /// Invalid setting.
    #[error("connector `{connector}`: `{setting}` {fault}")]
    Setting {
        /// The connector.
        connector: ConnectorName,
        /// The key in the configuration file.
        setting: &'static str,
        /// The problem, as the rest of a sentence after the key.
        fault: String,
    },
    /// The host name cannot be resolved.
    #[error("connector `{connector}`: the host `{host}` could not be found")]
    Resolve {
        /// The connector.
        connector: ConnectorName,
        /// The host as written in the configuration file.
        host: String,
        /// The error of the resolver.
        #[source]
        cause: io::Error,
    },
    /// The connection failed.
    #[error("connector `{connector}`: could not connect to `{address}`")]
    Connect {
        /// The connector.
        connector: ConnectorName,
        /// Host and port.
        address: String,
        /// The error of the network.
        #[source]
        cause: io::Error,
    },
    /// No CA certificate to verify the server with.
    #[error("connector `{connector}`: could not read a CA certificate from {place}")]
    NoCa {
        /// The connector.
        connector: ConnectorName,
        /// A file, or the system's store.
        place: String,
        /// The error of the certificate reader.
        #[source]
        cause: BoxedCause,
    },
    /// The server certificate is not valid.
    #[error("connector `{connector}`: the certificate of `{host}` {flaw}")]
    Certificate {
        /// The connector.
        connector: ConnectorName,
        /// The host as written in the configuration file.
        host: String,
        /// The problem with the certificate.
        flaw: CertificateProblem,
        /// The error of the TLS library.
        #[source]
        cause: rustls::Error,
    },
    /// Any other TLS failure.
    #[error("connector `{connector}`: the TLS handshake with `{host}` failed")]
    Tls {
        /// The connector.
        connector: ConnectorName,
        /// The host as written in the configuration file.
        host: String,
        /// The error of the TLS library.
        #[source]
        cause: BoxedCause,
    },
    /// Wrong account or password.
    #[error("connector `{connector}`: the server refused the account `{account}`{}", answer.refusal_reason())]
    Refused {
        /// The connector.
        connector: ConnectorName,
        /// The account of the bind.
        account: String,
        /// The response of the server.
        answer: LdapErrorResult,
    },
    /// The server returned a result code other than 0.
    #[error("connector `{connector}`: {attempt} failed: {answer}")]
    Answer {
        /// The connector.
        connector: ConnectorName,
        /// The attempt.
        attempt: String,
        /// The result code and its text.
        answer: LdapErrorResult,
    },
    /// Part of the result is on other servers.
    #[error(
        "connector `{connector}`: the search below `{base}` is incomplete: the server returned {count} references to \
         other servers, such as `{first}`"
    )]
    References {
        /// The connector.
        connector: ConnectorName,
        /// The base of the search.
        base: String,
        /// Number of references.
        count: u64,
        /// The first reference.
        first: String,
    },
    /// The server ignored the paging control.
    #[error(
        "connector `{connector}`: the server ignored paging for the search below `{base}`: the result may be incomplete"
    )]
    NoPaging {
        /// The connector.
        connector: ConnectorName,
        /// The base of the search.
        base: String,
    },
    /// The server repeats a page, so the search would never end.
    #[error("connector `{connector}`: page {page} of the search below `{base}` repeats an earlier page")]
    PageRepeats {
        /// The connector.
        connector: ConnectorName,
        /// The base of the search.
        base: String,
        /// The number of the page, from 1.
        page: u64,
    },
    /// The server returned only some values of an attribute.
    #[error(
        "connector `{connector}`: an entry is incomplete: the values of `{attribute}` from number {first} on are \
         missing"
    )]
    Values {
        /// The connector.
        connector: ConnectorName,
        /// The attribute of the source.
        attribute: String,
        /// The position of the first missing value, from 0.
        first: u64,
    },
    /// The connection was lost.
    #[error("connector `{connector}`: the connection was lost during {attempt}")]
    CutOff {
        /// The connector.
        connector: ConnectorName,
        /// The attempt.
        attempt: String,
        /// The error of the network, if there is one.
        #[source]
        cause: Option<io::Error>,
    },
    /// The server sent no data in time.
    #[error("connector `{connector}`: no data received for {seconds} s during {attempt}")]
    Stalled {
        /// The connector.
        connector: ConnectorName,
        /// The attempt.
        attempt: String,
        /// The wait, in seconds.
        seconds: f64,
    },
    /// The server sent an invalid LDAP message.
    #[error("connector `{connector}`: invalid LDAP message received during {attempt}")]
    Malformed {
        /// The connector.
        connector: ConnectorName,
        /// The attempt.
        attempt: String,
    },
    /// No error occurred, but the end of the list is not proven.
    #[error("connector `{connector}`: the source did not prove that its list is complete")]
    Unproven {
        /// The connector.
        connector: ConnectorName,
    },
    /// The file is unusable.
    #[error("connector `{connector}`: `{}`: {fault}", path.display())]
    File {
        /// The connector.
        connector: ConnectorName,
        /// The file.
        path: PathBuf,
        /// The problem with the file.
        fault: FileError,
        /// The error of the system, if there is one.
        #[source]
        cause: Option<io::Error>,
    },
    /// An HTTP server returned an unusable response.
    #[error("connector `{connector}`: {attempt}: {fault}")]
    Http {
        /// The connector.
        connector: ConnectorName,
        /// The attempt.
        attempt: String,
        /// The problem with the response.
        fault: http::HttpError,
    },
    /// The database rejected a query.
    #[error("connector `{connector}`: {attempt} failed")]
    Query {
        /// The connector.
        connector: ConnectorName,
        /// The attempt.
        attempt: String,
        /// The error of the database.
        #[source]
        cause: sqlx::Error,
    },
    /// The rows of a query lack mapped columns.
    #[error("connector `{connector}`: the query returns no column {}; it returns {}", missing.join(", "), columns.join(", "))]
    NoColumns {
        /// The connector.
        connector: ConnectorName,
        /// The missing columns.
        missing: Vec<String>,
        /// The columns of the query.
        columns: Vec<String>,
    },
    /// The number of rows differs from `count_query`.
    #[error("connector `{connector}`: the query returned {came} rows, but `count_query` returned {told}")]
    RowCountMismatch {
        /// The connector.
        connector: ConnectorName,
        /// The result of `count_query`.
        told: u64,
        /// The number of rows returned.
        came: u64,
    },
    /// So many records are unusable that the mapping must be wrong.
    #[error(
        "connector `{connector}`: {set_aside} of {records} records have an empty or repeated id: the mapping is wrong"
    )]
    TooManyRejectedRecords {
        /// The connector.
        connector: ConnectorName,
        /// Unusable records.
        set_aside: u64,
        /// All records.
        records: u64,
    },
}

/// Problem with a server certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateProblem {
    /// Signed by an unknown CA.
    #[error("is signed by an unknown CA")]
    UnknownCa,
    /// Issued for another host name.
    #[error("is not valid for this host name")]
    WrongName,
    /// No longer valid.
    #[error("has expired")]
    Expired,
    /// Not valid yet.
    #[error("is not valid yet")]
    NotYetValid,
}

impl ConnectorError {
    /// Returns whether a retry may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            // The entry may have been deleted between two requests.
            Self::Values { .. } => true,
            Self::Resolve { .. } | Self::Connect { .. } | Self::CutOff { .. } | Self::Stalled { .. } => true,
            Self::Answer { answer, .. } => answer.is_transient(),
            Self::File { fault, .. } => fault.is_transient(),
            Self::Http { fault, .. } => fault.is_transient(),
            Self::Cancelled { .. }
            | Self::Setting { .. }
            | Self::NoCa { .. }
            | Self::Certificate { .. }
            | Self::Tls { .. }
            | Self::Refused { .. }
            | Self::References { .. }
            | Self::NoPaging { .. }
            | Self::PageRepeats { .. }
            | Self::Malformed { .. }
            | Self::Unproven { .. }
            | Self::Query { .. }
            | Self::NoColumns { .. }
            | Self::RowCountMismatch { .. }
            | Self::TooManyRejectedRecords { .. } => false,
        }
    }

    /// The wait that the source requests before the next attempt.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::Http { fault, .. } => fault.wait(),
            _ => None,
        }
    }

    /// Converts the error into one that says that the requested wait exceeds the remaining time.
    pub(super) fn into_wait_exceeded(self, wait: Duration) -> Self {
        match self {
            Self::Http { connector, attempt, .. } => Self::Http {
                connector,
                attempt,
                fault: http::HttpError::TooLongAWait { seconds: wait.as_secs() },
            },
            other => other,
        }
    }

    /// A stable word for scripts.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Cancelled { .. } => "cancelled",
            Self::Setting { .. } => "bad_setting",
            Self::Resolve { .. } | Self::Connect { .. } => "unreachable",
            Self::NoCa { .. } | Self::Certificate { .. } | Self::Tls { .. } => "tls",
            Self::Refused { .. } => "refused",
            Self::Answer { answer, .. } => answer.kind(),
            Self::References { .. } => "referral",
            Self::NoPaging { .. }
            | Self::PageRepeats { .. }
            | Self::Values { .. }
            | Self::Unproven { .. }
            | Self::RowCountMismatch { .. } => "incomplete",
            Self::Query { .. } => "query",
            Self::NoColumns { .. } => "bad_header",
            Self::CutOff { .. } => "cut_off",
            Self::Stalled { .. } => "stalled",
            Self::Malformed { .. } => "malformed",
            Self::File { fault, .. } => fault.kind(),
            Self::Http { fault, .. } => fault.kind(),
            Self::TooManyRejectedRecords { .. } => "set_aside",
        }
    }

    /// The next step for the operator, if there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Cancelled { .. } | Self::Setting { .. } | Self::Unproven { .. } => None,
            Self::Resolve { .. } | Self::Connect { .. } => {
                Some("check `url`, the firewall, and that the server is running".to_owned())
            }
            Self::NoCa { .. } => Some(
                "set `ca_file` to a PEM file with the certificate of the CA that signed the server certificate"
                    .to_owned(),
            ),
            Self::Certificate { host, flaw, .. } => Some(match flaw {
                CertificateProblem::UnknownCa => {
                    "set `ca_file` to the PEM file of the CA that signed the server's certificate".to_owned()
                }
                CertificateProblem::WrongName => {
                    format!(
                        "use a host name in `url` that the certificate contains; it does not contain `{host}`"
                    )
                }
                CertificateProblem::Expired => "renew the server's certificate".to_owned(),
                CertificateProblem::NotYetValid => {
                    "compare the clocks of this machine and the server".to_owned()
                }
            }),
            Self::Tls { .. } => Some(
                "check that the port in `url` supports TLS: `ldaps://` (636), or `starttls = true` (389)"
                    .to_owned(),
            ),
            Self::Refused { answer, .. } => Some(answer.refusal_hint()),
            Self::Answer { answer, .. } => answer.hint().map(str::to_owned),
            Self::References { .. } => Some(
                "configure one connector for each server, or limit `base_dn` to the entries of this server"
                    .to_owned(),
            ),
            Self::NoPaging { .. } => {
                Some("allow paged searches (RFC 2696) for this account on the server".to_owned())
            }
            Self::PageRepeats { .. } => {
                Some("check the server's paging; another `page_size` may help".to_owned())
            }
            Self::Values { .. } => Some(
                "check the server's limit on values (`MaxValRange`) and its log"
                    .to_owned(),
            ),
            Self::CutOff { .. } | Self::Stalled { .. } => {
                Some("check the server's log and load; a slow server needs a longer `timeout`".to_owned())
            }
            Self::Malformed { .. } => {
                Some("check that the port in `url` is the port of an LDAP server".to_owned())
            }
            Self::File { fault, .. } => Some(fault.hint().to_owned()),
            Self::Http { fault, .. } => Some(fault.hint().to_owned()),
            Self::Query { .. } => {
                Some("run the query in the database's own client with the same account".to_owned())
            }
            Self::NoColumns { .. } => {
                Some("use the column names of the query in `[connector.attributes]`".to_owned())
            }
            Self::RowCountMismatch { .. } => {
                Some("make `count_query` count the same rows as `query`".to_owned())
            }
            Self::TooManyRejectedRecords { .. } => Some(
                "map `id` to an attribute with one unique value for each person, such as `entryUUID`"
                    .to_owned(),
            ),
        }
    }
}
