//! The guard: what one run may take away or make without being asked.
//!
//! It looks at a plan's effect, whatever caused it, and splits the plan: the suspicious part is *held*, the rest goes
//! through. [`effect`] works out who would lose what, [`before`] of how much while a hold waits, [`limits`] are those of the file, [`held`] names what was held,
//! why, and what changed. Nothing here reads or writes; [`crate::planner`] asks and acts.

pub mod before;
mod disposition;
pub mod effect;
pub mod held;
pub mod limits;

pub use before::{HoldBaseline, AccessTotals};
pub use disposition::Disposition;
pub use effect::PlanImpact;
pub use held::{HoldReport, HeldChange, HeldGroup, ChangeSubject, ChangeKind, HoldCause, ChangeKey, LimitExceeded};
pub use limits::{BadPercent, SafetyLimits, Percent};
