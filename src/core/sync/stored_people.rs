//! People as they are stored: as they were last read, with what the latest full reading says of those who were held.

use rustc_hash::FxHashSet;

use rollcall_model::attributes::AttributeSet;
use rollcall_model::ids::{ConnectorId, LearnerId};
use rollcall_model::people::PeopleTable;
use rollcall_planner::population::from_json;
use rollcall_store::{Result, Tx, holds, persons};

/// The people of a connector as they were last read.
///
/// # Errors
/// When the database does not answer.
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

/// One learner as a connector last read the person.
///
/// # Errors
/// When the database does not answer.
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

/// The latest full reading as it is stored: people as last read, and over them what was held.
///
/// # Errors
/// When the database does not answer.
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
