//! A connection to a server: resolve, connect, encrypt and bind. Each step is separate, so that `check` can
//! report it.

use std::io;
use std::net::SocketAddr;

use ldap3::exop::Exop;
use ldap3::result::ExopResult;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, StdStream};
use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

use crate::ldap::endpoint::LdapEndpoint;
use crate::ldap::result_code::LdapErrorResult;
use crate::ldap::transport::{LdapConnection, SplitTransport, TransportError};
use crate::ldap::{LdapError, LdapSettings};
use crate::tls::{self, TlsError};
use crate::{ConnectorAttempt, ConnectorCause, ConnectorError, ExceededLimit, NetworkError, ReadingError};
use rollcall_model::names::ConnectorName;
use rollcall_model::resource_limits::{ResourceLimit, ResourceLimits};

/// Connection parameters of a server; not connected yet.
#[derive(Debug)]
pub(crate) struct LdapConnector<'a> {
    pub connector: &'a ConnectorName,
    pub settings: &'a LdapSettings,
    pub limits: &'a ResourceLimits,
    pub endpoint: LdapEndpoint,
}

/// A connection, encrypted according to the settings.
#[derive(Debug)]
pub(crate) struct LdapSession<'a> {
    pub connector: &'a ConnectorName,
    pub settings: &'a LdapSettings,
    pub limits: &'a ResourceLimits,
    /// Number of entries received.
    pub entries: u64,
    pub ldap: Ldap,
    pub transport: SplitTransport,
    /// The task that runs the `ldap3` connection; aborted when the session is dropped.
    _driver: AbortOnDropHandle<()>,
}

/// A placeholder URL for `ldap3`, which receives a connected socket.
const PLACEHOLDER_URL: &str = "ldapi:///";

/// The object identifier of the StartTLS request.
const START_TLS: &str = "1.3.6.1.4.1.1466.20037";

impl<'a> LdapConnector<'a> {
    /// Validates the settings. A password is sent without encryption only if `plaintext` is set.
    pub(crate) fn new(
        connector: &'a ConnectorName,
        settings: &'a LdapSettings,
        limits: &'a ResourceLimits,
    ) -> Result<Self, ConnectorError> {
        let wrong = |setting, fault| ConnectorError::invalid_setting(connector, setting, fault);
        let endpoint = LdapEndpoint::parse(&settings.url)
            .ok_or_else(|| wrong("url", "must be `ldap://host:port` or `ldaps://host:port`"))?;
        if !endpoint.tls && !settings.starttls && !settings.plaintext {
            return Err(wrong(
                "url",
                "is not encrypted: use `ldaps://` or `starttls = true`, or set `plaintext = true`",
            ));
        }
        Ok(Self { connector, settings, limits, endpoint })
    }

    /// Resolves the host.
    pub(crate) async fn resolve(&self) -> Result<Vec<SocketAddr>, ConnectorError> {
        let attempt = || ConnectorAttempt::ResolveHost { host: self.endpoint.host.clone() };
        let failed = |cause| self.error(attempt(), NetworkError::HostNotFound(cause));
        let found = lookup_host((self.endpoint.host.as_str(), self.endpoint.port));
        let found = timeout(self.settings.timeout, found).await.map_err(|_| failed(timed_out()))?;
        let addresses: Vec<SocketAddr> = found.map_err(failed)?.collect();
        if addresses.is_empty() { Err(failed(io::ErrorKind::NotFound.into())) } else { Ok(addresses) }
    }

    /// Connects to the first address that accepts a connection.
    pub(crate) async fn connect(&self, addresses: &[SocketAddr]) -> Result<TcpStream, ConnectorError> {
        let mut cause = timed_out();
        for address in addresses {
            match timeout(self.settings.timeout, TcpStream::connect(address)).await {
                // The next page is requested immediately, without waiting for acknowledgements.
                Ok(Ok(stream)) => match stream.set_nodelay(true) {
                    Ok(()) => return Ok(stream),
                    Err(refused) => cause = refused,
                },
                Ok(Err(refused)) => cause = refused,
                Err(_) => cause = timed_out(),
            }
        }
        Err(self.connect_error(cause))
    }

