//! Throttling of attempts to sign in, by account and by network address.
//!
//! An attempt is counted before the password is judged, and given back if the password is right. The first attempts are
//! free. Each further one doubles the wait, up to a quarter of an hour. Unknown accounts are throttled in the same way.
//!
//! An attempt counts at three places: for the client address, for the account, and for the account at this client
//! address. The place of the account bears many attempts, because others can use them up. A browser that has signed in
//! to the account before has one place of its own instead of the three: others cannot make it wait.
//!
//! Codes of a second factor count for the account, or for a known browser: only those who know its password give one. Ways
//! back from the sign-in provider count for the client address, or for a known browser. The way there costs the provider
//! nothing and is not counted.
//!
//! Changes of one's own password and second factor count for the account.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::accounts::{AccountError, Result, random_token};
use rollcall_model::ids::AccountId;
use rollcall_model::names::fold;
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_store::sign_in_attempts::{self, AttemptCounter, AttemptRule, WAITS};
use rollcall_store::{Store, Tx, sign_in_devices};

/// Attempts without a wait, for one account at one client.
const FREE_ATTEMPTS_PER_CLIENT: i64 = 5;

/// The same for one address: a whole office may stand behind it.
const FREE_ATTEMPTS_PER_ADDRESS: i64 = 30;

/// The same for one account at all addresses: a guesser with many addresses is slowed down.
const FREE_ATTEMPTS_PER_ACCOUNT: i64 = 50;

/// Ways back from the sign-in provider without a wait, for one address. A sign-in that succeeds gives its one back.
const FREE_PROVIDER_VISITS: i64 = 60;

/// Changes of one's own password and second factor without a wait. Each is a run that is kept.
const FREE_ACCOUNT_CHANGES: i64 = 10;

/// Wait after the free attempts, in seconds: doubled by each further attempt up to a quarter of an hour.
const WAIT_SECONDS: [i64; WAITS] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900];

/// Time after which attempts no longer count.
const FAILURE_WINDOW: TimeDelta = TimeDelta::hours(1);

/// Network address of a client.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddr(pub IpAddr);

impl ClientAddr {
    /// One name for all addresses that one customer of a network is given: a /64 of IPv6.
    fn throttle_key(self) -> String {
        match self.0.to_canonical() {
            IpAddr::V4(address) => format!("address {address}"),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                format!("address {a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        }
    }
}

/// A client that attempts to sign in.
#[derive(Debug, Clone, Copy)]
pub struct SignInClient<'a> {
    /// Its address.
    pub address: ClientAddr,
    /// Its browser.
    pub browser: ClientBrowser<'a>,
}

/// What a browser that signs in tells about itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClientBrowser<'a> {
    /// The cookie of a browser that has signed in before.
    pub device: Option<&'a str>,
    /// The cookie of the session that the new one replaces.
    pub session: Option<&'a str>,
    /// Its `User-Agent`.
    pub description: &'a str,
}

/// A place where attempts are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
struct AttemptPlace {
    key: String,
    free: i64,
    /// True if a right password deletes the counter. Otherwise it gives one attempt back.
    is_cleared: bool,
}

/// The places of an attempt, always in the same order, so that two attempts do not wait for each other.
fn list_places(account: &str, address: ClientAddr, device: Option<&str>) -> Vec<AttemptPlace> {
    let place = |key: String, free, is_cleared| AttemptPlace { key, free, is_cleared };
    if let Some(digest) = device {
        let key = format!("account {account} browser {digest}");
        return vec![place(key, FREE_ATTEMPTS_PER_CLIENT, true)];
    }
    let at = address.throttle_key();
    let both = format!("account {account} {at}");
    vec![
        place(at, FREE_ATTEMPTS_PER_ADDRESS, false),
        place(format!("account {account}"), FREE_ATTEMPTS_PER_ACCOUNT, false),
        place(both, FREE_ATTEMPTS_PER_CLIENT, true),
    ]
}

