//! Why a source could not be read to its end.
//!
//! Every message names the connector and what was attempted; the technical cause is linked as the source of the
//! error. [`ConnectorError::kind`] is for scripts, [`ConnectorError::hint`] for the person who has to do something about it. No error
//! holds a password.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::file::FileError;
use crate::http;
use crate::ldap::LdapErrorResult;
use rollcall_model::names::ConnectorName;

/// A cause that is only shown.
pub type BoxedCause = Box<dyn std::error::Error + Send + Sync>;

/// Why a source could not be asked, or did not say everything.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// Somebody ended the reading.
    #[error("connector `{connector}`: the reading was cancelled")]
    Cancelled {
        /// The connector.
        connector: ConnectorName,
    },
    /// A setting with which nothing can be read.
    #[error("connector `{connector}`: `{setting}` {fault}")]
    Setting {
        /// The connector.
        connector: ConnectorName,
        /// The key in the file.
        setting: &'static str,
        /// What is wrong with it, to be read after the key.
        fault: String,
    },
    /// The host name leads to no address.
    #[error("connector `{connector}`: the host `{host}` could not be found")]
    Resolve {
        /// The connector.
        connector: ConnectorName,
        /// The host as the file writes it.
        host: String,
        /// What the resolver said.
        #[source]
        cause: io::Error,
    },
    /// No connection came about.
    #[error("connector `{connector}`: no connection to `{address}`")]
    Connect {
        /// The connector.
        connector: ConnectorName,
        /// Host and port.
        address: String,
        /// What the network said.
        #[source]
        cause: io::Error,
    },
    /// There is no CA to check the server against.
    #[error("connector `{connector}`: no CA could be read from {place}")]
    NoCa {
        /// The connector.
        connector: ConnectorName,
        /// A file, or the system's store.
        place: String,
        /// What the reader of certificates said.
        #[source]
        cause: BoxedCause,
    },
    /// The server showed a certificate that does not prove who it is.
    #[error("connector `{connector}`: the certificate of `{host}` {flaw}")]
    Certificate {
        /// The connector.
        connector: ConnectorName,
        /// The host as the file writes it.
        host: String,
        /// What is wrong with it.
        flaw: CertificateProblem,
        /// What the TLS library said.
        #[source]
        cause: rustls::Error,
    },
    /// TLS did not come about for another reason.
    #[error("connector `{connector}`: no TLS with `{host}`")]
    Tls {
        /// The connector.
        connector: ConnectorName,
        /// The host as the file writes it.
        host: String,
        /// What the TLS library said.
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
        /// What the server said about it.
        answer: LdapErrorResult,
    },
    /// The server answered with a result code other than 0.
    #[error("connector `{connector}`: {attempt} failed: {answer}")]
    Answer {
        /// The connector.
        connector: ConnectorName,
        /// What was attempted.
        attempt: String,
        /// The result code and its text.
        answer: LdapErrorResult,
    },
    /// Part of the answer lies on other servers.
    #[error(
        "connector `{connector}`: the search below `{base}` is incomplete: {count} of its parts lie elsewhere, \
         such as at `{first}`"
    )]
    References {
        /// The connector.
        connector: ConnectorName,
        /// The base of the search.
        base: String,
        /// How many references came.
        count: u64,
        /// The first of them.
        first: String,
    },
    /// The server ignored the paging that it was asked for.
    #[error(
        "connector `{connector}`: the server did not page the search below `{base}`: its end cannot be told"
    )]
    NoPaging {
        /// The connector.
        connector: ConnectorName,
        /// The base of the search.
        base: String,
    },
    /// The server sends what it has sent before, and would for ever.
    #[error("connector `{connector}`: page {page} of the search below `{base}` came before")]
    PageRepeats {
        /// The connector.
        connector: ConnectorName,
        /// The base of the search.
        base: String,
        /// The number of the page, from 1.
        page: u64,
    },
    /// Of an attribute with many values only a part came.
    #[error(
        "connector `{connector}`: an entry has more values of `{attribute}` than came: those from number {first} on are \
         missing"
    )]
    Values {
        /// The connector.
        connector: ConnectorName,
        /// The attribute of the source.
        attribute: String,
        /// The place of the first value that did not come, from 0.
        first: u64,
    },
    /// The connection ended too early.
    #[error("connector `{connector}`: the connection was cut during {attempt}")]
    CutOff {
        /// The connector.
        connector: ConnectorName,
        /// What was under way.
        attempt: String,
        /// What the network said, where it said anything.
        #[source]
        cause: Option<io::Error>,
    },
    /// The server fell silent.
    #[error("connector `{connector}`: nothing came for {seconds} s during {attempt}")]
    Stalled {
        /// The connector.
        connector: ConnectorName,
        /// What was under way.
        attempt: String,
        /// The wait, in seconds.
        seconds: f64,
    },
    /// The server sent what the protocol does not know.
    #[error("connector `{connector}`: what came during {attempt} is no LDAP")]
    Malformed {
        /// The connector.
        connector: ConnectorName,
        /// What was under way.
        attempt: String,
    },
    /// Everything looked well and yet the end is not proven.
    #[error("connector `{connector}`: the source did not prove that its list is complete")]
    Unproven {
        /// The connector.
        connector: ConnectorName,
    },
    /// A file that is not what it should be.
    #[error("connector `{connector}`: `{}`: {fault}", path.display())]
    File {
        /// The connector.
        connector: ConnectorName,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: FileError,
        /// What the system said, where it said anything.
        #[source]
        cause: Option<io::Error>,
    },
    /// A server that speaks HTTP answered what is no answer.
    #[error("connector `{connector}`: {attempt}: {fault}")]
    Http {
        /// The connector.
        connector: ConnectorName,
        /// What was under way.
        attempt: String,
        /// What is wrong with the answer.
        fault: http::HttpError,
    },
    /// A database refused a query.
    #[error("connector `{connector}`: {attempt} failed")]
    Query {
        /// The connector.
        connector: ConnectorName,
        /// What was under way.
        attempt: String,
        /// What the database said.
        #[source]
        cause: sqlx::Error,
    },
    /// A query gives rows without mapped columns.
    #[error("connector `{connector}`: the query gives no column {}; it gives {}", missing.join(", "), columns.join(", "))]
    NoColumns {
        /// The connector.
        connector: ConnectorName,
        /// The columns that are mapped and not there.
        missing: Vec<String>,
        /// The columns that are there.
        columns: Vec<String>,
    },
    /// A query gave another number of rows than there are.
    #[error("connector `{connector}`: the query gave {came} rows, `count_query` says {told}")]
    RowCountMismatch {
        /// The connector.
        connector: ConnectorName,
        /// What was said.
        told: u64,
        /// What came.
        came: u64,
    },
    /// So many records cannot be used that the mapping must be wrong.
    #[error(
        "connector `{connector}`: {set_aside} of {records} records have an empty or repeated id: the mapping is wrong"
    )]
    TooManyRejectedRecords {
        /// The connector.
        connector: ConnectorName,
        /// Records that cannot be used.
        set_aside: u64,
        /// All records.
        records: u64,
    },
}

