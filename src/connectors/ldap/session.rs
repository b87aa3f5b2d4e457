//! One connection to a server: found, connected, secured, bound; each step by itself, so that `check` can show it.

use std::io;
use std::net::SocketAddr;

use ldap3::exop::Exop;
use ldap3::result::ExopResult;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, StdStream};
use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

use crate::ldap::LdapSettings;
use crate::ldap::endpoint::LdapEndpoint;
use crate::ldap::result_code::LdapErrorResult;
use crate::ldap::transport::{LdapConnection, SplitTransport, TransportError};
use crate::{ConnectorError, tls};
use rollcall_model::names::ConnectorName;

/// The way to a server, not walked yet.
#[derive(Debug)]
pub(crate) struct LdapConnector<'a> {
    pub connector: &'a ConnectorName,
    pub settings: &'a LdapSettings,
    pub endpoint: LdapEndpoint,
}

/// A connection, encrypted as the settings say.
#[derive(Debug)]
pub(crate) struct LdapSession<'a> {
    pub connector: &'a ConnectorName,
    pub settings: &'a LdapSettings,
    pub ldap: Ldap,
    pub transport: SplitTransport,
    /// Ends with the session.
    _driver: AbortOnDropHandle<()>,
}

/// The address of a line in the crate's words: it is given a socket and looks for nothing.
const LINE: &str = "ldapi:///";

/// The name of the request for TLS.
const START_TLS: &str = "1.3.6.1.4.1.1466.20037";

/// What is under way while TLS is agreed upon.
const HANDSHAKE: &str = "the TLS handshake";

impl<'a> LdapConnector<'a> {
    /// Reads the settings. A password is never sent in the clear unless that was said on purpose.
    pub(crate) fn new(
        connector: &'a ConnectorName,
        settings: &'a LdapSettings,
    ) -> Result<Self, ConnectorError> {
        let wrong = |setting, fault: &str| ConnectorError::Setting {
            connector: connector.clone(),
            setting,
            fault: fault.to_owned(),
        };
        let endpoint = LdapEndpoint::parse(&settings.url)
            .ok_or_else(|| wrong("url", "must be `ldap://host:port` or `ldaps://host:port`"))?;
        if !endpoint.tls && !settings.starttls && !settings.plaintext {
            return Err(wrong(
                "url",
                "is not encrypted: use `ldaps://` or `starttls = true`, or say `plaintext = true`",
            ));
        }
        Ok(Self { connector, settings, endpoint })
    }

    /// The addresses of the host.
    pub(crate) async fn resolve(&self) -> Result<Vec<SocketAddr>, ConnectorError> {
        let failed = |cause| ConnectorError::Resolve {
            connector: self.connector.clone(),
            host: self.endpoint.host.clone(),
            cause,
        };
        let found = lookup_host((self.endpoint.host.as_str(), self.endpoint.port));
        let found = timeout(self.settings.timeout, found).await.map_err(|_| failed(timed_out()))?;
        let addresses: Vec<SocketAddr> = found.map_err(failed)?.collect();
        if addresses.is_empty() { Err(failed(io::ErrorKind::NotFound.into())) } else { Ok(addresses) }
    }

    /// A connection to the first address that takes one.
    pub(crate) async fn connect(&self, addresses: &[SocketAddr]) -> Result<TcpStream, ConnectorError> {
        let mut cause = timed_out();
        for address in addresses {
            match timeout(self.settings.timeout, TcpStream::connect(address)).await {
                // A page is asked for as soon as the one before has been read, whatever has been acknowledged so far.
                Ok(Ok(stream)) => match stream.set_nodelay(true) {
                    Ok(()) => return Ok(stream),
                    Err(refused) => cause = refused,
                },
                Ok(Err(refused)) => cause = refused,
                Err(_) => cause = timed_out(),
            }
        }
        Err(ConnectorError::Connect {
            connector: self.connector.clone(),
            address: self.endpoint.address(),
            cause,
        })
    }

