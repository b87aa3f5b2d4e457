//! The kind and the status of a run, as they are recorded.

use crate::text_enum::text_enum;

text_enum! {
    /// Kind of a run.
    RunRecordKind {
        /// A sync of one connector.
        Sync = "sync",
        /// A manual change.
        Hand = "hand",
        /// Dates and tenure rules, acting on the people last read while a source cannot be read.
        Clock = "clock",
        /// An approval of held changes.
        Approval = "approval",
        /// An undo of another run.
        Undo = "undo",
    }
}

text_enum! {
    /// Status of a run.
    RunStatus {
        /// Under way, or ended by a kill.
        Running = "running",
        /// Committed.
        Applied = "applied",
        /// Nothing to do.
        Unchanged = "unchanged",
        /// Part of it waits; the rest is committed.
        Held = "held",
        /// Nothing was committed.
        Failed = "failed",
    }
}
