//! Stored people: as they were last read, with the held records of the latest full reading.

use rustc_hash::FxHashSet;

use rollcall_model::attributes::AttributeSet;
use rollcall_model::ids::{ConnectorId, LearnerId};
use rollcall_model::people::PeopleTable;
use rollcall_planner::population::from_json;
use rollcall_store::{Result, Tx, holds, persons};

/// Loads the people of a connector as they were last read.
///
/// # Errors
/// If the database fails.
pub(super) async fn load_people(
    tx: &mut Tx,
    attributes: &AttributeSet,
    connector: ConnectorId,
) -> Result<PeopleTable> {
    let mut people = PeopleTable::new(attributes);
    persons::for_each_present(tx, connector, |record| {
        let cells = from_json(attributes, &mut people.values, &record.attributes);
        people.push(&cells, || record.external_id.clone());
    })
    .await?;
    Ok(people)
}

/// Loads one learner as a connector last read the person.
///
/// # Errors
/// If the database fails.
pub(super) async fn load_learner(
    tx: &mut Tx,
    attributes: &AttributeSet,
    connector: ConnectorId,
    learner: LearnerId,
) -> Result<PeopleTable> {
    let mut people = PeopleTable::new(attributes);
    for record in persons::list_by_learners(tx, vec![learner.0]).await? {
        if record.connector_id == connector && record.present {
            let cells = from_json(attributes, &mut people.values, &record.attributes);
            people.push(&cells, || record.external_id.clone());
        }
    }
    Ok(people)
}

/// Loads the latest full reading: people as last read, replaced by held records where they exist.
///
/// # Errors
/// If the database fails.
pub(super) async fn load_kept_people(
    tx: &mut Tx,
    attributes: &AttributeSet,
    connector: ConnectorId,
) -> Result<PeopleTable> {
    let held = holds::list_pinned_records(tx, connector).await?;
    let covered: FxHashSet<&str> = held.iter().map(|record| record.external_id.as_str()).collect();
    let mut people = PeopleTable::new(attributes);
    persons::for_each_present(tx, connector, |record| {
        if !covered.contains(record.external_id.as_str()) {
            let cells = from_json(attributes, &mut people.values, &record.attributes);
            people.push(&cells, || record.external_id.clone());
        }
    })
    .await?;
    for record in held.iter().filter(|record| record.present) {
        let cells = from_json(attributes, &mut people.values, &record.attributes);
        people.push(&cells, || record.external_id.clone());
    }
    Ok(people)
}
