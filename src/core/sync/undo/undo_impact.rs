//! What an undo takes from people.

use rollcall_model::format::count;

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
