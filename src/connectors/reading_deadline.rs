//! The end of the time of one reading.

use std::pin::Pin;

use crate::exceeded_limit::ExceededLimit;
use crate::{ConnectorAttempt, ConnectorError, ReadContext, ReadingError};
use rollcall_model::names::ConnectorName;
use rollcall_model::resource_limits::ResourceLimit;

/// The context of one reading, which ends with the time of the reading.
#[derive(Debug)]
pub(crate) struct ReadingDeadline {
    context: ReadContext,
}

impl ReadingDeadline {
    /// A deadline that starts with the reading.
    pub(crate) fn new(context: &ReadContext) -> Self {
        Self { context: ReadContext { cancel: context.cancel.child_token(), ..context.clone() } }
    }

    /// The context for the reading.
    pub(crate) fn context(&self) -> &ReadContext {
        &self.context
    }

    /// Waits for the reading, which fails if it has not ended in time. The reading is boxed, because it would enlarge
    /// every enclosing future.
    pub(crate) async fn wait_for<T>(
        &self,
        connector: &ConnectorName,
        reading: Pin<Box<impl Future<Output = Result<T, ConnectorError>>>>,
    ) -> Result<T, ConnectorError> {
        const LIMIT: ResourceLimit = ResourceLimit::ReadingMinutes;
        let limits = &self.context.limits;
        tokio::select! {
            biased;
            read = reading => read,
            () = tokio::time::sleep(limits.minutes(LIMIT)) => {
                // A file is read on a blocking thread, which ends by this.
                self.context.cancel.cancel();
                let cause = ReadingError::LimitExceeded(ExceededLimit::reached(LIMIT, limits.get(LIMIT)));
                Err(ConnectorError::new(connector, ConnectorAttempt::Reading, cause))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::ReadProgress;
    use crate::retry::RetryPolicy;
    use rollcall_model::resource_limits::ResourceLimits;

    /// A reading that never ends fails when its time is over, and everything that belongs to it is cancelled.
    #[tokio::test(start_paused = true)]
    async fn reading_without_end_fails_in_time() {
        let context = ReadContext {
            cancel: CancellationToken::new(),
            progress: ReadProgress::default(),
            retry: RetryPolicy::SERVICE,
            limits: ResourceLimits::default().with(ResourceLimit::ReadingMinutes, 7),
            last_file: None,
        };
        let (deadline, began) = (ReadingDeadline::new(&context), Instant::now());
        let endless = Box::pin(std::future::pending::<Result<(), ConnectorError>>());
        let error = deadline.wait_for(&ConnectorName::new("corp"), endless).await.expect_err("too long");
        assert_eq!(began.elapsed(), Duration::from_mins(7));
        assert_eq!(
            error.to_string(),
            "connector `corp`: the reading exceeds the limit `reading_minutes` of 7 minutes"
        );
        assert!(deadline.context().cancel.is_cancelled() && !context.cancel.is_cancelled());
    }
}
