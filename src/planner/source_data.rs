//! The people that a source returned: all of them, with proof, or some of them.

use crate::correlation::KnownPeople;
use rollcall_model::attributes::AttributeSet;
use rollcall_model::people::{PeopleTable, RowIndex, digest, digest_order};
use rollcall_model::run_warning::RunWarning;

/// The people who are absent if a reading does not contain them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnownAbsence {
    /// All people: the reading is complete.
    All,
    /// The people with these ids: the source answered that it does not hold them.
    Ids(Vec<String>),
}

impl KnownAbsence {
    /// Returns true if a person with this id is absent if the reading does not contain the id.
    #[must_use]
    pub fn includes(&self, id: &str) -> bool {
        match self {
            Self::All => true,
            Self::Ids(ids) => ids.iter().any(|one| one == id),
        }
    }

    /// Returns true if nobody is absent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::All => false,
            Self::Ids(ids) => ids.is_empty(),
        }
    }
}

/// The people of one reading.
#[derive(Debug)]
pub struct SourceData {
    /// The people.
    pub people: PeopleTable,
    /// The known people who are not in `people` and are absent.
    absence: KnownAbsence,
    /// The warnings of the reading.
    pub warnings: Vec<RunWarning>,
    /// The digest of each row; empty until it is needed.
    pub(crate) digests: Vec<i64>,
}

impl SourceData {
    /// Creates a full reading: a person who is not in it is absent. The caller has proof that the reading is complete.
    #[must_use]
    pub fn full(people: PeopleTable, warnings: Vec<RunWarning>) -> Self {
        Self { people, absence: KnownAbsence::All, warnings, digests: Vec::new() }
    }

    /// Creates a reading of some people; other people do not change.
    #[must_use]
    pub fn people(people: PeopleTable) -> Self {
        Self::some(people, Vec::new(), Vec::new())
    }

    /// Creates a reading of some people. The source answered that it does not hold the people with the ids `gone`.
    #[must_use]
    pub fn some(people: PeopleTable, gone: Vec<String>, warnings: Vec<RunWarning>) -> Self {
        Self { people, absence: KnownAbsence::Ids(gone), warnings, digests: Vec::new() }
    }

    /// Returns true if people who are not in it are absent.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.absence == KnownAbsence::All
    }

    /// The people who are absent if they are not in it.
    #[must_use]
    pub fn absence(&self) -> &KnownAbsence {
        &self.absence
    }

    /// Returns the ids of known people who are missing from a full reading, sorted; empty for some people.
    #[must_use]
    pub fn absent_ids(&self, known: &KnownPeople) -> Vec<String> {
        if !self.is_complete() {
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
        absence: KnownAbsence,
        warnings: Vec<RunWarning>,
        digests: Vec<i64>,
    ) -> Self {
        Self { people, absence, warnings, digests }
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
