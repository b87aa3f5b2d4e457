//! The guard: the limits of what one run may remove or create without approval.
//!
//! The guard evaluates the effect of a plan and splits it: the suspicious part is *held*, the rest is applied.
//! `rollcall_planner::impact` computes the losses, [`hold_baseline`] contains the totals before a hold, [`limits`] the
//! limits of the file, and [`held_change`] the held changes with their reasons. This module does not perform I/O;
//! `rollcall_planner` applies it.

mod disposition;
pub mod held_change;
pub mod hold_baseline;
pub mod limits;

pub use disposition::Disposition;
pub use held_change::{
    ChangeKey, ChangeKind, ChangeSubject, HeldChangeState, HeldGroup, HoldCause, HoldReport, LimitExceeded,
    PlannedChange,
};
pub use hold_baseline::{AccessTotals, HoldBaseline};
pub use limits::{BadPercent, Percent, SafetyLimits};
