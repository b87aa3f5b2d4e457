//! A whole directory, read to its proven end.

use crate::proof::CompletenessProof;
use rollcall_model::people::PeopleTable;
use rollcall_model::run_warning::RunWarning;

/// Everybody whom a source holds. Who is not in it is absent.
///
/// There is no way to make one without the source's proof of completeness:
///
/// ```compile_fail,E0451
/// fn half(people: rollcall_model::people::People) -> rollcall_connectors::Reading {
///     rollcall_connectors::Reading { people, problems: Vec::new() }
/// }
/// ```
#[derive(Debug)]
pub struct DirectoryReading {
    people: PeopleTable,
    problems: Vec<RunWarning>,
}

impl DirectoryReading {
    /// Consumes the proof: these people are all there are.
    pub(super) fn complete(people: PeopleTable, problems: Vec<RunWarning>, proof: CompletenessProof) -> Self {
        proof.consume();
        Self { people, problems }
    }

    /// The people, for looking at.
    #[must_use]
    pub fn people(&self) -> &PeopleTable {
        &self.people
    }

    /// The people, and what was noticed about their values. What was set aside is known to the people themselves, by
    /// [`PeopleTable::set_aside_problems`].
    #[must_use]
    pub fn into_parts(self) -> (PeopleTable, Vec<RunWarning>) {
        (self.people, self.problems)
    }
}
