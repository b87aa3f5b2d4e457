//! Sign-in, sign-out and authentication of sessions.

use chrono::{DateTime, TimeDelta, Utc};

use crate::accounts::throttle::{self, BrowserCookies, SignInClient};
use crate::accounts::{AccountError, Result, password, random_token};
use rollcall_model::ids::{AccountId, TokenId};
use rollcall_model::names::fold;
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_model::role::Role;
use rollcall_store::{Store, Tx, accounts, form_drafts, sessions, sign_in_devices, sign_in_events};

/// Idle timeout of a session: a working day with its breaks.
const IDLE_TIMEOUT: TimeDelta = TimeDelta::hours(10);

/// Maximum age of a session.
const MAX_SESSION_AGE: TimeDelta = TimeDelta::days(7);

/// A session is noted as seen at most this often.
const SEEN_INTERVAL: TimeDelta = TimeDelta::minutes(1);

/// Retention period of the record of sign-ins.
const SIGN_IN_RECORD_LIFETIME: TimeDelta = TimeDelta::days(365);

/// Retention period of unsaved forms.
const DRAFT_LIFETIME: TimeDelta = TimeDelta::days(7);

/// Authenticated user or token of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// As runs and the record of changes name them.
    pub actor: String,
    /// The name for people.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Authentication method.
    pub auth_method: AuthMethod,
}

/// Authentication method of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthMethod {
    /// A cookie.
    Session {
        /// The account.
        account: AccountId,
        /// Digest of the cookie.
        digest: String,
    },
    /// A key in a header.
    Token {
        /// The token.
        id: TokenId,
        /// The account that made it.
        owner: Option<AccountId>,
    },
}

impl Principal {
    /// The account, where a person asks.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        match &self.auth_method {
            AuthMethod::Session { account, .. } => Some(*account),
            AuthMethod::Token { .. } => None,
        }
    }

    /// The account that answers for what is made: the person who asks, or the one who made the token.
    #[must_use]
    pub fn owner(&self) -> Option<AccountId> {
        match &self.auth_method {
            AuthMethod::Session { account, .. } => Some(*account),
            AuthMethod::Token { owner, .. } => *owner,
        }
    }
}

/// Time after which a browser that did not sign in is forgotten.
pub const DEVICE_LIFETIME: TimeDelta = TimeDelta::days(180);

/// Browsers of one account that are remembered.
const DEVICES_PER_ACCOUNT: i64 = 20;

/// A session that has just been started.
#[derive(Debug)]
pub struct NewSession {
    /// Value of the cookie. It is not stored.
    pub cookie: String,
    /// The account.
    pub account: AccountId,
    /// Value of the cookie by which the browser is known at the next sign-in. It is not stored.
    pub device: String,
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
) -> Result<NewSession> {
    let most = ResourceLimit::SignInAddressBytes;
    if u64::try_from(email.len()).unwrap_or(u64::MAX) > most.default_value() {
        most.record_reached();
        return Err(AccountError::AddressTooLong { most: most.default_value() });
    }
    let attempt = throttle::count_attempt(store, email, client, now).await?;
    let account = {
        let mut tx = store.begin_read().await?;
        accounts::get_by_email(&mut tx, email).await?.filter(accounts::Account::is_active)
    };
    let hash = account.as_ref().and_then(|account| account.password.as_deref());
    let right = password::verify_password(given, hash).await?;
    let Some(account) = account.filter(|_| right) else {
        return Err(AccountError::WrongCredentials);
    };
    let mut tx = store.begin_write().await?;
    throttle::give_attempt_back(&mut tx, &attempt).await?;
    let session = insert_session(&mut tx, &account, client.browser, now).await?;
    tx.commit().await?;
    Ok(session)
}

/// Signs an account in that has proved itself otherwise.
///
/// # Errors
/// [`AccountError::AccountGone`] if there is no such account.
pub async fn start_session(
    store: &Store,
    account: AccountId,
    browser: BrowserCookies<'_>,
    now: DateTime<Utc>,
) -> Result<NewSession> {
    let mut tx = store.begin_write().await?;
    let found = accounts::get(&mut tx, account).await?.filter(accounts::Account::is_active);
    let found = found.ok_or(AccountError::AccountGone { id: account.0 })?;
    let session = insert_session(&mut tx, &found, browser, now).await?;
    tx.commit().await?;
    Ok(session)
}

