//! Limits the request rate and evaluates the waits that a server requests.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use tokio::time::Instant;

/// Limits the number of requests per second.
#[derive(Debug)]
pub(super) struct RateLimiter {
    between: Duration,
    next: Mutex<Instant>,
}

impl RateLimiter {
    pub(super) fn new(requests_per_second: u32) -> Self {
        Self {
            between: Duration::from_secs(1) / requests_per_second.max(1),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Waits until the next request may be sent.
    pub(super) async fn wait_for_turn(&self) {
        let mine = {
            let mut next = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let mine = (*next).max(Instant::now());
            *next = mine + self.between;
            mine
        };
        tokio::time::sleep_until(mine).await;
    }

    /// Delays all requests for this long.
    pub(super) fn delay_requests(&self, wait: Duration) {
        let mut next = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *next = (*next).max(Instant::now() + wait);
    }
}

/// Larger numbers are Unix times instead of seconds to wait; the value is in the year 2001.
const EPOCH: u64 = 1_000_000_000;

/// The requested wait: `Retry-After` in seconds or as a date (RFC 9110 10.2.3), or the time at which the rate
/// limit resets, by the server's clock.
pub(super) fn requested_wait(headers: &HeaderMap) -> Option<Duration> {
    retry_after(headers).or_else(|| reset(headers))
}

/// The wait after a successful response that used up the rate limit.
pub(super) fn exhausted_wait(headers: &HeaderMap) -> Option<Duration> {
    let left =
        ["x-rate-limit-remaining", "x-ratelimit-remaining"].iter().find_map(|name| number(headers, name));
    if left == Some(0) { reset(headers) } else { None }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    Some(until.duration_since(now(headers)).unwrap_or_default())
}

fn reset(headers: &HeaderMap) -> Option<Duration> {
    let reset = ["x-rate-limit-reset", "x-ratelimit-reset"].iter().find_map(|name| number(headers, name))?;
    if reset < EPOCH {
        return Some(Duration::from_secs(reset));
    }
    let until = SystemTime::UNIX_EPOCH + Duration::from_secs(reset);
    Some(until.duration_since(now(headers)).unwrap_or_default())
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
        let seconds =
            |lines: &[(&'static str, &str)]| requested_wait(&headers(lines)).map(|wait| wait.as_secs());
        assert_eq!(seconds(&[("retry-after", "7")]), Some(7));
        assert_eq!(seconds(&[date, ("retry-after", "Fri, 27 Nov 2026 10:00:09 GMT")]), Some(9));
        assert_eq!(seconds(&[date, ("retry-after", "Fri, 27 Nov 2026 09:00:00 GMT")]), Some(0));
        assert_eq!(seconds(&[date, ("x-rate-limit-reset", "1795773611")]), Some(11));
        assert_eq!(seconds(&[("x-ratelimit-reset", "30")]), Some(30));
        assert_eq!(seconds(&[("retry-after", "soon")]), None);
        assert_eq!(
            exhausted_wait(&headers(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "3")]))
                .map(|w| w.as_secs()),
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
        for _ in 0..5 {
            pace.wait_for_turn().await;
        }
        assert_eq!(began.elapsed().as_millis(), 1_000);
        pace.delay_requests(Duration::from_secs(3));
        pace.wait_for_turn().await;
        assert_eq!(began.elapsed().as_secs(), 4);
    }
}
