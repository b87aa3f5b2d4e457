//! Certificates of HTTPS servers, good and bad.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread::JoinHandle;

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

/// Reads people from a URL of a port of this machine.
fn read_port(scheme: &str, port: u16) -> ConnectorError {
    let text = format!(
        "[[connector]]\nname = 'hr'\nkind = 'http_json'\nurl = '{scheme}://127.0.0.1:{port}/people'\nlist = 'data'\n\
         paging = 'whole'\n{}[connector.attributes]\nid = 'id'\nemail = 'mail'\n",
        if scheme == "http" { "plaintext = true\n" } else { "" }
    );
    let config = Config::parse(&text, Path::new("rollcall.toml"), &|_| None)
        .unwrap_or_else(|wrong| panic!("{wrong}\n{text}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let context = with_attempts(1);
    runtime
        .block_on(config.connectors[0].read(&config.attributes, &context))
        .expect_err("the port speaks another protocol")
}

/// Accepts one connection, reads the first message, and answers.
fn answer_once(answer: &'static [u8]) -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let accepting = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        assert!(stream.read(&mut [0; 1024]).expect("a first message") > 0);
        stream.write_all(answer).expect("sent");
    });
    (port, accepting)
}

/// A port that answers in plain HTTP to a URL with HTTPS is named, and is not retried.
#[test]
fn plain_http_at_an_https_url_is_named() {
    let (port, accepting) = answer_once(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    let error = read_port("https", port);
    accepting.join().expect("it answered");
    assert_eq!((error.kind(), error.is_transient()), ("tls", false), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!("connector `hr`: the server `127.0.0.1:{port}` answers without TLS on this port")
    );
    assert!(error.hint().is_some_and(|hint| hint.contains("supports TLS: `https://` (443)")), "{error:?}");
}

/// A server that ends the connection during the handshake is not told apart from one without TLS, so the hint is the same.
#[test]
fn connection_that_ends_in_the_handshake_is_named() {
    let (port, accepting) = answer_once(b"");
    let error = read_port("https", port);
    accepting.join().expect("it answered");
    assert_eq!(
        error.to_string(),
        "connector `hr`: the connection was lost during the TLS handshake with `127.0.0.1`"
    );
    assert!(error.hint().is_some_and(|hint| hint.contains("supports TLS: `https://` (443)")), "{error:?}");
}

/// A port that expects TLS ends a request in plain HTTP; the hint says so.
#[test]
fn plain_http_url_of_a_tls_port_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let ca = CertificateAuthority::new(folder.path(), "ca");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let front = runtime.block_on(TlsFront::start(1, &ca.certify("127.0.0.1", false)));
    let error = read_port("http", front.port);
    assert_eq!(error.kind(), "cut_off", "{error:?}");
    assert!(error.hint().is_some_and(|hint| hint.contains("needs `https://`")), "{error:?}");
}
