//! Certificates of HTTPS servers, good and bad.

use std::path::Path;

use rcgen::{BasicConstraints, IsCa};
use rollcall_config::Config;
use rollcall_connectors::tls::{CertificateProblem, TlsError};
use rollcall_connectors::{ConnectorCause, ConnectorError, DirectoryReading};

use super::start_vendor;
use crate::support::certificate_authority::{CertificateAuthority, ServerCertificate};
use crate::support::tls_front::TlsFront;
use crate::support::vendors::VENDOR_PROFILES;
use crate::support::with_attempts;

/// What a reading over HTTPS came to.
struct HttpsAttempt {
    outcome: Result<DirectoryReading, ConnectorError>,
    connections: usize,
}

/// Reads 30 people from a server with this certificate; temporary errors are retried.
fn read(certificate: &ServerCertificate, ca_file: &Path) -> HttpsAttempt {
    let profile = VENDOR_PROFILES.into_iter().find(|one| one.kind == "scim").expect("a profile");
    let system = start_vendor(profile, 30);
    let plain = system.server.url("");
    let port = plain.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let front = TlsFront::start(port, certificate).await;
        let section = system.section("hr").replace(&plain, &format!("https://127.0.0.1:{}", front.port));
        let text = format!("{section}ca_file = '{}'\n", ca_file.display());
        let config = Config::parse(&text, Path::new("rollcall.toml"), &|_| None)
            .unwrap_or_else(|wrong| panic!("{wrong}\n{text}"));
        let outcome = config.connectors[0].read(&config.attributes, &with_attempts(3)).await;
        HttpsAttempt { outcome, connections: front.accepted() }
    })
}

/// The problem and the message of a certificate that is refused. It must be refused at the first connection.
fn refused(certificate: &ServerCertificate, ca_file: &Path) -> (CertificateProblem, String) {
    let HttpsAttempt { outcome, connections } = read(certificate, ca_file);
    let error = outcome.expect_err("the certificate is bad");
    assert_eq!((error.kind(), error.is_transient(), connections), ("tls", false, 1), "{error:?}");
    match error.cause() {
        ConnectorCause::Tls(TlsError::Certificate { problem, .. }) => (*problem, error.to_string()),
        _ => panic!("not about the certificate: {error:?}"),
    }
}

/// A server with a certificate of the configured CA is read.
#[test]
fn https_trusts_the_private_ca() {
    let folder = tempfile::tempdir().expect("a folder");
    let ca = CertificateAuthority::new(folder.path(), "ca");
    let HttpsAttempt { outcome, .. } = read(&ca.certify("127.0.0.1", false), &ca.file);
    assert_eq!(outcome.expect("everybody").people().len(), 30);
}

/// A bad certificate over HTTPS is reported as it is over LDAP, and is not retried.
#[test]
fn bad_https_certificate_is_reported_and_not_retried() {
    let folder = tempfile::tempdir().expect("a folder");
    let ca = CertificateAuthority::new(folder.path(), "ca");
    let other = CertificateAuthority::new(folder.path(), "other");
    let said = |what: &str| format!("connector `hr`: the certificate of `127.0.0.1` {what}");
    assert_eq!(
        refused(&ca.certify("127.0.0.1", false), &other.file),
        (CertificateProblem::UnknownCa, said("is signed by an unknown CA"))
    );
    assert_eq!(
        refused(&ca.certify("hr.corp.example", false), &ca.file),
        (CertificateProblem::WrongName, said("is not valid for this host name"))
    );
    assert_eq!(
        refused(&ca.certify("127.0.0.1", true), &ca.file),
        (CertificateProblem::Expired, said("has expired"))
    );
}

/// A self-signed certificate is refused, as a server's and as a CA's that is used by a server.
#[test]
fn self_signed_https_certificate_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let ca = CertificateAuthority::new(folder.path(), "ca");
    let server = ServerCertificate::self_signed(folder.path(), "127.0.0.1", IsCa::NoCa);
    assert_eq!(refused(&server, &ca.file).0, CertificateProblem::UnknownCa);
    let authority = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = ServerCertificate::self_signed(folder.path(), "127.0.0.1", authority);
    assert_eq!(
        refused(&authority, &authority.file),
        (
            CertificateProblem::Invalid,
            "connector `hr`: the certificate of `127.0.0.1` is not a valid server certificate".to_owned()
        )
    );
}
