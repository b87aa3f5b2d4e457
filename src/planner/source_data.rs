//! The people that a source returned: all of them, with proof, or some of them.

use crate::correlation::KnownPeople;
use rollcall_model::attributes::AttributeSet;
use rollcall_model::people::{PeopleTable, RowIndex, digest, digest_order};
use rollcall_model::run_warning::RunWarning;

/// The people of one reading.
#[derive(Debug)]
pub struct SourceData {
    /// The people.
    pub people: PeopleTable,
    /// True if people who are not in `people` are absent.
    complete: bool,
    /// The warnings of the reading.
    pub warnings: Vec<RunWarning>,
    /// The digest of each row; empty until it is needed.
    pub(crate) digests: Vec<i64>,
}

impl SourceData {
    /// Creates a full reading: a person who is not in it is absent. The caller has proof that the reading is complete.
    #[must_use]
    pub fn full(people: PeopleTable, warnings: Vec<RunWarning>) -> Self {
        Self { people, complete: true, warnings, digests: Vec::new() }
    }

    /// Creates a reading of some people; other people do not change.
    #[must_use]
    pub fn people(people: PeopleTable) -> Self {
        Self { people, complete: false, warnings: Vec::new(), digests: Vec::new() }
    }

    /// Returns true if people who are not in it are absent.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Returns the ids of known people who are missing from a full reading, sorted; empty for some people.
    #[must_use]
    pub fn absent_ids(&self, known: &KnownPeople) -> Vec<String> {
        if !self.complete {
            return Vec::new();
        }
        let absent = known.iter().filter(|(id, person)| {
            person.present && self.people.row(id).is_none() && !self.people.is_set_aside(id)
        });
        let mut absent: Vec<String> = absent.map(|(id, _)| id.to_owned()).collect();
        absent.sort_unstable();
        absent
    }

    pub(crate) fn restore(
        people: PeopleTable,
        complete: bool,
        warnings: Vec<RunWarning>,
        digests: Vec<i64>,
    ) -> Self {
        Self { people, complete, warnings, digests }
    }

    /// Computes the digest of each row, once.
    pub(crate) fn compute_digests(&mut self, attributes: &AttributeSet) {
        if self.digests.len() == self.people.len() {
            return;
        }
        self.digests = vec![0; self.people.len()];
        update_digests(attributes, &self.people, self.people.rows(), &mut self.digests);
    }
}

/// Computes the digests of some rows.
pub(crate) fn update_digests(
    attributes: &AttributeSet,
    people: &PeopleTable,
    rows: impl IntoIterator<Item = RowIndex>,
    digests: &mut [i64],
) {
    let order = digest_order(attributes);
    let mut scratch = Vec::new();
    for row in rows {
        digests[row as usize] = digest(attributes, &order, &people.values, people.cells(row), &mut scratch);
    }
}
