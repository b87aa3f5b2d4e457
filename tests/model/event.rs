//! What can happen, drawn by lot.

use crate::fire::Dice;

/// The kinds of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Hire,
    Leave,
    Change,
    Rule,
    FileAssignment,
    Sync,
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
}

/// How often each happens.
pub const WEIGHTS: [(What, usize); 21] = [
    (What::Hire, 5),
    (What::Leave, 8),
    (What::Change, 9),
    (What::Rule, 4),
    (What::FileAssignment, 3),
    (What::Sync, 18),
    (What::Drain, 4),
    (What::Pass, 1),
    (What::Add, 3),
    (What::Remove, 4),
    (What::Lift, 2),
    (What::Create, 1),
    (What::Rename, 1),
    (What::Delete, 3),
    (What::Restore, 3),
    (What::Assign, 4),
    (What::Unassign, 3),
    (What::Complete, 2),
    (What::Approve, 5),
    (What::Reject, 4),
    (What::Undo, 5),
];

/// One event; what the numbers choose depends on what is there when it happens.
#[derive(Debug, Clone, Copy)]
pub struct Event {
    pub what: What,
    pub a: usize,
    pub b: usize,
    pub c: usize,
}

/// So many events.
pub fn history(dice: &mut Dice, length: usize) -> Vec<Event> {
    let all: usize = WEIGHTS.iter().map(|(_, weight)| weight).sum();
    let mut event = || {
        let mut lot = dice.below(all);
        let what = WEIGHTS.iter().find(|(_, weight)| {
            let found = lot < *weight;
            lot = lot.wrapping_sub(*weight);
            found
        });
        let what = what.expect("the lot is below the sum").0;
        Event { what, a: dice.below(1_000), b: dice.below(1_000), c: dice.below(1_000) }
    };
    (0..length).map(|_| event()).collect()
}