    /// Returns whether the connection is encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.endpoint.tls || self.settings.starttls
    }

    /// Encrypts the connection and starts the LDAP client.
    pub(crate) async fn secure(&self, stream: TcpStream) -> Result<LdapSession<'a>, ConnectorError> {
        let server =
            if self.endpoint.tls { self.negotiate_tls(stream).await? } else { LdapConnection::Plain(stream) };
        let (ours, connection, ldap) = attach_client().await.map_err(|cause| self.connect_error(cause))?;
        // If the task fails it closes the transport; the reader reports the error.
        let driver = AbortOnDropHandle::new(tokio::spawn(async { drop(connection.drive().await) }));
        let (connector, settings, limits) = (self.connector, self.settings, self.limits);
        let transport = SplitTransport::new(server, ours, limits);
        let session =
            LdapSession { connector, settings, limits, entries: 0, ldap, transport, _driver: driver };
        if settings.starttls && !self.endpoint.tls { self.start_tls(session).await } else { Ok(session) }
    }

    /// Requests TLS on an unencrypted connection (RFC 4511 4.14).
    async fn start_tls(&self, mut session: LdapSession<'a>) -> Result<LdapSession<'a>, ConnectorError> {
        let attempt = ConnectorAttempt::StartTls { address: self.endpoint.address() };
        session.ldap.with_timeout(self.settings.timeout);
        let request = Exop { name: Some(START_TLS.to_owned()), val: None };
        let number = next_request(&mut session.ldap);
        let response = session.transport.exchange(number, session.ldap.extended(request)).await;
        let ExopResult(_, result) = response.map_err(|why| session.transport_error(why, &attempt))?;
        if result.rc != 0 {
            let cause = LdapError::Result(LdapErrorResult::new(result.rc, &result.text));
            return Err(self.error(attempt, cause));
        }
        let Some((stream, client)) = session.transport.into_streams() else {
            return Err(self.error(attempt, LdapError::Malformed));
        };
        Ok(LdapSession {
            transport: SplitTransport::new(self.negotiate_tls(stream).await?, client, self.limits),
            ..session
        })
    }

    async fn negotiate_tls(&self, stream: TcpStream) -> Result<LdapConnection, ConnectorError> {
        let host = &self.endpoint.host;
        let failed =
            |cause: ConnectorCause| self.error(ConnectorAttempt::TlsHandshake { host: host.clone() }, cause);
        let config = tls::load_client_config(self.settings.ca_file.clone()).await;
        let config = config.map_err(|cause| failed(cause.into()))?;
        let name = ServerName::try_from(host.clone())
            .map_err(|cause| failed(TlsError::Handshake(cause.into()).into()))?;
        // Boxed because the buffers of the handshake would enlarge every enclosing future.
        let handshake = Box::pin(TlsConnector::from(config).connect(name, stream));
        match timeout(self.settings.timeout, handshake).await {
            Ok(Ok(stream)) => Ok(LdapConnection::Encrypted(Box::new(stream))),
            Ok(Err(cause)) => Err(failed(match TlsError::find(&cause) {
                Some(tls) => tls.into(),
                None => NetworkError::ConnectionLost(Some(cause)).into(),
            })),
            Err(_) => Err(failed(transport_cause(TransportError::Stalled, self.settings))),
        }
    }

    /// Runs all steps up to the bind.
    pub(crate) async fn connect_and_bind(&self) -> Result<LdapSession<'a>, ConnectorError> {
        let addresses = self.resolve().await?;
        let stream = self.connect(&addresses).await?;
        let mut session = self.secure(stream).await?;
        session.bind().await?;
        Ok(session)
    }

    fn connect_error(&self, cause: io::Error) -> ConnectorError {
        let attempt = ConnectorAttempt::Connect { address: self.endpoint.address() };
        self.error(attempt, NetworkError::NotConnected(cause))
    }

    fn error(&self, attempt: ConnectorAttempt, cause: impl Into<ConnectorCause>) -> ConnectorError {
        ConnectorError::new(self.connector, attempt, cause)
    }
}

