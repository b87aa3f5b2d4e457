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

use crate::connectors::ldap::Settings;
use crate::connectors::ldap::answer::Answer;
use crate::connectors::ldap::endpoint::Endpoint;
use crate::connectors::ldap::line::{Fault, Line, Wire};
use crate::connectors::{Error, tls};
use crate::model::names::ConnectorName;

/// The way to a server, not walked yet.
#[derive(Debug)]
pub(in crate::connectors) struct Way<'a> {
    pub connector: &'a ConnectorName,
    pub settings: &'a Settings,
    pub endpoint: Endpoint,
}

/// A connection, encrypted as the settings say.
#[derive(Debug)]
pub(in crate::connectors) struct Session<'a> {
    pub connector: &'a ConnectorName,
    pub settings: &'a Settings,
    pub ldap: Ldap,
    pub line: Line,
    /// Ends with the session.
    _driver: AbortOnDropHandle<()>,
}

/// The address of a line in the crate's words: it is given a socket and looks for nothing.
const LINE: &str = "ldapi:///";

/// The name of the request for TLS.
const START_TLS: &str = "1.3.6.1.4.1.1466.20037";

/// What is under way while TLS is agreed upon.
const HANDSHAKE: &str = "the TLS handshake";

impl<'a> Way<'a> {
    /// Reads the settings. A password is never sent in the clear unless that was said on purpose.
    pub fn new(connector: &'a ConnectorName, settings: &'a Settings) -> Result<Self, Error> {
        let wrong = |setting, fault: &str| Error::Setting {
            connector: connector.clone(),
            setting,
            fault: fault.to_owned(),
        };
        let endpoint = Endpoint::parse(&settings.url)
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
    pub async fn resolve(&self) -> Result<Vec<SocketAddr>, Error> {
        let failed = |cause| Error::Resolve {
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
    pub async fn connect(&self, addresses: &[SocketAddr]) -> Result<TcpStream, Error> {
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
        Err(Error::Connect { connector: self.connector.clone(), address: self.endpoint.address(), cause })
    }

    /// Whether the connection will be encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.endpoint.tls || self.settings.starttls
    }

    /// Encrypts the connection and begins to speak LDAP.
    pub async fn secure(&self, stream: TcpStream) -> Result<Session<'a>, Error> {
        let wire = if self.endpoint.tls { self.shake_hands(stream).await? } else { Wire::Plain(stream) };
        let (ours, connection, ldap) = attach().await.map_err(|cause| {
            let address = self.endpoint.address();
            Error::Connect { connector: self.connector.clone(), address, cause }
        })?;
        // What it dies of shows on the line, which it closes.
        let driver = AbortOnDropHandle::new(tokio::spawn(async { drop(connection.drive().await) }));
        let line = Line::new(wire, ours);
        let (connector, settings) = (self.connector, self.settings);
        let session = Session { connector, settings, ldap, line, _driver: driver };
        if settings.starttls && !self.endpoint.tls { self.start_tls(session).await } else { Ok(session) }
    }

    /// Asks for TLS on a connection that began in the clear (RFC 4511 4.14).
    async fn start_tls(&self, mut session: Session<'a>) -> Result<Session<'a>, Error> {
        let attempt = "StartTLS";
        session.ldap.with_timeout(self.settings.timeout);
        let request = Exop { name: Some(START_TLS.to_owned()), val: None };
        let asked = session.line.ask(session.ldap.extended(request)).await;
        let ExopResult(_, result) = asked.map_err(|why| session.fault(why, attempt))?;
        if result.rc != 0 {
            let (connector, answer) = (self.connector.clone(), Answer::new(result.rc, &result.text));
            return Err(Error::Answer { connector, attempt: attempt.to_owned(), answer });
        }
        let Some((stream, krate)) = session.line.take_down() else {
            return Err(fault(self.connector, self.settings, Fault::Malformed, attempt));
        };
        Ok(Session { line: Line::new(self.shake_hands(stream).await?, krate), ..session })
    }

    async fn shake_hands(&self, stream: TcpStream) -> Result<Wire, Error> {
        let config = self.tls_config().await?;
        let host = &self.endpoint.host;
        let name = ServerName::try_from(host.clone()).map_err(|cause| Error::Tls {
            connector: self.connector.clone(),
            host: host.clone(),
            cause: cause.into(),
        })?;
        // Boxed because the handshake's buffers lie in it: every future above would carry them along.
        let handshake = Box::pin(TlsConnector::from(config).connect(name, stream));
        match timeout(self.settings.timeout, handshake).await {
            Ok(Ok(stream)) => Ok(Wire::Encrypted(Box::new(stream))),
            Ok(Err(cause)) => Err(self.insecure(cause)),
            Err(_) => Err(fault(self.connector, self.settings, Fault::Stalled, HANDSHAKE)),
        }
    }

    /// Every step up to the bind.
    pub async fn walk(&self) -> Result<Session<'a>, Error> {
        let addresses = self.resolve().await?;
        let stream = self.connect(&addresses).await?;
        let mut session = self.secure(stream).await?;
        session.bind().await?;
        Ok(session)
    }

    async fn tls_config(&self) -> Result<std::sync::Arc<rustls::ClientConfig>, Error> {
        let ca_file = self.settings.ca_file.clone();
        let read = tokio::task::spawn_blocking(move || tls::config(ca_file.as_deref())).await;
        let read = read.unwrap_or_else(|ended| Err(("the CA store".to_owned(), ended.into())));
        read.map_err(|(place, cause)| Error::NoCa { connector: self.connector.clone(), place, cause })
    }

    /// Why no TLS came about.
    fn insecure(&self, cause: io::Error) -> Error {
        let (connector, host) = (self.connector.clone(), self.endpoint.host.clone());
        let inner = cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).cloned();
        match inner.map(|inner| (tls::flaw(&inner), inner)) {
            Some((Some(flaw), cause)) => Error::Certificate { connector, host, flaw, cause },
            Some((None, cause)) => Error::Tls { connector, host, cause: cause.into() },
            None => fault(self.connector, self.settings, Fault::CutOff(Some(cause)), HANDSHAKE),
        }
    }
}

