//! Who of a reading is known, and what tells the others from strangers.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::attributes::Attribute;
use crate::model::identity::{Holder, KnownPerson, Match};
use crate::model::ids::{ConnectorId, LearnerId};
use crate::model::names::fold;
use crate::model::people::{People, Row};
use crate::model::status::Status;
use crate::store::persons::Record;
use crate::store::{Result, Tx, learners, persons};
use crate::sync::File;
use crate::sync::gather::Gathered;

/// Who holds the addresses that people with unknown ids bring, with what tells them from strangers.
pub(super) async fn holders_of_new_addresses(
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
pub(super) async fn others_of_joined(
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
pub(super) async fn protected(tx: &mut Tx, people: &People, id: ConnectorId) -> Result<FxHashSet<LearnerId>> {
    let addresses: Vec<String> = people.nameless_addresses().map(fold).collect();
    Ok(learners::holders(tx, addresses, id).await?.into_iter().map(|holder| holder.id).collect())
}

/// When an old id comes back beside the one that took its place, whoever was there at the last good reading stays.
pub(super) fn one_row_a_learner(people: &People, matches: &mut [Match]) {
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

/// Whom the reading holds under a new id while the id at the last good reading has vanished from it.
pub(super) fn rekeyed(people: &People, matches: &[Match], gathered: &Gathered) -> Vec<(Row, LearnerId)> {
    let joined = (0..).zip(matches).filter_map(|(row, found)| match found {
        Match::Joined { learner, .. } => Some((row, *learner)),
        Match::Known(_) | Match::New { .. } => None,
    });
    let joined: Vec<(Row, LearnerId)> = joined.collect();
    if joined.is_empty() {
        return joined;
    }
    let vanished: FxHashSet<LearnerId> = gathered
        .known
        .iter()
        .filter(|(id, person)| person.present && people.row(id).is_none() && !people.is_set_aside(id))
        .map(|(_, person)| person.learner)
        .collect();
    joined.into_iter().filter(|(_, learner)| vanished.contains(learner)).collect()
}
