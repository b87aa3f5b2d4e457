//! Giving everybody a seat: who of the reading, of the absent and of those added by hand is which learner, in which
//! state, with which attributes.

use chrono::NaiveDate;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::attributes::{Attribute, Attributes};
use crate::model::identity::{KnownPerson, Match};
use crate::model::ids::LearnerId;
use crate::model::people::Row;
use crate::model::population::{Account, Fate, Learner, Population, Who, date, from_json};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::status::{Standing, Status};
use crate::model::values::{Cell, Values};
use crate::store::learners::ByHand;
use crate::store::persons::Record;
use crate::sync::File;
use crate::sync::gather::Gathered;
use crate::sync::withheld::Withheld;

/// A plan in the making: who has a seat so far.
pub(super) struct Draft<'a> {
    pub(super) file: File<'a>,
    pub(super) connector: usize,
    pub(super) gathered: &'a Gathered,
    pub(super) today: NaiveDate,
    pub(super) population: Population,
    pub(super) others: FxHashMap<LearnerId, Vec<&'a Record>>,
    pub(super) seats: FxHashMap<LearnerId, Who>,
    pub(super) problems: Vec<Problem>,
}

/// What one connector says of a learner.
struct Word {
    place: usize,
    present: bool,
    cells: Box<[Cell]>,
}

