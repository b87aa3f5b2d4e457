//! Working out anew what the rules make of one learner, from the people last read.

use std::time::Duration;

use chrono::Utc;
use tokio_util::sync::CancellationToken;

use crate::enrollment::change::When;
use crate::model::ids::{ConnectorId, LearnerId, RunId};
use crate::model::people::People;
use crate::model::population::from_json;
use crate::store::runs::{self, About, Counts, Kind};
use crate::store::{Store, connectors, links, persons};
use crate::sync::guarded::Policy;
use crate::sync::prepare::Seen;
use crate::sync::run::{Task, gather_now, plan_and_commit, wait_for_lease};
use crate::sync::{Error, File};

/// What it takes to let the rules decide anew.
#[derive(Debug, Clone, Copy)]
pub struct Anew<'a> {
    /// Where to.
    pub store: &'a Store,
    /// The file with the rules.
    pub file: File<'a>,
    /// How long to wait for a run of the learner's connector that is under way.
    pub patience: Duration,
    /// Ends the wait.
    pub stop: &'a CancellationToken,
}

/// Does for one learner what the rules say, and answers what that came to; nothing where no connector of the file
/// holds the learner.
///
/// # Errors
/// When the connector is being run for too long, or the database refuses; nothing is changed then.
pub async fn refresh(
    Anew { store, file, patience, stop }: Anew<'_>,
    learner: LearnerId,
    about: &About,
) -> Result<Option<(RunId, Counts)>, Error> {
    let mut tx = store.read().await?;
    let held_by = links::connectors(&mut tx, learner).await?;
    let place = file.connectors.iter().position(|one| held_by.iter().any(|name| one.name.as_str() == name));
    let Some(place) = place else { return Ok(None) };
    let name = &file.connectors[place].name;
    let row = connectors::list(&mut tx).await?.into_iter().find(|row| row.name == name.as_str());
    let Some(connector) = row.map(|row| ConnectorId(row.id)) else { return Ok(None) };
    tx.rollback().await?;
    let lease = wait_for_lease(store, name, patience, stop).await?;
    let refreshed = async {
        let mut tx = store.read().await?;
        let mut people = People::new(file.attributes);
        for record in persons::of_learners(&mut tx, vec![learner.0]).await? {
            if record.connector_id == connector && record.present {
                let cells = from_json(file.attributes, &mut people.values, &record.attributes);
                people.push(&cells, || record.external_id.clone());
            }
        }
        tx.rollback().await?;
        let when = When::at(Utc::now(), file.zone);
        let gathered = gather_now(store, file, place, when).await?;
        let about = About { kind: Kind::Hand, connector: Some(connector), ..about.clone() };
        let mut tx = store.write().await?;
        let number = runs::begin(&mut tx, &about, when.now).await?;
        tx.commit().await?;
        let policy = Policy::Guard { allow_removals: true, retires: false };
        let task = Task { store, file, connector: place, policy: &policy, when };
        let (_, counts) = plan_and_commit(task, &lease, number, Seen::some(people), gathered).await?;
        Ok((number, counts))
    };
    let refreshed = refreshed.await;
    lease.give_back().await;
    refreshed.map(Some)
}
