//! Conversion of the errors of the HTTP client: timeouts, certificates, connections.

use std::error::Error;
use std::io;

use url::Url;

use crate::http::HttpSettings;
use crate::tls::TlsError;
use crate::{ConnectorAttempt, ConnectorCause, ConnectorError, NetworkError};
use rollcall_model::names::ConnectorName;

/// Converts an error of a request that received no complete response.
pub(super) fn convert_request_error(
    connector: &ConnectorName,
    settings: &HttpSettings,
    attempt: &ConnectorAttempt,
    cause: reqwest::Error,
) -> ConnectorError {
    let url = cause.url().unwrap_or(&settings.url);
    let (host, address) = (host(url), address(url));
    let is_https = url.scheme() == "https";
    let error = |attempt, cause: ConnectorCause| ConnectorError::new(connector, attempt, cause);
    let cause = cause.without_url();
    if cause.is_timeout() {
        let seconds = settings.timeout.as_secs_f64();
        return error(attempt.clone(), NetworkError::Timeout { seconds }.into());
    }
    if let Some(tls) = TlsError::find(&cause) {
        if matches!(tls, TlsError::NoTls(_)) {
            return error(ConnectorAttempt::Connect { address }, tls.into());
        }
        return error(ConnectorAttempt::TlsHandshake { host }, tls.into());
    }
    let root = find_root_cause(&cause);
    // A server that answers to a connection and ends it before the first request does so in the handshake.
    if cause.is_connect() && is_https && is_ended_by_server(&root) {
        error(ConnectorAttempt::TlsHandshake { host }, NetworkError::ConnectionLost(Some(root)).into())
    } else if cause.is_connect() {
        error(ConnectorAttempt::Connect { address: host }, NetworkError::NotConnected(root).into())
    } else {
        error(attempt.clone(), NetworkError::ConnectionLost(Some(root)).into())
    }
}

/// The host of a URL.
pub(super) fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// Host and port of a URL.
fn address(url: &Url) -> String {
    let port = url.port_or_known_default().map_or_else(String::new, |port| format!(":{port}"));
    host(url) + &port
}

fn is_ended_by_server(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    )
}

/// The innermost cause.
fn find_root_cause(error: &reqwest::Error) -> io::Error {
    let mut cause: &(dyn Error + 'static) = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    match cause.downcast_ref::<io::Error>().map(unwrap_io_error) {
        Some(io) if io.raw_os_error().is_some() => {
            io::Error::from_raw_os_error(io.raw_os_error().unwrap_or_default())
        }
        Some(io) => io::Error::new(io.kind(), cause.to_string()),
        None => io::Error::other(cause.to_string()),
    }
}

/// The innermost of errors that wrap each other. An `io::Error` does not return the error that it wraps as its source.
fn unwrap_io_error(error: &io::Error) -> &io::Error {
    error.get_ref().and_then(|inner| inner.downcast_ref::<io::Error>()).map_or(error, unwrap_io_error)
}
