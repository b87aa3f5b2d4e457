//! Start, authentication and end of sessions.

use chrono::{DateTime, TimeDelta, Utc};

use crate::accounts::principal::{AuthMethod, Principal, SessionOfPrincipal};
use crate::accounts::throttle::{self, SignInClient};
use crate::accounts::{AccountError, Result, random_token};
use rollcall_model::ids::AccountId;
use rollcall_model::names::fold;
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_model::session_method::SessionMethod;
use rollcall_store::sessions::{self, NewSessionRow, Session, SessionListRow};
use rollcall_store::{Store, Tx, accounts, form_drafts, sign_in_devices, sign_in_events};

/// Idle timeout of a session: a working day with its breaks.
const IDLE_TIMEOUT: TimeDelta = TimeDelta::hours(10);

/// Maximum age of a session.
const MAX_SESSION_AGE: TimeDelta = TimeDelta::days(7);

/// The same for a session of the sign-in provider: groups that are taken away there count after a day at the latest.
const MAX_PROVIDER_SESSION_AGE: TimeDelta = TimeDelta::days(1);

/// Time in which the code of the second factor must follow the password.
const CODE_TIMEOUT: TimeDelta = TimeDelta::minutes(5);

/// A session is noted as seen at most this often.
const SEEN_INTERVAL: TimeDelta = TimeDelta::minutes(1);

/// Retention period of the record of sign-ins.
const SIGN_IN_RECORD_LIFETIME: TimeDelta = TimeDelta::days(365);

/// Retention period of unsaved forms.
const DRAFT_LIFETIME: TimeDelta = TimeDelta::days(7);

/// Time after which a browser that did not sign in is forgotten.
pub const DEVICE_LIFETIME: TimeDelta = TimeDelta::days(180);

/// Browsers of one account that are remembered.
const DEVICES_PER_ACCOUNT: i64 = 20;

/// Characters of the description of a browser that are kept.
const BROWSER_CHARS: usize = 200;

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

/// How the user of a new session has proved who they are.
#[derive(Debug, Clone, Copy)]
pub struct SessionProof {
    /// Method of sign-in.
    pub method: SessionMethod,
    /// Time of the proof.
    pub proved_at: DateTime<Utc>,
}

/// Signs an account in that has proved itself otherwise than by its password. A second factor is not asked for.
///
/// # Errors
/// [`AccountError::AccountGone`] if there is no such account.
pub async fn start_session(
    store: &Store,
    account: AccountId,
    client: SignInClient<'_>,
    proof: SessionProof,
    now: DateTime<Utc>,
) -> Result<NewSession> {
    let mut tx = store.begin_write().await?;
    let found = accounts::lock(&mut tx, account).await?.filter(accounts::Account::is_active);
    let found = found.ok_or(AccountError::AccountGone { id: account.0 })?;
    if proof.method.is_provider() {
        throttle::give_provider_visit_back(&mut tx, client, now).await?;
    }
    let session = insert_session(&mut tx, &found, client, proof, now).await?;
    tx.commit().await?;
    Ok(session)
}

/// Keeps a session, and the browser that has it. It replaces the browser's older session, and the oldest ones of the
/// account beyond the bound.
pub(super) async fn insert_session(
    tx: &mut Tx,
    account: &accounts::Account,
    client: SignInClient<'_>,
    proof: SessionProof,
    now: DateTime<Utc>,
) -> Result<NewSession> {
    let cookie = insert_session_row(tx, account.id, client, proof, false, now).await?;
    let device = match client.browser.device {
        Some(known) if is_device_of(tx, known, account).await? => known.to_owned(),
        Some(_) | None => random_token::generate_token()?,
    };
    let digest = random_token::digest_token(&device);
    sign_in_devices::record(tx, &digest, account.id, now, DEVICES_PER_ACCOUNT).await?;
    Ok(NewSession { cookie, account: account.id, device })
}

/// Keeps a session that counts only after a code of the second factor. Returns the value of its cookie.
pub(super) async fn insert_waiting_session(
    tx: &mut Tx,
    account: AccountId,
    client: SignInClient<'_>,
    proof: SessionProof,
    now: DateTime<Utc>,
) -> Result<String> {
    insert_session_row(tx, account, client, proof, true, now).await
}

