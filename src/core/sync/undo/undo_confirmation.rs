//! The confirmation of an undo that takes much from people.

use rollcall_model::format::count;
use rollcall_model::guard::SafetyLimits;
use rollcall_model::ids::RunId;
use rollcall_store::undo::{self as changes, TakenAccess};
use rollcall_store::{Tx, learners};

use super::UndoError;

/// What an undo takes from people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UndoImpact {
    /// Memberships that end.
    pub memberships: u64,
    /// Enrollments that nothing else gives.
    pub enrollments: u64,
    /// People who lose one of them.
    pub people: u64,
}

impl UndoImpact {
    /// Names the numbers, as in "799 memberships and 416 enrollments of 400 people".
    #[must_use]
    pub fn in_words(&self) -> String {
        let memberships = count(self.memberships, "membership", "memberships");
        let enrollments = count(self.enrollments, "enrollment", "enrollments");
        format!("{memberships} and {enrollments} of {}", count(self.people, "person", "people"))
    }
}

/// Confirmation of an undo.
#[derive(Debug, Clone, Copy)]
pub enum UndoConfirmation<'a> {
    /// Confirmed by other means.
    Confirmed,
    /// By the number of the run: it must be right if it is given, and given if more ends than these limits allow.
    ByNumber(Option<&'a str>, &'a SafetyLimits),
}

impl UndoConfirmation<'_> {
    /// Checks the confirmation of the undo `undo` of `run`, after its changes are made and before they are committed.
    pub(super) async fn check(self, tx: &mut Tx, run: RunId, undo: RunId) -> Result<(), UndoError> {
        match self {
            Self::Confirmed => Ok(()),
            Self::ByNumber(Some(given), _) if given == run.to_string() => Ok(()),
            Self::ByNumber(Some(given), _) => Err(UndoError::OtherNumber { run, given: given.to_owned() }),
            Self::ByNumber(None, limits) => {
                let TakenAccess { memberships, enrollments, people } = changes::count_taken(tx, undo).await?;
                let impact = UndoImpact {
                    memberships: memberships.unsigned_abs(),
                    enrollments: enrollments.unsigned_abs(),
                    people: people.unsigned_abs(),
                };
                let learners = learners::count_with_access(tx).await?.unsigned_abs();
                if limits.needs_confirmation(impact.people, learners) {
                    return Err(UndoError::NumberNeeded { run, impact });
                }
                Ok(())
            }
        }
    }
}
