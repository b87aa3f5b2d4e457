//! A key pair, for systems that know their clients by one.

use std::process::Command;
use std::sync::OnceLock;

use ring::signature::KeyPair as _;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;

use super::super::packages;

/// A private RSA key in PEM, and what checks its signatures.
#[derive(Debug, Clone)]
pub struct Key {
    pub pem: String,
    public: Vec<u8>,
}

impl Key {
    /// The key of this run of the tests.
    pub fn new() -> Self {
        static KEY: OnceLock<Key> = OnceLock::new();
        KEY.get_or_init(|| {
            packages::need("/usr/bin/openssl", &["openssl"]);
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
    pub fn claims(&self, token: &str) -> Option<Value> {
        use base64::Engine as _;
        let decode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok();
        let (signed, signature) = token.rsplit_once('.')?;
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.public);
        key.verify(signed.as_bytes(), &decode(signature)?).ok()?;
        serde_json::from_slice(&decode(signed.split_once('.')?.1)?).ok()
    }
}
