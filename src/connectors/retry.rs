//! Retries of transient errors.
//!
//! The `backoff` crate is not maintained and is required by name; it is used only in this file. It computes and
//! waits the jittered delays; the number and duration of attempts are limited here, so that a server cannot delay
//! a command indefinitely.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff;
use tokio::time::Instant;

use crate::{ConnectorError, ReadContext};
use rollcall_model::names::ConnectorName;

/// Limits of retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Maximum number of attempts, including the first.
    pub attempts: u32,
    /// No attempt starts after this time.
    pub within: Duration,
}

/// The first wait before jitter: about the restart time of a server.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// The maximum wait before jitter: allows ten attempts in the 5 minutes of the service.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl RetryPolicy {
    /// Policy of interactive commands: 3 attempts within 15 seconds.
    pub const INTERACTIVE: RetryPolicy = RetryPolicy { attempts: 3, within: Duration::from_secs(15) };
    /// Policy of a step whose result is displayed: one attempt.
    pub const SINGLE_ATTEMPT: RetryPolicy = RetryPolicy { attempts: 1, within: Duration::ZERO };
    /// Policy of the service: 5 minutes.
    pub const SERVICE: RetryPolicy = RetryPolicy { attempts: u32::MAX, within: Duration::from_mins(5) };

    /// Returns whether another attempt may start at `begins`, counted from the first attempt, after `made`
    /// attempts.
    fn allows(self, made: u32, begins: Duration) -> bool {
        made < self.attempts && begins <= self.within
    }
}

/// Makes attempts until one succeeds, fails permanently, or the policy ends.
///
/// Returns [`crate::ReadingError::Cancelled`] as soon as the context is cancelled; the current attempt is dropped.
pub(super) async fn retry<T, A, F>(
    connector: &ConnectorName,
    context: &ReadContext,
    mut attempt: A,
) -> Result<T, ConnectorError>
where
    A: FnMut() -> F,
    F: Future<Output = Result<T, ConnectorError>>,
{
    let tries = Attempts { policy: context.retry, made: AtomicU32::new(0), began: Instant::now() };
    let classified = || {
        let under_way = attempt();
        let tries = &tries;
        async move {
            under_way.await.map_err(|error| match error.wait() {
                _ if !error.is_transient() => backoff::Error::permanent(error),
                // `backoff` does not limit a requested wait.
                Some(wait) if tries.allow_another(wait) => backoff::Error::retry_after(error, wait),
                Some(wait) => backoff::Error::permanent(error.into_wait_exceeded(wait)),
                None => backoff::Error::transient(error),
            })
        }
    };
    let report = |error: ConnectorError, wait: Duration| {
        let seconds = wait.as_secs_f64();
        tracing::warn!(%connector, kind = error.kind(), seconds, "could not read the directory; retrying");
    };
    let attempts = backoff::future::retry_notify(CappedBackoff::new(&tries), classified, report);
    tokio::select! {
        biased;
        () = context.cancel.cancelled() => Err(ConnectorError::cancelled(connector)),
        outcome = attempts => outcome,
    }
}

/// Attempts made so far.
struct Attempts {
    policy: RetryPolicy,
    made: AtomicU32,
    began: Instant,
}

impl Attempts {
    /// Counts a failed attempt; returns whether another may start after this wait.
    fn allow_another(&self, wait: Duration) -> bool {
        let made = self.made.fetch_add(1, Ordering::Relaxed) + 1;
        self.policy.allows(made, self.began.elapsed().saturating_add(wait))
    }
}

/// Jittered waits that end when the policy ends.
struct CappedBackoff<'t> {
    tries: &'t Attempts,
    waits: ExponentialBackoff,
}

impl<'t> CappedBackoff<'t> {
    fn new(tries: &'t Attempts) -> Self {
        let waits = ExponentialBackoff {
            current_interval: FIRST_WAIT,
            initial_interval: FIRST_WAIT,
            multiplier: 2.0,
            max_interval: LONGEST_WAIT,
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        };
        Self { tries, waits }
    }
}

impl Backoff for CappedBackoff<'_> {
    fn next_backoff(&mut self) -> Option<Duration> {
        let wait = self.waits.next_backoff()?;
        self.tries.allow_another(wait).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::{ConnectorAttempt, NetworkError, ReadProgress, ReadingError};
    use rollcall_model::resource_limits::ResourceLimits;

    fn context(retry: RetryPolicy) -> ReadContext {
        let (cancel, progress) = (CancellationToken::new(), ReadProgress::default());
        ReadContext { cancel, progress, retry, limits: ResourceLimits::default(), last_file: None }
    }

    fn corp() -> ConnectorName {
        ConnectorName::new("corp")
    }

    fn transient() -> ConnectorError {
        ConnectorError::new(&corp(), ConnectorAttempt::Reading, NetworkError::ConnectionLost(None))
    }

    #[test]
    fn a_policy_ends_with_its_attempts_or_its_time() {
        let second = Duration::from_secs(1);
        assert!(RetryPolicy::INTERACTIVE.allows(2, second));
        assert!(!RetryPolicy::INTERACTIVE.allows(3, second));
        assert!(!RetryPolicy::INTERACTIVE.allows(1, 16 * second));
        assert!(RetryPolicy::SERVICE.allows(1000, 299 * second));
        assert!(!RetryPolicy::SERVICE.allows(1, 301 * second));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_transient_is_tried_as_often_as_the_policy_says() {
        let made = Cell::new(0);
        let outcome: Result<(), ConnectorError> =
            retry(&corp(), &context(RetryPolicy::INTERACTIVE), || async {
                made.set(made.get() + 1);
                Err(transient())
            })
            .await;
        assert_eq!((made.get(), outcome.expect_err("never succeeds").kind()), (3, "cut_off"));
    }

    #[tokio::test(start_paused = true)]
    async fn the_service_gives_up_after_five_minutes() {
        let began = Instant::now();
        let outcome: Result<(), ConnectorError> =
            retry(&corp(), &context(RetryPolicy::SERVICE), || async { Err(transient()) }).await;
        assert!(outcome.is_err());
        let took = began.elapsed();
        assert!((Duration::from_secs(200)..=Duration::from_mins(5)).contains(&took), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_wrong_for_good_is_tried_once() {
        let made = Cell::new(0);
        let outcome: Result<(), ConnectorError> = retry(&corp(), &context(RetryPolicy::SERVICE), || async {
            made.set(made.get() + 1);
            let cause = ReadingError::TooManyRejectedRecords { set_aside: 10, records: 20 };
            Err(ConnectorError::new(&corp(), ConnectorAttempt::Reading, cause))
        })
        .await;
        assert_eq!((made.get(), outcome.expect_err("never succeeds").kind()), (1, "set_aside"));
    }

    #[tokio::test(start_paused = true)]
    async fn cancelling_ends_the_waiting() {
        let context = context(RetryPolicy::SERVICE);
        let outcome: Result<(), ConnectorError> = retry(&corp(), &context, || async {
            context.cancel.cancel();
            Err(transient())
        })
        .await;
        assert_eq!(outcome.expect_err("cancelled").kind(), "cancelled");
    }
}