/// What is wrong with a server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateProblem {
    /// Signed by a CA that is not known here.
    #[error("is signed by an unknown CA")]
    UnknownCa,
    /// Made for another host.
    #[error("is made for another host name")]
    WrongName,
    /// No longer valid.
    #[error("has expired")]
    Expired,
    /// Not valid yet.
    #[error("is not valid yet")]
    NotYetValid,
}

impl ConnectorError {
    /// Whether waiting may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            // The entry may have gone away between two questions.
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

    /// How long the source asked to wait before the next attempt.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::Http { fault, .. } => fault.wait(),
            _ => None,
        }
    }

    /// The same, told as a wait for which there is no time.
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

    /// What to do next, where something can be done.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Cancelled { .. } | Self::Setting { .. } | Self::Unproven { .. } => None,
            Self::Resolve { .. } | Self::Connect { .. } => {
                Some("look at `url`, at the firewall, and whether the server runs".to_owned())
            }
            Self::NoCa { .. } => Some(
                "set `ca_file` to a PEM file with the certificate of the CA that signed the server's"
                    .to_owned(),
            ),
            Self::Certificate { host, flaw, .. } => Some(match flaw {
                CertificateProblem::UnknownCa => {
                    "set `ca_file` to the PEM file of the CA that signed the server's certificate".to_owned()
                }
                CertificateProblem::WrongName => {
                    format!(
                        "write a host name in `url` that the certificate holds; it does not hold `{host}`"
                    )
                }
                CertificateProblem::Expired => "renew the server's certificate".to_owned(),
                CertificateProblem::NotYetValid => {
                    "compare the clocks of this machine and of the server".to_owned()
                }
            }),
            Self::Tls { .. } => Some(
                "see whether the port in `url` speaks TLS: `ldaps://` (636), or `starttls = true` (389)"
                    .to_owned(),
            ),
            Self::Refused { answer, .. } => Some(answer.refusal_hint()),
            Self::Answer { answer, .. } => answer.hint().map(str::to_owned),
            Self::References { .. } => Some(
                "give every server a connector of its own, or narrow `base_dn` to what this one holds"
                    .to_owned(),
            ),
            Self::NoPaging { .. } => {
                Some("let the server page searches (RFC 2696) for this account".to_owned())
            }
            Self::PageRepeats { .. } => {
                Some("look for a fault in the server's paging; another `page_size` may help".to_owned())
            }
            Self::Values { .. } => Some(
                "look at the server's limit on values (`MaxValRange`) and at what it says in its log"
                    .to_owned(),
            ),
            Self::CutOff { .. } | Self::Stalled { .. } => {
                Some("look at the server's log and load; a slow server needs a longer `timeout`".to_owned())
            }
            Self::Malformed { .. } => {
                Some("see whether the port in `url` is that of an LDAP server".to_owned())
            }
            Self::File { fault, .. } => Some(fault.hint().to_owned()),
            Self::Http { fault, .. } => Some(fault.hint().to_owned()),
            Self::Query { .. } => {
                Some("try the query in the database's own shell, with the same account".to_owned())
            }
            Self::NoColumns { .. } => {
                Some("name the columns of the query in `[connector.attributes]`".to_owned())
            }
            Self::RowCountMismatch { .. } => {
                Some("let `count_query` count the very rows of `query`".to_owned())
            }
            Self::TooManyRejectedRecords { .. } => Some(
                "map `id` to an attribute that every person has once and never again, such as `entryUUID`"
                    .to_owned(),
            ),
        }
    }
}
