//! TLS for pages and API: the certificate and key of `[web]`, read again with the file.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use axum::serve::Listener;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::{debug, error, info, warn};

use crate::WebContext;
use rollcall_config::TlsSettings;

/// How long a handshake may take: whoever says nothing holds up nobody else, and not for long.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections that have shaken hands and wait to be answered.
const READY_CONNECTIONS: usize = 64;

fn invalid_certificate_file(path: &Path, why: impl std::fmt::Display) -> std::io::Error {
    std::io::Error::other(format!("`{}`: {why}", path.display()))
}

/// Reads certificate and key.
pub(super) fn load_server_config(files: &TlsSettings) -> std::io::Result<Arc<ServerConfig>> {
    let certificates = CertificateDer::pem_file_iter(&files.cert).and_then(Iterator::collect);
    let certificates: Vec<_> = certificates.map_err(|why| invalid_certificate_file(&files.cert, why))?;
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|why| invalid_certificate_file(&files.key, why))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| invalid_certificate_file(&files.cert, why))?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|why| invalid_certificate_file(&files.cert, why))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Connections that have shaken hands.
#[derive(Debug)]
pub(super) struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl TlsListener {
    /// Takes connections of a socket until the service ends; each shakes hands by itself.
    pub(crate) fn new(
        socket: TcpListener,
        address: SocketAddr,
        first: Arc<ServerConfig>,
        web: &WebContext,
    ) -> Self {
        let (send, ready) = mpsc::channel(READY_CONNECTIONS);
        let config = Arc::new(RwLock::new(first));
        tokio::spawn(reload_certificate(Arc::clone(&config), web.clone()));
        let stop = web.stop.clone();
        tokio::spawn(async move {
            while let Some(accepted) = stop.run_until_cancelled(socket.accept()).await {
                let (stream, from) = match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        warn!(%error, "a connection could not be taken");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                };
                let acceptor = TlsAcceptor::from(Arc::clone(&config.read().expect("nobody panics with it")));
                let send = send.clone();
                tokio::spawn(async move {
                    match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
                        Ok(Ok(stream)) => {
                            let _ = send.send((stream, from)).await;
                        }
                        Ok(Err(error)) => debug!(%error, "a handshake failed"),
                        Err(_) => debug!("a handshake took too long"),
                    }
                });
            }
        });
        Self { ready, address }
    }
}

/// Reads certificate and key again whenever the file is read again.
async fn reload_certificate(config: Arc<RwLock<Arc<ServerConfig>>>, mut web: WebContext) {
    while web.file.changed().await.is_ok() {
        let Some(files) = web.config().web.tls.clone() else { continue };
        match load_server_config(&files) {
            Ok(fresh) => {
                *config.write().expect("nobody panics with it") = fresh;
                info!("read the certificate of the pages again");
            }
            Err(error) => error!(%error, "the certificate of the pages is wrong, the old one stays"),
        }
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            // The service ends: there will be no further connection.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// The address of whoever is at the other end of an encrypted connection, or of a plain one.
#[derive(Debug, Clone, Copy)]
pub(super) struct PeerAddr(pub SocketAddr);

impl axum::extract::connect_info::Connected<axum::serve::IncomingStream<'_, TlsListener>> for PeerAddr {
    fn connect_info(stream: axum::serve::IncomingStream<'_, TlsListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl axum::extract::connect_info::Connected<axum::serve::IncomingStream<'_, TcpListener>> for PeerAddr {
    fn connect_info(stream: axum::serve::IncomingStream<'_, TcpListener>) -> Self {
        Self(*stream.remote_addr())
    }
}
