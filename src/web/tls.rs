//! TLS of the web server. The certificate and key of `[web]` are reloaded together with the configuration.

use std::path::Path;
use std::sync::{Arc, RwLock};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tracing::{error, info};

use crate::WebContext;
use rollcall_config::TlsSettings;
use rollcall_connectors::file::read_regular_file;
use rollcall_model::resource_limits::ResourceLimit;

fn invalid_certificate_file(path: &Path, why: impl std::fmt::Display) -> std::io::Error {
    std::io::Error::other(format!("`{}`: {why}", path.display()))
}

/// Loads certificate and key.
pub(super) fn load_server_config(files: &TlsSettings) -> std::io::Result<Arc<ServerConfig>> {
    let read = |path| {
        read_regular_file(path, ResourceLimit::CertificateBytes)
            .map_err(|why| invalid_certificate_file(path, why))
    };
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(&files.cert)?).collect();
    let certificates = certificates.map_err(|why| invalid_certificate_file(&files.cert, why))?;
    let key = PrivateKeyDer::from_pem_slice(&read(&files.key)?)
        .map_err(|why| invalid_certificate_file(&files.key, why))?;
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

/// Certificate and key in use.
#[derive(Debug, Clone)]
pub(super) struct TlsCertificate(Arc<RwLock<Arc<ServerConfig>>>);

impl TlsCertificate {
    /// Uses a certificate until the configuration is reloaded.
    pub(super) fn new(first: Arc<ServerConfig>, web: &WebContext) -> Self {
        let config = Arc::new(RwLock::new(first));
        tokio::spawn(reload_certificate(Arc::clone(&config), web.clone()));
        Self(config)
    }

    /// Returns the acceptor of a new connection.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let config = self.0.read().expect("no thread panics while it holds the lock");
        TlsAcceptor::from(Arc::clone(&config))
    }
}

/// Reloads certificate and key when the configuration is reloaded.
async fn reload_certificate(config: Arc<RwLock<Arc<ServerConfig>>>, mut web: WebContext) {
    while web.file.changed().await.is_ok() {
        let Some(files) = web.config().web.tls.clone() else { continue };
        let load = tokio::task::spawn_blocking(move || load_server_config(&files));
        match load.await.unwrap_or_else(|ended| Err(ended.into())) {
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
