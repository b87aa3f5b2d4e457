//! The end of a run while its rules are evaluated.
//!
//! A run waits for nothing while it evaluates rules, so it cannot be dropped then. The evaluator asks the interrupt
//! instead, every few thousand steps.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::sync::SyncError;
use rollcall_model::names::ConnectorName;
use rollcall_model::resource_limits::{ResourceLimit, ResourceLimits};
use rollcall_rules::rule::Interrupt;

/// The reasons for which the evaluation of a run ends before its end. A reason that is there stays.
#[derive(Debug, Clone)]
pub(super) struct RunInterrupt {
    stop: CancellationToken,
    lost: CancellationToken,
    /// The end of the time of the run; `None` if the clock cannot reach it.
    deadline: Option<Instant>,
    minutes: u64,
}

impl RunInterrupt {
    /// A run that begins now. It ends with `stop`, which the user or the end of the process cancels, and with `lost`,
    /// which the loss of the lease cancels.
    pub(super) fn new(bounds: &ResourceLimits, stop: &CancellationToken, lost: &CancellationToken) -> Self {
        let deadline = Instant::now().checked_add(bounds.minutes(ResourceLimit::RunMinutes));
        let minutes = bounds.get(ResourceLimit::RunMinutes);
        Self { stop: stop.clone(), lost: lost.clone(), deadline, minutes }
    }

    /// The time until the deadline.
    pub(super) fn time_left(&self) -> Duration {
        self.deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Returns true if the run has to end.
    pub(super) fn is_due(&self) -> bool {
        self.stop.is_cancelled() || self.lost.is_cancelled() || self.time_left().is_zero()
    }

    /// The function that evaluations ask.
    pub(super) fn as_function(&self) -> Interrupt {
        let interrupt = self.clone();
        Arc::new(move || interrupt.is_due())
    }

    /// The error of a run that was interrupted.
    pub(super) fn error(&self, connector: &ConnectorName) -> SyncError {
        let connector = connector.clone();
        if self.lost.is_cancelled() {
            return SyncError::LeaseLost { connector };
        }
        if self.stop.is_cancelled() {
            return SyncError::Stopped { connector };
        }
        ResourceLimit::RunMinutes.record_reached();
        SyncError::DeadlineExceeded { connector, minutes: self.minutes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each reason ends the evaluation, with its own error.
    #[test]
    fn evaluation_ends_with_the_run() {
        let corp = ConnectorName::new("corp");
        let kind = |minutes, stopped: bool, lost: bool| {
            let (stop, lease) = (CancellationToken::new(), CancellationToken::new());
            let bounds = ResourceLimits::default().with(ResourceLimit::RunMinutes, minutes);
            let interrupt = RunInterrupt::new(&bounds, &stop, &lease);
            let function = interrupt.as_function();
            for (token, cancelled) in [(stop, stopped), (lease, lost)] {
                if cancelled {
                    token.cancel();
                }
            }
            function().then(|| interrupt.error(&corp).kind())
        };
        assert_eq!(kind(1, false, false), None);
        assert_eq!(kind(u64::MAX, false, false), None);
        assert_eq!(kind(1, true, false), Some("stopped"));
        assert_eq!(kind(1, true, true), Some("lease_lost"));
        assert_eq!(kind(0, false, false), Some("deadline_exceeded"));
    }
}
