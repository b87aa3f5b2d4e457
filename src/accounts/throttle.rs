//! Slowing down those who guess, by account and by address of the network.
//!
//! The first tries are free; from then on each failed one doubles the wait, up to a quarter of an hour. A success
//! forgives the account's, never the address's. Unknown accounts are slowed down just so.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::accounts::{Error, Result};
use crate::model::names::fold;
use crate::store::{Store, sessions};

/// Failed tries without a wait, for one account.
const FREE_OF_ACCOUNT: i64 = 5;

/// The same for one address: a whole office may stand behind it.
const FREE_OF_ADDRESS: i64 = 30;

const LONGEST: TimeDelta = TimeDelta::minutes(15);

/// When failed tries are forgotten.
const MEMORY: TimeDelta = TimeDelta::hours(1);

/// Where a try to sign in comes from.
#[derive(Debug, Clone, Copy)]
pub struct Place(pub IpAddr);

impl Place {
    /// One name for all addresses that one customer of a network is given: a /64 of IPv6.
    fn name(self) -> String {
        match self.0.to_canonical() {
            IpAddr::V4(address) => format!("address {address}"),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                format!("address {a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        }
    }
}

fn account(email: &str) -> String {
    format!("account {}", fold(email))
}

fn wait(failures: i64, free: i64) -> TimeDelta {
    let Some(beyond) = failures.checked_sub(free).filter(|beyond| *beyond >= 0) else {
        return TimeDelta::zero();
    };
    let doubled = 1_i64.checked_shl(u32::try_from(beyond).unwrap_or(u32::MAX)).filter(|seconds| *seconds > 0);
    doubled.and_then(TimeDelta::try_seconds).map_or(LONGEST, |wait| wait.min(LONGEST))
}

/// Refuses a try that comes too early.
pub(super) async fn check(store: &Store, email: &str, place: Place, now: DateTime<Utc>) -> Result<()> {
    let mut tx = store.read().await?;
    let mut longest = TimeDelta::zero();
    for (name, free) in [(account(email), FREE_OF_ACCOUNT), (place.name(), FREE_OF_ADDRESS)] {
        for one in sessions::failures(&mut tx, vec![name]).await? {
            let since = now - one.last_at;
            if since < MEMORY {
                longest = longest.max(wait(one.failures, free) - since);
            }
        }
    }
    match longest.to_std() {
        Ok(wait) if wait > Duration::ZERO => Err(Error::TooMany { wait }),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Counts a failed try.
pub(super) async fn failed(store: &Store, email: &str, place: Place, now: DateTime<Utc>) -> Result<()> {
    let mut tx = store.write().await?;
    for name in [account(email), place.name()] {
        sessions::fail(&mut tx, &name, now, now - MEMORY).await?;
    }
    Ok(tx.commit().await?)
}

/// Forgives the account after a success.
pub(super) async fn succeeded(tx: &mut crate::store::Tx, email: &str) -> Result<()> {
    Ok(sessions::forgive(tx, &account(email)).await?)
}

/// Forgets tries of long ago.
pub(super) async fn forget_old(tx: &mut crate::store::Tx, now: DateTime<Utc>) -> Result<u64> {
    Ok(sessions::forgive_old(tx, now - MEMORY).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failed_try_beyond_the_free_ones_doubles_the_wait_up_to_a_quarter_of_an_hour() {
        let waits: Vec<i64> = (3..10).map(|failures| wait(failures, 5).num_seconds()).collect();
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16]);
        assert_eq!(wait(1_000_000, 5), LONGEST);
    }

    #[test]
    fn one_customer_of_a_network_has_one_place() {
        let place = |text: &str| Place(text.parse().expect("an address")).name();
        assert_eq!(place("2001:db8:1:2:3:4:5:6"), place("2001:db8:1:2:ffff::1"));
        assert_eq!(place("::ffff:192.0.2.7"), place("192.0.2.7"));
        assert_ne!(place("192.0.2.7"), place("192.0.2.8"));
    }
}
