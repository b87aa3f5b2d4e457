//! Second factors of local accounts: codes by time (RFC 6238) of a program on another device, and recovery codes.
//!
//! Each code counts once. Recovery codes are stored as SHA-256 digests.

use chrono::{DateTime, Utc};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;
use totp_rs::{Builder, Secret, Totp};

use crate::accounts::principal::SessionOfPrincipal;
use crate::accounts::{AccountError, AccountRef, Result, find_account, random_token, throttle};
use crate::enrollment::change::{ChangeTime, ChangeTransaction, CommittedChange};
use rollcall_model::ids::AccountId;
use rollcall_store::runs::NewRun;
use rollcall_store::{Store, Tx, second_factors, sessions};

/// Bytes of a secret: the length that RFC 4226 recommends.
const SECRET_BYTES: usize = 20;

/// Recovery codes of an account.
const RECOVERY_CODES: usize = 10;

/// Random bytes of a recovery code. 80 bits cannot be guessed, so one round of SHA-256 protects them.
const RECOVERY_CODE_BYTES: usize = 10;

/// Letters of a recovery code: five bits each.
const RECOVERY_CODE_LETTERS: usize = 16;

/// Letters of each part of a secret or a recovery code that is shown.
const LETTERS_OF_PART: usize = 4;

/// Name of this program in the program that shows the codes.
const ISSUER: &str = "rollcall";

/// Secret of a second factor that is being set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSecondFactor {
    /// The secret in Base32, to be typed.
    pub secret: String,
    /// The address `otpauth://…` of the secret, for a QR code.
    pub url: String,
}

/// Creates the secret of a second factor. Nothing is stored.
///
/// # Errors
/// [`AccountError::CryptoFailure`] if the operating system has no random bytes.
pub fn create_second_factor(email: &str) -> Result<NewSecondFactor> {
    describe_second_factor(email, &generate_base32::<SECRET_BYTES>()?)
}

/// Describes a secret that [`create_second_factor`] has created.
///
/// # Errors
/// [`AccountError::InvalidSecret`] if it was not.
pub fn describe_second_factor(email: &str, secret: &str) -> Result<NewSecondFactor> {
    let totp = totp_of_secret(secret, email)?;
    let url = totp.to_url().map_err(|_| AccountError::InvalidSecret)?;
    Ok(NewSecondFactor { secret: secret.to_owned(), url })
}

fn generate_base32<const BYTES: usize>() -> Result<String> {
    let mut bytes = [0; BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| AccountError::CryptoFailure)?;
    Ok(Secret::new(bytes.into()).to_base32())
}

/// Codes of six digits that change every 30 seconds. The code before and the one after are accepted too.
fn totp_of_secret(secret: &str, email: &str) -> Result<Totp> {
    let secret = Secret::try_from_base32(secret).map_err(|_| AccountError::InvalidSecret)?;
    if secret.as_bytes().len() != SECRET_BYTES {
        return Err(AccountError::InvalidSecret);
    }
    // The address of an account may hold a colon between quotation marks, the name of a code may not.
    let name = email.replace(':', "_");
    let builder = Builder::new().with_secret(secret).with_account_name(name).with_issuer(Some(ISSUER));
    builder.build().map_err(|_| AccountError::InvalidSecret)
}

/// Returns the step of a code by time. None if the code is not valid now.
fn find_step(secret: &str, code: &str, now: DateTime<Utc>) -> Result<Option<i64>> {
    let digits: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    let step = totp_of_secret(secret, "")?.check(&digits, seconds);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// A code that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AcceptedCode {
    ByTime,
    Recovery,
}

/// Uses a code of an account up.
///
/// # Errors
/// [`AccountError::WrongCode`] if the account has no second factor, or the code is wrong or was used before.
pub(super) async fn use_code(
    tx: &mut Tx,
    account: AccountId,
    code: &str,
    now: DateTime<Utc>,
) -> Result<AcceptedCode> {
    let secret = second_factors::get_secret(tx, account).await?.ok_or(AccountError::WrongCode)?;
    if let Some(step) = find_step(&secret, code, now)? {
        let is_new = second_factors::use_step(tx, account, step).await?;
        return if is_new { Ok(AcceptedCode::ByTime) } else { Err(AccountError::WrongCode) };
    }
    let digest = random_token::digest_token(&normalize_recovery_code(code));
    if second_factors::use_recovery_code(tx, account, &digest).await? {
        return Ok(AcceptedCode::Recovery);
    }
    Err(AccountError::WrongCode)
}

/// Returns true if a text has the length of a recovery code.
pub(super) fn is_recovery_code(text: &str) -> bool {
    normalize_recovery_code(text).len() == RECOVERY_CODE_LETTERS
}

fn normalize_recovery_code(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}

/// Returns a secret or a recovery code in parts that are easy to copy.
#[must_use]
pub fn split_into_parts(text: &str, separator: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let parts: Vec<String> = letters.chunks(LETTERS_OF_PART).map(|part| part.iter().collect()).collect();
    parts.join(separator)
}

async fn replace_recovery_codes(tx: &mut Tx, account: AccountId) -> Result<Vec<String>> {
    second_factors::delete_recovery_codes(tx, account).await?;
    let mut codes = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        let code = generate_base32::<RECOVERY_CODE_BYTES>()?;
        second_factors::add_recovery_code(tx, account, &random_token::digest_token(&code)).await?;
        codes.push(split_into_parts(&code, "-"));
    }
    Ok(codes)
}

