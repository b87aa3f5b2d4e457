//! TLS in front of a server that speaks none.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::certificate_authority::ServerCertificate;

/// A front of 127.0.0.1 that passes what it decrypts to another port.
pub(crate) struct TlsFront {
    /// Where clients connect.
    pub port: u16,
    accepted: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl TlsFront {
    /// Begins to listen, with this certificate.
    pub(crate) async fn start(target: u16, certificate: &ServerCertificate) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let acceptor = TlsAcceptor::from(Arc::new(server_config(certificate)));
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = accepted.clone();
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.expect("a client");
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(pass(acceptor.clone(), client, target));
            }
        });
        Self { port, accepted, task }
    }

    /// How many connections came so far.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn server_config(certificate: &ServerCertificate) -> ServerConfig {
    let chain = CertificateDer::pem_file_iter(&certificate.file).expect("a file");
    let chain: Vec<_> = chain.map(|one| one.expect("a certificate")).collect();
    let key = PrivateKeyDer::from_pem_file(&certificate.key).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring offers what TLS needs")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a certificate with its key")
}

/// A client that refuses the certificate ends the connection during the handshake.
async fn pass(acceptor: TlsAcceptor, client: TcpStream, target: u16) {
    let Ok(mut client) = acceptor.accept(client).await else { return };
    let mut server =
        TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], target))).await.expect("the server");
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}
