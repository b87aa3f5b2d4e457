//! The counts of an undo, and their sentence.

use rollcall_model::format::{count, thousands};
use rollcall_store::runs::RunCounts;

/// The counts of an undo.
#[derive(Debug, Default)]
pub struct UndoCounts {
    /// The number of the undo.
    pub run: i64,
    /// Memberships restored and ended, and jobs.
    pub counts: RunCounts,
    /// Learners whose status is as before the run.
    pub learners: u64,
    /// Those of them who lose access.
    pub learners_out: u64,
    /// Assignments that are as before the run.
    pub assignments: u64,
    /// Those of them that end.
    pub assignments_ended: u64,
    /// Groups that were restored or deleted.
    pub groups: u64,
    /// Completions that were reverted.
    pub completions: u64,
    /// Exclusions that were lifted or restored.
    pub exclusions: u64,
    /// Manual memberships of learners without access that were restored or ended.
    pub waiting: u64,
    /// What was changed after the run and stays as it is, one sentence each.
    pub touched: Vec<String>,
}

impl UndoCounts {
    pub(super) fn is_empty(&self, counts: RunCounts) -> bool {
        counts.memberships_added + counts.memberships_removed == 0
            && self.learners
                + self.assignments
                + self.groups
                + self.completions
                + self.exclusions
                + self.waiting
                == 0
    }

    /// Says what the undo restored and ended.
    #[must_use]
    pub fn in_words(&self) -> String {
        let back = self.learners.saturating_sub(self.learners_out);
        let restored = self.assignments.saturating_sub(self.assignments_ended);
        let mut parts = vec![
            count(self.counts.memberships_added, "membership restored", "memberships restored"),
            format!("{} ended", thousands(self.counts.memberships_removed)),
            count(back, "learner is back", "learners are back"),
        ];
        if self.learners_out > 0 {
            parts.push(count(self.learners_out, "learner has no access", "learners have no access"));
        }
        parts.push(count(restored, "assignment restored", "assignments restored"));
        if self.assignments_ended > 0 {
            parts.push(format!("{} ended", thousands(self.assignments_ended)));
        }
        parts.join(", ")
    }
}
