//! Causes of errors in TLS, common to all protocols.

use std::borrow::Cow;
use std::error::Error;
use std::io;

use rustls::CertificateError;

use crate::attempt::ConnectorAttempt;
use crate::protocol_error::{BoxedCause, ProtocolError};

/// What to do if the server does not speak TLS on the port.
pub(crate) const NO_TLS_HINT: &str = "check that the port in `url` supports TLS: `https://` (443), `ldaps://` (636), or `starttls = true` (389)";

/// Reason why a connection cannot be encrypted.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// No CA certificate to verify the server with.
    #[error("could not read a CA certificate from {place}")]
    NoCa {
        /// A file, or the system's store.
        place: String,
        /// The error of the certificate reader.
        #[source]
        cause: BoxedCause,
    },
    /// The server certificate is not valid.
    #[error("the certificate {problem}")]
    Certificate {
        /// The problem with the certificate.
        problem: CertificateProblem,
        /// The error of the TLS library.
        #[source]
        cause: rustls::Error,
    },
    /// The server answers, but not in TLS.
    #[error("the server answers without TLS on this port")]
    NoTls(#[source] rustls::Error),
    /// Any other failure.
    #[error("the TLS handshake failed")]
    Handshake(#[source] BoxedCause),
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
    /// Any other problem, such as a CA certificate in the place of a server certificate.
    #[error("is not a valid server certificate")]
    Invalid,
}

impl TlsError {
    /// The TLS error in the chain of causes of another error, if there is one. A certificate that is refused never
    /// becomes valid by a retry, so it must not be mistaken for a failure of the network.
    pub(crate) fn find(error: &(dyn Error + 'static)) -> Option<Self> {
        let found = find_rustls_error(error)?;
        Some(match classify_certificate_error(found) {
            Some(problem) => Self::Certificate { problem, cause: found.clone() },
            None if matches!(found, rustls::Error::InvalidMessage(_)) => Self::NoTls(found.clone()),
            None => Self::Handshake(found.clone().into()),
        })
    }
}

impl ProtocolError for TlsError {
    fn describe(&self, attempt: &ConnectorAttempt) -> String {
        match self {
            Self::NoCa { .. } => self.to_string(),
            Self::Certificate { problem, .. } => {
                format!("the certificate of `{}` {problem}", attempt.target())
            }
            Self::NoTls(_) => format!("the server `{}` answers without TLS on this port", attempt.target()),
            Self::Handshake(_) => format!("the TLS handshake with `{}` failed", attempt.target()),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::NoCa { .. } | Self::Certificate { .. } | Self::NoTls(_) | Self::Handshake(_) => "tls",
        }
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::NoCa { .. } | Self::Certificate { .. } | Self::NoTls(_) | Self::Handshake(_) => false,
        }
    }

    fn hint(&self, attempt: &ConnectorAttempt) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::NoCa { .. } => {
                "set `ca_file` to a PEM file with the certificate of the CA that signed the server certificate".into()
            }
            Self::Certificate { problem, .. } => problem.hint(&attempt.target()),
            Self::NoTls(_) | Self::Handshake(_) => {
                NO_TLS_HINT.into()
            }
        })
    }
}

impl CertificateProblem {
    fn hint(self, host: &str) -> Cow<'static, str> {
        match self {
            Self::UnknownCa => {
                "set `ca_file` to the PEM file of the CA that signed the server's certificate".into()
            }
            Self::WrongName => {
                format!("use a host name in `url` that the certificate contains; it does not contain `{host}`")
                    .into()
            }
            Self::Expired => "renew the server's certificate".into(),
            Self::NotYetValid => "compare the clocks of this machine and the server".into(),
            Self::Invalid => {
                "replace the server's certificate by one that a CA issued for this server; the certificate of a CA is \
                 not accepted"
                    .into()
            }
        }
    }
}

/// The error of the TLS library in the chain of causes. An `io::Error` does not return the error that it wraps as its
/// source, and HTTP libraries wrap it more than once.
fn find_rustls_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    if let Some(found) = error.downcast_ref::<rustls::Error>() {
        return Some(found);
    }
    let wrapped: Option<&'e (dyn Error + 'static)> = match error.downcast_ref::<io::Error>() {
        Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    };
    find_rustls_error(wrapped?)
}

/// Classifies a certificate error; `None` for an error that is not about the certificate.
fn classify_certificate_error(error: &rustls::Error) -> Option<CertificateProblem> {
    let rustls::Error::InvalidCertificate(reason) = error else { return None };
    Some(match reason {
        // A CA with the same name and another key is an unknown CA, too.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => CertificateProblem::UnknownCa,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateProblem::WrongName
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => CertificateProblem::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateProblem::NotYetValid
        }
        _ => CertificateProblem::Invalid,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate error is found below any number of wrapping errors.
    #[test]
    fn certificate_error_is_found_below_wrapping_errors() {
        let expired = || rustls::Error::InvalidCertificate(CertificateError::Expired);
        let twice = io::Error::other(io::Error::other(expired()));
        let chained = crate::network_error::NetworkError::NotConnected(io::Error::other(expired()));
        for error in [&twice as &(dyn Error + 'static), &chained] {
            let found = TlsError::find(error);
            assert!(
                matches!(found, Some(TlsError::Certificate { problem: CertificateProblem::Expired, .. })),
                "{found:?}"
            );
        }
        let lost = io::Error::from(io::ErrorKind::ConnectionReset);
        assert!(TlsError::find(&lost).is_none());
    }

    /// A certificate error without words of its own is about the certificate and not about the handshake.
    #[test]
    fn unusual_certificate_error_is_a_certificate_problem() {
        let problem = |reason| classify_certificate_error(&rustls::Error::InvalidCertificate(reason));
        assert_eq!(problem(CertificateError::InvalidPurpose), Some(CertificateProblem::Invalid));
        assert_eq!(classify_certificate_error(&rustls::Error::DecryptError), None);
    }
}