fn wait_time(failures: i64, free: i64) -> TimeDelta {
    let Some(beyond) = failures.checked_sub(free).and_then(|beyond| usize::try_from(beyond).ok()) else {
        return TimeDelta::zero();
    };
    TimeDelta::seconds(WAIT_SECONDS[beyond.min(WAITS - 1)])
}

fn attempt_rule(free: i64, now: DateTime<Utc>) -> AttemptRule {
    let due = WAIT_SECONDS.map(|seconds| now - TimeDelta::seconds(seconds));
    AttemptRule { free, forgotten: now - FAILURE_WINDOW, due }
}

/// An attempt that was counted and that is not judged yet.
#[derive(Debug)]
pub(super) struct CountedAttempt {
    at: DateTime<Utc>,
    /// Each place, with the time of the attempt before this one.
    places: Vec<(AttemptPlace, DateTime<Utc>)>,
}

/// Counts an attempt at all its places, or at none if it comes too early at one of them.
///
/// # Errors
/// [`AccountError::TooManyAttempts`] if it comes too early.
pub(super) async fn count_attempt(
    store: &Store,
    email: &str,
    client: SignInClient<'_>,
    now: DateTime<Utc>,
) -> Result<CountedAttempt> {
    let account = random_token::digest_token(&fold(email));
    let mut tx = store.begin_write().await?;
    let device = find_device(&mut tx, email, client).await?;
    count_at_places(store, tx, list_places(&account, client.address, device.as_deref()), now).await
}

/// Returns the digest of a browser that has signed in to the account before.
async fn find_device(tx: &mut Tx, email: &str, client: SignInClient<'_>) -> Result<Option<String>> {
    let Some(digest) = client.browser.device.map(random_token::digest_token) else { return Ok(None) };
    Ok(sign_in_devices::is_known(tx, &digest, &fold(email)).await?.then_some(digest))
}

/// Counts a code of the second factor of an account. A browser that has signed in to the account before has a place of
/// its own.
///
/// # Errors
/// [`AccountError::TooManyAttempts`] if it comes too early.
pub(super) async fn count_code(
    store: &Store,
    email: &str,
    account: AccountId,
    client: SignInClient<'_>,
    now: DateTime<Utc>,
) -> Result<CountedAttempt> {
    let mut tx = store.begin_write().await?;
    let key = match find_device(&mut tx, email, client).await? {
        Some(digest) => format!("code of account {account} browser {digest}"),
        None => format!("code of account {account}"),
    };
    let place = AttemptPlace { key, free: FREE_ATTEMPTS_PER_CLIENT, is_cleared: true };
    count_at_places(store, tx, vec![place], now).await
}

/// Counts a change of one's own password or second factor.
///
/// # Errors
/// [`AccountError::TooManyAttempts`] if it comes too early.
pub(super) async fn count_account_change(
    store: &Store,
    account: AccountId,
    now: DateTime<Utc>,
) -> Result<()> {
    let key = format!("changes of account {account}");
    let place = AttemptPlace { key, free: FREE_ACCOUNT_CHANGES, is_cleared: false };
    count_at_places(store, store.begin_write().await?, vec![place], now).await.map(|_| ())
}

/// The place of ways back from the sign-in provider. A browser that has signed in before has one of its own.
async fn provider_place(tx: &mut Tx, client: SignInClient<'_>) -> Result<AttemptPlace> {
    let digest = client.browser.device.map(random_token::digest_token);
    let key = match digest {
        Some(digest) if sign_in_devices::has_account(tx, &digest).await? => {
            format!("provider browser {digest}")
        }
        Some(_) | None => format!("provider {}", client.address.throttle_key()),
    };
    Ok(AttemptPlace { key, free: FREE_PROVIDER_VISITS, is_cleared: false })
}

