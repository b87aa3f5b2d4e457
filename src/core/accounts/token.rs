//! Keys for programs that use the API.

use std::net::IpAddr;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use ipnet::IpNet;
use serde_json::{Value, json};

use crate::accounts::principal::{AuthMethod, Principal};
use crate::accounts::{AccountError, Result, TokenRef, find_token, random_token};
use crate::enrollment::change::{ChangeTime, ChangeTransaction, CommittedChange};
use rollcall_model::ids::AccountId;
use rollcall_model::names::clean;
use rollcall_model::role::Role;
use rollcall_store::runs::NewRun;
use rollcall_store::tokens::ApiToken;
use rollcall_store::{Store, tokens};

/// Keys begin with this, so that people and scanners of leaked secrets know what they have found.
const PREFIX: &str = "rollcall_";

/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 100;

/// A use is noted at most this often.
const SEEN_INTERVAL: TimeDelta = TimeDelta::minutes(1);

/// Validity of a token for which nothing else was asked: a year.
const DEFAULT_LIFETIME: TimeDelta = TimeDelta::days(365);

/// Time before the end of a token in which lists, log and metrics warn of it.
pub const EXPIRY_WARNING: TimeDelta = TimeDelta::days(30);

/// How long a token is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenLifetime {
    /// A year.
    Default,
    /// Until an instant.
    Until(DateTime<Utc>),
    /// Until it is revoked.
    Unlimited,
}

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    /// Its purpose.
    pub name: &'a str,
    /// Its role.
    pub role: Role,
    /// How long it is valid.
    pub lifetime: TokenLifetime,
    /// The account that makes it. When the account is revoked, the token is.
    pub owner: Option<AccountId>,
    /// The networks that it may be used from; none for all.
    pub networks: Vec<IpNet>,
}

impl<'a> NewToken<'a> {
    /// A token with the default lifetime, without owner, for all networks.
    #[must_use]
    pub fn new(name: &'a str, role: Role) -> Self {
        Self { name, role, lifetime: TokenLifetime::Default, owner: None, networks: Vec::new() }
    }
}

/// Returns the end of a day in a time zone, as the expiry of a token.
#[must_use]
pub fn end_of_day(day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    let midnight = day.succ_opt()?.and_time(NaiveTime::MIN);
    zone.from_local_datetime(&midnight).earliest().map(|at| at.with_timezone(&Utc))
}

/// Returns the last day of a token that ends at an instant: the end of a day belongs to that day.
#[must_use]
pub fn last_day(end: DateTime<Utc>, zone: Tz) -> NaiveDate {
    (end - TimeDelta::nanoseconds(1)).with_timezone(&zone).date_naive()
}

/// Parses a network in CIDR notation, or an address.
#[must_use]
pub fn parse_network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// A token that was made.
#[derive(Debug)]
pub struct CreatedToken {
    /// The change.
    pub done: CommittedChange,
    /// The key. It is not stored.
    pub key: String,
    /// Time of expiry.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Makes a token; its key is answered once and kept nowhere.
///
/// # Errors
/// If the name is not valid or is taken, or the expiry date is in the past.
pub async fn create_token(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    new: NewToken<'_>,
) -> Result<CreatedToken> {
    let name = clean(new.name);
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
        return Err(AccountError::BadTokenName { most: MAX_NAME_CHARS });
    }
    let expires_at = match new.lifetime {
        TokenLifetime::Default => Some(when.now + DEFAULT_LIFETIME),
        TokenLifetime::Until(end) => Some(end),
        TokenLifetime::Unlimited => None,
    };
    if expires_at.is_some_and(|at| at <= when.now) {
        return Err(AccountError::ExpiryInPast);
    }
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    if let Some(there) = tokens::get_by_name(&mut change.tx, &name).await? {
        return Err(AccountError::TokenExists { name: there.name });
    }
    let key = format!("{PREFIX}{}", random_token::generate_token()?);
    let networks: Vec<String> = new.networks.iter().map(ToString::to_string).collect();
    let (role, run) = (new.role, change.run);
    let new = tokens::NewApiToken {
        name: &name,
        digest: &random_token::digest_token(&key),
        role,
        expires_at,
        owner: new.owner,
        networks: &networks.join(" "),
    };
    let id = tokens::create(&mut change.tx, new, when.now, run).await?;
    let mut made = json!({"token": id, "name": name, "role": role, "expires_at": expires_at});
    if !networks.is_empty() {
        made["from"] = json!(networks);
    }
    change.record_before_after(&Value::Null, &made).await?;
    Ok(CreatedToken { done: change.commit().await?, key, expires_at })
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

/// Returns true if a token may be used from an address.
fn is_allowed_from(token: &ApiToken, client: Option<IpAddr>) -> bool {
    let mut networks = token.networks.split_whitespace().peekable();
    if networks.peek().is_none() {
        return true;
    }
    let contains = |network: &str| {
        let network = network.parse::<IpNet>().ok();
        network.zip(client).is_some_and(|(network, client)| network.contains(&client))
    };
    networks.any(contains)
}

/// Returns true if a token ends soon.
#[must_use]
pub fn ends_soon(expires_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    expires_at.is_some_and(|end| end <= now + EXPIRY_WARNING)
}

/// Returns the principal of a token, with the role that it acts with. None if the token is unknown, revoked or expired, if
/// it may not be used from the address of the client, or if its owner has no role any more that allows it.
pub async fn authenticate_token(
    store: &Store,
    secret: &str,
    client: Option<IpAddr>,
    now: DateTime<Utc>,
) -> Result<Option<Principal>> {
    let found = {
        let mut tx = store.begin_read().await?;
        tokens::get_by_digest(&mut tx, &random_token::digest_token(secret), now).await?
    };
    let Some(token) = found.filter(|token| is_allowed_from(token, client)) else { return Ok(None) };
    let Some(role) = token.effective_role() else { return Ok(None) };
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
    Ok(Some(Principal {
        actor: format!("token {}", token.name),
        name: token.name,
        role,
        auth_method: AuthMethod::Token { id: token.id, owner: token.account_id },
    }))
}
