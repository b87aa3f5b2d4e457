//! An expression tried out on everybody as they were last read: whom a rule of it would match, and what would change
//! in a group. Nothing here writes.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::enrollment::change::When;
use crate::model::attributes::Attribute;
use crate::model::ids::{ConnectorId, GroupId, LearnerId};
use crate::model::names::RuleName;
use crate::model::people::People;
use crate::model::population::{Fate, Learner, Population, Who, from_json};
use crate::model::roll::Roll;
use crate::model::rule::{BadExpression, Condition, Rule};
use crate::model::status::Status;
use crate::model::template::Template;
use crate::model::values::Cell;
use crate::planner::snapshot::ManualPerson;
use crate::planner::{ConnectorRecord, connector_bit, manual_cells, merge_records};
use crate::store::persons::{self, Record};
use crate::store::{Result, Tx, connectors, learners, listing};
use crate::sync::File;

/// Somebody whom an answer names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The number.
    pub id: LearnerId,
    /// The address, or the id where there is none.
    pub email: String,
    /// The name.
    pub name: String,
}

/// Some people, by name, and how many there are in all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Share {
    /// How many.
    pub count: usize,
    /// The first of them.
    pub first: Vec<Named>,
}

/// Whom an expression matches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Whoever matches.
    pub matching: Share,
    /// Whom it could not be decided for.
    pub undecided: Share,
    /// Why not, of the first.
    pub why: Option<String>,
    /// Whoever matches and is not in the group, where one was given.
    pub coming: Share,
    /// Whoever is in the group and does not match.
    pub going: Share,
}

/// Tries an expression out; `most` are named of each list, by name.
///
/// # Errors
/// When the database refuses; the inner error is what is wrong with the expression.
pub async fn try_out(
    tx: &mut Tx,
    file: File<'_>,
    when: When,
    text: &str,
    group: Option<GroupId>,
    most: usize,
) -> Result<std::result::Result<Answer, Vec<BadExpression>>> {
    let condition = match Condition::compile(text, file.attributes) {
        Ok(condition) => condition,
        Err(mistakes) => return Ok(Err(mistakes)),
    };
    let one_group = Template::parse("try-out", file.attributes).expect("a name without braces is a template");
    let rule = Rule::new(RuleName::new("try-out"), text.to_owned(), one_group, condition);
    let population = as_last_read(tx, file).await?;
    let roll = Roll::call(&[rule], &population, &file.connector_names(), when.today);
    let matching: FxHashSet<Who> = roll.members.iter().map(|(_, who)| *who).collect();
    let undecided: FxHashSet<Who> = roll.undecided.iter().map(|(_, who, _)| *who).collect();
    let mut answer = Answer {
        why: roll.undecided.first().map(|(_, _, why)| why.clone()),
        matching: some(&population, matching.iter().copied(), most),
        undecided: some(&population, undecided.iter().copied(), most),
        ..Answer::default()
    };
    if let Some(group) = group {
        let members: FxHashSet<i64> = listing::members::numbers(tx, group).await?.into_iter().collect();
        let is_member = |who: &Who| population.learner(*who).id.is_some_and(|id| members.contains(&id.0));
        let coming = matching.iter().copied().filter(|who| !is_member(who));
        answer.coming = some(&population, coming, most);
        let going = population
            .everybody()
            .filter(|who| is_member(who) && !matching.contains(who) && !undecided.contains(who));
        answer.going = some(&population, going, most);
    }
    Ok(Ok(answer))
}

fn some(population: &Population, all: impl Iterator<Item = Who>, most: usize) -> Share {
    let mut named: Vec<Named> = all
        .filter_map(|who| {
            let email = population.first(who, Attribute::EMAIL);
            Some(Named {
                id: population.learner(who).id?,
                email: if email.is_empty() { population.first(who, Attribute::ID) } else { email }.to_owned(),
                name: population.name(who),
            })
        })
        .collect();
    named.sort_by(|a, b| (&a.name, a.id.0).cmp(&(&b.name, b.id.0)));
    let count = named.len();
    named.truncate(most);
    Share { count, first: named }
}

/// Everybody with access, with the attributes that every connector's last good reading gives and the state of now.
async fn as_last_read(tx: &mut Tx, file: File<'_>) -> Result<Population> {
    let places: FxHashMap<ConnectorId, usize> = connectors::list(tx)
        .await?
        .into_iter()
        .filter_map(|row| {
            let place = file.connectors.iter().position(|one| one.name.as_str() == row.name)?;
            Some((ConnectorId(row.id), place))
        })
        .collect();
    let place = |record: &Record| places.get(&record.connector_id).copied().unwrap_or(usize::MAX);
    let mut records: Vec<Record> = Vec::new();
    persons::all_present(tx, |record| records.push(record)).await?;
    records.sort_by_key(|record| (record.learner_id.0, place(record)));
    let states: FxHashMap<LearnerId, Status> = learners::states(tx).await?.into_iter().collect();
    let by_hand: Vec<ManualPerson> =
        learners::by_hand(tx).await?.into_iter().map(ManualPerson::from).collect();
    let mut population = Population::new(People::new(file.attributes));
    let mut seated: FxHashSet<LearnerId> = FxHashSet::default();
    for of_one in records.chunk_by(|a, b| a.learner_id == b.learner_id) {
        let id = of_one[0].learner_id;
        let values = &mut population.people.values;
        let words: Vec<Box<[Cell]>> =
            of_one.iter().map(|record| from_json(file.attributes, values, &record.attributes)).collect();
        let records: Vec<ConnectorRecord<'_>> = of_one
            .iter()
            .zip(&words)
            .map(|(record, cells)| ConnectorRecord { place: place(record), cells })
            .collect();
        let cells = merge_records(&records, file.attributes.len());
        let sources = records.iter().fold(0, |bits, record| bits | connector_bit(record.place));
        let status = states.get(&id).copied().unwrap_or(Status::Left);
        population.push(known(id, status, sources), Some(cells));
        seated.insert(id);
    }
    for one in by_hand.iter().filter(|one| !seated.contains(&one.learner)) {
        let cells = manual_cells(file.attributes, &mut population.people.values, one);
        population.push(known(one.learner, Status::Active, Learner::ADDED_BY_HAND), Some(cells));
    }
    Ok(population)
}

fn known(id: LearnerId, status: Status, sources: u64) -> Learner {
    Learner {
        id: Some(id),
        row: None,
        fate: Fate::Same,
        was: Some(status),
        status,
        sources,
        contested: false,
    }
}
