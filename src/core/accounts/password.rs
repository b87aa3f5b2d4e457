//! Passwords: Argon2id with the parameters that RFC 9106 and OWASP name for servers (19 MiB, two passes).
//!
//! Few passwords are hashed at a time, so that many attempts to sign in do not exhaust memory or processors.

use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::accounts::{AccountError, Result};
use rollcall_model::names::fold;

/// NIST SP 800-63B asks for fifteen characters where nothing else proves who signs in; twelve are what people bear.
const MIN_LENGTH: usize = 12;
const MAX_LENGTH: usize = 256;

/// Hashes under way at once.
static HASHING_PERMITS: Semaphore = Semaphore::const_new(2);

/// Hash that is verified for an unknown account, so that it takes as long as for a known account.
static DUMMY_HASH: LazyLock<String> =
    LazyLock::new(|| compute_hash("nobody has this password").unwrap_or_default());

fn compute_hash(password: &str) -> Result<String> {
    let hash =
        Argon2::default().hash_password(password.as_bytes()).map_err(|_| AccountError::CryptoFailure)?;
    Ok(hash.to_string())
}

/// Refuses passwords that are too short, too long, or the address.
pub(super) fn check_password(password: &str, email: &str) -> Result<()> {
    let length = password.chars().count();
    if !(MIN_LENGTH..=MAX_LENGTH).contains(&length) {
        return Err(AccountError::BadPassword { least: MIN_LENGTH, most: MAX_LENGTH });
    }
    if fold(password) == fold(email) {
        return Err(AccountError::PasswordIsAddress);
    }
    Ok(())
}

/// The hash of a password, as a PHC string with its parameters and salt.
pub(super) async fn hash_password(password: &str) -> Result<String> {
    let password = password.to_owned();
    run_hashing(move || compute_hash(&password)).await
}

/// Returns true if a password matches a hash. Without a hash it takes as long and returns false.
pub(super) async fn verify_password(password: &str, hash: Option<&str>) -> Result<bool> {
    let (password, known) = (password.to_owned(), hash.map(str::to_owned));
    run_hashing(move || {
        let is_known = known.is_some();
        let text = known.unwrap_or_else(|| DUMMY_HASH.clone());
        let hash = PasswordHash::new(&text).map_err(|_| AccountError::CryptoFailure)?;
        Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok() && is_known)
    })
    .await
}

async fn run_hashing<T: Send + 'static>(task: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let _permit = HASHING_PERMITS.acquire().await.map_err(|_| AccountError::CryptoFailure)?;
    tokio::task::spawn_blocking(task).await.map_err(|_| AccountError::CryptoFailure)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_right_for_its_own_hash_alone() {
        let hash = hash_password("correct horse battery").await.expect("a hash");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify_password("correct horse battery", Some(&hash)).await.expect("an answer"));
        assert!(!verify_password("correct horse battera", Some(&hash)).await.expect("an answer"));
        assert!(!verify_password("nobody has this password", None).await.expect("an answer"));
    }

    #[test]
    fn short_passwords_and_the_address_itself_are_refused() {
        assert!(matches!(
            check_password("eleven char", "a@b.example"),
            Err(AccountError::BadPassword { .. })
        ));
        assert!(matches!(
            check_password("Ada@Corp.Example", "ada@corp.example"),
            Err(AccountError::PasswordIsAddress)
        ));
        assert!(check_password("zwölf Zeichen", "ada@corp.example").is_ok());
    }
}
