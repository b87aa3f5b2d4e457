//! The answer of a source to a question about one person.

use crate::directory_reading::DirectoryReading;
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::interner::Symbol;
use rollcall_model::names::fold;
use rollcall_model::people::PeopleTable;

/// A person whom a source is asked for.
#[derive(Debug, Clone, Copy)]
pub struct PersonQuery<'a> {
    /// An address or an id.
    pub text: &'a str,
    /// The ids that this connector has for the person.
    pub ids: &'a [String],
}

/// The records of one person, and the ids for which the source itself answered. Only this crate can create an answer: an
/// id counts as answered if the source sent its record, or said that there is none.
#[derive(Debug)]
pub struct PersonAnswer {
    people: PeopleTable,
    answered: Vec<String>,
    read: Option<u64>,
}

impl PersonQuery<'_> {
    /// The text, if it can be an id: it is not an address.
    fn own_id(&self) -> Option<String> {
        let text = self.text.trim();
        (!text.is_empty() && !text.contains('@')).then(|| text.to_owned())
    }

    /// Returns true if a record that was rejected may be the person's: it has the address or none. The id of such a record
    /// says nothing, so it may be anybody's who is asked for by an id.
    fn may_be_of_person(&self, people: &PeopleTable, cells: &[Symbol]) -> bool {
        let address = fold(people.values.first(cells[Attribute::EMAIL.index()]));
        address.is_empty() || address == fold(self.text) || self.own_id().is_some()
    }
}

impl PersonAnswer {
    /// Finds a person in a complete reading, which answers for every id.
    pub(super) fn of_reading(
        reading: DirectoryReading,
        query: PersonQuery<'_>,
        attributes: &AttributeSet,
    ) -> Self {
        let (everybody, _) = reading.into_parts();
        let (text, folded) = (query.text.trim(), fold(query.text));
        let values = &everybody.values;
        let people = everybody.select(attributes, |cells| {
            let id = values.text(cells[Attribute::ID.index()]);
            id == text
                || query.ids.iter().any(|known| known == id)
                || fold(values.first(cells[Attribute::EMAIL.index()])) == folded
        });
        let is_unclear = everybody.set_aside_records().any(|cells| query.may_be_of_person(&everybody, cells));
        let ids = query.ids.iter().filter(|id| !is_unclear && !everybody.is_set_aside(id));
        Self { people, answered: ids.cloned().collect(), read: Some(everybody.len() as u64) }
    }

    /// Creates an answer from the people with the address; `ids` are asked for next.
    pub(super) fn of_address(people: PeopleTable, query: PersonQuery<'_>) -> (Self, Vec<String>) {
        let mut ids: Vec<String> = query.ids.to_vec();
        if people.is_empty() {
            ids.extend(query.own_id().filter(|id| !query.ids.contains(id)));
        }
        ids.retain(|id| people.row(id).is_none());
        (Self { people, answered: Vec::new(), read: None }, ids)
    }

    /// Adds the answer for some ids; without a table the source cannot be asked by id.
    pub(super) fn add_ids(&mut self, ids: Vec<String>, found: &[PeopleTable]) {
        let asked = |id: &str| ids.iter().any(|one| one == id);
        // A source that answers with another person does not answer for the id.
        let is_exact = found.iter().all(|people| people.rows().all(|row| asked(people.id(row))));
        for people in found {
            self.people.add_missing(people);
        }
        if is_exact && !found.is_empty() {
            let is_clear = |id: &String| !found.iter().any(|people| people.is_set_aside(id));
            self.answered = ids.into_iter().filter(is_clear).collect();
        }
    }

    /// The number of people in the reading, if the source was read as a whole.
    #[must_use]
    pub fn people_read(&self) -> Option<u64> {
        self.read
    }

    /// The people who were found, and the ids for which the source answered.
    #[must_use]
    pub fn into_parts(self) -> (PeopleTable, Vec<String>) {
        (self.people, self.answered)
    }
}
