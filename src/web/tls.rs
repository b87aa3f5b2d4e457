//! TLS listener. The certificate and key of `[web]` are reloaded together with the configuration.

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

/// Maximum duration of a TLS handshake. A silent client is disconnected and does not block others.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum number of connections that wait to be accepted after their handshake.
const READY_CONNECTIONS: usize = 64;

fn invalid_certificate_file(path: &Path, why: impl std::fmt::Display) -> std::io::Error {
    std::io::Error::other(format!("`{}`: {why}", path.display()))
}

/// Loads certificate and key.
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

/// Listener that yields connections after their TLS handshake.
#[derive(Debug)]
pub(super) struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl TlsListener {
    /// Accepts connections until the service stops. Each handshake runs in its own task.
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
                        warn!(%error, "could not accept a connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                };
                let acceptor = TlsAcceptor::from(Arc::clone(
                    &config.read().expect("no thread panics while it holds the lock"),
                ));
                let send = send.clone();
                tokio::spawn(async move {
                    match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
                        Ok(Ok(stream)) => {
                            let _ = send.send((stream, from)).await;
                        }
                        Ok(Err(error)) => debug!(%error, "TLS handshake failed"),
                        Err(_) => debug!("TLS handshake timed out"),
                    }
                });
            }
        });
        Self { ready, address }
    }
}

/// Reloads certificate and key when the configuration is reloaded.
async fn reload_certificate(config: Arc<RwLock<Arc<ServerConfig>>>, mut web: WebContext) {
    while web.file.changed().await.is_ok() {
        let Some(files) = web.config().web.tls.clone() else { continue };
        match load_server_config(&files) {
            Ok(reloaded) => {
                *config.write().expect("no thread panics while it holds the lock") = reloaded;
                info!("reloaded the web certificate");
            }
            Err(error) => {
                error!(%error, "could not reload the web certificate, the previous one stays in use");
            }
        }
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            // The service stops. No further connection is accepted.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// Address of the peer of a connection, with or without TLS.
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
