//! Keys for programs that use the API.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use crate::accounts::session::{AuthMethod, Principal};
use crate::accounts::{AccountError, Result, TokenRef, find_token, random_token};
use crate::enrollment::change::{ChangeTime, ChangeTransaction, CommittedChange};
use rollcall_model::names::clean;
use rollcall_model::role::Role;
use rollcall_store::runs::NewRun;
use rollcall_store::{Store, tokens};

/// Keys begin with this, so that people and scanners of leaked secrets know what they have found.
const PREFIX: &str = "rollcall_";

/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 100;

/// A use is noted at most this often.
const SEEN_INTERVAL: TimeDelta = TimeDelta::minutes(1);

/// Returns the end of a day in a time zone, as the expiry of a token.
#[must_use]
pub fn end_of_day(day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    let midnight = day.succ_opt()?.and_time(NaiveTime::MIN);
    zone.from_local_datetime(&midnight).earliest().map(|at| at.with_timezone(&Utc))
}

/// Makes a token; its key is answered once and kept nowhere.
///
/// # Errors
/// If the name is not valid or is taken, or the expiry date is in the past.
pub async fn create_token(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    name: &str,
    role: Role,
    expires_at: Option<DateTime<Utc>>,
) -> Result<(CommittedChange, String)> {
    let name = clean(name);
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
        return Err(AccountError::BadTokenName { most: MAX_NAME_CHARS });
    }
    if expires_at.is_some_and(|at| at <= when.now) {
        return Err(AccountError::ExpiryInPast);
    }
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    if let Some(there) = tokens::get_by_name(&mut change.tx, &name).await? {
        return Err(AccountError::TokenExists { name: there.name });
    }
    let secret = format!("{PREFIX}{}", random_token::generate_token()?);
    let new =
        tokens::NewApiToken { name: &name, digest: &random_token::digest_token(&secret), role, expires_at };
    let run = change.run;
    let id = tokens::create(&mut change.tx, new, when.now, run).await?;
    let made = json!({"token": id, "name": name, "role": role, "expires_at": expires_at});
    change.record_before_after(&Value::Null, &made).await?;
    Ok((change.commit().await?, secret))
}

/// Revokes a token.
///
/// # Errors
/// When there is none of that name or number.
pub async fn revoke_token(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    key: impl Into<TokenRef<'_>>,
) -> Result<CommittedChange> {
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let token = find_token(&mut change.tx, key).await?;
    let run = change.run;
    tokens::revoke(&mut change.tx, token.id, run).await?;
    let found = json!({"token": token.id, "name": token.name, "role": token.role});
    change.record_before_after(&found, &Value::Null).await?;
    Ok(change.commit().await?)
}

/// Returns the principal of a token; none if the token is unknown, revoked or expired.
pub async fn authenticate_token(
    store: &Store,
    secret: &str,
    now: DateTime<Utc>,
) -> Result<Option<Principal>> {
    let found = {
        let mut tx = store.begin_read().await?;
        tokens::get_by_digest(&mut tx, &random_token::digest_token(secret), now).await?
    };
    let Some(token) = found else { return Ok(None) };
    if token.seen_at.is_none_or(|seen| now - seen >= SEEN_INTERVAL) {
        let (store, id) = (store.clone(), token.id);
        tokio::spawn(async move {
            let noted = async {
                let mut tx = store.begin_write().await?;
                tokens::record_use(&mut tx, id, now).await?;
                tx.commit().await
            };
            if let Err(error) = noted.await {
                tracing::debug!(%error, "could not record the use of a token");
            }
        });
    }
    let role = token.role;
    Ok(Some(Principal {
        actor: format!("token {}", token.name),
        name: token.name,
        role,
        auth_method: AuthMethod::Token(token.id),
    }))
}
