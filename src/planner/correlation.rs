//! Correlation: the learner of each person of a reading.
//!
//! The source's id decides. The address is used only for people with unknown ids. If an address was given to a new
//! colleague, the new person must not get the record of the former holder.

use std::fmt;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::population::full_name;
use crate::source_data::KnownAbsence;
use rollcall_model::attributes::Attribute;
use rollcall_model::ids::LearnerId;
use rollcall_model::interner::{Interner, Symbol};
use rollcall_model::names::fold;
use rollcall_model::people::{PeopleTable, RowIndex};
use rollcall_model::status::LearnerStatus;

/// The stored people of one connector.
#[derive(Debug, Clone, Default)]
pub struct KnownPeople {
    ids: Interner,
    persons: Vec<KnownPerson>,
}

/// A stored person of a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownPerson {
    /// The learner.
    pub learner: LearnerId,
    /// The digest of the attributes.
    pub digest: i64,
    /// True if the last good reading contained this person.
    pub present: bool,
    /// The learner's status.
    pub status: LearnerStatus,
    /// True if another learner holds the learner's address.
    pub contested: bool,
}

impl KnownPeople {
    /// Adds a person; each id may be added once.
    pub fn push(&mut self, id: &str, person: KnownPerson) {
        self.ids.intern(id);
        self.persons.push(person);
    }

    /// Returns the person with an id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&KnownPerson> {
        let cell = self.ids.find(id)?;
        self.persons.get(cell.index().checked_sub(1)?)
    }

    /// Iterates over all people with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &KnownPerson)> {
        self.ids.texts().zip(&self.persons)
    }

    /// The number of people.
    #[must_use]
    pub fn len(&self) -> usize {
        self.persons.len()
    }

    /// Returns true if there are no people.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.persons.is_empty()
    }
}

/// A learner who holds the address of a new person, or held it when leaving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailHolder {
    /// The learner.
    pub learner: LearnerId,
    /// The status.
    pub status: LearnerStatus,
    /// The learner's ids at this connector, each with true if the last good reading contained it.
    pub ids: Vec<(String, bool)>,
    /// The value of the connector's `match` attribute, if both exist.
    pub match_value: Option<String>,
    /// The folded names in this connector's records of the learner.
    pub names: Vec<String>,
}

/// The learner of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonMatch {
    /// The id is known.
    Known(KnownPerson),
    /// A new id for an existing learner.
    Joined {
        /// The learner.
        learner: LearnerId,
        /// The learner's status before.
        was: LearnerStatus,
    },
    /// A new learner.
    New {
        /// The learner who left, or leaves, with the same address and loses it.
        instead_of: Option<LearnerId>,
    },
}

/// What the learners of a reading are found with.
pub struct MatchContext<'a> {
    /// The stored people of the connector.
    pub known: &'a KnownPeople,
    /// The holders of each folded address.
    pub holders: &'a FxHashMap<String, Vec<EmailHolder>>,
    /// The connector's `match`.
    pub match_attribute: Option<Attribute>,
    /// The ids that are no longer in the source if they are not in the reading.
    pub absence: &'a KnownAbsence,
    /// Returns true if the record of a row says that the person left.
    pub has_left: &'a dyn Fn(RowIndex) -> bool,
    /// The former id of each id that was found to be a person's who returned.
    pub rehired: &'a FxHashMap<String, String>,
    /// The former id of each id without an address that differs from it only in leading zeros.
    pub renumbered: &'a FxHashMap<String, String>,
    /// The suspended people who are no longer in the source, by the value of the connector's `match`.
    pub suspended: &'a FxHashMap<String, KnownPerson>,
}

impl fmt::Debug for MatchContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MatchContext").field("match_attribute", &self.match_attribute).finish_non_exhaustive()
    }
}