/// Sets the second factor of an account, proved by a code of it, and ends its other sessions. Returns the recovery
/// codes.
///
/// # Errors
/// [`AccountError::WrongCode`] if the code is not one of the secret or was used before; [`AccountError::InvalidSecret`];
/// [`AccountError::TooManyAttempts`] after many changes.
pub async fn set_second_factor(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    session: &SessionOfPrincipal,
    secret: &str,
    code: &str,
) -> Result<Vec<String>> {
    let step = find_step(secret, code, when.now)?.ok_or(AccountError::WrongCode)?;
    let user = session.account;
    throttle::count_account_change(store, user, when.now).await?;
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let account = find_account(&mut change.tx, user).await?;
    let run = change.run;
    let found = second_factors::get_secret(&mut change.tx, user).await?.is_some();
    if !second_factors::set(&mut change.tx, user, secret, step, run).await? {
        return Err(AccountError::WrongCode);
    }
    let codes = replace_recovery_codes(&mut change.tx, user).await?;
    sessions::delete_others(&mut change.tx, user, &session.digest).await?;
    record_state(&mut change, &account.email, user, found, true).await?;
    change.commit().await?;
    Ok(codes)
}

async fn record_state(
    change: &mut ChangeTransaction,
    email: &str,
    account: AccountId,
    found: bool,
    made: bool,
) -> Result<()> {
    let state = |is_on: bool| json!({"account": account, "email": email, "second_factor": is_on});
    Ok(change.record_before_after(&state(found), &state(made)).await?)
}

/// Replaces the recovery codes of an account. Returns the new ones.
///
/// # Errors
/// [`AccountError::NoSecondFactor`] if it has no second factor; [`AccountError::TooManyAttempts`] after many changes.
pub async fn renew_recovery_codes(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    user: AccountId,
) -> Result<Vec<String>> {
    throttle::count_account_change(store, user, when.now).await?;
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let account = find_account(&mut change.tx, user).await?;
    if second_factors::get_secret(&mut change.tx, user).await?.is_none() {
        return Err(AccountError::NoSecondFactor { email: account.email });
    }
    let codes = replace_recovery_codes(&mut change.tx, user).await?;
    record_state(&mut change, &account.email, user, true, true).await?;
    change.commit().await?;
    Ok(codes)
}

/// Removes the second factor of an account.
///
/// # Errors
/// [`AccountError::NoSecondFactor`] if it has none.
pub async fn remove_second_factor(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    whose: impl Into<AccountRef<'_>>,
) -> Result<CommittedChange> {
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let account = find_account(&mut change.tx, whose).await?;
    if !second_factors::delete(&mut change.tx, account.id).await? {
        return Err(AccountError::NoSecondFactor { email: account.email });
    }
    record_state(&mut change, &account.email, account.id, true, false).await?;
    Ok(change.commit().await?)
}

/// Returns true if the account has a second factor.
pub async fn has_second_factor(store: &Store, account: AccountId) -> Result<bool> {
    let mut tx = store.begin_read().await?;
    Ok(second_factors::get_secret(&mut tx, account).await?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Secret and codes of appendix B of RFC 6238, the last six digits of each.
    const RFC_SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    const RFC_CODES: [(i64, &str); 4] =
        [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (2_000_000_000, "279037")];

    fn step_at(code: &str, second: i64) -> Option<i64> {
        let now = DateTime::from_timestamp(second, 0).expect("a time");
        find_step(RFC_SECRET, code, now).expect("a secret")
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        for (second, code) in RFC_CODES {
            assert_eq!(step_at(code, second), Some(second / 30), "{code}");
            let spaced = format!(" {} {} ", &code[..3], &code[3..]);
            assert_eq!(step_at(&spaced, second), Some(second / 30), "{code}");
        }
    }

    #[test]
    fn a_code_is_good_one_step_before_and_after() {
        let (second, code) = RFC_CODES[2];
        for (seconds, is_good) in [(-60, false), (-30, true), (30, true), (60, false)] {
            assert_eq!(step_at(code, second + seconds).is_some(), is_good, "{seconds}");
        }
        for wrong in ["", "00592", "0059244", "005925", "00592x"] {
            assert_eq!(step_at(wrong, second), None, "{wrong}");
        }
    }

    #[test]
    fn a_new_secret_is_random_and_fits_a_program_that_shows_codes() {
        let [one, other] = [(); 2].map(|()| create_second_factor("ada@corp.example").expect("a secret"));
        assert_ne!(one.secret, other.secret);
        assert_eq!(one.secret.len(), 32);
        assert!(one.url.starts_with("otpauth://totp/rollcall:ada%40corp.example?"), "{}", one.url);
        assert!(one.url.contains(&format!("secret={}", one.secret)), "{}", one.url);
        let again = describe_second_factor("ada@corp.example", &one.secret).expect("the secret");
        assert_eq!(again, one);
        for bad in ["", "AAAA", "not base 32!"] {
            let refused = describe_second_factor("ada@corp.example", bad);
            assert!(matches!(refused, Err(AccountError::InvalidSecret)), "{bad}");
        }
    }

    #[test]
    fn recovery_codes_may_be_typed_in_any_case_and_without_hyphens() {
        let code = generate_base32::<RECOVERY_CODE_BYTES>().expect("a code");
        assert_eq!(code.len(), RECOVERY_CODE_LETTERS);
        let shown = split_into_parts(&code, "-");
        assert_eq!(shown.len(), 19);
        for typed in [shown.clone(), shown.to_lowercase(), shown.replace('-', " ")] {
            assert_eq!(normalize_recovery_code(&typed), code);
        }
    }
}
