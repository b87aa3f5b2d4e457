//! A wait that a server asks for.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use rollcall_model::resource_limits::ResourceLimit;

/// A wait that a server asks for, or the lifetime that it states for a token. Bounded, so that it can be added to any
/// time. Every number of a server that is a duration becomes one here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ServerWait(Duration);

/// Larger numbers are Unix times instead of seconds to wait; the value is in the year 2001.
const FIRST_UNIX_SECONDS: u64 = 1_000_000_000;

/// Larger numbers are Unix times in milliseconds instead of seconds.
const FIRST_UNIX_MILLISECONDS: u64 = FIRST_UNIX_SECONDS * 1_000;

impl ServerWait {
    /// A wait of so many seconds.
    pub(super) fn from_seconds(seconds: u64) -> Self {
        Self::bounded(Duration::from_secs(seconds))
    }

    /// The wait until a number that is either seconds to wait or a Unix time in seconds or milliseconds.
    pub(super) fn from_reset(number: u64, now: SystemTime) -> Self {
        let since_1970 = match number {
            ..FIRST_UNIX_SECONDS => return Self::from_seconds(number),
            FIRST_UNIX_SECONDS..FIRST_UNIX_MILLISECONDS => Duration::from_secs(number),
            FIRST_UNIX_MILLISECONDS.. => Duration::from_millis(number),
        };
        match SystemTime::UNIX_EPOCH.checked_add(since_1970) {
            Some(until) => Self::until(until, now),
            None => Self::bounded(since_1970),
        }
    }

    /// The wait until a time; none if it is over.
    pub(super) fn until(until: SystemTime, now: SystemTime) -> Self {
        Self::bounded(until.duration_since(now).unwrap_or_default())
    }

    fn bounded(wait: Duration) -> Self {
        let most = Duration::from_secs(ResourceLimit::ServerWaitSeconds.default_value());
        if wait > most {
            ResourceLimit::ServerWaitSeconds.record_reached();
        }
        Self(wait.min(most))
    }

    /// The wait as a duration.
    pub(super) fn duration(self) -> Duration {
        self.0
    }

    /// The wait, shorter by a margin.
    pub(super) fn without(self, margin: Duration) -> Self {
        Self(self.0.saturating_sub(margin))
    }

    /// The end of a wait that begins now.
    pub(super) fn end(self, now: Instant) -> Instant {
        now.checked_add(self.0).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;

    /// A reset is seconds, or a Unix time in seconds or milliseconds; every other number is the longest wait.
    #[test]
    fn every_number_is_a_bounded_wait() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(498_826);
        for (number, seconds) in [
            (0, 0),
            (30, 30),
            (DAY, DAY),
            (DAY + 1, DAY),
            (999_999_999, DAY),
            (1_000_000_000, 0),
            (1_795_773_611, 11),
            (1_795_773_599, 0),
            (1_795_773_611_000, 11),
            (1_795_773_000_000, 0),
            (1_795_773_611_000_000, DAY),
            (u64::MAX - 1, DAY),
            (u64::MAX, DAY),
        ] {
            let wait = ServerWait::from_reset(number, now);
            assert_eq!(wait.duration(), Duration::from_secs(seconds), "{number}");
            let begin = Instant::now();
            assert_eq!(wait.end(begin) - begin, wait.duration(), "{number}");
        }
        assert_eq!(ServerWait::from_seconds(u64::MAX).duration().as_secs(), DAY);
        assert_eq!(ServerWait::from_seconds(30).without(Duration::from_mins(1)).duration(), Duration::ZERO);
    }
}