async fn insert_session_row(
    tx: &mut Tx,
    account: AccountId,
    client: SignInClient<'_>,
    proof: SessionProof,
    awaits_code: bool,
    now: DateTime<Utc>,
) -> Result<String> {
    let cookie = random_token::generate_token()?;
    if let Some(older) = client.browser.session {
        sessions::delete(tx, &random_token::digest_token(older)).await?;
    }
    let browser: String = client.browser.description.chars().take(BROWSER_CHARS).collect();
    let new = NewSessionRow {
        digest: &random_token::digest_token(&cookie),
        account,
        method: proof.method,
        client: &client.address.0.to_canonical().to_string(),
        browser: &browser,
        awaits_code,
        proved_at: proof.proved_at,
    };
    sessions::create(tx, new, now).await?;
    let most = ResourceLimit::SessionsPerAccount;
    let most_rows = i64::try_from(most.default_value()).unwrap_or(i64::MAX);
    if sessions::delete_surplus(tx, account, most_rows, awaits_code).await? > 0 {
        most.record_reached();
    }
    Ok(cookie)
}

async fn is_device_of(tx: &mut Tx, device: &str, account: &accounts::Account) -> Result<bool> {
    let digest = random_token::digest_token(device);
    Ok(sign_in_devices::is_known(tx, &digest, &fold(&account.email)).await?)
}

fn max_age(method: SessionMethod) -> TimeDelta {
    if method.is_provider() { MAX_PROVIDER_SESSION_AGE } else { MAX_SESSION_AGE }
}

/// Returns the session that waits for a code of the second factor. None if there is none, or its time is over.
pub(super) async fn find_waiting_session(
    tx: &mut Tx,
    cookie: &str,
    now: DateTime<Utc>,
) -> Result<Option<Session>> {
    let session = sessions::get_by_digest(tx, &random_token::digest_token(cookie)).await?;
    Ok(session.filter(|session| session.awaits_code && now - session.started_at < CODE_TIMEOUT))
}

/// Returns the principal of a session cookie; none if the session is unknown or has expired. Without `passwords` only
/// sessions of the sign-in provider count.
pub async fn authenticate_session(
    store: &Store,
    cookie: &str,
    passwords: bool,
    now: DateTime<Utc>,
) -> Result<Option<Principal>> {
    let digest = random_token::digest_token(cookie);
    let session = {
        let mut tx = store.begin_read().await?;
        sessions::get_by_digest(&mut tx, &digest).await?
    };
    let counts = |session: &Session| {
        !session.awaits_code
            && (passwords || session.method.is_provider())
            && now - session.seen_at < IDLE_TIMEOUT
            && now - session.started_at < max_age(session.method)
    };
    let Some(session) = session.filter(counts) else { return Ok(None) };
    if now - session.seen_at >= SEEN_INTERVAL {
        // A page does not wait for SQLite's one writer.
        let (store, digest) = (store.clone(), digest.clone());
        tokio::spawn(async move { record_session_use(&store, &digest, now).await });
    }
    Ok(Some(Principal {
        actor: session.email,
        name: session.name,
        role: session.role,
        auth_method: AuthMethod::Session(SessionOfPrincipal {
            account: session.account_id,
            digest,
            method: session.method,
            proved_at: session.proved_at,
            has_second_factor: session.second_factor.is_some(),
        }),
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

/// Returns the sessions of an account that have not expired, the one that was seen last first.
pub async fn list_sessions(
    tx: &mut Tx,
    account: AccountId,
    now: DateTime<Utc>,
) -> Result<Vec<SessionListRow>> {
    let rows = sessions::list(tx, account, now - IDLE_TIMEOUT, now - MAX_SESSION_AGE).await?;
    let is_alive = |row: &SessionListRow| now - row.started_at < max_age(row.method);
    Ok(rows.into_iter().filter(is_alive).collect())
}

/// Ends a session of the user. Returns false if it is not one of theirs.
pub async fn end_session(store: &Store, session: &SessionOfPrincipal, digest: &str) -> Result<bool> {
    let mut tx = store.begin_write().await?;
    let is_ended = sessions::delete_own(&mut tx, digest, session.account).await?;
    tx.commit().await?;
    Ok(is_ended)
}

/// Ends all sessions of the user but the present one. Returns their number.
pub async fn end_other_sessions(store: &Store, session: &SessionOfPrincipal) -> Result<u64> {
    let mut tx = store.begin_write().await?;
    let ended = sessions::delete_others(&mut tx, session.account, &session.digest).await?;
    tx.commit().await?;
    Ok(ended)
}

/// Ends the session.
pub async fn sign_out(store: &Store, principal: &Principal) -> Result<()> {
    let Some(session) = principal.session() else { return Ok(()) };
    let mut tx = store.begin_write().await?;
    sessions::delete(&mut tx, &session.digest).await?;
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
