//! Trying again what is transient, and only that.

use std::time::Duration;

/// How long to go on trying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The most attempts, the first included.
    pub attempts: u32,
    /// No new attempt begins after this long.
    pub within: Duration,
}

impl Policy {
    /// For a command that somebody waits for: 3 attempts within 15 seconds.
    pub const TYPED: Policy = Policy { attempts: 3, within: Duration::from_secs(15) };
    /// For the service: 5 minutes.
    pub const SERVICE: Policy = Policy { attempts: u32::MAX, within: Duration::from_secs(300) };
}
