//! Sign-in by password, and the code of a second factor that may follow.

use chrono::{DateTime, Utc};

use crate::accounts::principal::SessionOfPrincipal;
use crate::accounts::second_factor::{self, AcceptedCode};
use crate::accounts::session::{self, NewSession, SessionProof};
use crate::accounts::throttle::{self, SignInClient};
use crate::accounts::{AccountError, Result, password, random_token};
use rollcall_model::ids::AccountId;
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_model::session_method::SessionMethod;
use rollcall_store::accounts::{self, Account};
use rollcall_store::{Store, Tx, second_factors, sessions};

/// Result of a right password.
#[derive(Debug)]
pub enum PasswordSignIn {
    /// The account has no second factor.
    SignedIn(NewSession),
    /// A code must follow.
    CodeRequired {
        /// Value of the cookie of the session that waits for it.
        cookie: String,
    },
}

/// Signs an account in by its password.
///
/// # Errors
/// [`AccountError::AddressTooLong`] before anything is read or written.
/// [`AccountError::WrongCredentials`] whether the account is unknown, inactive, without a password, or has another one; it takes as long
/// each time. [`AccountError::TooManyAttempts`] after too many failed tries for this account or from this place.
pub async fn sign_in(
    store: &Store,
    email: &str,
    given: &str,
    client: SignInClient<'_>,
    now: DateTime<Utc>,
) -> Result<PasswordSignIn> {
    let (account, attempt) = check_account_password(store, email, given, client, now).await?;
    let proof = SessionProof { method: SessionMethod::Password, proved_at: now };
    let mut tx = store.begin_write().await?;
    throttle::give_attempt_back(&mut tx, &attempt).await?;
    lock_unchanged_account(&mut tx, &account).await?;
    let signed_in = if second_factors::get_secret(&mut tx, account.id).await?.is_some() {
        let cookie = session::insert_waiting_session(&mut tx, account.id, client, proof, now).await?;
        PasswordSignIn::CodeRequired { cookie }
    } else {
        PasswordSignIn::SignedIn(session::insert_session(&mut tx, &account, client, proof, now).await?)
    };
    tx.commit().await?;
    Ok(signed_in)
}

/// Counts an attempt and verifies the password. The attempt is to be given back with the next transaction.
pub(super) async fn check_account_password(
    store: &Store,
    email: &str,
    given: &str,
    client: SignInClient<'_>,
    now: DateTime<Utc>,
) -> Result<(Account, throttle::CountedAttempt)> {
    let most = ResourceLimit::SignInAddressBytes;
    if u64::try_from(email.len()).unwrap_or(u64::MAX) > most.default_value() {
        most.record_reached();
        return Err(AccountError::AddressTooLong { most: most.default_value() });
    }
    let attempt = throttle::count_attempt(store, email, client, now).await?;
    let account = {
        let mut tx = store.begin_read().await?;
        accounts::get_by_email(&mut tx, email).await?.filter(Account::is_active)
    };
    let hash = account.as_ref().and_then(|account| account.password.as_deref());
    let right = password::verify_password(given, hash).await?;
    match account.filter(|_| right) {
        Some(account) => Ok((account, attempt)),
        None => Err(AccountError::WrongCredentials),
    }
}

/// Returns the address of the account whose sign-in waits for a code in this browser.
pub async fn find_waiting_address(
    store: &Store,
    client: SignInClient<'_>,
    now: DateTime<Utc>,
) -> Result<Option<String>> {
    let Some(cookie) = client.browser.session else { return Ok(None) };
    let mut tx = store.begin_read().await?;
    Ok(session::find_waiting_session(&mut tx, cookie, now).await?.map(|session| session.email))
}

/// Locks an account whose password was verified before the transaction began.
///
/// # Errors
/// [`AccountError::WrongCredentials`] if the password was changed or the account revoked meanwhile: sessions that end with
/// such a change cannot be started after it.
pub(super) async fn lock_unchanged_account(tx: &mut Tx, verified: &Account) -> Result<()> {
    let now = accounts::lock(tx, verified.id).await?.filter(Account::is_active);
    match now.filter(|account| account.password == verified.password) {
        Some(_) => Ok(()),
        None => Err(AccountError::WrongCredentials),
    }
}

/// A session that was completed by a code.
#[derive(Debug)]
pub struct CodeSignIn {
    /// The session.
    pub session: NewSession,
    /// Address of the account.
    pub email: String,
    /// Number of recovery codes that are left, if one of them was used.
    pub recovery_codes_left: Option<i64>,
}

