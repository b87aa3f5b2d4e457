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
    let host = cause.url().map_or_else(|| host(&settings.url), host);
    let error = |attempt, cause: ConnectorCause| ConnectorError::new(connector, attempt, cause);
    let cause = cause.without_url();
    if cause.is_timeout() {
        let seconds = settings.timeout.as_secs_f64();
        return error(attempt.clone(), NetworkError::Timeout { seconds }.into());
    }
    if let Some(tls) = TlsError::find(&cause) {
        return error(ConnectorAttempt::TlsHandshake { host }, tls.into());
    }
    let root = find_root_cause(&cause);
    if cause.is_connect() {
        error(ConnectorAttempt::Connect { address: host }, NetworkError::NotConnected(root).into())
    } else {
        error(attempt.clone(), NetworkError::ConnectionLost(Some(root)).into())
    }
}

/// The host of a URL.
pub(super) fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// The innermost cause.
fn find_root_cause(error: &reqwest::Error) -> io::Error {
    let mut cause: &(dyn Error + 'static) = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    match cause.downcast_ref::<io::Error>() {
        Some(io) if io.raw_os_error().is_some() => {
            io::Error::from_raw_os_error(io.raw_os_error().unwrap_or_default())
        }
        Some(_) | None => io::Error::other(cause.to_string()),
    }
}
