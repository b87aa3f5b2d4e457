//! From a reading and what the database knows to a population and a plan.

use chrono::NaiveDate;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::attributes::Attribute;
use crate::model::identity::{Holder, KnownPerson, Match, resolve};
use crate::model::ids::{ConnectorId, LearnerId};
use crate::model::names::{RuleName, fold};
use crate::model::people::{People, Row, digest, digest_order};
use crate::model::plan::{Plan, Today};
use crate::model::population::{Account, Fate, Learner, Population, Who, date, from_json, to_json};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::roll::Roll;
use crate::model::status::{Standing, Status};
use crate::model::values::Cell;
use crate::store::persons::Record;
use crate::store::{Result, Tx, learners, persons};
use crate::sync::File;
use crate::sync::catalogue::{self, CataloguePlan};
use crate::sync::gather::Gathered;

/// What a source said: everybody, or some people of whom it knows.
#[derive(Debug)]
pub struct Seen {
    /// The people.
    pub people: People,
    /// Whether who is not among them is absent. Only [`Seen::all`] says so, and only of a [`Reading`].
    complete: bool,
    /// What was noticed while reading.
    pub problems: Vec<Problem>,
}

impl Seen {
    /// A whole directory.
    #[must_use]
    pub fn all(reading: crate::connectors::Reading) -> Self {
        let (people, problems) = reading.into_parts();
        Self { people, complete: true, problems }
    }

    /// Some people; nothing follows for anybody else.
    #[must_use]
    pub fn some(people: People) -> Self {
        Self { people, complete: false, problems: Vec::new() }
    }
}

/// What is left of a [`Seen`] while its people are planned with.
#[derive(Debug)]
pub struct Remembered {
    complete: bool,
    problems: Vec<Problem>,
}

impl Seen {
    /// Keeps what is not in the people.
    #[must_use]
    pub fn remember(&self) -> Remembered {
        Remembered { complete: self.complete, problems: self.problems.clone() }
    }
}

impl Remembered {
    /// The same reading again, to be planned once more.
    #[must_use]
    pub fn restore(self, people: People) -> Seen {
        Seen { people, complete: self.complete, problems: self.problems }
    }
}

/// How a learner's row is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearnerWrite {
    /// The learner.
    pub who: Who,
    /// The address that the learner gets.
    pub address: Address,
}

/// What becomes of the address that the directory gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// There is none, or none that can be used.
    None,
    /// It is the learner's.
    Own,
    /// Somebody else holds it.
    Taken,
}

/// Everything that a run is about to do.
#[derive(Debug)]
pub struct Prepared {
    /// Everybody whom it is about.
    pub population: Population,
    /// The digest of each row.
    pub digests: Vec<i64>,
    /// Rows whose record is new or changed.
    pub records: Vec<(Row, Who)>,
    /// Ids that a complete reading no longer holds.
    pub absent: Vec<String>,
    /// Learners whose row changes.
    pub learners: Vec<LearnerWrite>,
    /// Learners of whom nothing but the leaving changes.
    pub leave: Vec<Who>,
    /// Groups and memberships.
    pub plan: Plan,
    /// Courses and assignments of the file.
    pub catalogue: CataloguePlan,
    /// What was noticed.
    pub problems: Vec<Problem>,
}

impl Prepared {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
            && self.absent.is_empty()
            && self.learners.is_empty()
            && self.leave.is_empty()
            && self.plan.is_empty()
            && self.catalogue.is_empty()
    }
}

struct Draft<'a> {
    file: File<'a>,
    connector: usize,
    gathered: &'a Gathered,
    today: NaiveDate,
    population: Population,
    others: FxHashMap<LearnerId, Vec<&'a Record>>,
    seats: FxHashMap<LearnerId, Who>,
    problems: Vec<Problem>,
}

/// What one connector says of a learner.
struct Word {
    place: usize,
    present: bool,
    cells: Box<[Cell]>,
}

