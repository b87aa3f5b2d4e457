//! The request of an account or a user for a decision.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// A request for an approval or a retirement.
#[derive(Debug, Clone)]
pub struct ApprovalRequest {
    /// The user of the operating system, or the account.
    pub actor: String,
    /// The command.
    pub what: String,
    /// The maximum time to wait for another run of the same connector.
    pub patience: Duration,
    /// Cancels the request.
    pub stop: CancellationToken,
}
