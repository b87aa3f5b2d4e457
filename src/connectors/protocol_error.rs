//! The interface of the error enums of the protocols.

use std::borrow::Cow;
use std::error::Error;
use std::time::Duration;

use crate::attempt::ConnectorAttempt;

/// A cause that is only displayed.
pub type BoxedCause = Box<dyn Error + Send + Sync>;

/// The causes of one protocol.
pub(crate) trait ProtocolError: Error {
    /// The message: the cause together with what was attempted.
    fn describe(&self, attempt: &ConnectorAttempt) -> String;

    /// A stable word for scripts.
    fn kind(&self) -> &'static str;

    /// Returns whether a retry may succeed.
    fn is_transient(&self) -> bool;

    /// The next step for the operator, if there is one.
    fn hint(&self, attempt: &ConnectorAttempt) -> Option<Cow<'static, str>>;

    /// The wait that the source requests before the next attempt.
    fn wait(&self) -> Option<Duration> {
        None
    }
}
