//! The confirmation of an undo that takes much from people.

use rollcall_model::guard::SafetyLimits;
use rollcall_model::ids::RunId;
use rollcall_store::undo::{self as changes, TakenAccess};
use rollcall_store::{Tx, learners};

use super::undo_error::UndoError;
use super::undo_impact::UndoImpact;

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