/// Works out what a run of the file's connector number `connector` would do.
///
/// # Errors
/// When the database does not answer.
pub async fn prepare(
    tx: &mut Tx,
    file: File<'_>,
    connector: usize,
    gathered: &Gathered,
    seen: Seen,
    today: NaiveDate,
) -> Result<Prepared> {
    let id = gathered.connector.unwrap_or(ConnectorId(0));
    let Seen { people, complete, mut problems } = seen;
    problems.extend(people.set_aside_problems());
    let order = digest_order(file.attributes);
    let mut scratch = Vec::new();
    let digests: Vec<i64> = people
        .rows()
        .map(|row| digest(file.attributes, &order, &people.values, people.cells(row), &mut scratch))
        .collect();
    let holders = holders_of_new_addresses(tx, file, connector, gathered, &people, id).await?;
    let protected = protected(tx, &people, id).await?;
    let match_attribute = file.connectors[connector].match_attribute;
    let mut matches = resolve(&people, &gathered.known, &holders, match_attribute, complete);
    one_row_a_learner(&people, &mut matches);
    let mut others: FxHashMap<LearnerId, Vec<&Record>> = FxHashMap::default();
    for record in &gathered.others {
        others.entry(record.learner_id).or_default().push(record);
    }
    let of_joined = others_of_joined(tx, &matches, &others, id).await?;
    for record in &of_joined {
        others.entry(record.learner_id).or_default().push(record);
    }
    let population = Population::new(people);
    let seats = FxHashMap::default();
    let mut draft = Draft { file, connector, gathered, today, population, others, seats, problems };
    let records = draft.seat_rows(&matches, &digests);
    let absent = if complete { draft.seat_absentees(&protected) } else { Vec::new() };
    draft.seat_hand_made();
    let candidates = draft.candidates(tx).await?;
    let (learners, leave) = draft.addresses(tx, candidates, id).await?;
    let plan = draft.plan();
    let catalogue = catalogue::plan(file, gathered, &plan);
    let mut problems = draft.problems;
    problems.extend(plan.problems.iter().cloned());
    problems.extend(catalogue.problems.iter().cloned());
    problems.sort();
    problems.dedup();
    Ok(Prepared {
        population: draft.population,
        digests,
        records,
        absent,
        learners,
        leave,
        plan,
        catalogue,
        problems,
    })
}

/// Who holds the addresses that people with unknown ids bring, with what tells them from strangers.
async fn holders_of_new_addresses(
    tx: &mut Tx,
    file: File<'_>,
    connector: usize,
    gathered: &Gathered,
    people: &People,
    id: ConnectorId,
) -> Result<FxHashMap<String, Vec<Holder>>> {
    let mut by_address: FxHashMap<String, Vec<Holder>> = FxHashMap::default();
    if gathered.learners == 0 {
        return Ok(by_address);
    }
    let new = people.rows().filter(|&row| gathered.known.find(people.id(row)).is_none());
    let addresses: Vec<String> = new
        .map(|row| fold(people.first(row, Attribute::EMAIL)))
        .filter(|address| !address.is_empty())
        .collect();
    for row in learners::holders(tx, addresses, id).await? {
        let holders = by_address.entry(row.email_folded).or_default();
        let known_id = row.external_id.map(|external| (external, row.present.unwrap_or(false)));
        match holders.iter_mut().find(|holder| holder.learner == row.id) {
            Some(holder) => holder.ids.extend(known_id),
            None => holders.push(Holder {
                learner: row.id,
                status: Status::read(&row.status).unwrap_or(Status::Left),
                ids: known_id.into_iter().collect(),
                match_value: None,
            }),
        }
    }
    let Some(attribute) = file.connectors[connector].match_attribute else { return Ok(by_address) };
    let left: Vec<i64> = by_address
        .values()
        .flatten()
        .filter(|holder| holder.status == Status::Left)
        .map(|holder| holder.learner.0)
        .collect();
    let name = file.attributes.name(attribute);
    for record in persons::of_learners(tx, left).await? {
        let value = serde_json::from_str::<serde_json::Value>(&record.attributes)
            .ok()
            .and_then(|json| json.get(name)?.as_str().map(str::to_owned));
        let holders = by_address.values_mut().flatten();
        holders.filter(|holder| holder.learner == record.learner_id).for_each(|holder| {
            holder.match_value = holder.match_value.take().or_else(|| value.clone());
        });
    }
    Ok(by_address)
}

/// What other connectors say of learners whom this one meets only now.
async fn others_of_joined(
    tx: &mut Tx,
    matches: &[Match],
    others: &FxHashMap<LearnerId, Vec<&Record>>,
    id: ConnectorId,
) -> Result<Vec<Record>> {
    let joined = matches.iter().filter_map(|found| match found {
        Match::Joined { learner, .. } if !others.contains_key(learner) => Some(learner.0),
        Match::Joined { .. } | Match::Known(_) | Match::New { .. } => None,
    });
    let mut records = persons::of_learners(tx, joined.collect()).await?;
    records.retain(|record| record.connector_id != id);
    Ok(records)
}