/// Finds the learner of each row of a reading, in the order of the rows.
#[must_use]
pub fn match_people(people: &PeopleTable, context: &MatchContext<'_>) -> Vec<PersonMatch> {
    let mut matches: Vec<PersonMatch> = people
        .rows()
        .map(|row| {
            let person = context.known.find(people.id(row));
            person.map_or(PersonMatch::New { instead_of: None }, |person| PersonMatch::Known(*person))
        })
        .collect();
    if context.known.is_empty() && context.holders.is_empty() {
        return matches;
    }
    let mut new: Vec<RowIndex> =
        people.rows().filter(|&row| matches!(matches[row as usize], PersonMatch::New { .. })).collect();
    // The order of rows may differ between readings; the result must not depend on it.
    new.sort_unstable_by_key(|&row| people.id(row));
    let former = context.find_former_records(people, &new);
    let mut claimed: FxHashSet<LearnerId> = FxHashSet::default();
    for row in new {
        let found = context.find_learner(people, row, &former, &claimed);
        match found {
            PersonMatch::Joined { learner, .. } => {
                claimed.insert(learner);
            }
            PersonMatch::Known(_) | PersonMatch::New { .. } => {}
        }
        matches[row as usize] = found;
    }
    matches
}

impl MatchContext<'_> {
    /// Finds the learner of a row with an unknown id.
    fn find_learner(
        &self,
        people: &PeopleTable,
        row: RowIndex,
        former: &FxHashMap<Symbol, KnownPerson>,
        claimed: &FxHashSet<LearnerId>,
    ) -> PersonMatch {
        let joined =
            |person: &KnownPerson| PersonMatch::Joined { learner: person.learner, was: person.status };
        if let Some(person) = self.rehired.get(people.id(row)).and_then(|old| self.known.find(old)) {
            return joined(person);
        }
        let address = people.first(row, Attribute::EMAIL);
        let candidates = self.holders.get(&fold(address)).map_or(&[][..], Vec::as_slice);
        let mut left_behind = None;
        for holder in candidates.iter().filter(|holder| !claimed.contains(&holder.learner)) {
            if self.joins(people, row, holder) {
                return PersonMatch::Joined { learner: holder.learner, was: holder.status };
            }
            let leaves = self.has_left_here(people, holder) || self.vanished_now(people, holder);
            if holder.status == LearnerStatus::Left || leaves {
                left_behind = Some(holder.learner);
            }
        }
        let cell = self.match_attribute.map(|attribute| people.cell(row, attribute));
        let former = cell.and_then(|cell| former.get(&cell));
        let renumbered = || self.renumbered.get(people.id(row)).and_then(|old| self.known.find(old));
        let own_match = self.match_attribute.map(|attribute| people.first(row, attribute));
        let suspended = || own_match.and_then(|value| self.suspended.get(value));
        let former = former.or_else(renumbered).or_else(suspended);
        let former = former.filter(|one| !claimed.contains(&one.learner));
        former.map_or(PersonMatch::New { instead_of: left_behind }, joined)
    }

    /// Returns true if a row with an unknown id is the holder of its address.
    fn joins(&self, people: &PeopleTable, row: RowIndex, holder: &EmailHolder) -> bool {
        let own_match = self
            .match_attribute
            .map(|attribute| people.first(row, attribute))
            .filter(|value| !value.is_empty());
        let same_match = own_match.is_some() && own_match == holder.match_value.as_deref();
        let still_here = holder.ids.iter().any(|(id, _)| people.row(id).is_some() || people.is_set_aside(id));
        if still_here {
            // A suspended person whose former record says that the person left is known by the address alone.
            let is_known = same_match || holder.status == LearnerStatus::Suspended;
            return is_known && self.has_left_here(people, holder);
        }
        let other_match = own_match.is_some() && holder.match_value.is_some() && !same_match;
        // At first contact the address is all that is known.
        // A new name does not end a suspension.
        let is_named = || holder.status == LearnerStatus::Suspended || has_name(people, row, holder);
        let is_same = holder.ids.is_empty() || same_match || (!other_match && is_named());
        let vanished_now = self.vanished_now(people, holder);
        let other_present = holder.ids.iter().any(|(_, present)| *present) && !vanished_now;
        !other_present
            && match holder.status {
                // A suspended person who comes under a new id stays suspended.
                LearnerStatus::Upcoming
                | LearnerStatus::Active
                | LearnerStatus::Leave
                | LearnerStatus::Suspended => is_same,
                LearnerStatus::Left => (vanished_now && is_same) || same_match,
            }
    }

    /// Returns true if the last good reading contained the holder and this one does not.
    fn vanished_now(&self, people: &PeopleTable, holder: &EmailHolder) -> bool {
        let is_gone = |id: &str| people.row(id).is_none() && self.absence.includes(id);
        holder.ids.iter().any(|(id, present)| *present && is_gone(id))
    }

    /// Returns true if the reading has records of a learner and all of them say that the person left.
    fn has_left_here(&self, people: &PeopleTable, holder: &EmailHolder) -> bool {
        let mut rows = holder.ids.iter().filter_map(|(id, _)| people.row(id)).peekable();
        let is_here = rows.peek().is_some();
        is_here && rows.all(self.has_left) && !holder.ids.iter().any(|(id, _)| people.is_set_aside(id))
    }

    /// Returns the known people of the reading who left and who have the value of `match` of a row with an unknown id. A
    /// value that several of them have identifies none.
    fn find_former_records(&self, people: &PeopleTable, new: &[RowIndex]) -> FxHashMap<Symbol, KnownPerson> {
        let Some(attribute) = self.match_attribute else { return FxHashMap::default() };
        let cell = |row: RowIndex| people.cell(row, attribute);
        let wanted: FxHashSet<Symbol> =
            new.iter().map(|&row| cell(row)).filter(|cell| !cell.is_empty()).collect();
        if wanted.is_empty() {
            return FxHashMap::default();
        }
        let mut found: FxHashMap<Symbol, Option<KnownPerson>> = FxHashMap::default();
        for row in people.rows().filter(|&row| wanted.contains(&cell(row))) {
            let Some(person) = self.known.find(people.id(row)) else { continue };
            // Another record of the person that runs is not joined by a third one.
            let person = (self.has_left)(row).then_some(*person);
            found
                .entry(cell(row))
                .and_modify(|known| {
                    let is_same = known
                        .is_some_and(|known| person.is_some_and(|person| person.learner == known.learner));
                    if !is_same {
                        *known = None;
                    }
                })
                .or_insert(person);
        }
        found.into_iter().filter_map(|(cell, person)| Some((cell, person?))).collect()
    }
}

