//! Whom to believe: the CAs against which a server's certificate is checked.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, ClientConfig, RootCertStore};

use crate::connectors::{Cause, Flaw};

/// TLS that believes the CAs of `ca_file` and no others, or those of the system. Reads files.
///
/// The error names the place that was read and what was wrong there.
pub(super) fn config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, (String, Cause)> {
    let (place, roots) = match ca_file {
        Some(path) => (format!("`{}`", path.display()), private(path)),
        None => ("the system's store".to_owned(), native()),
    };
    let roots = roots.map_err(|cause| (place, cause))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring offers what TLS 1.2 and 1.3 need")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn private(path: &Path) -> Result<RootCertStore, Cause> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path)? {
        roots.add(certificate?)?;
    }
    if roots.is_empty() { Err("there is no certificate in it".into()) } else { Ok(roots) }
}

/// The system's CAs. Some of them may be unreadable; none at all is an error.
fn native() -> Result<RootCertStore, Cause> {
    let mut found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if !roots.is_empty() {
        return Ok(roots);
    }
    Err(found.errors.pop().map_or_else(|| "there is no certificate in it".into(), Cause::from))
}

/// What is wrong with a certificate, where it is one of the mistakes that people make.
pub(super) fn flaw(error: &rustls::Error) -> Option<Flaw> {
    let rustls::Error::InvalidCertificate(reason) = error else { return None };
    match reason {
        // A CA of the same name with another key is an unknown CA too.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => Some(Flaw::UnknownCa),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Some(Flaw::WrongName)
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Some(Flaw::Expired),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Some(Flaw::NotYetValid)
        }
        _ => None,
    }
}