/// Counts a code. Recovery codes are not counted: nobody can guess them, so others cannot make their owner wait.
async fn count_code(
    store: &Store,
    email: &str,
    account: AccountId,
    code: &str,
    client: SignInClient<'_>,
    now: DateTime<Utc>,
) -> Result<Option<throttle::CountedAttempt>> {
    if second_factor::is_recovery_code(code) {
        return Ok(None);
    }
    throttle::count_code(store, email, account, client, now).await.map(Some)
}

/// Completes a sign-in by a code of the second factor or by a recovery code. The session gets another cookie.
///
/// # Errors
/// [`AccountError::SignInExpired`] if no sign-in waits for a code; [`AccountError::WrongCode`];
/// [`AccountError::TooManyAttempts`] after too many wrong codes for the account.
pub async fn submit_code(
    store: &Store,
    given: &str,
    client: SignInClient<'_>,
    now: DateTime<Utc>,
) -> Result<CodeSignIn> {
    let cookie = client.browser.session.ok_or(AccountError::SignInExpired)?;
    let waiting = {
        let mut tx = store.begin_read().await?;
        session::find_waiting_session(&mut tx, cookie, now).await?.ok_or(AccountError::SignInExpired)?
    };
    let attempt = count_code(store, &waiting.email, waiting.account_id, given, client, now).await?;
    let mut tx = store.begin_write().await?;
    let account = accounts::lock(&mut tx, waiting.account_id).await?.filter(Account::is_active);
    let account = account.ok_or(AccountError::AccountGone { id: waiting.account_id.0 })?;
    // Read again under the lock: the session may have ended meanwhile.
    let waiting =
        session::find_waiting_session(&mut tx, cookie, now).await?.ok_or(AccountError::SignInExpired)?;
    let accepted = second_factor::use_code(&mut tx, waiting.account_id, given, now).await?;
    if let Some(attempt) = attempt {
        throttle::give_attempt_back(&mut tx, &attempt).await?;
    }
    sessions::delete(&mut tx, &random_token::digest_token(cookie)).await?;
    let proof = SessionProof { method: waiting.method, proved_at: now };
    let session = session::insert_session(&mut tx, &account, client, proof, now).await?;
    let recovery_codes_left = match accepted {
        AcceptedCode::ByTime => None,
        AcceptedCode::Recovery => Some(second_factors::count_recovery_codes(&mut tx, account.id).await?),
    };
    tx.commit().await?;
    Ok(CodeSignIn { session, email: account.email, recovery_codes_left })
}

/// Counts the code that the user of a session gives, if the account has a second factor.
pub(super) async fn count_required_code(
    store: &Store,
    session: &SessionOfPrincipal,
    email: &str,
    code: &str,
    client: SignInClient<'_>,
    now: DateTime<Utc>,
) -> Result<Option<throttle::CountedAttempt>> {
    if session.has_second_factor {
        count_code(store, email, session.account, code, client, now).await
    } else {
        Ok(None)
    }
}

/// Uses the code up, if the account has a second factor, and gives its attempt back.
pub(super) async fn use_required_code(
    tx: &mut Tx,
    session: &SessionOfPrincipal,
    code: &str,
    attempt: Option<throttle::CountedAttempt>,
    now: DateTime<Utc>,
) -> Result<()> {
    if session.has_second_factor {
        second_factor::use_code(tx, session.account, code, now).await?;
    }
    match attempt {
        Some(attempt) => throttle::give_attempt_back(tx, &attempt).await,
        None => Ok(()),
    }
}

/// Verifies the password of the user of a session once more, and a code if the account has a second factor, so that
/// powerful changes are allowed for a while.
///
/// # Errors
/// As [`sign_in`] and [`submit_code`].
pub async fn confirm_sign_in(
    store: &Store,
    session: &SessionOfPrincipal,
    email: &str,
    (given, code): (&str, &str),
    client: SignInClient<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    let (account, attempt) = check_account_password(store, email, given, client, now).await?;
    let code_attempt = count_required_code(store, session, email, code, client, now).await?;
    let mut tx = store.begin_write().await?;
    throttle::give_attempt_back(&mut tx, &attempt).await?;
    lock_unchanged_account(&mut tx, &account).await?;
    use_required_code(&mut tx, session, code, code_attempt, now).await?;
    sessions::record_proof(&mut tx, &session.digest, now).await?;
    Ok(tx.commit().await?)
}