/// Counts the way of a client back from the sign-in provider.
///
/// # Errors
/// [`AccountError::TooManyAttempts`] if it comes too early.
pub async fn count_provider_visit(store: &Store, client: SignInClient<'_>, now: DateTime<Utc>) -> Result<()> {
    let mut tx = store.begin_write().await?;
    let place = provider_place(&mut tx, client).await?;
    count_at_places(store, tx, vec![place], now).await.map(|_| ())
}

/// Gives a way back from the provider back that led to a sign-in.
pub(super) async fn give_provider_visit_back(
    tx: &mut Tx,
    client: SignInClient<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    let place = provider_place(tx, client).await?;
    Ok(sign_in_attempts::give_back(tx, &place.key, now, now).await?)
}

/// Counts an attempt at all places, or at none if it comes too early at one of them.
async fn count_at_places(
    store: &Store,
    mut tx: Tx,
    wanted: Vec<AttemptPlace>,
    now: DateTime<Utc>,
) -> Result<CountedAttempt> {
    let (mut places, mut is_new) = (Vec::new(), false);
    for place in wanted {
        let before = sign_in_attempts::get(&mut tx, &place.key).await?;
        let rule = attempt_rule(place.free, now);
        let Some(failures) = sign_in_attempts::count(&mut tx, &place.key, now, rule).await? else {
            let current = sign_in_attempts::get(&mut tx, &place.key).await?;
            tx.rollback().await?;
            return Err(AccountError::TooManyAttempts { wait: rest_of_wait(current, place.free, now) });
        };
        is_new |= failures == 1;
        places.push((place, before.map_or(now, |counter| counter.last_at)));
    }
    tx.commit().await?;
    if is_new {
        delete_surplus(store).await?;
    }
    Ok(CountedAttempt { at: now, places })
}

fn rest_of_wait(counter: Option<AttemptCounter>, free: i64, now: DateTime<Utc>) -> Duration {
    let rest = counter.map(|one| wait_time(one.failures, free) - (now - one.last_at));
    rest.and_then(|rest| rest.to_std().ok()).unwrap_or_default()
}

/// Deletes the oldest counters beyond the bound, in a transaction of its own: it waits for no attempt.
async fn delete_surplus(store: &Store) -> Result<()> {
    let most = i64::try_from(ResourceLimit::SignInCounters.default_value()).unwrap_or(i64::MAX);
    let is_full = sign_in_attempts::count_all(&mut store.begin_read().await?).await? > most;
    if is_full {
        ResourceLimit::SignInCounters.record_reached();
        let mut tx = store.begin_write().await?;
        sign_in_attempts::delete_surplus(&mut tx, most).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Gives an attempt back whose password was right.
pub(super) async fn give_attempt_back(tx: &mut Tx, attempt: &CountedAttempt) -> Result<()> {
    for (place, before) in &attempt.places {
        if place.is_cleared {
            sign_in_attempts::clear(tx, &place.key).await?;
        } else {
            sign_in_attempts::give_back(tx, &place.key, attempt.at, *before).await?;
        }
    }
    Ok(())
}

/// Forgets attempts of long ago.
pub(super) async fn delete_old_failures(tx: &mut Tx, now: DateTime<Utc>) -> Result<u64> {
    Ok(sign_in_attempts::delete_old(tx, now - FAILURE_WINDOW).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failed_try_beyond_the_free_ones_doubles_the_wait_up_to_a_quarter_of_an_hour() {
        let waits: Vec<i64> = (3..10).map(|failures| wait_time(failures, 5).num_seconds()).collect();
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16]);
        assert_eq!(wait_time(1_000_000, 5), TimeDelta::minutes(15));
    }

    #[test]
    fn one_customer_of_a_network_has_one_place() {
        let place = |text: &str| ClientAddr(text.parse().expect("an address")).throttle_key();
        assert_eq!(place("2001:db8:1:2:3:4:5:6"), place("2001:db8:1:2:ffff::1"));
        assert_eq!(place("::ffff:192.0.2.7"), place("192.0.2.7"));
        assert_ne!(place("192.0.2.7"), place("192.0.2.8"));
    }
}
