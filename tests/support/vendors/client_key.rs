//! A key pair, for systems that know their clients by one.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use ring::signature::KeyPair as _;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;

use super::super::packages;

/// A private RSA key in PEM, and what checks its signatures.
#[derive(Debug, Clone)]
pub(crate) struct ClientKeyPair {
    pub pem: String,
    public: Vec<u8>,
}

impl ClientKeyPair {
    /// The key of this run of the tests.
    pub(crate) fn new() -> Self {
        static KEY: OnceLock<ClientKeyPair> = OnceLock::new();
        KEY.get_or_init(|| {
            packages::ensure_installed("/usr/bin/openssl", &["openssl"]);
            let made = Command::new("openssl")
                .args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
                .output()
                .expect("openssl runs");
            let pem = String::from_utf8(made.stdout).expect("PEM is text");
            let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).expect("a key");
            let pair = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).expect("a key");
            Self { pem, public: pair.public_key().as_ref().to_vec() }
        })
        .clone()
    }

    /// The claims of a statement that this key has signed.
    pub(crate) fn claims(&self, token: &str) -> Option<Value> {
        use base64::Engine as _;
        let decode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok();
        let (signed, signature) = token.rsplit_once('.')?;
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.public);
        key.verify(signed.as_bytes(), &decode(signature)?).ok()?;
        serde_json::from_slice(&decode(signed.split_once('.')?.1)?).ok()
    }

    /// The XML of a SAML assertion in Base64 that this key has signed, as `xmlsec1` judges it.
    pub(crate) fn assertion(&self, assertion: &str) -> Option<String> {
        use base64::Engine as _;
        packages::ensure_installed("/usr/bin/xmlsec1", &["xmlsec1"]);
        let xml = base64::engine::general_purpose::STANDARD.decode(assertion).ok()?;
        let xml = String::from_utf8(xml).ok()?;
        let folder = tempfile::tempdir().expect("a folder");
        let (public, file) = (folder.path().join("public.pem"), folder.path().join("assertion.xml"));
        let mut made = Command::new("openssl")
            .args(["pkey", "-pubout", "-out"])
            .arg(&public)
            .stdin(Stdio::piped())
            .spawn()
            .expect("openssl runs");
        made.stdin.take().expect("a pipe").write_all(self.pem.as_bytes()).expect("openssl reads");
        assert!(made.wait().expect("openssl ends").success());
        std::fs::write(&file, &xml).expect("a file");
        let judged = Command::new("xmlsec1")
            .args([
                "--verify",
                "--id-attr:ID",
                "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
                "--pubkey-pem",
            ])
            .arg(&public)
            .arg(&file)
            .output()
            .expect("xmlsec1 runs");
        judged.status.success().then_some(xml)
    }
}
