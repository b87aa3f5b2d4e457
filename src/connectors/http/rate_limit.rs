//! Limits the request rate and evaluates the waits that a server requests.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use tokio::time::Instant;

use crate::http::server_wait::ServerWait;

/// Limits the number of requests per second.
#[derive(Debug)]
pub(super) struct RateLimiter {
    between: Duration,
    turns: Mutex<RequestTurns>,
}

/// The times before which no request is sent.
#[derive(Debug)]
struct RequestTurns {
    /// By the rate limit of the settings.
    next: Instant,
    /// By the wait that the server asked for.
    requested: Instant,
}

impl RateLimiter {
    pub(super) fn new(requests_per_second: u32) -> Self {
        let now = Instant::now();
        Self {
            between: Duration::from_secs(1) / requests_per_second.max(1),
            turns: Mutex::new(RequestTurns { next: now, requested: now }),
        }
    }

    /// Waits until the next request may be sent. If the server asked for a wait that is longer than `most`, returns
    /// the wait at once instead.
    pub(super) async fn wait_for_turn(&self, most: Duration) -> Result<(), Duration> {
        let mine = {
            let mut turns = self.turns();
            let now = Instant::now();
            let requested = turns.requested.saturating_duration_since(now);
            if requested > most {
                return Err(requested);
            }
            let mine = turns.next.max(turns.requested).max(now);
            turns.next = mine + self.between;
            mine
        };
        tokio::time::sleep_until(mine).await;
        Ok(())
    }

    /// Delays all requests for this long.
    pub(super) fn delay_requests(&self, wait: ServerWait) {
        let mut turns = self.turns();
        turns.requested = turns.requested.max(wait.end(Instant::now()));
    }

    fn turns(&self) -> MutexGuard<'_, RequestTurns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The requested wait: `Retry-After` in seconds or as a date (RFC 9110 10.2.3), or the time at which the rate
/// limit resets, by the server's clock.
pub(super) fn requested_wait(headers: &HeaderMap) -> Option<ServerWait> {
    retry_after(headers).or_else(|| reset(headers))
}

/// The wait after a successful response that used up the rate limit.
pub(super) fn exhausted_wait(headers: &HeaderMap) -> Option<ServerWait> {
    let left =
        ["x-rate-limit-remaining", "x-ratelimit-remaining"].iter().find_map(|name| number(headers, name));
    if left == Some(0) { reset(headers) } else { None }
}

fn retry_after(headers: &HeaderMap) -> Option<ServerWait> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(ServerWait::from_seconds(seconds));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    Some(ServerWait::until(until, now(headers)))
}

fn reset(headers: &HeaderMap) -> Option<ServerWait> {
    let reset = ["x-rate-limit-reset", "x-ratelimit-reset"].iter().find_map(|name| number(headers, name))?;
    Some(ServerWait::from_reset(reset, now(headers)))
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// The server's clock, or the local clock if the server does not send its time.
fn now(headers: &HeaderMap) -> SystemTime {
    let told = headers.get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    told.unwrap_or_else(SystemTime::now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
            .collect()
    }

    #[test]
    fn a_wait_is_told_in_seconds_as_a_date_or_as_the_end_of_a_window() {
        let date = ("date", "Fri, 27 Nov 2026 10:00:00 GMT");
        let seconds = |lines: &[(&'static str, &str)]| {
            requested_wait(&headers(lines)).map(|wait| wait.duration().as_secs())
        };
        assert_eq!(seconds(&[("retry-after", "7")]), Some(7));
        assert_eq!(seconds(&[date, ("retry-after", "Fri, 27 Nov 2026 10:00:09 GMT")]), Some(9));
        assert_eq!(seconds(&[date, ("retry-after", "Fri, 27 Nov 2026 09:00:00 GMT")]), Some(0));
        assert_eq!(seconds(&[date, ("x-rate-limit-reset", "1795773611")]), Some(11));
        assert_eq!(seconds(&[("x-ratelimit-reset", "30")]), Some(30));
        assert_eq!(seconds(&[date, ("x-rate-limit-reset", "1795773611000")]), Some(11));
        assert_eq!(seconds(&[("retry-after", "18446744073709551615")]), Some(86_400));
        assert_eq!(seconds(&[("x-rate-limit-reset", "18446744073709551615")]), Some(86_400));
        assert_eq!(seconds(&[date, ("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT")]), Some(86_400));
        assert_eq!(seconds(&[("x-rate-limit-reset", "18446744073709551616")]), None);
        assert_eq!(seconds(&[("x-rate-limit-reset", "-1")]), None);
        assert_eq!(seconds(&[("retry-after", "soon")]), None);
        assert_eq!(
            exhausted_wait(&headers(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "3")]))
                .map(|wait| wait.duration().as_secs()),
            Some(3)
        );
        assert_eq!(
            exhausted_wait(&headers(&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "3")])),
            None
        );
    }

    #[tokio::test(start_paused = true)]
    async fn requests_keep_their_distance() {
        let pace = RateLimiter::new(4);
        let began = Instant::now();
        let most = Duration::from_secs(15);
        for _ in 0..5 {
            assert_eq!(pace.wait_for_turn(most).await, Ok(()));
        }
        assert_eq!(began.elapsed().as_millis(), 1_000);
        pace.delay_requests(ServerWait::from_seconds(3));
        assert_eq!(pace.wait_for_turn(most).await, Ok(()));
        assert_eq!(began.elapsed().as_secs(), 4);
    }

    /// A wait that is longer than allowed is not waited for, and does not shorten when another one follows.
    #[tokio::test(start_paused = true)]
    async fn longer_wait_than_allowed_is_refused_at_once() {
        let (pace, began) = (RateLimiter::new(4), Instant::now());
        pace.delay_requests(ServerWait::from_seconds(u64::MAX));
        pace.delay_requests(ServerWait::from_seconds(1));
        assert_eq!(pace.wait_for_turn(Duration::from_mins(5)).await, Err(Duration::from_hours(24)));
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
