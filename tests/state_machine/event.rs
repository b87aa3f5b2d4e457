//! What can happen, drawn by lot.

use crate::crash::SeededRng;

/// The kinds of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventKind {
    Hire,
    Leave,
    Change,
    Rule,
    FileAssignment,
    Sync,
    AllowRemovals,
    Drain,
    Pass,
    Add,
    Remove,
    Lift,
    Create,
    Rename,
    Delete,
    Restore,
    Assign,
    Unassign,
    Complete,
    Approve,
    Reject,
    Undo,
    Suspend,
    LiftSuspension,
}

/// How often each happens.
pub(super) const WEIGHTS: [(EventKind, usize); 24] = [
    (EventKind::Hire, 5),
    (EventKind::Leave, 8),
    (EventKind::Change, 9),
    (EventKind::Rule, 4),
    (EventKind::FileAssignment, 3),
    (EventKind::Sync, 18),
    (EventKind::AllowRemovals, 3),
    (EventKind::Drain, 4),
    (EventKind::Pass, 2),
    (EventKind::Add, 3),
    (EventKind::Remove, 4),
    (EventKind::Lift, 2),
    (EventKind::Create, 1),
    (EventKind::Rename, 1),
    (EventKind::Delete, 3),
    (EventKind::Restore, 3),
    (EventKind::Assign, 4),
    (EventKind::Unassign, 3),
    (EventKind::Complete, 2),
    (EventKind::Approve, 5),
    (EventKind::Reject, 4),
    (EventKind::Undo, 5),
    (EventKind::Suspend, 3),
    (EventKind::LiftSuspension, 3),
];

/// One event; what the numbers choose depends on what is there when it happens.
#[derive(Debug, Clone, Copy)]
pub(super) struct ModelEvent {
    pub what: EventKind,
    pub a: usize,
    pub b: usize,
    pub c: usize,
}

/// So many events.
pub(super) fn random_history(dice: &mut SeededRng, length: usize) -> Vec<ModelEvent> {
    let all: usize = WEIGHTS.iter().map(|(_, weight)| weight).sum();
    let mut event = || {
        let mut lot = dice.next_below(all);
        let what = WEIGHTS.iter().find(|(_, weight)| {
            let found = lot < *weight;
            lot = lot.wrapping_sub(*weight);
            found
        });
        let what = what.expect("the lot is below the sum").0;
        ModelEvent { what, a: dice.next_below(1_000), b: dice.next_below(1_000), c: dice.next_below(1_000) }
    };
    (0..length).map(|_| event()).collect()
}