/// Learners who came as records without an id: set aside, and not absent.
async fn protected(tx: &mut Tx, people: &People, id: ConnectorId) -> Result<FxHashSet<LearnerId>> {
    let addresses: Vec<String> = people.nameless_addresses().map(fold).collect();
    Ok(learners::holders(tx, addresses, id).await?.into_iter().map(|holder| holder.id).collect())
}

/// When an old id comes back beside the one that took its place, whoever was there at the last good reading stays.
fn one_row_a_learner(people: &People, matches: &mut [Match]) {
    let mut seats: FxHashMap<LearnerId, Row> = FxHashMap::default();
    for row in people.rows() {
        let (Match::Known(KnownPerson { learner, .. }) | Match::Joined { learner, .. }) =
            matches[row as usize]
        else {
            continue;
        };
        let Some(&other) = seats.get(&learner) else {
            seats.insert(learner, row);
            continue;
        };
        let rank = |row: Row| match matches[row as usize] {
            Match::Known(person) if person.present => (0, people.id(row)),
            Match::Known(_) => (1, people.id(row)),
            Match::Joined { .. } | Match::New { .. } => (2, people.id(row)),
        };
        let loser = if rank(row) < rank(other) { other } else { row };
        seats.insert(learner, if loser == row { other } else { row });
        matches[loser as usize] = Match::New { instead_of: None };
    }
}

/// Whose rows a run may have to write.
#[derive(Default)]
struct Candidates {
    /// Learners whose row may change.
    write: Vec<Who>,
    /// Those of them of whom nothing is new: somebody else has held their address so far.
    asking_again: FxHashSet<Who>,
    /// Learners of whom nothing but the leaving changes.
    leave: Vec<Who>,
}