/// Keeps a session, and the browser that has it. It replaces the browser's older session, and the oldest ones of the
/// account beyond the bound.
async fn insert_session(
    tx: &mut Tx,
    account: &accounts::Account,
    browser: BrowserCookies<'_>,
    now: DateTime<Utc>,
) -> Result<NewSession> {
    let cookie = random_token::generate_token()?;
    if let Some(older) = browser.session {
        sessions::delete(tx, &random_token::digest_token(older)).await?;
    }
    sessions::create(tx, &random_token::digest_token(&cookie), account.id, now).await?;
    let most = ResourceLimit::SessionsPerAccount;
    let most_rows = i64::try_from(most.default_value()).unwrap_or(i64::MAX);
    if sessions::delete_surplus(tx, account.id, most_rows).await? > 0 {
        most.record_reached();
    }
    let device = match browser.device {
        Some(known) if is_device_of(tx, known, account).await? => known.to_owned(),
        Some(_) | None => random_token::generate_token()?,
    };
    let digest = random_token::digest_token(&device);
    sign_in_devices::record(tx, &digest, account.id, now, DEVICES_PER_ACCOUNT).await?;
    Ok(NewSession { cookie, account: account.id, device })
}

async fn is_device_of(tx: &mut Tx, device: &str, account: &accounts::Account) -> Result<bool> {
    let digest = random_token::digest_token(device);
    Ok(sign_in_devices::is_known(tx, &digest, &fold(&account.email)).await?)
}

/// Returns the principal of a session cookie; none if the session is unknown or has expired.
pub async fn authenticate_session(
    store: &Store,
    cookie: &str,
    now: DateTime<Utc>,
) -> Result<Option<Principal>> {
    let digest = random_token::digest_token(cookie);
    let session = {
        let mut tx = store.begin_read().await?;
        sessions::get_by_digest(&mut tx, &digest).await?
    };
    let alive = |session: &sessions::Session| {
        now - session.seen_at < IDLE_TIMEOUT && now - session.started_at < MAX_SESSION_AGE
    };
    let Some(session) = session.filter(alive) else { return Ok(None) };
    if now - session.seen_at >= SEEN_INTERVAL {
        // A page does not wait for SQLite's one writer.
        let (store, digest) = (store.clone(), digest.clone());
        tokio::spawn(async move { record_session_use(&store, &digest, now).await });
    }
    Ok(Some(Principal {
        actor: session.email,
        name: session.name,
        role: session.role,
        auth_method: AuthMethod::Session { account: session.account_id, digest },
    }))
}

async fn record_session_use(store: &Store, digest: &str, now: DateTime<Utc>) {
    let noted = async {
        let mut tx = store.begin_write().await?;
        sessions::record_use(&mut tx, digest, now).await?;
        tx.commit().await
    };
    if let Err(error) = noted.await {
        tracing::debug!(%error, "could not record the use of a session");
    }
}

/// Ends the session.
pub async fn sign_out(store: &Store, principal: &Principal) -> Result<()> {
    let AuthMethod::Session { digest, .. } = &principal.auth_method else { return Ok(()) };
    let mut tx = store.begin_write().await?;
    sessions::delete(&mut tx, digest).await?;
    Ok(tx.commit().await?)
}

/// Forgets sessions, failed tries, records of sign-ins and drafts whose time is over; answers how many rows that were.
pub async fn purge_expired(store: &Store, now: DateTime<Utc>) -> Result<u64> {
    let mut tx = store.begin_write().await?;
    let rows = sessions::delete_expired(&mut tx, now - IDLE_TIMEOUT, now - MAX_SESSION_AGE).await?
        + throttle::delete_old_failures(&mut tx, now).await?
        + sign_in_devices::delete_old(&mut tx, now - DEVICE_LIFETIME).await?
        + sign_in_events::delete_old(&mut tx, now - SIGN_IN_RECORD_LIFETIME).await?
        + form_drafts::delete_old(&mut tx, now - DRAFT_LIFETIME).await?;
    tx.commit().await?;
    Ok(rows)
}