impl Draft<'_> {
    pub(super) fn seat_rows(
        &mut self,
        matches: &[Match],
        digests: &[i64],
        withheld: &Withheld,
    ) -> Vec<(Row, Who)> {
        let mut records = Vec::new();
        for (row, found) in (0..).zip(matches).filter(|(row, _)| !withheld.has_row(*row)) {
            let (id, was, fate) = match *found {
                Match::Known(person) if !person.present => {
                    (Some(person.learner), Some(person.status), Fate::New)
                }
                Match::Known(person) if person.digest != digests[row as usize] => {
                    (Some(person.learner), Some(person.status), Fate::Changed)
                }
                Match::Known(person) => (Some(person.learner), Some(person.status), Fate::Same),
                Match::Joined { learner, was } => (Some(learner), Some(was), Fate::New),
                Match::New { .. } => (None, None, Fate::New),
            };
            if let Match::New { instead_of: Some(_) } = found {
                let subject = self.population.people.id(row);
                let message = "the address belonged to somebody who left: made a new learner, who has it now";
                self.problems.push(Problem::new(ProblemKind::AddressHandedOn, subject, message));
            }
            let contested = matches!(found, Match::Known(person) if person.contested);
            let who = self.seat(id, Some(row), fate, was, contested);
            if fate != Fate::Same {
                records.push((row, who));
            }
        }
        records
    }

    /// Seats those whom the reading no longer holds; answers their ids, sorted.
    pub(super) fn seat_absentees(
        &mut self,
        protected: &FxHashSet<LearnerId>,
        withheld: &Withheld,
    ) -> Vec<String> {
        let people = &self.population.people;
        let gone = self.gathered.known.iter().filter(|(id, person)| {
            person.present
                && people.row(id).is_none()
                && !people.is_set_aside(id)
                && !withheld.has_id(id)
                && !protected.contains(&person.learner)
        });
        let mut gone: Vec<(&str, KnownPerson)> = gone.map(|(id, person)| (id, *person)).collect();
        gone.sort_unstable_by_key(|(id, _)| *id);
        for (_, person) in &gone {
            // A learner who came under a new id in the same reading has a seat.
            if !self.seats.contains_key(&person.learner) {
                self.seat(Some(person.learner), None, Fate::Absent, Some(person.status), person.contested);
            }
        }
        gone.into_iter().map(|(id, _)| id.to_owned()).collect()
    }

    pub(super) fn seat_hand_made(&mut self) {
        for one in &self.gathered.by_hand {
            if self.seats.contains_key(&one.id) {
                continue;
            }
            let cells = cells_by_hand(self.file.attributes, &mut self.population.people.values, one);
            let learner = Learner {
                id: Some(one.id),
                row: None,
                fate: Fate::None,
                was: Some(Status::Active),
                status: Status::Active,
                sources: Learner::ADDED_BY_HAND,
                contested: false,
            };
            let who = self.population.push(learner, Some(cells));
            self.seats.insert(one.id, who);
        }
    }

    /// Seats one learner, with the state and the attributes that follow from what all connectors say.
    fn seat(
        &mut self,
        id: Option<LearnerId>,
        row: Option<Row>,
        fate: Fate,
        was: Option<Status>,
        contested: bool,
    ) -> Who {
        let records = id.and_then(|id| self.others.get(&id)).map_or(&[][..], Vec::as_slice);
        let alone = records.is_empty();
        let mut words: Vec<Word> = records
            .iter()
            .map(|record| Word {
                place: self.gathered.places.get(&record.connector_id).copied().unwrap_or(usize::MAX),
                present: record.present,
                cells: from_json(
                    self.file.attributes,
                    &mut self.population.people.values,
                    &record.attributes,
                ),
            })
            .collect();
        if let (Some(row), false) = (row, alone) {
            let cells = self.population.people.cells(row).into();
            words.push(Word { place: self.connector, present: true, cells });
        }
        words.retain(|word| word.present);
        words.sort_by_key(|word| word.place);
        let people = &self.population.people;
        let (status, sources, merged) = match (row, alone) {
            (Some(row), true) => {
                let cells = people.cells(row);
                (self.status(&[(self.connector, cells)]), bit(self.connector), None)
            }
            (Some(_) | None, _) => {
                let said: Vec<(usize, &[Cell])> =
                    words.iter().map(|word| (word.place, &*word.cells)).collect();
                let account = Account { cells: said.iter().map(|(_, cells)| *cells).collect() };
                let merged = (!said.is_empty()).then(|| account.merge(self.file.attributes.len()));
                (self.status(&said), said.iter().fold(0, |mask, (place, _)| mask | bit(*place)), merged)
            }
        };
        let who = self.population.push(Learner { id, row, fate, was, status, sources, contested }, merged);
        if let Some(id) = id {
            self.seats.insert(id, who);
        }
        who
    }

    /// The state today, from what the connectors that hold the person say, in the order of the file.
    fn status(&self, said: &[(usize, &[Cell])]) -> Status {
        if said.is_empty() {
            return Status::Left;
        }
        let values = &self.population.people.values;
        let connector = |place: usize| self.file.connectors.get(place);
        let of_status = said.iter().find(|(place, _)| {
            connector(*place).is_some_and(|connector| connector.mapping.maps(Attribute::STATUS))
        });
        let standing = of_status.map_or(Standing::Active, |(_, cells)| {
            Standing::read(values.first(cells[Attribute::STATUS.index()]))
        });
        let first_date = |attribute| {
            said.iter().find_map(|(place, cells)| Some((*place, date(values, cells, attribute)?)))
        };
        let start = first_date(Attribute::START_DATE);
        let prehire_days =
            start.and_then(|(place, _)| connector(place)).map_or(0, |connector| connector.prehire_days);
        let end = first_date(Attribute::END_DATE).map(|(_, end)| end);
        Status::on(self.today, standing, start.map(|(_, start)| start), end, prehire_days)
    }
}

/// What is known of somebody who was added by hand.
pub(super) fn cells_by_hand(attributes: &Attributes, values: &mut Values, one: &ByHand) -> Box<[Cell]> {
    let mut cells = vec![Cell::EMPTY; attributes.len()].into_boxed_slice();
    cells[Attribute::EMAIL.index()] = values.intern(one.email.as_deref().unwrap_or(""));
    cells[Attribute::NAME.index()] = values.intern(&one.name);
    cells
}

/// The bit of a connector; those that the file no longer has share one.
pub(super) fn bit(place: usize) -> u64 {
    if place < 62 { 1 << place } else { Learner::STRUCK }
}
