//! Keys of programs that use the API.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use crate::accounts::session::{Principal, Via};
use crate::accounts::{Error, Key, Result, find_token, key};
use crate::enrollment::change::{Change, Done, When};
use crate::model::names::clean;
use crate::model::role::Role;
use crate::store::runs::About;
use crate::store::{Store, tokens};

/// Keys begin with this, so that people and scanners of leaked secrets know what they have found.
const PREFIX: &str = "rollcall_";

/// The longest name, in characters.
const LONGEST_NAME: usize = 100;

/// A use is noted at most this often.
const NOTED: TimeDelta = TimeDelta::minutes(1);

/// When a token ends whose last day this is: with the day, where dates live.
#[must_use]
pub fn end_of(day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    let midnight = day.succ_opt()?.and_time(NaiveTime::MIN);
    zone.from_local_datetime(&midnight).earliest().map(|at| at.with_timezone(&Utc))
}

/// Makes a token; its key is answered once and kept nowhere.
///
/// # Errors
/// When the name cannot be one or is taken, or the end is past.
pub async fn make_token(
    store: &Store,
    about: &About,
    when: When,
    name: &str,
    role: Role,
    expires_at: Option<DateTime<Utc>>,
) -> Result<(Done, String)> {
    let name = clean(name);
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(Error::BadTokenName { most: LONGEST_NAME });
    }
    if expires_at.is_some_and(|at| at <= when.now) {
        return Err(Error::TokenOver);
    }
    let mut change = Change::begin(store, about, when).await?;
    if let Some(there) = tokens::by_name(&mut change.tx, &name).await? {
        return Err(Error::TokenExists { name: there.name });
    }
    let secret = format!("{PREFIX}{}", key::fresh()?);
    let new = tokens::New { name: &name, digest: &key::digest(&secret), role, expires_at };
    let run = change.run;
    let id = tokens::add(&mut change.tx, new, when.now, run).await?;
    let made = json!({"token": id, "name": name, "role": role, "expires_at": expires_at});
    change.note(&Value::Null, &made).await?;
    Ok((change.commit().await?, secret))
}

/// Revokes a token: its key is no longer good.
///
/// # Errors
/// When there is none of that name or number.
pub async fn revoke_token(store: &Store, about: &About, when: When, key: impl Into<Key<'_>>) -> Result<Done> {
    let mut change = Change::begin(store, about, when).await?;
    let token = find_token(&mut change.tx, key).await?;
    let run = change.run;
    tokens::revoke(&mut change.tx, token.id, run).await?;
    let found = json!({"token": token.id, "name": token.name, "role": token.role});
    change.note(&found, &Value::Null).await?;
    Ok(change.commit().await?)
}

/// Whose key this is; nobody's when it is unknown, revoked or expired.
///
/// # Errors
/// When the database does not answer.
pub async fn bearer(store: &Store, secret: &str, now: DateTime<Utc>) -> Result<Option<Principal>> {
    let found = {
        let mut tx = store.read().await?;
        tokens::by_digest(&mut tx, &key::digest(secret), now).await?
    };
    let Some(token) = found else { return Ok(None) };
    if token.seen_at.is_none_or(|seen| now - seen >= NOTED) {
        let (store, id) = (store.clone(), token.id);
        tokio::spawn(async move {
            let noted = async {
                let mut tx = store.write().await?;
                tokens::see(&mut tx, id, now).await?;
                tx.commit().await
            };
            if let Err(error) = noted.await {
                tracing::debug!(%error, "the use of a token could not be noted");
            }
        });
    }
    let role = token.role();
    Ok(Some(Principal {
        actor: format!("token {}", token.name),
        name: token.name,
        role,
        via: Via::Token(token.id),
    }))
}
