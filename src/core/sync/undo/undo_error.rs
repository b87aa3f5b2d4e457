//! The reasons why an undo is refused.

use rollcall_model::ids::RunId;

use super::undo_impact::UndoImpact;

/// The reason why an undo was refused.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum UndoError {
    #[error(transparent)]
    Store(#[from] rollcall_store::StoreError),
    #[error("run {run} does not exist")]
    NoRun { run: RunId },
    #[error("run {run} has not ended yet")]
    Running { run: RunId },
    #[error("run {run} suspended `{email}`, which only a restoration takes back")]
    Suspension { run: RunId, email: String },
    #[error("run {run} restored `{email}`, which only a suspension takes back")]
    Restoration { run: RunId, email: String },
    #[error("run {run} made no changes that can be undone")]
    Nothing { run: RunId, touched: Vec<String> },
    #[error(
        "undoing run {run} ends {}, which exceeds the safety limit; confirm by repeating the run's number",
        impact.in_words()
    )]
    NumberNeeded { run: RunId, impact: UndoImpact },
    #[error("`{given}` is not the number of run {run}")]
    OtherNumber { run: RunId, given: String },
}
