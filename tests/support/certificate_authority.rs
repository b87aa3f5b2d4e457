//! A CA for one test, and certificates for servers.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Datelike, Utc};
use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

/// A CA whose certificate and key live in a folder of the test.
pub(crate) struct CertificateAuthority {
    issuer: Issuer<'static, KeyPair>,
    folder: PathBuf,
    /// The CA's own certificate, PEM.
    pub file: PathBuf,
}

/// A server's certificate and key, PEM.
pub(crate) struct ServerCertificate {
    pub file: PathBuf,
    pub key: PathBuf,
}

impl CertificateAuthority {
    /// Makes a CA of this name.
    pub(crate) fn new(folder: &Path, name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let file = folder.join(format!("{name}.pem"));
        let certificate = params.self_signed(&key).expect("a certificate");
        std::fs::write(&file, certificate.pem()).expect("the certificate can be written");
        Self { issuer: Issuer::new(params, key), folder: folder.to_owned(), file }
    }

    /// A certificate for a host name or an address, valid or long expired.
    pub(crate) fn certify(&self, host: &str, expired: bool) -> ServerCertificate {
        let mut params = CertificateParams::new(vec![host.to_owned()]).expect("a name");
        if expired {
            params.not_before = date_time_ymd(2019, 1, 1);
            params.not_after = date_time_ymd(2020, 1, 1);
        }
        self.sign(params)
    }

    /// A certificate that ends at an instant.
    pub(crate) fn certify_until(&self, host: &str, end: DateTime<Utc>) -> ServerCertificate {
        let mut params = CertificateParams::new(vec![host.to_owned()]).expect("a name");
        let month = u8::try_from(end.month()).expect("a month");
        params.not_after = date_time_ymd(end.year(), month, u8::try_from(end.day()).expect("a day"));
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> ServerCertificate {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        ServerCertificate::write(&self.folder, &certificate, &key)
    }
}

impl ServerCertificate {
    /// A certificate for a host name or an address that is signed with its own key.
    pub(crate) fn self_signed(folder: &Path, host: &str, is_ca: IsCa) -> Self {
        let mut params = CertificateParams::new(vec![host.to_owned()]).expect("a name");
        params.is_ca = is_ca;
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        Self::write(folder, &certificate, &key)
    }

    fn write(folder: &Path, certificate: &Certificate, key: &KeyPair) -> Self {
        let made = Self { file: folder.join("server.pem"), key: folder.join("server.key") };
        std::fs::write(&made.file, certificate.pem()).expect("the certificate can be written");
        std::fs::write(&made.key, key.serialize_pem()).expect("the key can be written");
        made
    }
}
