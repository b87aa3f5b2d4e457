//! Loads the CA certificates used to verify servers.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, ClientConfig, RootCertStore};

use crate::{BoxedCause, CertificateProblem};

/// Builds a TLS configuration that trusts the CAs of `ca_file` only, or those of the system. Reads files.
///
/// The error contains the place that was read and the problem.
pub(super) fn build_client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, (String, BoxedCause)> {
    let (place, roots) = match ca_file {
        Some(path) => (format!("`{}`", path.display()), load_private_cas(path)),
        None => ("the system's store".to_owned(), load_system_cas()),
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

fn load_private_cas(path: &Path) -> Result<RootCertStore, BoxedCause> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path)? {
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

/// Classifies a certificate error, if it is a common one.
pub(super) fn classify_certificate_error(error: &rustls::Error) -> Option<CertificateProblem> {
    let rustls::Error::InvalidCertificate(reason) = error else { return None };
    match reason {
        // A CA with the same name and another key is an unknown CA, too.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            Some(CertificateProblem::UnknownCa)
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Some(CertificateProblem::WrongName)
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            Some(CertificateProblem::Expired)
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Some(CertificateProblem::NotYetValid)
        }
        _ => None,
    }
}