impl Draft<'_> {
    fn seat_rows(&mut self, matches: &[Match], digests: &[i64]) -> Vec<(Row, Who)> {
        let mut records = Vec::new();
        for (row, found) in (0..).zip(matches) {
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
    fn seat_absentees(&mut self, protected: &FxHashSet<LearnerId>) -> Vec<String> {
        let people = &self.population.people;
        let gone = self.gathered.known.iter().filter(|(id, person)| {
            person.present
                && people.row(id).is_none()
                && !people.is_set_aside(id)
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

    fn seat_hand_made(&mut self) {
        let width = self.file.attributes.len();
        for one in &self.gathered.by_hand {
            if self.seats.contains_key(&one.id) {
                continue;
            }
            let mut cells = vec![Cell::EMPTY; width].into_boxed_slice();
            let values = &mut self.population.people.values;
            cells[Attribute::EMAIL.index()] = values.intern(one.email.as_deref().unwrap_or(""));
            cells[Attribute::NAME.index()] = values.intern(&one.name);
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

    async fn candidates(&self, tx: &mut Tx) -> Result<Candidates> {
        let population = &self.population;
        let merged = population.everybody().filter(|&who| {
            let learner = population.learner(who);
            population.is_merged(who) && learner.fate != Fate::None && learner.id.is_some()
        });
        let merged: Vec<(Who, LearnerId)> =
            merged.filter_map(|who| Some((who, population.learner(who).id?))).collect();
        let ids = merged.iter().map(|(_, id)| id.0).collect();
        let stored: FxHashMap<LearnerId, String> = learners::attributes(tx, ids).await?.into_iter().collect();
        let other_attributes: FxHashSet<Who> = merged
            .into_iter()
            .filter(|(who, id)| {
                let now = population
                    .cells(*who)
                    .map(|cells| to_json(self.file.attributes, &population.people.values, cells));
                let same = |stored: &String| now.as_deref().is_some_and(|now| same_json(now, stored));
                !stored.get(id).is_some_and(same)
            })
            .map(|(who, _)| who)
            .collect();
        let mut found = Candidates::default();
        for who in population.everybody() {
            let learner = population.learner(who);
            let moved = learner.was != Some(learner.status);
            let changed =
                matches!(learner.fate, Fate::Changed | Fate::New) || other_attributes.contains(&who);
            if population.cells(who).is_none() {
                if moved {
                    found.leave.push(who);
                }
            } else if learner.fate != Fate::None {
                let is_new = learner.id.is_none() || moved || changed;
                if is_new || learner.contested {
                    found.write.push(who);
                }
                if !is_new && learner.contested {
                    found.asking_again.insert(who);
                }
            }
        }
        Ok(found)
    }

    /// Decides who gets which address: who has it keeps it, then those who were here longest.
    async fn addresses(
        &mut self,
        tx: &mut Tx,
        Candidates { write, asking_again, leave }: Candidates,
        connector: ConnectorId,
    ) -> Result<(Vec<LearnerWrite>, Vec<Who>)> {
        let population = &self.population;
        let wanted: Vec<String> =
            write.iter().map(|&who| fold(population.first(who, Attribute::EMAIL))).collect();
        let competes = |who: Who| population.learner(who).status != Status::Left;
        let holders = if self.gathered.learners == 0 {
            Vec::new()
        } else {
            let wanted = wanted.iter().filter(|address| !address.is_empty()).cloned().collect();
            learners::holders(tx, wanted, connector).await?
        };
        let mut winners: FxHashMap<&str, Option<Who>> = FxHashMap::default();
        let wants: FxHashMap<Who, &str> =
            write.iter().zip(&wanted).map(|(&who, address)| (who, address.as_str())).collect();
        let leaving: FxHashSet<Who> = leave.iter().copied().collect();
        for holder in holders.iter().filter(|holder| holder.status != Status::Left.as_str()) {
            let address = holder.email_folded.as_str();
            match self.seats.get(&holder.id) {
                Some(who) if leaving.contains(who) || !competes(*who) => {}
                Some(who) if wants.get(who).is_some_and(|wanted| *wanted != address) => {}
                Some(who) => {
                    winners.insert(address, Some(*who));
                }
                None => {
                    winners.insert(address, None);
                }
            }
        }
        let mut order: Vec<usize> = (0..write.len()).collect();
        order.sort_unstable_by_key(|&at| {
            let learner = population.learner(write[at]);
            (learner.id.map_or(i64::MAX, |id| id.0), population.first(write[at], Attribute::ID))
        });
        for at in order {
            if competes(write[at]) && !wanted[at].is_empty() {
                winners.entry(&wanted[at]).or_insert(Some(write[at]));
            }
        }
        let mut decided = Vec::with_capacity(write.len());
        for (&who, address) in write.iter().zip(&wanted) {
            let address = match winners.get(address.as_str()) {
                _ if address.is_empty() => Address::None,
                Some(winner) if *winner != Some(who) && competes(who) => Address::Taken,
                Some(winner) if *winner != Some(who) => Address::None,
                Some(_) | None => Address::Own,
            };
            if address == Address::Taken {
                let subject = population.first(who, Attribute::ID);
                let message = "another learner holds the address: this one goes without";
                self.problems.push(Problem::new(ProblemKind::AddressTaken, subject, message));
            }
            let nothing_new = asking_again.contains(&who) && address == Address::Taken;
            if !nothing_new {
                decided.push(LearnerWrite { who, address });
            }
        }
        Ok((decided, leave))
    }

    fn plan(&self) -> Plan {
        let today = self.today();
        let names: Vec<RuleName> = self.file.rules.iter().map(|rule| rule.name.clone()).collect();
        let roll = Roll::call(self.file.rules, &self.population, &self.file.connector_names(), self.today);
        Plan::between(&today, &roll, &names, &self.population)
    }

    /// Today's memberships of those who have a seat.
    fn today(&self) -> Today {
        let gathered = self.gathered;
        let mut members = Vec::new();
        for (group, rule, learners) in &gathered.members {
            let ids = learners.split(' ').filter_map(|id| id.parse().ok()).map(LearnerId);
            members.extend(ids.filter_map(|id| Some((*group, *rule, *self.seats.get(&id)?))));
        }
        let resting = gathered.resting.iter();
        Today {
            groups: gathered.groups.clone(),
            rules: gathered.rules.clone(),
            links: gathered.links.clone(),
            members,
            resting: resting.filter_map(|(group, id)| Some((*group, *self.seats.get(id)?))).collect(),
            exclusions: gathered.exclusions.iter().copied().collect(),
        }
    }
}

/// The bit of a connector; those that the file no longer has share one.
fn bit(place: usize) -> u64 {
    if place < 62 { 1 << place } else { Learner::STRUCK }
}

/// PostgreSQL keeps JSON in an order and with spaces of its own.
fn same_json(one: &str, other: &str) -> bool {
    let read = |text| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || read(one) == read(other)
}