/// Returns true if a row and the holder of its address may have one name: all words of one are words of the other. A name
/// that is not known says nothing.
fn has_name(people: &PeopleTable, row: RowIndex, holder: &EmailHolder) -> bool {
    let own = fold(&full_name(&people.values, people.cells(row)));
    own.is_empty() || holder.names.is_empty() || holder.names.iter().any(|name| is_same_name(&own, name))
}

/// Returns true if all words of one folded name are words of the other. A name of signs alone is the same as itself only.
pub(crate) fn is_same_name(one: &str, other: &str) -> bool {
    let words = |name: &str| -> FxHashSet<String> {
        name.split(|sign: char| !sign.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (of_one, of_other) = (words(one), words(other));
    if of_one.is_empty() || of_other.is_empty() {
        return one == other;
    }
    of_one.is_subset(&of_other) || of_other.is_subset(&of_one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollcall_model::attributes::AttributeSet;

    fn reading(people: &[(&str, &str)]) -> PeopleTable {
        let attributes = AttributeSet::default();
        let mut table = PeopleTable::new(&attributes);
        for (id, email) in people {
            let mut cells = vec![Symbol::EMPTY; attributes.len()];
            cells[Attribute::ID.index()] = table.values.intern(id);
            cells[Attribute::EMAIL.index()] = table.values.intern(email);
            table.push(&cells, String::new);
        }
        table
    }

    fn holder(learner: i64, status: LearnerStatus, ids: &[(&str, bool)]) -> EmailHolder {
        let ids = ids.iter().map(|(id, present)| ((*id).to_owned(), *present)).collect();
        EmailHolder { learner: LearnerId(learner), status, ids, match_value: None, names: Vec::new() }
    }

    fn decide(people: &[(&str, &str)], holder: EmailHolder, complete: bool) -> PersonMatch {
        let mut known = KnownPeople::default();
        for (id, present) in &holder.ids {
            let person = KnownPerson {
                learner: holder.learner,
                digest: 0,
                present: *present,
                status: holder.status,
                contested: false,
            };
            known.push(id, person);
        }
        let holders = FxHashMap::from_iter([("ada@corp".to_owned(), vec![holder])]);
        let absence = if complete { KnownAbsence::All } else { KnownAbsence::Ids(Vec::new()) };
        let context = MatchContext {
            known: &known,
            holders: &holders,
            match_attribute: None,
            absence: &absence,
            has_left: &|_| false,
            rehired: &FxHashMap::default(),
            renumbered: &FxHashMap::default(),
            suspended: &FxHashMap::default(),
        };
        *match_people(&reading(people), &context).last().expect("a row")
    }

    #[test]
    fn a_new_person_joins_by_address_whatever_the_case() {
        let met = decide(&[("x", "ADA@corp")], holder(7, LearnerStatus::Active, &[]), true);
        assert_eq!(met, PersonMatch::Joined { learner: LearnerId(7), was: LearnerStatus::Active });
    }

    #[test]
    fn nobody_joins_a_colleague_who_is_still_there() {
        let people = [("old", "other@corp"), ("x", "ada@corp")];
        let met = decide(&people, holder(7, LearnerStatus::Active, &[("old", true)]), true);
        assert_eq!(met, PersonMatch::New { instead_of: None });
    }

    #[test]
    fn a_new_id_whose_old_one_vanished_in_the_same_reading_is_the_same_person() {
        let met = decide(&[("x", "ada@corp")], holder(7, LearnerStatus::Active, &[("old", true)]), true);
        assert_eq!(met, PersonMatch::Joined { learner: LearnerId(7), was: LearnerStatus::Active });
        let met = decide(&[("x", "ada@corp")], holder(7, LearnerStatus::Active, &[("old", true)]), false);
        assert_eq!(met, PersonMatch::New { instead_of: None });
    }

    #[test]
    fn an_address_handed_on_does_not_hand_on_the_record() {
        let met = decide(&[("x", "ada@corp")], holder(7, LearnerStatus::Left, &[("old", false)]), true);
        assert_eq!(met, PersonMatch::New { instead_of: Some(LearnerId(7)) });
    }

    #[test]
    fn a_name_in_another_order_or_with_more_words_is_the_same_name() {
        for (one, other) in
            [("ada king", "king, ada"), ("ada king", "ada mary king"), ("ada king", "ada king-noel")]
        {
            assert!(is_same_name(one, other) && is_same_name(other, one), "{one} {other}");
        }
        assert!(!is_same_name("anna berg", "anna holm") && !is_same_name("ada king", "bob king"));
        assert!(!is_same_name("-", "ada king") && !is_same_name("ada king", "?") && is_same_name("-", "-"));
    }

    #[test]
    fn two_new_people_with_one_address_join_it_once() {
        let met =
            decide(&[("b", "ada@corp"), ("a", "ada@corp")], holder(7, LearnerStatus::Active, &[]), true);
        assert_eq!(met, PersonMatch::Joined { learner: LearnerId(7), was: LearnerStatus::Active });
        let met =
            decide(&[("a", "ada@corp"), ("b", "ada@corp")], holder(7, LearnerStatus::Active, &[]), true);
        assert_eq!(met, PersonMatch::New { instead_of: None });
    }
}
