//! What happens to a change: it is made, it waits for approval, or an earlier decision keeps it from being made.

use crate::guard::{HeldChangeState, HoldCause};
use crate::ids::RunId;

/// What happens to one change of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Disposition {
    /// The commit makes it.
    Apply,
    /// It waits for approval.
    Hold(HoldCause),
    /// A person rejected it; the number is that of the rejection.
    Rejected(RunId),
    /// An undo took it back; the number is that of the undo.
    Reverted(RunId),
}

impl Disposition {
    /// Whether the change waits for approval.
    #[must_use]
    pub fn is_waiting(self) -> bool {
        match self {
            Self::Hold(_) => true,
            Self::Apply | Self::Rejected(_) | Self::Reverted(_) => false,
        }
    }

    /// The decision because of which the change is not made; none while it waits.
    #[must_use]
    pub fn decision(self) -> Option<RunId> {
        match self {
            Self::Rejected(run) | Self::Reverted(run) => Some(run),
            Self::Apply | Self::Hold(_) => None,
        }
    }

    /// The state in `held_changes`; none for a change that is made.
    #[must_use]
    pub fn state(self) -> Option<HeldChangeState> {
        match self {
            Self::Apply => None,
            Self::Hold(_) => Some(HeldChangeState::Held),
            Self::Rejected(_) => Some(HeldChangeState::Rejected),
            Self::Reverted(_) => Some(HeldChangeState::Undone),
        }
    }

    /// The cause that tables and pages show; none for a change that is made.
    #[must_use]
    pub fn cause(self) -> Option<HoldCause> {
        match self {
            Self::Apply => None,
            Self::Hold(cause) => Some(cause),
            Self::Rejected(_) => Some(HoldCause::Rejected),
            Self::Reverted(_) => Some(HoldCause::Undone),
        }
    }
}