impl LdapSession<'_> {
    /// Binds with the account, or anonymously without one.
    pub(crate) async fn bind(&mut self) -> Result<(), ConnectorError> {
        let (account, password) = match &self.settings.bind {
            // An empty password would be an anonymous bind that succeeds (RFC 4513 5.1.2).
            Some((_, password)) if password.reveal().is_empty() => {
                return Err(ConnectorError::invalid_setting(self.connector, "bind_password", "is empty"));
            }
            Some((account, password)) => (account.as_str(), password.reveal()),
            None => ("", ""),
        };
        let named = (!account.is_empty()).then(|| account.to_owned());
        let attempt = ConnectorAttempt::Bind { account: named };
        self.ldap.with_timeout(self.settings.timeout);
        let number = next_request(&mut self.ldap);
        let bound = self.transport.exchange(number, self.ldap.simple_bind(account, password)).await;
        let result = bound.map_err(|why| self.transport_error(why, &attempt))?;
        let answer = LdapErrorResult::new(result.rc, &result.text);
        match result.rc {
            0 => Ok(()),
            49 if !account.is_empty() => Err(self.error(&attempt, LdapError::Refused(answer))),
            _ => Err(self.error(&attempt, LdapError::Result(answer))),
        }
    }

    /// Sends an unbind request. Errors are ignored.
    pub(crate) async fn close(mut self) {
        let unbind = async {
            let number = next_request(&mut self.ldap);
            let _ = self.transport.exchange(number, self.ldap.unbind()).await;
            self.transport.close().await;
        };
        let _ = timeout(self.settings.timeout, unbind).await;
    }

    /// Converts a transport error into an error of this connector.
    pub(crate) fn transport_error(&self, why: TransportError, attempt: &ConnectorAttempt) -> ConnectorError {
        self.error(attempt, transport_cause(why, self.settings))
    }

    /// Fails if a number exceeds a bound.
    pub(crate) fn check_limit(
        &self,
        limit: ResourceLimit,
        number: u64,
        attempt: &ConnectorAttempt,
    ) -> Result<(), ConnectorError> {
        ExceededLimit::check(limit, self.limits, number).map_err(|limit| self.exceeded(limit, attempt))
    }

    /// An error of this connector because of a bound.
    pub(crate) fn exceeded(&self, limit: ExceededLimit, attempt: &ConnectorAttempt) -> ConnectorError {
        self.error(attempt, ReadingError::LimitExceeded(limit))
    }

    /// An error of this connector.
    pub(crate) fn error(
        &self,
        attempt: &ConnectorAttempt,
        cause: impl Into<ConnectorCause>,
    ) -> ConnectorError {
        ConnectorError::new(self.connector, attempt.clone(), cause)
    }
}

/// Creates an `ldap3` client on one end of a socket pair and returns the other end.
async fn attach_client() -> io::Result<(UnixStream, LdapConnAsync, Ldap)> {
    let (ours, its) = UnixStream::pair()?;
    let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(its.into_std()?));
    match LdapConnAsync::with_settings(settings, PLACEHOLDER_URL).await {
        Ok((connection, ldap)) => Ok((ours, connection, ldap)),
        Err(ldap3::LdapError::Io { source }) => Err(source),
        Err(other) => Err(io::Error::other(other)),
    }
}

/// The id of the next request of `ldap3` before the first search: ids are numbers in order.
fn next_request(ldap: &mut Ldap) -> i32 {
    ldap.last_id() + 1
}

fn transport_cause(why: TransportError, settings: &LdapSettings) -> ConnectorCause {
    match why {
        TransportError::CutOff(cause) => NetworkError::ConnectionLost(cause).into(),
        TransportError::Stalled => NetworkError::Timeout { seconds: settings.timeout.as_secs_f64() }.into(),
        TransportError::Malformed => LdapError::Malformed.into(),
        TransportError::Exceeded(limit) => ReadingError::LimitExceeded(limit).into(),
    }
}

fn timed_out() -> io::Error {
    io::ErrorKind::TimedOut.into()
}
