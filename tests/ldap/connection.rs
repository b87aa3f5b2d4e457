//! Connecting to a server: TLS, certificates and accounts.

use rollcall_connectors::ConnectorCause;
use rollcall_connectors::tls::{CertificateProblem, TlsError};
use rollcall_model::secret::SecretText;

use super::LdapReader;
use crate::support::fault_proxy::{ConnectionFault, FaultProxy, refusing_port};
use crate::support::ldap_person::people;
use crate::support::scripted_ldap_server::{LdapReply, ScriptedLdapServer};
use crate::support::slapd::{READER, SlapdServer, SlapdSetup};

#[tokio::test]
async fn an_anonymous_bind_reads_what_everybody_may_read() {
    let slapd = SlapdSetup::of(people(3)).start().await;
    let reader = LdapReader::new(slapd.url()).set(|settings| settings.bind = None);
    assert_eq!(reader.people().await.len(), 3);
}

#[tokio::test]
async fn ldaps_and_starttls_trust_the_private_ca() {
    let slapd = SlapdSetup::of(people(3)).start().await;
    let trusting = |url: String, starttls: bool| {
        LdapReader::new(url).set(|settings| {
            settings.plaintext = false;
            settings.starttls = starttls;
            settings.ca_file = Some(slapd.ca_file.clone());
        })
    };
    assert_eq!(trusting(slapd.tls_url(), false).people().await.len(), 3);
    assert_eq!(trusting(slapd.url(), true).people().await.len(), 3);
}

async fn flaw(
    slapd: &SlapdServer,
    ca_file: Option<std::path::PathBuf>,
) -> (CertificateProblem, &'static str, String) {
    let error = LdapReader::new(slapd.tls_url()).set(|settings| settings.ca_file = ca_file).error().await;
    let (kind, hint) = (error.kind(), error.hint().expect("something can be done"));
    match error.cause() {
        ConnectorCause::Tls(TlsError::Certificate { problem, .. }) => (*problem, kind, hint),
        _ => panic!("not about the certificate: {error:?}"),
    }
}

/// An unknown CA, a wrong host name and an expired certificate give different errors.
#[tokio::test]
async fn certificate_errors_are_distinguished() {
    let good = SlapdSetup::of(people(1)).start().await;
    let elsewhere = SlapdSetup::of(people(1)).certified_for("dc9.corp.example").start().await;
    let expired = SlapdSetup::of(people(1)).expired().start().await;
    let (unknown, kind, hint) = flaw(&good, Some(elsewhere.ca_file.clone())).await;
    assert_eq!((unknown, kind), (CertificateProblem::UnknownCa, "tls"));
    assert!(hint.contains("`ca_file`"), "{hint}");
    let (wrong, _, hint) = flaw(&elsewhere, Some(elsewhere.ca_file.clone())).await;
    assert_eq!(wrong, CertificateProblem::WrongName);
    assert!(hint.contains("`127.0.0.1`"), "{hint}");
    assert_eq!(flaw(&expired, Some(expired.ca_file.clone())).await.0, CertificateProblem::Expired);
}

/// An error names a CA file that is not valid.
#[tokio::test]
async fn invalid_ca_file_is_named() {
    let slapd = SlapdSetup::of(people(1)).start().await;
    let nowhere = "/nowhere/ca.pem";
    let error = LdapReader::new(slapd.tls_url())
        .set(|settings| settings.ca_file = Some(nowhere.into()))
        .error()
        .await;
    assert_eq!(error.kind(), "tls");
    assert!(error.to_string().contains(nowhere), "{error}");
}

/// A server without TLS on the port of `ldaps://` ends the TLS handshake, and the error says so.
#[tokio::test]
async fn tls_on_plaintext_port_names_the_handshake() {
    let slapd = SlapdSetup::of(people(1)).start().await;
    let url = slapd.url().replace("ldap://", "ldaps://");
    let error =
        LdapReader::new(url).set(|settings| settings.ca_file = Some(slapd.ca_file.clone())).error().await;
    assert_eq!((error.kind(), error.is_transient()), ("cut_off", true), "{error:?}");
    assert!(error.to_string().contains("the TLS handshake"), "{error}");
    let hint = error.hint().expect("something can be done");
    assert!(hint.contains("`ldaps://` (636)"), "{hint}");
}