    /// Whether the connection will be encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.endpoint.tls || self.settings.starttls
    }

    /// Encrypts the connection and begins to speak LDAP.
    pub(crate) async fn secure(&self, stream: TcpStream) -> Result<LdapSession<'a>, ConnectorError> {
        let wire =
            if self.endpoint.tls { self.negotiate_tls(stream).await? } else { LdapConnection::Plain(stream) };
        let (ours, connection, ldap) = attach_client().await.map_err(|cause| {
            let address = self.endpoint.address();
            ConnectorError::Connect { connector: self.connector.clone(), address, cause }
        })?;
        // What it dies of shows on the line, which it closes.
        let driver = AbortOnDropHandle::new(tokio::spawn(async { drop(connection.drive().await) }));
        let line = SplitTransport::new(wire, ours);
        let (connector, settings) = (self.connector, self.settings);
        let session = LdapSession { connector, settings, ldap, transport: line, _driver: driver };
        if settings.starttls && !self.endpoint.tls { self.start_tls(session).await } else { Ok(session) }
    }

    /// Asks for TLS on a connection that began in the clear (RFC 4511 4.14).
    async fn start_tls(&self, mut session: LdapSession<'a>) -> Result<LdapSession<'a>, ConnectorError> {
        let attempt = "StartTLS";
        session.ldap.with_timeout(self.settings.timeout);
        let request = Exop { name: Some(START_TLS.to_owned()), val: None };
        let asked = session.transport.exchange(session.ldap.extended(request)).await;
        let ExopResult(_, result) = asked.map_err(|why| session.transport_error(why, attempt))?;
        if result.rc != 0 {
            let (connector, answer) = (self.connector.clone(), LdapErrorResult::new(result.rc, &result.text));
            return Err(ConnectorError::Answer { connector, attempt: attempt.to_owned(), answer });
        }
        let Some((stream, krate)) = session.transport.into_streams() else {
            return Err(transport_error(self.connector, self.settings, TransportError::Malformed, attempt));
        };
        Ok(LdapSession {
            transport: SplitTransport::new(self.negotiate_tls(stream).await?, krate),
            ..session
        })
    }

    async fn negotiate_tls(&self, stream: TcpStream) -> Result<LdapConnection, ConnectorError> {
        let config = self.tls_config().await?;
        let host = &self.endpoint.host;
        let name = ServerName::try_from(host.clone()).map_err(|cause| ConnectorError::Tls {
            connector: self.connector.clone(),
            host: host.clone(),
            cause: cause.into(),
        })?;
        // Boxed because the handshake's buffers lie in it: every future above would carry them along.
        let handshake = Box::pin(TlsConnector::from(config).connect(name, stream));
        match timeout(self.settings.timeout, handshake).await {
            Ok(Ok(stream)) => Ok(LdapConnection::Encrypted(Box::new(stream))),
            Ok(Err(cause)) => Err(self.tls_error(cause)),
            Err(_) => Err(transport_error(self.connector, self.settings, TransportError::Stalled, HANDSHAKE)),
        }
    }

    /// Every step up to the bind.
    pub(crate) async fn connect_and_bind(&self) -> Result<LdapSession<'a>, ConnectorError> {
        let addresses = self.resolve().await?;
        let stream = self.connect(&addresses).await?;
        let mut session = self.secure(stream).await?;
        session.bind().await?;
        Ok(session)
    }

    async fn tls_config(&self) -> Result<std::sync::Arc<rustls::ClientConfig>, ConnectorError> {
        let ca_file = self.settings.ca_file.clone();
        let read = tokio::task::spawn_blocking(move || tls::build_client_config(ca_file.as_deref())).await;
        let read = read.unwrap_or_else(|ended| Err(("the CA store".to_owned(), ended.into())));
        read.map_err(|(place, cause)| ConnectorError::NoCa {
            connector: self.connector.clone(),
            place,
            cause,
        })
    }

    /// Why no TLS came about.
    fn tls_error(&self, cause: io::Error) -> ConnectorError {
        let (connector, host) = (self.connector.clone(), self.endpoint.host.clone());
        let inner = cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).cloned();
        match inner.map(|inner| (tls::classify_certificate_error(&inner), inner)) {
            Some((Some(flaw), cause)) => ConnectorError::Certificate { connector, host, flaw, cause },
            Some((None, cause)) => ConnectorError::Tls { connector, host, cause: cause.into() },
            None => {
                transport_error(self.connector, self.settings, TransportError::CutOff(Some(cause)), HANDSHAKE)
            }
        }
    }
}

impl LdapSession<'_> {
    /// Tells the server who asks; anonymous without an account.
    pub(crate) async fn bind(&mut self) -> Result<(), ConnectorError> {
        let (account, password) = match &self.settings.bind {
            // An empty password would be an anonymous bind that succeeds (RFC 4513 5.1.2).
            Some((_, password)) if password.reveal().is_empty() => {
                return Err(ConnectorError::Setting {
                    connector: self.connector.clone(),
                    setting: "bind_password",
                    fault: "is empty".to_owned(),
                });
            }
            Some((account, password)) => (account.as_str(), password.reveal()),
            None => ("", ""),
        };
        let attempt = match account {
            "" => "the anonymous bind".to_owned(),
            _ => format!("the bind as `{account}`"),
        };
        self.ldap.with_timeout(self.settings.timeout);
        let bound = self.transport.exchange(self.ldap.simple_bind(account, password)).await;
        let result = bound.map_err(|why| self.transport_error(why, &attempt))?;
        let answer = LdapErrorResult::new(result.rc, &result.text);
        match result.rc {
            0 => Ok(()),
            49 if !account.is_empty() => {
                let (connector, account) = (self.connector.clone(), account.to_owned());
                Err(ConnectorError::Refused { connector, account, answer })
            }
            _ => Err(ConnectorError::Answer { connector: self.connector.clone(), attempt, answer }),
        }
    }

    /// Says goodbye. What can go wrong now harms nobody.
    pub(crate) async fn close(mut self) {
        let goodbye = async {
            let _ = self.transport.exchange(self.ldap.unbind()).await;
            self.transport.close().await;
        };
        let _ = timeout(self.settings.timeout, goodbye).await;
    }

    /// Why an attempt came to nothing.
    pub(crate) fn transport_error(&self, why: TransportError, attempt: &str) -> ConnectorError {
        transport_error(self.connector, self.settings, why, attempt)
    }
}

/// The crate on one end of a socket pair, and the other end.
async fn attach_client() -> io::Result<(UnixStream, LdapConnAsync, Ldap)> {
    let (ours, its) = UnixStream::pair()?;
    let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(its.into_std()?));
    match LdapConnAsync::with_settings(settings, LINE).await {
        Ok((connection, ldap)) => Ok((ours, connection, ldap)),
        Err(LdapError::Io { source }) => Err(source),
        Err(other) => Err(io::Error::other(other)),
    }
}

fn transport_error(
    connector: &ConnectorName,
    settings: &LdapSettings,
    why: TransportError,
    attempt: &str,
) -> ConnectorError {
    let (connector, attempt) = (connector.clone(), attempt.to_owned());
    match why {
        TransportError::CutOff(cause) => ConnectorError::CutOff { connector, attempt, cause },
        TransportError::Stalled => {
            ConnectorError::Stalled { connector, attempt, seconds: settings.timeout.as_secs_f64() }
        }
        TransportError::Malformed => ConnectorError::Malformed { connector, attempt },
    }
}

fn timed_out() -> io::Error {
    io::ErrorKind::TimedOut.into()
}
