//! Causes of errors in the network.

use std::borrow::Cow;
use std::io;

use crate::attempt::ConnectorAttempt;
use crate::protocol_error::ProtocolError;
use crate::tls::error::NO_TLS_HINT;

/// What to do if the first request on an unencrypted connection has no answer of LDAP.
pub(crate) const TLS_ONLY_HINT: &str = "check the port in `url`: a port that expects TLS from the first byte (636) needs `ldaps://` without `starttls`";

/// Reason why there is no connection to a server, or no more data on it.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The host name cannot be resolved.
    #[error("the host could not be found")]
    HostNotFound(#[source] io::Error),
    /// The connection failed.
    #[error("could not connect")]
    NotConnected(#[source] io::Error),
    /// The connection was lost.
    #[error("the connection was lost")]
    ConnectionLost(#[source] Option<io::Error>),
    /// The server sent no data in time.
    #[error("no data received for {seconds} s")]
    Timeout {
        /// The wait, in seconds.
        seconds: f64,
    },
}

impl ProtocolError for NetworkError {
    fn describe(&self, attempt: &ConnectorAttempt) -> String {
        match self {
            Self::HostNotFound(_) => format!("the host `{}` could not be found", attempt.target()),
            Self::NotConnected(_) => format!("{self} to `{}`", attempt.target()),
            Self::ConnectionLost(_) | Self::Timeout { .. } => format!("{self} during {attempt}"),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::HostNotFound(_) | Self::NotConnected(_) => "unreachable",
            Self::ConnectionLost(_) => "cut_off",
            Self::Timeout { .. } => "stalled",
        }
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::HostNotFound(_)
            | Self::NotConnected(_)
            | Self::ConnectionLost(_)
            | Self::Timeout { .. } => true,
        }
    }

    fn hint(&self, attempt: &ConnectorAttempt) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::HostNotFound(_) | Self::NotConnected(_)
                if matches!(attempt, ConnectorAttempt::OpenDatabase { .. }) =>
            {
                "check host and port in `database_url`, the firewall, and that the server is running".into()
            }
            Self::HostNotFound(_) | Self::NotConnected(_) => {
                "check `url`, the firewall, and that the server is running".into()
            }
            Self::ConnectionLost(_) if matches!(attempt, ConnectorAttempt::TlsHandshake { .. }) => {
                NO_TLS_HINT.into()
            }
            Self::ConnectionLost(_)
                if matches!(attempt, ConnectorAttempt::Bind { .. } | ConnectorAttempt::StartTls { .. }) =>
            {
                TLS_ONLY_HINT.into()
            }
            Self::ConnectionLost(_) if attempt.target().starts_with("http://") => {
                "check the port in `url`: a port that expects TLS needs `https://`; else see the server's log"
                    .into()
            }
            Self::ConnectionLost(_) | Self::Timeout { .. } => {
                "check the server's log and load; a slow server needs a longer `timeout`".into()
            }
        })
    }
}
