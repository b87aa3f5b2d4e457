//! Passwords: Argon2id with the parameters that RFC 9106 and OWASP name for servers (19 MiB, two passes).
//!
//! Few passwords are hashed at a time, on threads of their own, so that many attempts to sign in do not exhaust memory or
//! processors.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Params, Version};

use crate::accounts::common_passwords::is_common_password;
use crate::accounts::password_threads::{HashingMemory, PASSWORD_THREADS};
use crate::accounts::{AccountError, Result};
use rollcall_model::names::fold;

/// NIST SP 800-63B asks for fifteen characters where nothing else proves who signs in; twelve are what people bear.
const MIN_LENGTH: usize = 12;
const MAX_LENGTH: usize = 256;

/// Hash that is verified for an unknown account, so that it takes as long as for a known account. Its value does not
/// matter: the result is false.
const DUMMY_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlzIHB3$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Bytes of a hash.
const HASH_BYTES: usize = 32;

fn crypto_failure<E>(_: E) -> AccountError {
    AccountError::CryptoFailure
}

fn compute_hash(memory: &mut HashingMemory, password: &str) -> Result<String> {
    let (salt, mut out) = (Salt::generate(), [0; HASH_BYTES]);
    memory.compute(Params::default(), password.as_bytes(), &salt, &mut out)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&Params::default()).map_err(crypto_failure)?,
        salt: Some(salt),
        hash: Some(Output::new(&out).map_err(crypto_failure)?),
    };
    Ok(hash.to_string())
}

fn matches_hash(memory: &mut HashingMemory, password: &str, hash: &str) -> Result<bool> {
    let hash = PasswordHash::new(hash).map_err(crypto_failure)?;
    let params = Params::try_from(&hash).map_err(crypto_failure)?;
    let (Some(salt), Some(expected)) = (hash.salt, hash.hash) else {
        return Err(AccountError::CryptoFailure);
    };
    let mut out = [0; Output::MAX_LENGTH];
    let out = out.get_mut(..expected.len()).ok_or(AccountError::CryptoFailure)?;
    memory.compute(params, password.as_bytes(), &salt, out)?;
    // Compared in constant time.
    Ok(Output::new(out).map_err(crypto_failure)? == expected)
}

/// Refuses passwords that are too short, too long, the address, or common.
pub(super) fn check_password(password: &str, email: &str) -> Result<()> {
    let length = password.chars().count();
    if !(MIN_LENGTH..=MAX_LENGTH).contains(&length) {
        return Err(AccountError::BadPassword { least: MIN_LENGTH, most: MAX_LENGTH });
    }
    if fold(password) == fold(email) {
        return Err(AccountError::PasswordIsAddress);
    }
    if is_common_password(password, email) {
        return Err(AccountError::CommonPassword);
    }
    Ok(())
}

/// The hash of a password, as a PHC string with its parameters and salt.
pub(super) async fn hash_password(password: &str) -> Result<String> {
    let password = password.to_owned();
    PASSWORD_THREADS.run(move |memory| compute_hash(memory, &password)).await
}

/// Returns true if a password matches a hash. Without a hash it takes as long and returns false.
///
/// # Errors
/// [`AccountError::Busy`] if too many passwords wait to be checked.
pub(super) async fn verify_password(password: &str, hash: Option<&str>) -> Result<bool> {
    let (password, known) = (password.to_owned(), hash.map(str::to_owned));
    PASSWORD_THREADS
        .run(move |memory| {
            let text = known.as_deref().unwrap_or(DUMMY_HASH);
            Ok(matches_hash(memory, &password, text)? && known.is_some())
        })
        .await
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
        assert!(matches!(
            check_password("password1234", "ada@corp.example"),
            Err(AccountError::CommonPassword)
        ));
        assert!(check_password("zwölf Zeichen", "ada@corp.example").is_ok());
    }
}