impl Session<'_> {
    /// Tells the server who asks; anonymous without an account.
    pub async fn bind(&mut self) -> Result<(), Error> {
        let (account, password) = match &self.settings.bind {
            // An empty password would be an anonymous bind that succeeds (RFC 4513 5.1.2).
            Some((_, password)) if password.reveal().is_empty() => {
                return Err(Error::Setting {
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
        let bound = self.line.ask(self.ldap.simple_bind(account, password)).await;
        let result = bound.map_err(|why| self.fault(why, &attempt))?;
        let answer = Answer::new(result.rc, &result.text);
        match result.rc {
            0 => Ok(()),
            49 if !account.is_empty() => {
                let (connector, account) = (self.connector.clone(), account.to_owned());
                Err(Error::Refused { connector, account, answer })
            }
            _ => Err(Error::Answer { connector: self.connector.clone(), attempt, answer }),
        }
    }

    /// Says goodbye. What can go wrong now harms nobody.
    pub async fn close(mut self) {
        let goodbye = async {
            let _ = self.line.ask(self.ldap.unbind()).await;
            self.line.close().await;
        };
        let _ = timeout(self.settings.timeout, goodbye).await;
    }

    /// Why an attempt came to nothing.
    pub fn fault(&self, why: Fault, attempt: &str) -> Error {
        fault(self.connector, self.settings, why, attempt)
    }
}

/// The crate on one end of a socket pair, and the other end.
async fn attach() -> io::Result<(UnixStream, LdapConnAsync, Ldap)> {
    let (ours, its) = UnixStream::pair()?;
    let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(its.into_std()?));
    match LdapConnAsync::with_settings(settings, LINE).await {
        Ok((connection, ldap)) => Ok((ours, connection, ldap)),
        Err(LdapError::Io { source }) => Err(source),
        Err(other) => Err(io::Error::other(other)),
    }
}

fn fault(connector: &ConnectorName, settings: &Settings, why: Fault, attempt: &str) -> Error {
    let (connector, attempt) = (connector.clone(), attempt.to_owned());
    match why {
        Fault::CutOff(cause) => Error::CutOff { connector, attempt, cause },
        Fault::Stalled => Error::Stalled { connector, attempt, seconds: settings.timeout.as_secs_f64() },
        Fault::Malformed => Error::Malformed { connector, attempt },
    }
}

fn timed_out() -> io::Error {
    io::ErrorKind::TimedOut.into()
}
