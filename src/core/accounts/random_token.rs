//! Random keys. The database stores only their digests.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};

use crate::accounts::{AccountError, Result};
use rollcall_model::names::fold;

/// 256 random bits cannot be guessed, so one round of SHA-256 protects them.
const TOKEN_BYTES: usize = 32;

/// A fresh key, in letters that a cookie, a header and an address can hold.
pub(super) fn generate_token() -> Result<String> {
    let mut bytes = [0; TOKEN_BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| AccountError::CryptoFailure)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Returns the digest of a key that the database stores: SHA-256 in hexadecimal digits.
pub(super) fn digest_token(key: &str) -> String {
    Sha256::digest(key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the digest of an address that the log shows: the first 16 hexadecimal digits of the SHA-256 of the folded
/// address.
#[must_use]
pub fn digest_address(email: &str) -> String {
    digest_token(&fold(email)).chars().take(16).collect()
}
