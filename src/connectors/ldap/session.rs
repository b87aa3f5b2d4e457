//! One connection to a server: found, connected, secured, bound; each step by itself, so that `check` can show it.

use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, StdStream};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::connectors::Error;
use crate::connectors::ldap::answer::Answer;
use crate::connectors::ldap::endpoint::Endpoint;
use crate::connectors::ldap::{Settings, tls};
use crate::model::names::ConnectorName;

/// The way to a server, not walked yet.
#[derive(Debug)]
pub(super) struct Way<'a> {
    pub connector: &'a ConnectorName,
    pub settings: &'a Settings,
    pub endpoint: Endpoint,
}

/// A connection, encrypted as the settings say.
#[derive(Debug)]
pub(super) struct Session<'a> {
    pub connector: &'a ConnectorName,
    pub settings: &'a Settings,
    pub ldap: Ldap,
    driver: JoinHandle<Result<(), LdapError>>,
}

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
                Ok(Ok(stream)) => return Ok(stream),
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
        let stream = stream.into_std().map_err(|cause| self.cut_off(Some(cause)))?;
        let mut settings = LdapConnSettings::new()
            .set_conn_timeout(self.settings.timeout)
            .set_std_stream(StdStream::Tcp(stream))
            .set_starttls(self.settings.starttls && !self.endpoint.tls);
        if self.is_encrypted() {
            settings = settings.set_config(self.tls_config().await?);
        }
        let url = self.endpoint.url();
        // Boxed because the handshake's buffers lie in it: every future above would carry them along.
        let begun = contained(Box::pin(LdapConnAsync::with_settings(settings, &url))).await;
        let Some(begun) = begun else {
            return Err(Error::Malformed {
                connector: self.connector.clone(),
                attempt: "StartTLS".to_owned(),
            });
        };
        let (connection, ldap) = begun.map_err(|cause| self.insecure(cause))?;
        let driver = tokio::spawn(connection.drive());
        Ok(Session { connector: self.connector, settings: self.settings, ldap, driver })
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

    fn cut_off(&self, cause: Option<io::Error>) -> Error {
        Error::CutOff { connector: self.connector.clone(), attempt: "the TLS handshake".to_owned(), cause }
    }

    /// Why no TLS came about.
    fn insecure(&self, cause: LdapError) -> Error {
        let connector = self.connector.clone();
        let host = self.endpoint.host.clone();
        match cause {
            LdapError::Timeout { .. } => stalled(connector, "the TLS handshake", self.settings),
            LdapError::LdapResult { result } => {
                let answer = Answer::new(result.rc, &result.text);
                Error::Answer { connector, attempt: "StartTLS".to_owned(), answer }
            }
            LdapError::Io { source } => {
                let inner = source.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).cloned();
                match inner {
                    Some(cause) => match tls::flaw(&cause) {
                        Some(flaw) => Error::Certificate { connector, host, flaw, cause },
                        None => Error::Tls { connector, host, cause: cause.into() },
                    },
                    None => self.cut_off(Some(source)),
                }
            }
            LdapError::ResultRecv { .. } | LdapError::EndOfStream | LdapError::OpSend { .. } => {
                self.cut_off(None)
            }
            other => Error::Tls { connector, host, cause: other.into() },
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
        let result = match contained(self.ldap.simple_bind(account, password)).await {
            Some(Ok(result)) => result,
            Some(Err(cause)) => return Err(self.failed(cause, &attempt).await),
            None => return Err(Error::Malformed { connector: self.connector.clone(), attempt }),
        };
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
        let _ = timeout(self.settings.timeout, self.ldap.unbind()).await;
    }

    /// Why an operation came to nothing.
    pub async fn failed(&mut self, cause: LdapError, attempt: &str) -> Error {
        let connector = self.connector.clone();
        match cause {
            LdapError::Timeout { .. } => stalled(connector, attempt, self.settings),
            LdapError::FilterParsing => {
                let fault = "is no LDAP filter (RFC 4515)".to_owned();
                Error::Setting { connector, setting: "filter", fault }
            }
            LdapError::Io { source } => {
                Error::CutOff { connector, attempt: attempt.to_owned(), cause: Some(source) }
            }
            LdapError::EndOfStream
            | LdapError::ResultRecv { .. }
            | LdapError::OpSend { .. }
            | LdapError::IdScrubSend { .. } => self.lost(attempt).await,
            _ => Error::Malformed { connector, attempt: attempt.to_owned() },
        }
    }

    /// Why the connection is gone: its driver knows.
    async fn lost(&mut self, attempt: &str) -> Error {
        let connector = self.connector.clone();
        let attempt = attempt.to_owned();
        match timeout(self.settings.timeout, &mut self.driver).await {
            Ok(Ok(Err(LdapError::Io { source }))) if is_nonsense(&source) => {
                Error::Malformed { connector, attempt }
            }
            Ok(Ok(Err(LdapError::Io { source }))) => {
                Error::CutOff { connector, attempt, cause: Some(source) }
            }
            Ok(Err(panicked)) if panicked.is_panic() => Error::Malformed { connector, attempt },
            Ok(Ok(_) | Err(_)) | Err(_) => Error::CutOff { connector, attempt, cause: None },
        }
    }
}

fn stalled(connector: ConnectorName, attempt: &str, settings: &Settings) -> Error {
    Error::Stalled { connector, attempt: attempt.to_owned(), seconds: settings.timeout.as_secs_f64() }
}

/// Whether the crate's decoder complained. It has no code of its own for that; a message that was cut off comes with the
/// same code and other words.
fn is_nonsense(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Other && error.to_string() == "decoding error"
}

fn timed_out() -> io::Error {
    io::ErrorKind::TimedOut.into()
}

/// Awaits a call of the crate that takes apart what the server sent and panics where that is malformed: `None` then.
async fn contained<F: Future>(call: F) -> Option<F::Output> {
    AssertUnwindSafe(call).catch_unwind().await.ok()
}