/// `ldap://` and StartTLS on the port of `ldaps://` are answered with the port.
#[tokio::test]
async fn plaintext_on_tls_port_names_the_port() {
    let slapd = SlapdSetup::of(people(1)).start().await;
    let url = slapd.tls_url().replace("ldaps://", "ldap://");
    for starttls in [false, true] {
        let reader = LdapReader::new(url.clone()).set(|settings| {
            settings.starttls = starttls;
            settings.plaintext = !starttls;
        });
        let hint = reader.error().await.hint().expect("something can be done");
        assert!(hint.contains("(636) needs `ldaps://` without `starttls`"), "{hint}");
    }
}

/// A server that continues in plaintext after agreeing to TLS is refused.
#[tokio::test]
async fn plaintext_after_starttls_is_refused() {
    let server =
        ScriptedLdapServer::start(vec![vec![LdapReply::Entry("a"), LdapReply::Done(0, Some(b""))]]).await;
    let reader = LdapReader::mapped(server.url(), &[("id", "uid")]).set(|settings| settings.starttls = true);
    let error = reader.error().await;
    assert_eq!((error.kind(), error.is_transient()), ("malformed", false));
    assert!(error.to_string().contains("StartTLS"), "{error}");
}

/// A password is not sent in plaintext unless configured.
#[tokio::test]
async fn password_not_sent_in_plaintext_by_default() {
    let slapd = SlapdSetup::of(people(1)).start().await;
    let line = FaultProxy::start(slapd.port, ConnectionFault::Pass).await;
    let error = LdapReader::new(line.url()).set(|settings| settings.plaintext = false).error().await;
    assert_eq!((error.kind(), line.passed()), ("bad_setting", 0));
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_not_shown() {
    let slapd = SlapdSetup::of(people(1)).start().await;
    let wrong = Some((READER.0.to_owned(), SecretText::new("hunter2")));
    let error = LdapReader::new(slapd.url()).set(|settings| settings.bind = wrong).error().await;
    assert_eq!((error.kind(), error.is_transient()), ("refused", false));
    assert!(error.to_string().contains(READER.0), "{error}");
    assert!(!format!("{error:?} {error} {:?}", error.hint()).contains("hunter2"), "{error:?}");
}

/// An empty password is refused before the server can treat it as an anonymous bind.
#[tokio::test]
async fn empty_password_refused_before_bind() {
    let slapd = SlapdSetup::of(people(1)).start().await;
    let empty = Some((READER.0.to_owned(), SecretText::new("")));
    let error = LdapReader::new(slapd.url()).set(|settings| settings.bind = empty).error().await;
    assert_eq!(error.to_string(), "connector `corp`: `bind_password` is empty");
}

/// A refusal is reported even if the server closes the connection after it.
#[tokio::test]
async fn refusal_reported_when_server_disconnects() {
    let slapd = SlapdSetup::of(people(1)).start().await;
    let refused = async |line: ConnectionFault| {
        let line = FaultProxy::start(slapd.port, line).await;
        let wrong = Some((READER.0.to_owned(), SecretText::new("wrong")));
        let error = LdapReader::new(line.url()).set(|settings| settings.bind = wrong).error().await;
        (error.kind(), line.passed())
    };
    let (kind, said) = refused(ConnectionFault::Pass).await;
    assert_eq!(kind, "refused");
    for _ in 0..20 {
        assert_eq!(refused(ConnectionFault::CutAfter(said)).await.0, "refused");
    }
}

#[tokio::test]
async fn a_refused_connection_is_tried_again_later() {
    let port = refusing_port().await;
    let error = LdapReader::new(format!("ldap://127.0.0.1:{port}")).error().await;
    assert_eq!((error.kind(), error.is_transient()), ("unreachable", true));
    assert_eq!(error.to_string(), format!("connector `corp`: could not connect to `127.0.0.1:{port}`"));
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_named() {
    let error = LdapReader::new("ldap://dc1.corp.invalid".to_owned()).error().await;
    assert_eq!((error.kind(), error.is_transient()), ("unreachable", true));
    assert!(error.to_string().contains("`dc1.corp.invalid`"), "{error}");
}
