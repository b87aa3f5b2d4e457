//! Signing in and out, and who is signed in.

use chrono::{DateTime, TimeDelta, Utc};

use crate::accounts::throttle::{self, Place};
use crate::accounts::{Error, Result, key, password};
use crate::model::ids::{AccountId, TokenId};
use crate::model::role::Role;
use crate::store::{Store, accounts, drafts, sessions};

/// How long a session lives unseen: a working day with its breaks.
const IDLE: TimeDelta = TimeDelta::hours(10);

/// How long a session lives at all.
const LONGEST: TimeDelta = TimeDelta::days(7);

/// A session is noted as seen at most this often.
const NOTED: TimeDelta = TimeDelta::minutes(1);

/// How long a form that is not saved is kept.
const DRAFTS: TimeDelta = TimeDelta::days(7);

/// Whoever makes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// As runs and the record of changes name them.
    pub actor: String,
    /// The name for people.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// How they proved who they are.
    pub via: Via,
}

/// How somebody proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// A cookie.
    Session {
        /// The account.
        account: AccountId,
        /// What the database holds of the cookie.
        digest: String,
    },
    /// A key in a header.
    Token(TokenId),
}

impl Principal {
    /// The account, where a person asks.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        match &self.via {
            Via::Session { account, .. } => Some(*account),
            Via::Token(_) => None,
        }
    }
}

/// Somebody who has just signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// The cookie's value; nobody else knows it.
    pub cookie: String,
    /// The account.
    pub account: AccountId,
}

/// Signs an account in by its password.
///
/// # Errors
/// [`Error::Wrong`] whether the account is unknown, inactive, without a password, or has another one; it takes as long
/// each time. [`Error::TooMany`] after too many failed tries for this account or from this place.
pub async fn sign_in(
    store: &Store,
    email: &str,
    given: &str,
    place: Place,
    now: DateTime<Utc>,
) -> Result<SignedIn> {
    throttle::check(store, email, place, now).await?;
    let account = {
        let mut tx = store.read().await?;
        accounts::by_email(&mut tx, email).await?.filter(accounts::Account::is_active)
    };
    let hash = account.as_ref().and_then(|account| account.password.as_deref());
    let right = password::is_right(given, hash).await?;
    let Some(account) = account.filter(|_| right) else {
        throttle::failed(store, email, place, now).await?;
        return Err(Error::Wrong);
    };
    start(store, account.id, email, now).await
}

/// Signs an account in that has proved itself otherwise.
///
/// # Errors
/// When the database does not answer.
pub async fn start(store: &Store, account: AccountId, email: &str, now: DateTime<Utc>) -> Result<SignedIn> {
    let cookie = key::fresh()?;
    let mut tx = store.write().await?;
    throttle::succeeded(&mut tx, email).await?;
    sessions::start(&mut tx, &key::digest(&cookie), account, now).await?;
    tx.commit().await?;
    Ok(SignedIn { cookie, account })
}

/// Who is signed in with a cookie; nobody when it is unknown or its time is over.
///
/// # Errors
/// When the database does not answer.
pub async fn signed_in(store: &Store, cookie: &str, now: DateTime<Utc>) -> Result<Option<Principal>> {
    let digest = key::digest(cookie);
    let session = {
        let mut tx = store.read().await?;
        sessions::by_digest(&mut tx, &digest).await?
    };
    let alive =
        |session: &sessions::Session| now - session.seen_at < IDLE && now - session.started_at < LONGEST;
    let Some(session) = session.filter(alive) else { return Ok(None) };
    if now - session.seen_at >= NOTED {
        // A page does not wait for SQLite's one writer.
        let (store, digest) = (store.clone(), digest.clone());
        tokio::spawn(async move { see(&store, &digest, now).await });
    }
    Ok(Some(Principal {
        actor: session.email,
        name: session.name,
        role: session.role.parse().unwrap_or(Role::Viewer),
        via: Via::Session { account: session.account_id, digest },
    }))
}

async fn see(store: &Store, digest: &str, now: DateTime<Utc>) {
    let noted = async {
        let mut tx = store.write().await?;
        sessions::see(&mut tx, digest, now).await?;
        tx.commit().await
    };
    if let Err(error) = noted.await {
        tracing::debug!(%error, "a session could not be noted as seen");
    }
}

/// Signs somebody out.
///
/// # Errors
/// When the database does not answer.
pub async fn sign_out(store: &Store, principal: &Principal) -> Result<()> {
    let Via::Session { digest, .. } = &principal.via else { return Ok(()) };
    let mut tx = store.write().await?;
    sessions::end(&mut tx, digest).await?;
    Ok(tx.commit().await?)
}

/// Forgets sessions, failed tries and drafts whose time is over; answers how many rows that were.
///
/// # Errors
/// When the database does not answer.
pub async fn forget_old(store: &Store, now: DateTime<Utc>) -> Result<u64> {
    let mut tx = store.write().await?;
    let rows = sessions::end_old(&mut tx, now - IDLE, now - LONGEST).await?
        + throttle::forget_old(&mut tx, now).await?
        + drafts::drop_old(&mut tx, now - DRAFTS).await?;
    tx.commit().await?;
    Ok(rows)
}
