//! The guard: what one run may take away or make without being asked.
//!
//! It looks at a plan's effect, whatever caused it, and splits the plan: the suspicious part is *held*, the rest goes
//! through. `rollcall_planner::impact` works out who would lose what, [`hold_baseline`] of how much while a
//! hold waits, [`limits`] are those of the file, [`held_change`] names what was held_change, why, and what
//! changed. Nothing here reads or writes; `rollcall_planner` asks and acts.

mod disposition;
pub mod held_change;
pub mod hold_baseline;
pub mod limits;

pub use disposition::Disposition;
pub use held_change::{
    ChangeKey, ChangeKind, ChangeSubject, HeldChange, HeldGroup, HoldCause, HoldReport, LimitExceeded,
};
pub use hold_baseline::{AccessTotals, HoldBaseline};
pub use limits::{BadPercent, Percent, SafetyLimits};
