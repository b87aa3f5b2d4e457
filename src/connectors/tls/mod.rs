//! Encryption of connections: the CA certificates used to verify servers, and the errors of all protocols.

pub(crate) mod error;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::file::read_regular_file;
use crate::protocol_error::BoxedCause;
use rollcall_model::resource_limits::ResourceLimit;

pub use error::{CertificateProblem, TlsError};

/// Loads the CAs of `ca_file`, or those of the system, on a blocking thread.
pub(super) async fn load_client_config(ca_file: Option<PathBuf>) -> Result<Arc<ClientConfig>, TlsError> {
    let build = move || build_client_config(ca_file.as_deref());
    tokio::task::spawn_blocking(build)
        .await
        .unwrap_or_else(|ended| Err(TlsError::NoCa { place: "the CA store".to_owned(), cause: ended.into() }))
}

/// Builds a TLS configuration that trusts the CAs of `ca_file` only, or those of the system. Reads files.
fn build_client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, TlsError> {
    let (place, roots) = match ca_file {
        Some(path) => (format!("`{}`", path.display()), load_private_cas(path)),
        None => ("the system's store".to_owned(), load_system_cas()),
    };
    let roots = roots.map_err(|cause| TlsError::NoCa { place, cause })?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring offers what TLS 1.2 and 1.3 need")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn load_private_cas(path: &Path) -> Result<RootCertStore, BoxedCause> {
    let mut roots = RootCertStore::empty();
    let pem = read_regular_file(path, ResourceLimit::CertificateBytes)?;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots.add(certificate?)?;
    }
    if roots.is_empty() { Err("it contains no certificate".into()) } else { Ok(roots) }
}

/// Loads the system's CAs. Unreadable certificates are ignored; no certificate at all is an error.
fn load_system_cas() -> Result<RootCertStore, BoxedCause> {
    let mut found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if !roots.is_empty() {
        return Ok(roots);
    }
    Err(found.errors.pop().map_or_else(|| "it contains no certificate".into(), BoxedCause::from))
}
