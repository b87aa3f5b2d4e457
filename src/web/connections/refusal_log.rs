//! Log of refused connections, bounded to one line a minute for each reason.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use rollcall_model::resource_limits::ResourceLimit;

/// Minimum time between two lines about the same bound.
const LINE_INTERVAL: Duration = Duration::from_mins(1);

/// Times of the last line for each reason.
#[derive(Debug, Default)]
pub(super) struct RefusalLog(Mutex<HashMap<&'static str, Instant>>);

impl RefusalLog {
    /// Counts a refusal and writes a line about it if none was written in the last minute.
    pub(super) fn record(&self, limit: ResourceLimit, from: Option<IpAddr>) {
        limit.record_reached();
        let name = limit.spec().name;
        if !self.is_due(name) {
            return;
        }
        let refused = limit.times_reached();
        match from {
            Some(from) => warn!(limit = name, %from, refused, "a connection reached a limit"),
            None => warn!(
                limit = name,
                refused, "all connections are in use: those that wait longest for their client end"
            ),
        }
    }

    /// Returns whether a line may be written.
    pub(super) fn is_due(&self, reason: &'static str) -> bool {
        let now = Instant::now();
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.get(reason).is_some_and(|last| now.duration_since(*last) < LINE_INTERVAL) {
            return false;
        }
        last.insert(reason, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_line_a_minute_for_each_reason() {
        let log = RefusalLog::default();
        assert!(log.is_due("connections"));
        assert!(!log.is_due("connections"));
        assert!(log.is_due("accept"));
        tokio::time::advance(LINE_INTERVAL).await;
        assert!(log.is_due("connections"));
    }
}
