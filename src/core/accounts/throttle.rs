//! Throttling of failed attempts to sign in, by account and by network address.
//!
//! The first attempts are free. Each further failure doubles the wait, up to a quarter of an hour. A success resets the
//! count of the account, not that of the address. Unknown accounts are throttled in the same way.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::accounts::{AccountError, Result};
use rollcall_model::names::fold;
use rollcall_store::{Store, sessions};

/// Failed tries without a wait, for one account.
const FREE_ATTEMPTS_PER_ACCOUNT: i64 = 5;

/// The same for one address: a whole office may stand behind it.
const FREE_ATTEMPTS_PER_ADDRESS: i64 = 30;

const MAX_WAIT: TimeDelta = TimeDelta::minutes(15);

/// Time after which failed attempts no longer count.
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

fn account_key(email: &str) -> String {
    format!("account {}", fold(email))
}

fn wait_time(failures: i64, free: i64) -> TimeDelta {
    let Some(beyond) = failures.checked_sub(free).filter(|beyond| *beyond >= 0) else {
        return TimeDelta::zero();
    };
    let doubled = 1_i64.checked_shl(u32::try_from(beyond).unwrap_or(u32::MAX)).filter(|seconds| *seconds > 0);
    doubled.and_then(TimeDelta::try_seconds).map_or(MAX_WAIT, |wait| wait.min(MAX_WAIT))
}

/// Refuses a try that comes too early.
pub(super) async fn check_attempt(
    store: &Store,
    email: &str,
    place: ClientAddr,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut tx = store.begin_read().await?;
    let mut longest = TimeDelta::zero();
    for (name, free) in
        [(account_key(email), FREE_ATTEMPTS_PER_ACCOUNT), (place.throttle_key(), FREE_ATTEMPTS_PER_ADDRESS)]
    {
        for one in sessions::list_failures(&mut tx, vec![name]).await? {
            let since = now - one.last_at;
            if since < FAILURE_WINDOW {
                longest = longest.max(wait_time(one.failures, free) - since);
            }
        }
    }
    match longest.to_std() {
        Ok(wait) if wait > Duration::ZERO => Err(AccountError::TooManyAttempts { wait }),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Counts a failed try.
pub(super) async fn record_failure(
    store: &Store,
    email: &str,
    place: ClientAddr,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut tx = store.begin_write().await?;
    for name in [account_key(email), place.throttle_key()] {
        sessions::record_failure(&mut tx, &name, now, now - FAILURE_WINDOW).await?;
    }
    Ok(tx.commit().await?)
}

/// Forgives the account after a success.
pub(super) async fn clear_account_failures(tx: &mut rollcall_store::Tx, email: &str) -> Result<()> {
    Ok(sessions::clear_failures(tx, &account_key(email)).await?)
}

/// Forgets tries of long ago.
pub(super) async fn delete_old_failures(tx: &mut rollcall_store::Tx, now: DateTime<Utc>) -> Result<u64> {
    Ok(sessions::delete_old_failures(tx, now - FAILURE_WINDOW).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failed_try_beyond_the_free_ones_doubles_the_wait_up_to_a_quarter_of_an_hour() {
        let waits: Vec<i64> = (3..10).map(|failures| wait_time(failures, 5).num_seconds()).collect();
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16]);
        assert_eq!(wait_time(1_000_000, 5), MAX_WAIT);
    }

    #[test]
    fn one_customer_of_a_network_has_one_place() {
        let place = |text: &str| ClientAddr(text.parse().expect("an address")).throttle_key();
        assert_eq!(place("2001:db8:1:2:3:4:5:6"), place("2001:db8:1:2:ffff::1"));
        assert_eq!(place("::ffff:192.0.2.7"), place("192.0.2.7"));
        assert_ne!(place("192.0.2.7"), place("192.0.2.8"));
    }
}
