//! From a reading and what the database knows to a population and a plan.
//!
//! [`pass`] works out what a reading asks for; [`crate::sync::guarded`] goes through it, as often as it takes to leave
//! out what must wait.

use chrono::NaiveDate;
use rustc_hash::FxHashMap;

use crate::model::attributes::Attribute;
use crate::model::guard::{BeforeHold, Held};
use crate::model::identity::{KnownPeople, resolve};
use crate::model::ids::{ConnectorId, LearnerId};
use crate::model::names::RuleName;
use crate::model::people::{People, Row, digest, digest_order};
use crate::model::plan::{Plan, Today};
use crate::model::population::{Learner, Population, Who};
use crate::model::problem::Problem;
use crate::model::roll::Roll;
use crate::model::values::Cell;
use crate::store::holds::Record;
use crate::store::runs::Charge;
use crate::store::{Result, Tx, persons};
use crate::sync::File;
use crate::sync::addresses::LearnerWrite;
use crate::sync::catalogue::{self, CataloguePlan};
use crate::sync::gather::Gathered;
use crate::sync::guarded::Policy;
use crate::sync::meeting::{
    holders_of_new_addresses, one_row_a_learner, others_of_joined, protected, rekeyed,
};
use crate::sync::seats::Draft;
use crate::sync::withheld::Withheld;

/// What a source said: everybody, or some people of whom it knows.
#[derive(Debug)]
pub struct Seen {
    /// The people.
    pub people: People,
    /// Whether who is not among them is absent. Only [`Seen::all`] says so, and only of a [`crate::connectors::Reading`].
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

    /// A whole directory as the last complete reading left it in the database, with what was held.
    #[must_use]
    pub(super) fn kept(people: People) -> Self {
        Self { people, complete: true, problems: Vec::new() }
    }

    /// The ids of known people whom a whole directory does not hold, sorted.
    #[must_use]
    pub(super) fn gone(&self, known: &KnownPeople) -> Vec<String> {
        if !self.complete {
            return Vec::new();
        }
        let gone = known.iter().filter(|(id, person)| {
            person.present && self.people.row(id).is_none() && !self.people.is_set_aside(id)
        });
        let mut gone: Vec<String> = gone.map(|(id, _)| id.to_owned()).collect();
        gone.sort_unstable();
        gone
    }

    /// Some people; nothing follows for anybody else.
    #[must_use]
    pub fn some(people: People) -> Self {
        Self { people, complete: false, problems: Vec::new() }
    }
}

/// What a plan is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The file.
    pub file: File<'a>,
    /// Which of its connectors.
    pub connector: usize,
    /// What the database knows.
    pub gathered: &'a Gathered,
    /// The day.
    pub today: NaiveDate,
    /// What may go through.
    pub policy: &'a Policy,
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
    /// Learners who are here already and come under a new id, and the row that says so.
    pub rekeyed: Vec<(Row, LearnerId)>,
    /// Groups and memberships.
    pub plan: Plan,
    /// Courses and assignments of the file.
    pub catalogue: CataloguePlan,
    /// What was noticed.
    pub problems: Vec<Problem>,
    /// What the reading asks for and will not be done.
    pub held: Held,
    /// What the reading says of people whose record stays as it was.
    pub held_records: Vec<Record>,
    /// What there was before this run, where it is the first of which something waits; its number is still to come.
    pub before_hold: Option<BeforeHold>,
    /// What goes that nobody has approved.
    pub charge: Charge,
    /// Whether the reading holds everybody.
    pub complete: bool,
    /// Values of the reading in whose place an older one stands.
    pub(super) replaced: Vec<(Row, Attribute, Cell)>,
    /// What was noticed while reading.
    pub(super) noticed: Vec<Problem>,
}

impl Prepared {
    /// Whether there is nothing to write, and nothing to write down as held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes_nothing() && self.held.changes.is_empty()
    }

    /// Whether people, groups, memberships, courses and assignments stay as they are.
    #[must_use]
    pub fn writes_nothing(&self) -> bool {
        self.records.is_empty()
            && self.absent.is_empty()
            && self.learners.is_empty()
            && self.leave.is_empty()
            && self.plan.is_empty()
            && self.catalogue.is_empty()
    }

    /// The reading again, to be planned once more, and what this plan made of it.
    #[must_use]
    pub(super) fn into_seen(self) -> (Seen, Plan, Vec<Learner>) {
        let (mut people, learners) = self.population.into_parts();
        for (row, attribute, cell) in self.replaced {
            people.replace(row, attribute, cell);
        }
        (Seen { people, complete: self.complete, problems: self.noticed }, self.plan, learners)
    }
}

/// Works out what a reading asks for, but for what is withheld: those people stay as they were last read.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn pass(tx: &mut Tx, ask: Ask<'_>, seen: Seen, withheld: &Withheld) -> Result<Prepared> {
    let Ask { file, connector, gathered, today, .. } = ask;
    let id = gathered.connector.unwrap_or(ConnectorId(0));
    let Seen { mut people, complete, problems: noticed } = seen;
    let mut problems = noticed.clone();
    problems.extend(people.set_aside_problems());
    let replaced = withheld.replace(&mut people);
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
    let rekeyed = if complete { rekeyed(&people, &matches, gathered) } else { Vec::new() };
    let mut others: FxHashMap<LearnerId, Vec<&persons::Record>> = FxHashMap::default();
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
    let records = draft.seat_rows(&matches, &digests, withheld);
    let absent = if complete { draft.seat_absentees(&protected, withheld) } else { Vec::new() };
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
        rekeyed,
        plan,
        catalogue,
        problems,
        held: Held::default(),
        held_records: Vec::new(),
        before_hold: None,
        charge: Charge::default(),
        complete,
        replaced,
        noticed,
    })
}

impl Draft<'_> {
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
