//! The operations that a connector attempts, for error messages.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

/// An operation of a connector and its target. Contains no secret: URLs have neither user nor query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectorAttempt {
    /// Reading all people.
    Reading,
    /// Checking the settings before a request is sent.
    CheckSettings,
    /// Resolving a host name.
    ResolveHost {
        /// The host as written in the configuration file.
        host: String,
    },
    /// Connecting to a server or opening a database.
    Connect {
        /// The host, with the port if it is known, or the file of a database.
        address: String,
    },
    /// Opening a database that is queried.
    OpenDatabase {
        /// Host and port of the server, or the file.
        address: String,
    },
    /// Encrypting a connection.
    TlsHandshake {
        /// The host as written in the configuration file.
        host: String,
    },
    /// Requesting TLS on an unencrypted LDAP connection (RFC 4511 4.14).
    StartTls {
        /// Host and port.
        address: String,
    },
    /// Authenticating at an LDAP server (RFC 4511 4.2).
    Bind {
        /// The account; `None` for an anonymous bind.
        account: Option<String>,
    },
    /// Searching an LDAP directory (RFC 4511 4.5).
    Search {
        /// The base of the search.
        base: String,
    },
    /// Requesting the remaining values of an attribute of one entry.
    ReadValues {
        /// The attribute of the source.
        attribute: String,
    },
    /// Reading a file.
    ReadFile {
        /// The file.
        path: PathBuf,
    },
    /// Requesting a page of a list.
    ReadPage {
        /// The number of the page, from 1.
        page: u64,
        /// The URL.
        url: String,
    },
    /// Requesting a page of the details of one record.
    ReadDetailPage {
        /// The number of the page, from 1.
        page: u64,
        /// The name of the details.
        detail: &'static str,
        /// The id of the record.
        id: String,
        /// The URL.
        url: String,
    },
    /// Requesting the details of one record.
    ReadDetails {
        /// The name of the details.
        detail: &'static str,
        /// The id of the record.
        id: String,
    },
    /// Requesting one person.
    ReadPerson {
        /// The id of the person.
        id: String,
    },
    /// Requesting a token.
    RequestToken {
        /// The URL of the token endpoint.
        url: String,
    },
    /// Running `query`.
    RunQuery,
    /// Running `count_query`.
    RunCountQuery,
}

impl ConnectorAttempt {
    /// The target of the attempt: a host, an address, a base DN, a file, a URL, an id, or a key of the configuration
    /// file.
    #[must_use]
    pub fn target(&self) -> Cow<'_, str> {
        match self {
            Self::Reading => "the source".into(),
            Self::CheckSettings => "the configuration file".into(),
            Self::ResolveHost { host } | Self::TlsHandshake { host } => host.into(),
            Self::Connect { address } | Self::OpenDatabase { address } | Self::StartTls { address } => {
                address.into()
            }
            Self::Bind { account } => account.as_deref().unwrap_or_default().into(),
            Self::Search { base } => base.into(),
            Self::ReadValues { attribute } => attribute.into(),
            Self::ReadFile { path } => path.to_string_lossy(),
            Self::ReadPage { url, .. } | Self::ReadDetailPage { url, .. } | Self::RequestToken { url } => {
                url.into()
            }
            Self::ReadDetails { id, .. } | Self::ReadPerson { id } => id.into(),
            Self::RunQuery => "query".into(),
            Self::RunCountQuery => "count_query".into(),
        }
    }
}

/// The attempt as a noun phrase, such as "the search below `dc=corp`".
impl fmt::Display for ConnectorAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reading => write!(f, "the reading"),
            Self::CheckSettings => write!(f, "the check of the settings"),
            Self::ResolveHost { host } => write!(f, "the name resolution of `{host}`"),
            Self::Connect { address } | Self::OpenDatabase { address } => {
                write!(f, "the connection to `{address}`")
            }
            Self::TlsHandshake { host } => write!(f, "the TLS handshake with `{host}`"),
            Self::StartTls { address } => write!(f, "the StartTLS request to `{address}`"),
            Self::Bind { account: None } => write!(f, "the anonymous bind"),
            Self::Bind { account: Some(account) } => write!(f, "the bind as `{account}`"),
            Self::Search { base } => write!(f, "the search below `{base}`"),
            Self::ReadValues { attribute } => write!(f, "the request for more values of `{attribute}`"),
            Self::ReadFile { path } => write!(f, "the reading of `{}`", path.display()),
            Self::ReadPage { page, url } => write!(f, "page {page} of `{url}`"),
            Self::ReadDetailPage { page, detail, id, url } => {
                write!(f, "page {page} of `{detail}` of `{id}`, `{url}`")
            }
            Self::ReadDetails { detail, id } => write!(f, "`{detail}` of `{id}`"),
            Self::ReadPerson { id } => write!(f, "the request for `{id}`"),
            Self::RequestToken { url } => write!(f, "the request for a token to `{url}`"),
            Self::RunQuery => write!(f, "the query"),
            Self::RunCountQuery => write!(f, "`count_query`"),
        }
    }
}
