//! The options of a run.

use std::time::Duration;

use rollcall_connectors::ReadContext;

/// The options of a run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The user of the operating system, or the schedule.
    pub actor: String,
    /// The command, or the reason of the run.
    pub what: String,
    /// Plan only, without the commit.
    pub dry_run: bool,
    /// Only the person with this address or id.
    pub only: Option<String>,
    /// Ignore the limits on removals for this run.
    pub allow_removals: bool,
    /// The maximum time to wait for another run of the same connector.
    pub patience: Duration,
    /// The options of the reading.
    pub reading: ReadContext,
}
